//! What a financial account has: each movement is an entry of a transaction, and changes the account's balance.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::json::{extend, number};
use crate::product_objects::id_of;
use crate::treasury::ACCOUNT;

pub(super) const TRANSACTION: &str = "treasury.transaction";
const ENTRY: &str = "treasury.transaction_entry";

/// How a movement changes the three parts of a balance, in cents.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Impact {
    pub(super) cash: i64,
    pub(super) inbound_pending: i64,
    pub(super) outbound_pending: i64,
}

impl Impact {
    fn parts(self) -> [(&'static str, i64); 3] {
        [
            ("cash", self.cash),
            ("inbound_pending", self.inbound_pending),
            ("outbound_pending", self.outbound_pending),
        ]
    }
}

/// What has become of a transaction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum State {
    Open,
    Posted,
    Void,
}

/// The account, if money can flow through it.
pub(super) fn open(ctx: &Ctx<'_>, id: &str) -> Result<Value, ApiError> {
    let account = ctx.referenced(ACCOUNT, id, "financial_account")?;
    if account["status"] == "open" {
        return Ok(account);
    }
    let message = format!("The financial account {id} is closed.");
    Err(ApiError::invalid_param("financial_account", message))
}

/// What an account has, in cents.
pub(super) fn cash(account: &Value) -> i64 {
    number(&account["balance"]["cash"], "usd")
}

/// Begins the transaction of a flow; its id.
pub(super) fn begin(
    ctx: &mut Ctx<'_>,
    flow_type: &str,
    flow: &Value,
    (amount, impact): (i64, Impact),
    state: State,
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
    go_on(ctx, &id, flow_type, impact, state);
    id
}

/// Adds an entry of this kind to a transaction.
pub(super) fn go_on(ctx: &mut Ctx<'_>, id: &str, kind: &str, impact: Impact, state: State) {
    let Some(mut transaction) = ctx.get(TRANSACTION, id) else {
        return;
    };
    let now = ctx.now();
    let mut entry = Value::Object(ctx.blank(ENTRY));
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
    ctx.insert(ENTRY, &entry);
    match state {
        State::Open => {}
        State::Posted => {
            transaction["status"] = "posted".into();
            transaction["status_transitions"]["posted_at"] = now.into();
        }
        State::Void => {
            transaction["status"] = "void".into();
            transaction["status_transitions"]["void_at"] = now.into();
        }
    }
    ctx.update(TRANSACTION, &transaction);
    let account = transaction["financial_account"]
        .as_str()
        .unwrap_or_default();
    if let Some(mut account) = ctx.get(ACCOUNT, account) {
        for (part, cents) in impact.parts() {
            let sum = number(&account["balance"][part], "usd") + cents;
            account["balance"][part]["usd"] = sum.into();
        }
        ctx.update(ACCOUNT, &account);
    }
}
