//! The context of the OAuth page.

use serde::Serialize;

use crate::pages::{Page, Template};

/// The authorize page: the application, the requested permissions, and the accounts that can consent.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AuthorizePage {
    /// The platform's name, or its client id.
    pub(crate) platform: String,
    /// `test` or `live`.
    pub(crate) mode: &'static str,
    /// The requested permissions in words.
    pub(crate) permissions: Vec<&'static str>,
    /// Host of the redirect URI.
    pub(crate) returns_to: String,
    /// The accounts to sign in to.
    pub(crate) sellers: Vec<SellerOption>,
    /// The account that is preselected, or `new`.
    pub(crate) chosen: String,
    /// The form of a new account.
    pub(crate) fields: Vec<SignUpField>,
    /// Whether the form can be skipped, as in test mode.
    pub(crate) may_skip: bool,
    /// Why the form was not accepted.
    pub(crate) error: Option<String>,
}

/// An account to sign in to.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SellerOption {
    pub(crate) account: String,
    pub(crate) label: String,
    pub(crate) email: String,
    /// Why it cannot consent.
    pub(crate) refusal: Option<String>,
}

/// A field of the form for a new account.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SignUpField {
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
