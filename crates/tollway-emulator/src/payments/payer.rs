//! Who pays a charge.

use serde_json::Value;

use crate::ledger::entries::Holder;

/// The connected account that pays an account debit; none for any other charge.
pub(super) fn debited_account(charge: &Value) -> Option<&str> {
    let is_account_debit = charge["payment_method_details"]["type"] == "stripe_account";
    let source = charge["source"]["id"].as_str().filter(|_| is_account_debit);
    source.filter(|id| id.starts_with("acct_"))
}

/// Whether a customer's cash balance pays the charge.
pub(super) fn is_paid_from_cash_balance(charge: &Value) -> bool {
    charge["payment_method_details"]["type"] == "customer_balance"
}

/// The ledger holder whose money the charge takes.
pub(super) fn payer_of(charge: &Value) -> Holder {
    if let Some(account) = debited_account(charge) {
        return Holder::Account(account.to_owned());
    }
    if is_paid_from_cash_balance(charge) {
        Holder::Cash
    } else {
        Holder::Cards
    }
}
