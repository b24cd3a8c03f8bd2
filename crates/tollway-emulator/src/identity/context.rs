//! The context of the verification page.

use serde::Serialize;

use crate::pages::{Page, Template};

/// The question how the check of a person's identity ends.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct IdentityPage {
    /// The name of whoever asks.
    pub(crate) merchant: String,
    /// The account that asks.
    pub(crate) account: String,
    pub(crate) session: String,
    /// Why the last check failed.
    pub(crate) error: Option<String>,
}

impl Page for IdentityPage {
    const TEMPLATE: Template = Template::new("identity.html", include_str!("identity.html"));
}
