//! Payment records: payments through another processor, as the account reports them.
//!
//! ```text
//! report_payment, report_payment_attempt ─▶ open ─┬─▶ guaranteed ─▶ report_refund (up to all of it)
//!                                                 ├─▶ failed   ┐
//!                                                 └─▶ canceled ┴─▶ report_payment_attempt
//! ```
//!
//! A record shows the amounts of its latest attempt. No money moves in the ledger.
//! See <https://docs.stripe.com/payments/payment-records>.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::money::check_amount;
use crate::params::Params;
use crate::registry::Registry;

const RECORD: &str = "payment_record";
const ATTEMPT: &str = "payment_attempt_record";

/// The outcomes of an attempt, each with the member that has its amount.
const OUTCOMES: &[(&str, &str)] = &[
    ("canceled", "amount_canceled"),
    ("failed", "amount_failed"),
    ("guaranteed", "amount_guaranteed"),
];

pub(super) fn register(registry: &mut Registry) {
    registry.add("payment_records.report_payment", report_payment);
    registry.add("payment_records.report_payment_attempt", report_attempt);
    registry.add(
        "payment_records.report_payment_attempt_canceled",
        |ctx, params| report_outcome(ctx, params, "canceled"),
    );
    registry.add(
        "payment_records.report_payment_attempt_failed",
        |ctx, params| report_outcome(ctx, params, "failed"),
    );
    registry.add(
        "payment_records.report_payment_attempt_guaranteed",
        |ctx, params| report_outcome(ctx, params, "guaranteed"),
    );
    registry.add(
        "payment_records.report_payment_attempt_informational",
        report_informational,
    );
    registry.add("payment_records.report_refund", report_refund);
}

/// `POST /v1/payment_records/report_payment`.
fn report_payment(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let value = params.int("amount_requested.value").unwrap_or(0);
    check_amount(value, "amount_requested[value]")?;
    let currency = params.text("amount_requested.currency");
    let currency = currency.unwrap_or_default().to_ascii_lowercase();
    currency::check(&currency, "amount_requested[currency]")?;
    let whole = json!({"currency": currency, "value": value});
    let nothing = json!({"currency": currency, "value": 0});
    let id = ctx.new_id(RECORD);
    let mut record = Value::Object(ctx.blank(RECORD));
    record["id"] = id.into();
    record["livemode"] = ctx.scope.livemode().into();
    record["reported_by"] = "self".into();
    record["application"] = Value::Null;
    record["customer_presence"] = params.text("customer_presence").into();
    record["processor_details"] = params
        .at("processor_details")
        .cloned()
        .unwrap_or_else(|| json!({"type": "custom"}));
    record["amount"] = whole.clone();
    record["amount_requested"] = whole;
    for name in ["authorized", "canceled", "failed", "guaranteed", "refunded"] {
        record[format!("amount_{name}")] = nothing.clone();
    }
    write_descriptive_fields(ctx, &mut record, params)?;
    create_attempt(ctx, &mut record, params)?;
    ctx.insert(RECORD, &record);
    Ok(record)
}

/// `POST /v1/payment_records/{id}/report_payment_attempt`: another attempt, after the last one failed or was canceled.
fn report_attempt(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut record = ctx.required(RECORD, params.path("id"))?;
    let unsuccessful = ["amount_canceled", "amount_failed"];
    if !unsuccessful
        .iter()
        .any(|name| amount_value(&record, name) > 0)
    {
        let message = "The latest attempt of this payment record has not failed and was not canceled: report what became of \
                       it first.";
        return Err(ApiError::invalid_request(message));
    }
    for name in unsuccessful {
        record[name]["value"] = 0.into();
    }
    write_descriptive_fields(ctx, &mut record, params)?;
    create_attempt(ctx, &mut record, params)?;
    ctx.update(RECORD, &record);
    Ok(record)
}

/// Creates the record's new latest attempt, with the outcome that the request reports.
fn create_attempt(ctx: &mut Ctx<'_>, record: &mut Value, params: &Params) -> Result<(), ApiError> {
    let id = ctx.new_id(ATTEMPT);
    record["created"] = params.int("initiated_at").unwrap_or(ctx.now()).into();
    record["latest_payment_attempt_record"] = id.as_str().into();
    if let Some(outcome) = params.text("outcome") {
        if !params.has(outcome) {
            return Err(ApiError::missing_parameter(&format!(
                "{outcome}[{outcome}_at]"
            )));
        }
        apply_outcome(record, outcome);
    }
    let attempt = latest_attempt(record);
    ctx.insert(ATTEMPT, &attempt);
    Ok(())
}

