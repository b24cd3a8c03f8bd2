//! `POST /v1/subscriptions`: the items, the trial and the first invoice.

use serde_json::{Value, json};

use crate::billing::invoices::{collection, payments};
use crate::billing::period::{Cycle, DAY_SECONDS, Interval, next_anchor};
use crate::billing::subscriptions::bills::{SubscriptionBill, draft_bill};
use crate::billing::subscriptions::ending::INCOMPLETE_SECONDS;
use crate::billing::subscriptions::item_params::{add_invoice_items, new_items};
use crate::billing::subscriptions::params::{prorates, write_cancellation, write_params};
use crate::billing::subscriptions::record::{
    SUBSCRIPTION, TRIAL_WARNING_SECONDS, has_payment_method, put_items, schedule_check,
    schedule_period_end, set_period, subscription_items,
};
use crate::billing::subscriptions::{payment_methods, thresholds};
use crate::billing::{discounts, proration};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::json::text;
use crate::params::Params;
use crate::test_clocks;

/// `POST /v1/subscriptions`.
pub(crate) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params
        .text("customer")
        .ok_or_else(|| ApiError::missing_parameter("customer"))?
        .to_owned();
    ctx.referenced("customer", &customer, "customer")?;
    check_exclusive_params(params)?;
    let now = test_clocks::customer_now(ctx, &customer);
    let mut ctx = ctx.at(now);
    let ctx = &mut ctx;
    let items = new_items(ctx, &customer, params.list("items"))?;
    let mut subscription = blank_subscription(ctx, params, &customer, &items)?;
    put_items(ctx, &mut subscription, items);
    let billing_start = BillingStart::of(ctx, params, &subscription)?;
    subscription["billing_cycle_anchor"] = billing_start.anchor.into();
    subscription["start_date"] = billing_start.start.into();
    if let Some(end) = billing_start.trial_end {
        subscription["status"] = "trialing".into();
        subscription["trial_start"] = now.into();
        subscription["trial_end"] = end.into();
    }
    let until = match billing_start.trial_end {
        Some(end) => end,
        None => Cycle::of(&subscription)
            .ok_or_else(|| ApiError::missing_parameter("items"))?
            .end_after(now),
    };
    set_period(ctx, &mut subscription, now, until);
    write_cancellation(ctx, &mut subscription, params);
    thresholds::check_threshold(&subscription)?;
    ctx.insert(SUBSCRIPTION, &subscription);
    ctx.emit("customer.subscription.created", &subscription, None);
    add_invoice_items(ctx, params, &subscription)?;
    if billing_start.start < now && prorates(params) {
        for item in subscription_items(&subscription) {
            let mut past = item;
            past["current_period_end"] = now.into();
            let time = (billing_start.start, now);
            proration::prorate_time(ctx, &subscription, &past, 1, time);
        }
    }
    // With `proration_behavior=none`, the time before the first billing anchor creates no invoice.
    let unpaid_start =
        billing_start.trial_end.is_none() && billing_start.anchor > now && !prorates(params);
    if !unpaid_start {
        let first = SubscriptionBill {
            free: billing_start.trial_end.is_some(),
            ..SubscriptionBill::of_period("subscription_create", (now, until))
        };
        let invoice = draft_bill(ctx, &subscription, &first)?;
        subscription["latest_invoice"] = invoice["id"].clone();
        ctx.update(SUBSCRIPTION, &subscription);
        let invoice = collection::finalize_invoice(ctx, invoice)?;
        if invoice["status"] == "open" {
            let subscription = ctx.required(SUBSCRIPTION, text(&subscription, "id"))?;
            collect_first_invoice(ctx, &subscription, &invoice, params)?;
        }
    }
    let subscription = ctx.required(SUBSCRIPTION, text(&subscription, "id"))?;
    payment_methods::request_payment_method(ctx, &subscription)?;
    if let Some(end) = billing_start.trial_end {
        schedule_check(ctx, &subscription, (end - TRIAL_WARNING_SECONDS).max(now))?;
    }
    schedule_period_end(ctx, &subscription)?;
    if let Some(at) = subscription["cancel_at"].as_i64() {
        schedule_check(ctx, &subscription, at)?;
    }
    ctx.required(SUBSCRIPTION, text(&subscription, "id"))
}

fn check_exclusive_params(params: &Params) -> Result<(), ApiError> {
    if params.text("payment_behavior") == Some("pending_if_incomplete") {
        let message = "`pending_if_incomplete` is for updates of a subscription: it cannot be passed when one is created.";
        return Err(ApiError::invalid_param("payment_behavior", message));
    }
    for (one, other) in [
        ("billing_cycle_anchor", "billing_cycle_anchor_config"),
        ("trial_end", "trial_period_days"),
        ("cancel_at", "cancel_at_period_end"),
    ] {
        if params.has(one) && params.has(other) {
            let message = format!("You may only specify one of these parameters: {one}, {other}.");
            return Err(ApiError::invalid_param(one, message));
        }
    }
    Ok(())
}

/// When a subscription starts, and the anchor of its periods.
struct BillingStart {
    start: i64,
    anchor: i64,
    trial_end: Option<i64>,
}

