//! Phases: read from a request, and turned into parameters of the subscription.

use serde_json::{Map, Value, json};

use crate::billing::period::Interval;
use crate::billing::prices;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::json::{extend, list, text};

pub(crate) const SCHEDULE: &str = "subscription_schedule";

/// The phase parameters that describe a subscription.
pub(crate) fn phase_of_subscription(subscription: &Value) -> Value {
    let items = list(&subscription["items"], "data").iter().map(|item| {
        let mut requested = json!({"price": item["price"]["id"]});
        if item["quantity"].is_i64() {
            requested["quantity"] = item["quantity"].clone();
        }
        requested
    });
    json!({
        "end_date": subscription["items"]["data"][0]["current_period_end"],
        "items": items.collect::<Vec<_>>(),
    })
}

/// Builds the phases of a request, one after the other from `start` on.
pub(crate) fn build_phases(
    ctx: &mut Ctx<'_>,
    requested: &[Value],
    start: i64,
) -> Result<Value, ApiError> {
    if requested.is_empty() {
        return Err(ApiError::missing_parameter("phases"));
    }
    let mut all = Vec::with_capacity(requested.len());
    let mut at = start;
    for (index, requested) in requested.iter().enumerate() {
        let param = format!("phases[{index}]");
        let items = list(requested, "items");
        if items.is_empty() {
            return Err(ApiError::missing_parameter(&format!("{param}[items]")));
        }
        let mut first = Value::Null;
        let mut phase_values = requested.as_object().cloned().unwrap_or_default();
        let mut named = Vec::with_capacity(items.len());
        for (number, item) in items.iter().enumerate() {
            let param = format!("{param}[items][{number}]");
            let price = prices::load_or_create_price(ctx, item, &param)?;
            let price =
                price.ok_or_else(|| ApiError::missing_parameter(&format!("{param}[price]")))?;
            let mut item = item.clone();
            item["price"] = price["id"].clone();
            if let Value::Object(members) = &mut item {
                members.remove("price_data");
                members.remove("discounts");
            }
            named.push(item);
            if first.is_null() {
                first = price;
            }
        }
        let end = phase_end(&first, requested, at, &param)?;
        phase_values.insert("items".into(), named.into());
        for name in [
            "discounts",
            "add_invoice_items",
            "duration",
            "end_date",
            "trial",
        ] {
            phase_values.remove(name);
        }
        all.push(build_phase(
            ctx,
            &phase_values,
            requested,
            &first,
            (at, end),
        )?);
        at = end;
    }
    Ok(all.into())
}

fn phase_end(price: &Value, requested: &Value, start: i64, param: &str) -> Result<i64, ApiError> {
    let lasts = &requested["duration"];
    let by_duration = |unit: &Value, count: &Value| {
        let recurring =
            json!({"recurring": {"interval": unit, "interval_count": count.as_i64().unwrap_or(1)}});
        Interval::of_price(&recurring).map(|interval| interval.end_after(start, start))
    };
    let recurring = &price["recurring"];
    let end = match requested["end_date"].as_i64() {
        Some(end) => Some(end),
        None if lasts.is_object() => by_duration(&lasts["interval"], &lasts["interval_count"]),
        None => by_duration(&recurring["interval"], &recurring["interval_count"]),
    };
    end.filter(|end| *end > start).ok_or_else(|| {
        let message = "A phase must end after it begins.";
        ApiError::invalid_param(&format!("{param}[end_date]"), message)
    })
}

