//! `/v1/charges`: creates charges without a PaymentIntent, and captures authorized ones.

use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::money::payment_money;
use crate::params::Params;
use crate::payment_methods::instrument;
use crate::payments::account_debits;
use crate::payments::charge::{self, CardPayment, PaymentOutcome};
use crate::payments::charge_object::copied_fields;
use crate::payments::split::Split;
use crate::payments::statement_descriptors;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("charges.create", create);
    registry.add("charges.capture", capture);
}

/// `POST /v1/charges`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let money = payment_money(params)?;
    statement_descriptors::check(params)?;
    let customer = params
        .text("customer")
        .map(|id| ctx.referenced("customer", id, "customer"))
        .transpose()?;
    let default = customer
        .as_ref()
        .and_then(|customer| customer["default_source"].as_str());
    let Some(source) = params.text("source").or(default) else {
        let (code, message) = match &customer {
            Some(_) => (
                "missing",
                "Cannot charge a customer that has no active card: pass source.",
            ),
            None => ("parameter_missing", "Must provide source or customer."),
        };
        return Err(ApiError::invalid_request(message).code(code));
    };
    if source.starts_with("acct_") {
        return account_debits::create(ctx, params, source, money);
    }
    let payment = CardPayment {
        money,
        instrument: instrument::resolve(ctx, source, "source")?,
        capture: params.bool("capture").unwrap_or(true),
        authenticated: false,
        options: Value::Null,
        off_session: true,
        split: Split::of_params(params),
        customer: params.text("customer").map(str::to_owned),
        intent: None,
        copied_fields: copied_fields(params.values()),
    };
    match charge::pay(ctx, &payment)? {
        PaymentOutcome::Succeeded(charge) => Ok(charge),
        PaymentOutcome::Declined(declined) => Err(declined.error),
    }
}

/// `POST /v1/charges/{charge}/capture`.
fn capture(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut charge = ctx.required("charge", params.path("charge"))?;
    let mut split = Split::of_object(&charge);
    let requested = Split::of_params(params);
    split.application_fee_amount = requested
        .application_fee_amount
        .or(split.application_fee_amount);
    split.transfer_amount = requested.transfer_amount.or(split.transfer_amount);
    charge::capture(ctx, &mut charge, params.int("amount"), &split, true)?;
    Ok(charge)
}
