//! The platform account of a world and what it has configured.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::PrivateRecord;
use crate::random::derived_text;
use crate::scope::Mode;

/// Start of the names of worlds that no key has opened yet; not a possible key tail.
pub(super) const UNCLAIMED: &str = "client ";

/// The platform: its account and its Connect settings. It follows from the world's name until something is set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Platform {
    /// The platform's own account id.
    pub account: Arc<str>,
    /// What sellers see on the Connect page.
    pub business_name: String,
    /// Contact address of the account.
    pub email: String,
    /// Two letters.
    pub country: String,
    /// Three lower-case letters.
    pub default_currency: String,
    /// The currencies its balance is kept in; anything else is converted to the default one. Empty: every currency.
    #[serde(default)]
    pub settlement_currencies: Vec<String>,
    /// Units of a currency for one US dollar, where this world's rates differ from the built-in ones.
    #[serde(default)]
    pub exchange_rates: BTreeMap<String, f64>,
    /// What becomes of a subscription whose invoice is not tried again.
    #[serde(default)]
    pub after_retries: AfterRetries,
    /// Settings of test mode; its client id is the development one.
    pub test: ModeSettings,
    /// Settings of live mode.
    pub live: ModeSettings,
}

/// What becomes of a subscription when the last attempt to collect an invoice has failed: a setting of Stripe's dashboard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterRetries {
    /// It is canceled.
    #[default]
    Cancel,
    /// It is `unpaid`: its invoices stay drafts.
    MarkUnpaid,
    /// It stays `past_due`.
    LeavePastDue,
}

/// What a platform has once per mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModeSettings {
    /// `ca_…`.
    pub client_id: String,
    /// Where the Connect page may send people back to; the first one is the default. Empty: any loopback address.
    pub redirect_uris: Vec<String>,
    /// `pk_…`.
    pub publishable_key: String,
}

impl PrivateRecord for Platform {
    const TYPE: &'static str = "_platform";
}

impl Platform {
    pub(super) const RECORD_ID: &str = "platform";

    /// The platform a world has at first use.
    #[must_use]
    pub fn of_world(name: &str) -> Self {
        let settings = |mode: Mode| ModeSettings {
            client_id: format!(
                "ca_{}",
                derived_text(&format!("client_id {mode} {name}"), 32)
            ),
            redirect_uris: Vec::new(),
            publishable_key: format!("pk_{mode}_{name}"),
        };
        let mut test = settings(Mode::Test);
        if let Some(client_id) = name.strip_prefix(UNCLAIMED) {
            client_id.clone_into(&mut test.client_id);
        }
        Self {
            account: format!("acct_1{}", derived_text(&format!("account {name}"), 16)).into(),
            business_name: "Example Platform".into(),
            email: "platform@example.com".into(),
            country: "US".into(),
            default_currency: "usd".into(),
            settlement_currencies: Vec::new(),
            exchange_rates: BTreeMap::new(),
            after_retries: AfterRetries::default(),
            test,
            live: settings(Mode::Live),
        }
    }

    /// The settings of a mode.
    #[must_use]
    pub fn mode(&self, mode: Mode) -> &ModeSettings {
        match mode {
            Mode::Test => &self.test,
            Mode::Live => &self.live,
        }
    }

    /// The settings of a mode, to change.
    pub fn mode_mut(&mut self, mode: Mode) -> &mut ModeSettings {
        match mode {
            Mode::Test => &mut self.test,
            Mode::Live => &mut self.live,
        }
    }

    /// The mode whose client id this is.
    #[must_use]
    pub fn mode_of_client_id(&self, client_id: &str) -> Option<Mode> {
        Mode::ALL
            .into_iter()
            .find(|mode| self.mode(*mode).client_id == client_id)
    }
}
