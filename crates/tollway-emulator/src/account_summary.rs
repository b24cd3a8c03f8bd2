//! The few members of a connected account that payments and payouts read, without parsing the rest of the object.

use serde::Deserialize;
use serde_json::Value;

use crate::ctx::Ctx;

/// The members of an account that every payment reads.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AccountSummary {
    pub(crate) charges_enabled: bool,
    pub(crate) default_currency: Option<String>,
    capabilities: Value,
    controller: Value,
    external_accounts: Option<ExternalAccounts>,
    settings: Option<Settings>,
}

#[derive(Debug, Deserialize)]
struct ExternalAccounts {
    data: Vec<ExternalAccount>,
}

#[derive(Debug, Deserialize)]
struct ExternalAccount {
    currency: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Settings {
    card_payments: Value,
    payments: Value,
    payouts: Value,
}

impl AccountSummary {
    /// The summary of the context's account, if it has an object.
    pub(crate) fn of(ctx: &Ctx<'_>) -> Option<Self> {
        Self::of_account(ctx, &ctx.scope.account)
    }

    /// The summary of an account; none for the platform's own account, which has no object.
    pub(crate) fn of_account(ctx: &Ctx<'_>, id: &str) -> Option<Self> {
        let platform = ctx.world.platform_scope(ctx.scope.mode);
        ctx.world.typed(&platform, "account", id)
    }

    /// Whether the platform bears the losses of the account.
    pub(crate) fn losses_are_the_platforms(&self) -> bool {
        self.controller["losses"]["payments"] == "application"
    }

    /// Whether it has a capability.
    pub(crate) fn has(&self, capability: &str) -> bool {
        self.capabilities[capability] == "active"
    }

    /// The currencies of its bank accounts and cards.
    pub(crate) fn bank_currencies(&self) -> impl Iterator<Item = &str> {
        let banks = self.external_accounts.iter().flat_map(|banks| &banks.data);
        banks.filter_map(|bank| bank.currency.as_deref())
    }

    /// The statement descriptor of its payments.
    pub(crate) fn statement_descriptor(&self) -> Option<&str> {
        let settings = self.settings.as_ref()?;
        settings.card_payments["statement_descriptor_prefix"]
            .as_str()
            .or(settings.payments["statement_descriptor"].as_str())
    }

    /// `settings.payouts`; null if the account has none.
    pub(crate) fn into_payout_settings(self) -> Value {
        self.settings.unwrap_or_default().payouts
    }
}
