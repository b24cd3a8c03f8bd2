//! Account debits: a platform charges a connected account's balance, with the account as the `source` of a charge.
//!
//! The charge belongs to the platform (`py_…`, paid with `stripe_account`); the account has a balance transaction. Refunds return
//! to the account. See <https://docs.stripe.com/connect/account-debits>.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::ledger::posting::{Movement, balance_of, create_balance_transaction};
use crate::money::Money;
use crate::objects::status::ChargeStatus;
use crate::params::Params;
use crate::payments::charge_object::{self, NewCharge, copied_fields};
use crate::payments::settlement;
use crate::payments::split::Split;

/// Charges `amount` to the balance of `account`.
pub(super) fn create(
    ctx: &mut Ctx<'_>,
    params: &Params,
    account: &str,
    money: Money,
) -> Result<Value, ApiError> {
    if !ctx.is_platform() || ctx.connection(account).is_none() {
        return Err(ApiError::no_such_reference("token", account, "source"));
    }
    if params.bool("capture") == Some(false) {
        let message = "An account is debited at once: its money cannot be held with capture=false.";
        return Err(ApiError::invalid_param("capture", message));
    }
    let available = balance_of(ctx.world, &ctx.scope.for_account(account))?
        .available(money.currency.as_str(), ctx.now());
    if available < money.amount {
        let message = format!(
            "The account {account} has insufficient available funds for this debit: {available} {} are available.",
            money.currency
        );
        return Err(ApiError::invalid_param("amount", message).code("balance_insufficient"));
    }
    let split = Split::default();
    let source = ctx
        .get("account", account)
        .unwrap_or_else(|| json!({"id": account, "object": "account"}));
    let billing = json!({
        "address": {"city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null},
        "email": null, "name": null, "phone": null, "tax_id": null,
    });
    let new = NewCharge {
        money,
        billing_details: &billing,
        customer: None,
        intent: None,
        method: account,
        details: json!({"type": "stripe_account", "stripe_account": {}}),
        risk: "not_assessed",
        source: Some(&source),
        split: &split,
        copied_fields: &copied_fields(params.values()),
    };
    let mut charge = charge_object::build(ctx, &new);
    charge["id"] = format!("py_1{}", ctx.world.random.alphanumeric(23)).into();
    charge["paid"] = true.into();
    charge["payment_method"] = Value::Null;
    ChargeStatus::Succeeded.set(&mut charge)?;
    ctx.insert("charge", &charge);
    settlement::settle(ctx, &mut charge, money.amount, &split)?;
    ctx.update("charge", &charge);
    let id = charge["id"].as_str().unwrap_or_default();
    record_for_account(ctx, account, id, money.negated()?)?;
    ctx.emit("charge.succeeded", &charge, None);
    Ok(charge)
}

/// Creates the account's balance transaction of a debit (a negative amount) or of its refund.
pub(super) fn record_for_account(
    ctx: &mut Ctx<'_>,
    account: &str,
    source: &str,
    money: Money,
) -> Result<(), ApiError> {
    let now = ctx.now();
    let movement = Movement {
        kind: if money.amount < 0 {
            "transfer"
        } else {
            "transfer_refund"
        },
        money,
        fees: Vec::new(),
        source,
        description: Some("Account debit"),
        available_on: now,
        exchange_rate: None,
    };
    create_balance_transaction(&mut ctx.acting_for(account), &movement).map(drop)
}
