//! The context of the OAuth page.

use serde::Serialize;

use crate::pages::{Page, Template};

/// The OAuth page: who asks for what, and which account says yes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AuthorizePage {
    /// The platform's name, or its client id.
    pub(crate) platform: String,
    /// `test` or `live`.
    pub(crate) mode: &'static str,
    /// What is asked for, in sentences.
    pub(crate) permissions: Vec<&'static str>,
    /// Host of the redirect URI.
    pub(crate) returns_to: String,
    /// The accounts to sign in to.
    pub(crate) sellers: Vec<Choice>,
    /// The account that is preselected, or `new`.
    pub(crate) chosen: String,
    /// The form of a new account.
    pub(crate) fields: Vec<Field>,
    /// May the form be skipped, as with a development client id?
    pub(crate) may_skip: bool,
    /// What was wrong with the form that was sent.
    pub(crate) error: Option<String>,
}

/// An account to sign in to.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Choice {
    pub(crate) account: String,
    pub(crate) label: String,
    pub(crate) email: String,
    /// Why it cannot be chosen.
    pub(crate) refusal: Option<String>,
}

/// An input of the form of a new account.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Field {
    pub(crate) id: &'static str,
    /// The member of `stripe_user[…]`.
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) r#type: &'static str,
    pub(crate) autocomplete: &'static str,
    pub(crate) value: String,
    pub(crate) error: Option<String>,
}

impl Page for AuthorizePage {
    const TEMPLATE: Template = Template::new("authorize.html", include_str!("authorize.html"));
}
