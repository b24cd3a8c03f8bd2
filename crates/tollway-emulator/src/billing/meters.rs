//! Meters: events report usage, and invoices bill what was used in a period.
//!
//! ```text
//! billing.meter_events.create ─▶ record under (meter, customer) ─▶ sum, count or last of a time range ─▶ lines, summaries
//! ```
//!
//! See <https://docs.stripe.com/billing/subscriptions/usage-based>.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::billing::period::DAY_SECONDS;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::generic::window;
use crate::json::text;
use crate::params::Params;
use crate::registry::Registry;
use crate::store::{CreatedRange, Query};
use crate::test_clocks;
use crate::world::{PrivateRecord, read_private_record};

const METER: &str = "billing.meter";

/// The greatest age of a new event, and how far in the future its timestamp can be.
const MAX_EVENT_AGE_SECONDS: i64 = 35 * DAY_SECONDS;

const MAX_EVENT_LEAD_SECONDS: i64 = 300;

pub(super) fn register(registry: &mut Registry) {
    registry.add("billing.meters.create", create_meter);
    registry.add("billing.meter_events.create", create_event);
    registry.add("v2.billing.meter_events.create", create_v2_event);
    registry.add("billing.meter_event_adjustments.create", adjust_event);
    registry.add("billing.meters.event_summaries.list", list_event_summaries);
}

/// Notifies that a meter event was recorded.
#[derive(Debug)]
pub(crate) struct MeterUsage {
    /// The id of the customer.
    pub(crate) customer: String,
}

/// A stored meter event.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct MeterEvent {
    value: f64,
    /// Unix seconds.
    at: i64,
    canceled: bool,
}

impl PrivateRecord for MeterEvent {
    const TYPE: &'static str = "_meter_event";
}

/// `POST /v1/billing/meters`, with Stripe's default payload keys.
fn create_meter(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let name = params.text("event_name").unwrap_or_default();
    if active_meter(ctx, name).is_some() {
        let message = format!("An active meter for the event_name '{name}' already exists.");
        return Err(ApiError::invalid_param("event_name", message));
    }
    let mut meter = ctx.generic("billing.meters.create", params)?;
    if params.at("customer_mapping").is_none() {
        meter["customer_mapping"] =
            json!({"event_payload_key": "stripe_customer_id", "type": "by_id"});
    }
    if params.at("value_settings").is_none() {
        meter["value_settings"] = json!({"event_payload_key": "value"});
    }
    meter["status"] = "active".into();
    meter["updated"] = ctx.now().into();
    ctx.update(METER, &meter);
    Ok(meter)
}

/// The active meter for an event name.
fn active_meter(ctx: &Ctx<'_>, event: &str) -> Option<Value> {
    let mut meters = ctx.all_with(METER, "event_name", event).into_iter();
    meters.find(|meter| meter["status"] == "active")
}

fn event_parent(meter: &str, customer: &str) -> String {
    format!("{meter}/{customer}")
}

/// `POST /v1/billing/meter_events`.
fn create_event(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let name = params.text("event_name").unwrap_or_default().to_owned();
    let Some(meter) = active_meter(ctx, &name) else {
        let message = format!("No active meter found for event name {name}.");
        return Err(ApiError::invalid_param("event_name", message).code("resource_missing"));
    };
    let empty = Map::new();
    let payload = params.map("payload").unwrap_or(&empty).clone();
    let key = text(&meter["customer_mapping"], "event_payload_key");
    let missing = |key: &str| {
        let message = format!("The payload must have the key '{key}' that the meter names.");
        ApiError::invalid_param(&format!("payload[{key}]"), message)
    };
    let customer = payload.get(key).and_then(Value::as_str);
    let customer = customer.ok_or_else(|| missing(key))?.to_owned();
    ctx.referenced("customer", &customer, &format!("payload[{key}]"))?;
    let key = text(&meter["value_settings"], "event_payload_key");
    let counts = meter["default_aggregation"]["formula"] == "count";
    let value = match payload.get(key).and_then(Value::as_str) {
        Some(value) => value.parse::<f64>().ok().filter(|value| value.is_finite()),
        None if counts => Some(1.0),
        None => return Err(missing(key)),
    };
    let value = value.ok_or_else(|| {
        let param = format!("payload[{key}]");
        ApiError::invalid_param(&param, "The value of a meter event must be a number.")
    })?;
    let now = test_clocks::customer_now(ctx, &customer);
    let at = params.int("timestamp").unwrap_or(now);
    if at < now - MAX_EVENT_AGE_SECONDS || at > now + MAX_EVENT_LEAD_SECONDS {
        let message =
            "The timestamp must be within the past 35 days, and at most 5 minutes in the future.";
        return Err(ApiError::invalid_param("timestamp", message));
    }
    let identifier = match params.text("identifier") {
        Some(given) => given.to_owned(),
        None => ctx.world.random.alphanumeric(32),
    };
    if ctx
        .world
        .store
        .get(&ctx.scope, MeterEvent::TYPE, &identifier)
        .is_some()
    {
        let message = format!("An event already exists with identifier {identifier}.");
        return Err(ApiError::invalid_param("identifier", message).code("resource_already_exists"));
    }
    let record = json!({"id": identifier, "value": value, "at": at, "canceled": false});
    let owner = event_parent(text(&meter, "id"), &customer);
    let scope = ctx.scope.clone();
    ctx.world
        .store
        .insert_under(&scope, MeterEvent::TYPE, Some(&owner), &record, at);
    ctx.notify(&MeterUsage {
        customer: customer.clone(),
    })?;
    Ok(json!({
        "object": "billing.meter_event", "created": ctx.now(), "event_name": name, "identifier": identifier,
        "livemode": ctx.scope.livemode(), "payload": payload, "timestamp": at,
    }))
}

