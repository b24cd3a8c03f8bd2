//! Transactions of financial accounts: each movement is an entry of a transaction, and changes the account's balance.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::json::{extend, number};
use crate::product_objects::id_of;

pub(super) const FINANCIAL_ACCOUNT: &str = "treasury.financial_account";
pub(super) const TRANSACTION: &str = "treasury.transaction";
const TRANSACTION_ENTRY: &str = "treasury.transaction_entry";

/// How a movement changes the three parts of a balance, in cents.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BalanceImpact {
    pub(super) cash: i64,
    pub(super) inbound_pending: i64,
    pub(super) outbound_pending: i64,
}

impl BalanceImpact {
    fn parts(self) -> [(&'static str, i64); 3] {
        [
            ("cash", self.cash),
            ("inbound_pending", self.inbound_pending),
            ("outbound_pending", self.outbound_pending),
        ]
    }
}

/// The status of a transaction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TransactionStatus {
    Open,
    Posted,
    Void,
}

/// The account.
///
/// # Errors
/// 404 if there is no such account; 400 if it is closed.
pub(super) fn open_financial_account(ctx: &Ctx<'_>, id: &str) -> Result<Value, ApiError> {
    let account = ctx.referenced(FINANCIAL_ACCOUNT, id, "financial_account")?;
    if account["status"] == "open" {
        return Ok(account);
    }
    let message = format!("The financial account {id} is closed.");
    Err(ApiError::invalid_param("financial_account", message))
}

/// The cash balance of an account, in cents.
pub(super) fn cash_balance(account: &Value) -> i64 {
    number(&account["balance"]["cash"], "usd")
}

/// Creates the transaction of a flow with its first entry, and returns its id.
pub(super) fn start_transaction(
    ctx: &mut Ctx<'_>,
    flow_type: &str,
    flow: &Value,
    (amount, impact): (i64, BalanceImpact),
    status: TransactionStatus,
) -> String {
    let mut transaction = Value::Object(ctx.blank(TRANSACTION));
    let description = flow["description"].as_str().unwrap_or_default();
    extend(
        &mut transaction,
        json!({
            "amount": amount,
            "balance_impact": {"cash": 0, "inbound_pending": 0, "outbound_pending": 0},
            "currency": flow["currency"],
            "description": description,
            "financial_account": flow["financial_account"],
            "flow": flow["id"],
            "flow_details": {"type": flow_type},
            "flow_type": flow_type,
            "status": "open",
        }),
    );
    ctx.insert(TRANSACTION, &transaction);
    let id = id_of(&transaction).to_owned();
    add_entry(ctx, &id, flow_type, impact, status);
    id
}

/// Adds an entry of this kind to a transaction.
pub(super) fn add_entry(
    ctx: &mut Ctx<'_>,
    id: &str,
    kind: &str,
    impact: BalanceImpact,
    status: TransactionStatus,
) {
    let Some(mut transaction) = ctx.get(TRANSACTION, id) else {
        return;
    };
    let now = ctx.now();
    let mut entry = Value::Object(ctx.blank(TRANSACTION_ENTRY));
    let mut members =
        json!({"balance_impact": {}, "effective_at": now, "transaction": id, "type": kind});
    for name in [
        "currency",
        "financial_account",
        "flow",
        "flow_details",
        "flow_type",
    ] {
        members[name] = transaction[name].clone();
    }
    for (part, cents) in impact.parts() {
        members["balance_impact"][part] = cents.into();
        let sum = number(&transaction["balance_impact"], part) + cents;
        transaction["balance_impact"][part] = sum.into();
    }
    extend(&mut entry, members);
    ctx.insert(TRANSACTION_ENTRY, &entry);
    match status {
        TransactionStatus::Open => {}
        TransactionStatus::Posted => {
            transaction["status"] = "posted".into();
            transaction["status_transitions"]["posted_at"] = now.into();
        }
        TransactionStatus::Void => {
            transaction["status"] = "void".into();
            transaction["status_transitions"]["void_at"] = now.into();
        }
    }
    ctx.update(TRANSACTION, &transaction);
    let account = transaction["financial_account"]
        .as_str()
        .unwrap_or_default();
    if let Some(mut account) = ctx.get(FINANCIAL_ACCOUNT, account) {
        for (part, cents) in impact.parts() {
            let sum = number(&account["balance"][part], "usd") + cents;
            account["balance"][part]["usd"] = sum.into();
        }
        ctx.update(FINANCIAL_ACCOUNT, &account);
    }
}