fn build_phase(
    ctx: &mut Ctx<'_>,
    phase_values: &Map<String, Value>,
    requested: &Value,
    price: &Value,
    (start, end): (i64, i64),
) -> Result<Value, ApiError> {
    let mut holder = ctx.blank(SCHEDULE);
    let mut form = Map::new();
    form.insert("phases".into(), json!([phase_values]));
    ctx.apply(SCHEDULE, &mut holder, &form)?;
    let mut phase = holder
        .get("phases")
        .map(|phases| phases[0].clone())
        .unwrap_or_default();
    let items = phase["items"].as_array_mut().into_iter().flatten();
    for (index, item) in items.enumerate() {
        item["plan"] = item["price"].clone();
        let price = ctx.get("price", text(item, "price")).unwrap_or_default();
        let quantities = list(requested, "items")
            .iter()
            .map(|item| &item["quantity"]);
        let quantity = quantities.clone().nth(index).and_then(Value::as_i64);
        match item.as_object_mut() {
            Some(members) if prices::is_metered(&price) => drop(members.remove("quantity")),
            _ => item["quantity"] = quantity.unwrap_or(1).into(),
        }
        if item["metadata"].is_null() {
            item["metadata"] = json!({});
        }
    }
    let discounts = list(requested, "discounts").iter().map(|it| {
        let named = |name: &str| it[name].as_str();
        json!({"coupon": named("coupon"), "discount": named("discount"), "promotion_code": named("promotion_code")})
    });
    let discounts: Vec<Value> = discounts.collect();
    let behavior = requested["proration_behavior"].as_str();
    let trial_end = if requested["trial"] == true {
        Some(end)
    } else {
        requested["trial_end"].as_i64()
    };
    extend(
        &mut phase,
        json!({
            "currency": price["currency"], "discounts": discounts, "end_date": end,
            "proration_behavior": behavior.unwrap_or("create_prorations"), "start_date": start, "trial_end": trial_end,
        }),
    );
    if phase["add_invoice_items"].is_null() {
        phase["add_invoice_items"] = json!([]);
    }
    Ok(phase)
}

pub(crate) fn phase_items(phase: &Value) -> Vec<Value> {
    let items = list(phase, "items").iter().map(|item| {
        let mut requested = json!({"price": item["price"]});
        if item["quantity"].is_i64() {
            requested["quantity"] = item["quantity"].clone();
        }
        let rates = list(item, "tax_rates").iter();
        let rates: Vec<Value> = rates.map(|rate| rate["id"].clone()).collect();
        if !rates.is_empty() {
            requested["tax_rates"] = rates.into();
        }
        requested
    });
    items.collect()
}

/// The subscription parameters of a phase besides its items, with the defaults of the schedule.
pub(crate) fn phase_params(schedule: &Value, phase: &Value) -> Map<String, Value> {
    let defaults = &schedule["default_settings"];
    let mut form = Map::new();
    for name in [
        "application_fee_percent",
        "collection_method",
        "default_payment_method",
        "description",
        "on_behalf_of",
        "transfer_data",
    ] {
        let candidates = [&phase[name], &defaults[name]];
        if let Some(value) = candidates.into_iter().find(|value| !value.is_null()) {
            form.insert(name.to_owned(), value.clone());
        }
    }
    let days = [phase, defaults].map(|it| it["invoice_settings"]["days_until_due"].as_i64());
    if let Some(days) = days.into_iter().flatten().next() {
        form.insert("days_until_due".into(), days.into());
    }
    let discounts: Vec<Value> = list(phase, "discounts")
        .iter()
        .map(|it| {
            let named = it.as_object().into_iter().flatten();
            let named = named.filter(|(_, value)| value.is_string());
            Value::Object(
                named
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect(),
            )
        })
        .collect();
    if !discounts.is_empty() {
        form.insert("discounts".into(), discounts.into());
    }
    let rates = list(phase, "default_tax_rates").iter();
    let rates: Vec<Value> = rates.map(|rate| rate["id"].clone()).collect();
    if !rates.is_empty() {
        form.insert("default_tax_rates".into(), rates.into());
    }
    if phase["trial_end"].is_i64() {
        form.insert("trial_end".into(), phase["trial_end"].clone());
    }
    for name in ["metadata"] {
        if phase[name].as_object().is_some_and(|it| !it.is_empty()) {
            form.insert(name.to_owned(), phase[name].clone());
        }
    }
    form
}
