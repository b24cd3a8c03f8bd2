//! The context of the verification page.

use serde::Serialize;

use crate::pages::{Page, Template};

/// The page of a verification session.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct IdentityPage {
    /// The name of the business that requests the verification.
    pub(crate) merchant: String,
    /// The account that requests the verification.
    pub(crate) account: String,
    pub(crate) session: String,
    /// Why the last verification failed.
    pub(crate) error: Option<String>,
}

impl Page for IdentityPage {
    const TEMPLATE: Template = Template::new("identity.html", include_str!("identity.html"));
}