/// The `payment_attempt_record` of a record's latest attempt.
fn latest_attempt(record: &Value) -> Value {
    let mut attempt = record.clone();
    attempt["id"] = record["latest_payment_attempt_record"].clone();
    attempt["object"] = ATTEMPT.into();
    attempt["payment_record"] = record["id"].clone();
    if let Some(members) = attempt.as_object_mut() {
        members.remove("latest_payment_attempt_record");
    }
    attempt
}

/// Sets the amount of an outcome to the whole amount.
fn apply_outcome(record: &mut Value, outcome: &str) {
    let listed = OUTCOMES.iter().find(|(name, _)| *name == outcome);
    if let Some((_, amount)) = listed {
        record[*amount] = record["amount_requested"].clone();
        if outcome == "guaranteed" {
            record["amount_authorized"] = record["amount_requested"].clone();
        }
    }
}

/// Writes the parameters other than amounts into the record.
fn write_descriptive_fields(
    ctx: &mut Ctx<'_>,
    record: &mut Value,
    params: &Params,
) -> Result<(), ApiError> {
    let names = [
        "customer_details",
        "description",
        "metadata",
        "payment_method_details",
        "shipping_details",
    ];
    let fields: Map<String, Value> = names
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), params.at(name)?.clone())))
        .collect();
    if let Some(members) = record.as_object_mut() {
        ctx.apply(RECORD, members, &fields)?;
    }
    if record["metadata"].is_null() {
        record["metadata"] = json!({});
    }
    Ok(())
}

fn amount_value(record: &Value, name: &str) -> i64 {
    record[name]["value"].as_i64().unwrap_or(0)
}

/// `POST /v1/payment_records/{id}/report_payment_attempt_…`: the outcome of the open attempt.
fn report_outcome(
    ctx: &mut Ctx<'_>,
    params: &Params,
    outcome: &'static str,
) -> Result<Value, ApiError> {
    let mut record = ctx.required(RECORD, params.path("id"))?;
    let ended = OUTCOMES
        .iter()
        .find(|(_, amount)| amount_value(&record, amount) > 0);
    if let Some((ended, _)) = ended {
        let message = format!(
            "The latest attempt of this payment record is {ended} already: it cannot be reported as {outcome}."
        );
        return Err(ApiError::invalid_request(message));
    }
    apply_outcome(&mut record, outcome);
    write_descriptive_fields(ctx, &mut record, params)?;
    store(ctx, &record);
    Ok(record)
}

/// `POST /v1/payment_records/{id}/report_payment_attempt_informational`.
fn report_informational(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut record = ctx.required(RECORD, params.path("id"))?;
    write_descriptive_fields(ctx, &mut record, params)?;
    store(ctx, &record);
    Ok(record)
}

/// `POST /v1/payment_records/{id}/report_refund`: refunds the rest or a part of it.
fn report_refund(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut record = ctx.required(RECORD, params.path("id"))?;
    let refunded = amount_value(&record, "amount_refunded");
    let left = amount_value(&record, "amount_guaranteed") - refunded;
    let amount = params.int("amount.value").unwrap_or(left);
    let currency = params.text("amount.currency");
    let own = record["amount"]["currency"].as_str().unwrap_or_default();
    if currency.is_some_and(|currency| !currency.eq_ignore_ascii_case(own)) {
        let message = format!("The payment was in {own}: refund it in the same currency.");
        return Err(ApiError::invalid_param("amount[currency]", message));
    }
    if amount < 1 || amount > left {
        let message = format!(
            "The refund must be at least 1 and at most what is guaranteed and not refunded yet ({left})."
        );
        return Err(ApiError::invalid_param("amount[value]", message));
    }
    record["amount_refunded"]["value"] = (refunded + amount).into();
    write_descriptive_fields(ctx, &mut record, params)?;
    store(ctx, &record);
    Ok(record)
}

fn store(ctx: &mut Ctx<'_>, record: &Value) {
    ctx.update(RECORD, record);
    if record["latest_payment_attempt_record"].is_string() {
        ctx.update(ATTEMPT, &latest_attempt(record));
    }
}
