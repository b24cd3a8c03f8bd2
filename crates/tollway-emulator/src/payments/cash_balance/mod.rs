//! Cash balances: money that a customer sent by bank transfer and that pays for their PaymentIntents.
//!
//! ```text
//! fund_cash_balance ─▶ funded ─▶ applied_to_payment (automatically, or by apply_customer_balance) ─▶ the intent succeeds
//!                                      ▲ refunds: refunded_from_payment
//! ```
//!
//! See <https://docs.stripe.com/payments/customer-balance>.

pub(super) mod addresses;
pub(super) mod cash;

use serde_json::Value;

use self::cash::{CashBalance, cash_balance_object};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("customers.cash_balance.retrieve", retrieve);
    registry.add("customers.cash_balance.update", update);
    registry.add(
        "customers.funding_instructions.create",
        addresses::create_funding_instructions,
    );
}

/// `GET /v1/customers/{customer}/cash_balance`.
fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params.path("customer");
    ctx.required("customer", customer)?;
    cash_balance_object(ctx, customer)
}

/// `POST /v1/customers/{customer}/cash_balance`.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params.path("customer");
    ctx.required("customer", customer)?;
    if let Some(mode) = params.text("settings.reconciliation_mode") {
        let mut balance = CashBalance::load(ctx, customer)?;
        balance.manual = match mode {
            "manual" => Some(true),
            "automatic" => Some(false),
            _ => None,
        };
        ctx.save(customer, &balance);
    }
    cash_balance_object(ctx, customer)
}
