//! A customer's credit balance: invoices, credit notes and the platform change it by transactions.
//!
//! Negative is credit, as in the customer's `balance`. See <https://docs.stripe.com/billing/customer/balance>.

use serde_json::{Value, json};

use crate::billing::invoice_record::INVOICE;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::generic::GenericCtx as _;
use crate::json::{extend, number, text};
use crate::params::Params;
use crate::registry::Registry;
use crate::test_clocks;

const BALANCE_TRANSACTION: &str = "customer_balance_transaction";

pub(super) fn register(registry: &mut Registry) {
    registry.add("customers.balance_transactions.create", create);
}

/// `POST /v1/customers/{customer}/balance_transactions`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("customer").to_owned();
    let customer = ctx.required("customer", &id)?;
    let currency = params
        .text("currency")
        .unwrap_or_default()
        .to_ascii_lowercase();
    crate::currency::check(&currency, "currency")?;
    if let Some(own) = customer["currency"].as_str().filter(|own| *own != currency) {
        let message = format!("The customer's balance is in {own}: pass that currency.");
        return Err(ApiError::invalid_param("currency", message));
    }
    let now = test_clocks::customer_now(ctx, &id);
    let mut ctx = ctx.at(now);
    let members = json!({
        "amount": params.int("amount"), "currency": currency, "description": params.text("description"),
        "metadata": params.map("metadata").cloned().unwrap_or_default(), "type": "adjustment",
    });
    let transaction = write_balance_transaction(&mut ctx, &id, members)?;
    if customer["currency"].is_null() {
        let mut customer = ctx.required("customer", &id)?;
        customer["currency"] = currency.into();
        ctx.update("customer", &customer);
    }
    Ok(transaction)
}

/// Changes the customer's balance by `amount` because of an invoice.
pub(super) fn apply_invoice_to_balance(
    ctx: &mut Ctx<'_>,
    invoice: &str,
    amount: i64,
    kind: &str,
) -> Result<(), ApiError> {
    if amount == 0 {
        return Ok(());
    }
    let invoice = ctx.required(INVOICE, invoice)?;
    let members = json!({
        "amount": amount, "currency": invoice["currency"], "invoice": invoice["id"], "type": kind,
    });
    write_balance_transaction(ctx, text(&invoice, "customer"), members).map(drop)
}

/// Adds the amount of a credit note to the customer's credit balance.
pub(super) fn credit_for_note(
    ctx: &mut Ctx<'_>,
    note: &Value,
    amount: i64,
) -> Result<Value, ApiError> {
    let members = json!({
        "amount": -amount, "credit_note": note["id"], "currency": note["currency"], "invoice": note["invoice"],
        "type": "credit_note",
    });
    write_balance_transaction(ctx, text(note, "customer"), members)
}

fn write_balance_transaction(
    ctx: &mut Ctx<'_>,
    customer: &str,
    members: Value,
) -> Result<Value, ApiError> {
    let before = ctx.required("customer", customer)?;
    let balance = number(&before, "balance") + number(&members, "amount");
    let mut transaction = Value::Object(ctx.blank(BALANCE_TRANSACTION));
    extend(&mut transaction, members);
    transaction["created"] = ctx.now().into();
    transaction["customer"] = customer.into();
    transaction["ending_balance"] = balance.into();
    transaction["livemode"] = ctx.scope.livemode().into();
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world.store.insert_under(
        &scope,
        BALANCE_TRANSACTION,
        Some(customer),
        &transaction,
        now,
    );
    let mut after = before.clone();
    after["balance"] = balance.into();
    ctx.update("customer", &after);
    let previous = Value::Object(previous_attributes(&before, &after));
    ctx.emit("customer.updated", &after, Some(previous));
    Ok(transaction)
}