impl BillingStart {
    fn of(ctx: &Ctx<'_>, params: &Params, subscription: &Value) -> Result<Self, ApiError> {
        let now = ctx.now();
        let start = params.int("backdate_start_date").unwrap_or(now);
        if start > now {
            let message = "The backdate_start_date must be in the past.";
            return Err(ApiError::invalid_param("backdate_start_date", message));
        }
        let trial_end = trial_end(ctx, params, subscription);
        let from = trial_end.unwrap_or(now);
        let config = &subscription["billing_cycle_anchor_config"];
        let anchor = match params.int("billing_cycle_anchor") {
            _ if config.is_object() => next_anchor(config, from),
            given => given,
        };
        let first_end = Interval::of_price(&subscription["items"]["data"][0]["price"])
            .map_or(from, |interval| interval.end_after(from, from));
        match anchor {
            Some(at) if at < now => {
                let message = "The billing_cycle_anchor must not be in the past.";
                Err(ApiError::invalid_param("billing_cycle_anchor", message))
            }
            Some(at) if at > first_end && !config.is_object() => {
                let message = format!(
                    "The billing_cycle_anchor cannot be later than the next natural billing date ({first_end})."
                );
                Err(ApiError::invalid_param("billing_cycle_anchor", message))
            }
            anchor => Ok(Self {
                start,
                anchor: anchor.unwrap_or(from),
                trial_end,
            }),
        }
    }
}

fn blank_subscription(
    ctx: &mut Ctx<'_>,
    params: &Params,
    customer: &str,
    items: &[Value],
) -> Result<Value, ApiError> {
    let method = params
        .text("collection_method")
        .unwrap_or("charge_automatically");
    if method == "send_invoice" && !params.has("days_until_due") {
        let message = "If collection_method is send_invoice, pass days_until_due.";
        return Err(ApiError::invalid_param("days_until_due", message));
    }
    let clock = test_clocks::customer_clock(ctx, customer).map(|(id, _)| id);
    let mut members = ctx.blank(SUBSCRIPTION);
    let id = members["id"].as_str().unwrap_or_default().to_owned();
    let defaults = json!({
        "application": crate::payments::application::charging_application(ctx),
        "billing_mode": {"flexible": null, "type": "flexible"},
        "cancellation_details": {"comment": null, "feedback": null, "feedback_option": null, "reason": null},
        "collection_method": method,
        "created": ctx.now(),
        "currency": items[0]["price"]["currency"],
        "customer": customer,
        "default_tax_rates": [],
        "invoice_settings": {
            "account_tax_ids": null, "custom_fields": null, "description": null, "footer": null, "issuer": {"type": "self"},
        },
        "livemode": ctx.scope.livemode(),
        "metadata": {},
        "payment_settings": {
            "payment_method_options": null, "payment_method_types": null, "save_default_payment_method": "off",
        },
        "status": "active",
        "test_clock": clock,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    });
    if let Value::Object(defaults) = defaults {
        members.extend(defaults);
    }
    let discounts =
        discounts::create_discounts(ctx, params.list("discounts"), customer, Some(&id))?;
    members.insert("discounts".into(), discounts.into());
    write_params(ctx, &mut members, params)?;
    Ok(Value::Object(members))
}

/// The end of the trial, if there is one.
fn trial_end(ctx: &Ctx<'_>, params: &Params, subscription: &Value) -> Option<i64> {
    let from_plan = || {
        let days = &subscription["items"]["data"][0]["price"]["recurring"]["trial_period_days"];
        days.as_i64()
            .filter(|_| params.bool("trial_from_plan") == Some(true))
    };
    params
        .int("trial_end")
        .or_else(|| {
            let days = params.int("trial_period_days").or_else(from_plan)?;
            Some(ctx.now() + days * DAY_SECONDS)
        })
        .filter(|end| *end > ctx.now())
}

/// Collects the first invoice, or leaves it open, by `payment_behavior`.
fn collect_first_invoice(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    invoice: &Value,
    params: &Params,
) -> Result<(), ApiError> {
    if invoice["collection_method"] == "send_invoice" {
        ctx.emit("invoice.sent", invoice, None);
        return Ok(());
    }
    let behavior = params
        .text("payment_behavior")
        .unwrap_or("allow_incomplete");
    let leaves_open = behavior == "default_incomplete";
    if !leaves_open && !has_payment_method(ctx, subscription) {
        let message = "This customer has no attached payment source or default payment method. Please consider adding a \
                       default payment method. For more information, visit \
                       https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.";
        return Err(ApiError::invalid_request(message).code("resource_missing"));
    }
    let mut incomplete = subscription.clone();
    incomplete["status"] = "incomplete".into();
    ctx.update(SUBSCRIPTION, &incomplete);
    schedule_check(ctx, &incomplete, ctx.now() + INCOMPLETE_SECONDS)?;
    if leaves_open {
        return Ok(());
    }
    let off_session = params.bool("off_session").unwrap_or(false);
    match payments::attempt_payment(ctx, invoice, None, off_session) {
        Err(mut error) if behavior == "error_if_incomplete" || !error.keep_changes => {
            error.keep_changes = false;
            Err(error)
        }
        _ => Ok(()),
    }
}