/// `POST /v2/billing/meter_events`: as in v1, with RFC 3339 times.
fn create_v2_event(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut values = params.values().clone();
    let parsed = params
        .text("timestamp")
        .and_then(|at| at.parse::<jiff::Timestamp>().ok());
    match parsed {
        Some(at) => drop(values.insert("timestamp".into(), at.as_second().into())),
        None => drop(values.remove("timestamp")),
    }
    let mut event = create_event(ctx, &Params::new(Vec::new(), values))?;
    let written = |at: &Value| {
        let at = jiff::Timestamp::from_second(at.as_i64().unwrap_or(0));
        at.map_or(Value::Null, |at| at.to_string().into())
    };
    event["object"] = "v2.billing.meter_event".into();
    event["created"] = written(&event["created"]);
    event["timestamp"] = written(&event["timestamp"]);
    Ok(event)
}

/// `POST /v1/billing/meter_event_adjustments`: cancels an event.
fn adjust_event(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let identifier = params.text("cancel.identifier").unwrap_or_default();
    let Some(mut record) = ctx.get(MeterEvent::TYPE, identifier) else {
        return Err(ApiError::no_such_reference(
            "meter event",
            identifier,
            "cancel[identifier]",
        ));
    };
    record["canceled"] = true.into();
    ctx.update(MeterEvent::TYPE, &record);
    Ok(json!({
        "object": "billing.meter_event_adjustment", "cancel": {"identifier": identifier},
        "event_name": params.text("event_name"), "livemode": ctx.scope.livemode(), "status": "complete",
        "type": "cancel",
    }))
}

/// The events of a customer with `from <= timestamp < to`, newest first, without canceled ones.
fn meter_events(
    ctx: &Ctx<'_>,
    meter: &str,
    customer: &str,
    (from, to): (i64, i64),
) -> Vec<MeterEvent> {
    let owner = event_parent(meter, customer);
    let query = Query {
        limit: usize::MAX,
        parent: Some(&owner),
        created: CreatedRange {
            from: Some(from),
            to: Some(to - 1),
        },
        ..Query::default()
    };
    let page = ctx.world.store.list(&ctx.scope, MeterEvent::TYPE, &query);
    let records = page.map(|page| page.records).unwrap_or_default();
    let uses = records
        .iter()
        .filter_map(|record| ctx.world.or_fail(read_private_record::<MeterEvent>(record)));
    uses.filter(|it| !it.canceled).collect()
}

/// The usage in events, which are newest first.
fn aggregate(meter: &Value, uses: &[MeterEvent]) -> f64 {
    match text(&meter["default_aggregation"], "formula") {
        "count" => uses.iter().map(|_| 1.0).sum(),
        "last" => uses.first().map_or(0.0, |it| it.value),
        _ => uses.iter().map(|it| it.value).sum(),
    }
}

/// The usage of a metered price by a customer.
#[expect(
    clippy::cast_possible_truncation,
    reason = "quantities are whole; what is beyond an i64 is its greatest value"
)]
pub(super) fn metered_quantity(
    ctx: &Ctx<'_>,
    price: &Value,
    customer: &str,
    time: (i64, i64),
) -> i64 {
    let id = text(&price["recurring"], "meter");
    let Some(meter) = ctx.get(METER, id) else {
        return 0;
    };
    aggregate(&meter, &meter_events(ctx, id, customer, time)).round() as i64
}

/// `GET /v1/billing/meters/{id}/event_summaries`: one for the whole range, or one for each hour or day; newest first.
fn list_event_summaries(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("id").to_owned();
    let meter = ctx.required(METER, &id)?;
    let customer = params.text("customer").unwrap_or_default();
    ctx.referenced("customer", customer, "customer")?;
    let (from, to) = (
        params.int("start_time").unwrap_or(0),
        params.int("end_time").unwrap_or(0),
    );
    if to <= from {
        let message = "The end_time must be after the start_time.";
        return Err(ApiError::invalid_param("end_time", message));
    }
    let step = match params.text("value_grouping_window") {
        Some("hour") => 3600,
        Some(_) => DAY_SECONDS,
        None => to - from,
    };
    let windows = (to - from + step - 1) / step;
    let starts = (0..windows).rev().map(|number| from + number * step);
    let mut data = Vec::new();
    for start in starts {
        let end = (start + step).min(to);
        let of_window = meter_events(ctx, &id, customer, (start, end));
        if of_window.is_empty() && windows > 1 {
            continue;
        }
        data.push(json!({
            "object": "billing.meter_event_summary", "id": format!("mtrusg_{id}_{customer}_{start}_{end}"),
            "aggregated_value": aggregate(&meter, &of_window), "end_time": end, "livemode": ctx.scope.livemode(),
            "meter": id, "start_time": start,
        }));
    }
    let ids: Vec<&str> = data.iter().filter_map(|it| it["id"].as_str()).collect();
    let (shown, has_more) = window(params, "meter event summary", &ids)?;
    Ok(json!({
        "object": "list", "data": data[shown], "has_more": has_more, "url": format!("/v1/billing/meters/{id}/event_summaries"),
    }))
}
