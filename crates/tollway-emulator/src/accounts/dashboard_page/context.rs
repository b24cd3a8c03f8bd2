//! The context of the dashboard.

use serde::Serialize;

use crate::pages::{Page, Template};

/// The dashboard of a seller's account.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DashboardPage {
    pub(crate) account: String,
    pub(crate) label: String,
    pub(crate) email: String,
    pub(crate) country: String,
    pub(crate) controlled_by: Option<String>,
    pub(crate) connections: Vec<ConnectionCard>,
    pub(crate) balances: Vec<BalanceRow>,
}

/// A platform connected to a seller's account.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConnectionCard {
    pub(crate) platform: String,
    pub(crate) mode: &'static str,
    pub(crate) scope: &'static str,
    /// RFC 3339.
    pub(crate) since: String,
    /// Why the seller cannot end it.
    pub(crate) refusal: Option<&'static str>,
}

/// A balance in one mode and currency, formatted.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BalanceRow {
    pub(crate) mode: &'static str,
    pub(crate) currency: String,
    pub(crate) available: String,
    pub(crate) pending: String,
}

impl Page for DashboardPage {
    const TEMPLATE: Template = Template::new("dashboard.html", include_str!("dashboard.html"));
}
