//! Account debits: a platform charges a connected account's balance, with the account as the `source` of a charge.
//!
//! The charge is the platform's (`py_…`, paid with `stripe_account`); the account sees a balance transaction. Refunds go back to
//! it. See <https://docs.stripe.com/connect/account-debits>.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::ledger::posting::{Movement, balance_of, balance_transaction};
use crate::params::Params;
use crate::payments::charge::{self, Base};
use crate::payments::settlement::{self, Split};

/// The account that has paid a charge, if one has.
pub(crate) fn debited(charge: &Value) -> Option<&str> {
    let of_account = charge["payment_method_details"]["type"] == "stripe_account";
    let source = charge["source"]["id"].as_str().filter(|_| of_account);
    source.filter(|id| id.starts_with("acct_"))
}

/// Takes `amount` from the balance of `account`.
pub(crate) fn create(
    ctx: &mut Ctx<'_>,
    params: &Params,
    account: &str,
    amount: i64,
    currency: &str,
) -> Result<Value, ApiError> {
    if !ctx.is_platform() || ctx.connection(account).is_none() {
        return Err(ApiError::no_such_reference("token", account, "source"));
    }
    if params.bool("capture") == Some(false) {
        let message = "An account is debited at once: its money cannot be held with capture=false.";
        return Err(ApiError::invalid_param("capture", message));
    }
    let there =
        balance_of(ctx.world, &ctx.scope.for_account(account)).available(currency, ctx.now());
    if there < amount {
        let message = format!(
            "The account {account} has insufficient available funds for this debit: {there} {currency} are available."
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
    let base = Base {
        amount,
        currency,
        billing_details: &billing,
        customer: None,
        intent: None,
        method: account,
        details: json!({"type": "stripe_account", "stripe_account": {}}),
        risk: "not_assessed",
        source: Some(&source),
        split: &split,
        said: &charge::said(params.values()),
    };
    let mut made = charge::blank(ctx, &base);
    made["id"] = format!("py_1{}", ctx.world.random.alphanumeric(23)).into();
    made["paid"] = true.into();
    made["payment_method"] = Value::Null;
    made["status"] = "succeeded".into();
    ctx.insert("charge", &made);
    settlement::settle(ctx, &mut made, amount, &split)?;
    ctx.update("charge", &made);
    let id = made["id"].as_str().unwrap_or_default();
    note(ctx, account, id, -amount, currency);
    ctx.emit("charge.succeeded", &made, None);
    Ok(made)
}

/// What moved on the account's side: less when it is debited, more when it has the money back.
pub(crate) fn note(ctx: &mut Ctx<'_>, account: &str, source: &str, amount: i64, currency: &str) {
    let now = ctx.now();
    let movement = Movement {
        kind: if amount < 0 {
            "transfer"
        } else {
            "transfer_refund"
        },
        amount,
        currency,
        fees: Vec::new(),
        source,
        description: Some("Account debit"),
        available_on: now,
        exchange_rate: None,
    };
    balance_transaction(&mut ctx.acting_for(account), &movement);
}
