//! Subscription schedules: phases that follow each other, each with its own items.
//!
//! ```text
//! not_started ─ start ─▶ active ─ phase after phase ─▶ completed (the subscription ends) │ released (it goes on)
//!        └ cancel ─▶ canceled ◀─┘ └ release ─▶ released
//! ```
//!
//! See <https://docs.stripe.com/billing/subscriptions/subscription-schedules>.

use serde_json::{Map, Value, json};

use super::super::due::Task;
use super::super::fields::{extend, list, number, text};
use super::period::Interval;
use super::{clocks, subscriptions};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::difference::previous_attributes;
use crate::params::Params;
use crate::registry::Registry;

const SCHEDULE: &str = "subscription_schedule";

pub(super) fn register(registry: &mut Registry) {
    registry.add("subscription_schedules.create", create);
    registry.add("subscription_schedules.update", update);
    registry.add("subscription_schedules.cancel", cancel);
    registry.add("subscription_schedules.release", release);
}

/// `POST /v1/subscription_schedules`.
pub(super) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let from = params
        .text("from_subscription")
        .map(|id| ctx.referenced("subscription", id, "from_subscription"))
        .transpose()?;
    let customer = match &from {
        Some(subscription) => text(subscription, "customer"),
        None => params
            .text("customer")
            .ok_or_else(|| ApiError::missing_parameter("customer"))?,
    };
    ctx.referenced("customer", customer, "customer")?;
    let customer = customer.to_owned();
    let now = clocks::now_of(ctx, &customer);
    let mut ctx = ctx.at(now);
    let ctx = &mut ctx;
    let mut schedule = blank(ctx, params, &customer)?;
    if let Some(subscription) = &from {
        if params.has("phases") {
            let message =
                "You cannot pass phases with from_subscription: update the schedule afterwards.";
            return Err(ApiError::invalid_param("phases", message));
        }
        if subscription["schedule"].is_string() {
            let message = "The subscription already has a schedule.";
            return Err(ApiError::invalid_param("from_subscription", message));
        }
        let wanted = [as_phase(subscription)];
        let start = number(&subscription["items"]["data"][0], "current_period_start");
        schedule["phases"] = phases(ctx, &wanted, start)?;
        schedule["subscription"] = subscription["id"].clone();
        begin_phase(&mut schedule, 0);
        tie(ctx, text(subscription, "id"), Some(text(&schedule, "id")));
    } else {
        let start = params.int("start_date").unwrap_or(now);
        schedule["phases"] = phases(ctx, params.list("phases"), start)?;
    }
    ctx.insert(SCHEDULE, &schedule);
    ctx.emit("subscription_schedule.created", &schedule, None);
    plan(ctx, &schedule);
    step(ctx, text(&schedule, "id"))?;
    ctx.required(SCHEDULE, text(&schedule, "id"))
}

fn blank(ctx: &mut Ctx<'_>, params: &Params, customer: &str) -> Result<Value, ApiError> {
    let clock = clocks::of_customer(ctx, customer).map(|(id, _)| id);
    let mut members = ctx.blank(SCHEDULE);
    let mut plain = params.values().clone();
    for name in ["phases", "start_date", "from_subscription"] {
        plain.remove(name);
    }
    ctx.apply(SCHEDULE, &mut members, &plain)?;
    let mut schedule = Value::Object(members);
    extend(
        &mut schedule,
        json!({
            "application": super::super::settlement::application(ctx),
            "billing_mode": {"flexible": null, "type": "flexible"},
            "created": ctx.now(),
            "current_phase": null,
            "customer": customer,
            "livemode": ctx.scope.livemode(),
            "status": "not_started",
            "subscription": null,
            "test_clock": clock,
        }),
    );
    schedule["end_behavior"] = params.text("end_behavior").unwrap_or("release").into();
    if schedule["default_settings"]["collection_method"].is_null() {
        schedule["default_settings"]["collection_method"] = "charge_automatically".into();
    }
    Ok(schedule)
}

/// What a subscription is, as the phase of a request.
fn as_phase(subscription: &Value) -> Value {
    let items = list(&subscription["items"], "data").iter().map(|item| {
        let mut wanted = json!({"price": item["price"]["id"]});
        if item["quantity"].is_i64() {
            wanted["quantity"] = item["quantity"].clone();
        }
        wanted
    });
    json!({
        "end_date": subscription["items"]["data"][0]["current_period_end"],
        "items": items.collect::<Vec<_>>(),
    })
}

/// The phases of a request one after the other, from `start` on.
fn phases(ctx: &mut Ctx<'_>, wanted: &[Value], start: i64) -> Result<Value, ApiError> {
    if wanted.is_empty() {
        return Err(ApiError::missing_parameter("phases"));
    }
    let mut all = Vec::with_capacity(wanted.len());
    let mut at = start;
    for (index, wanted) in wanted.iter().enumerate() {
        let param = format!("phases[{index}]");
        let items = list(wanted, "items");
        if items.is_empty() {
            return Err(ApiError::missing_parameter(&format!("{param}[items]")));
        }
        let mut first = Value::Null;
        let mut given = wanted.as_object().cloned().unwrap_or_default();
        let mut named = Vec::with_capacity(items.len());
        for (number, item) in items.iter().enumerate() {
            let param = format!("{param}[items][{number}]");
            let price = super::prices::named(ctx, item, &param)?;
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
        let end = end_of(&first, wanted, at, &param)?;
        given.insert("items".into(), named.into());
        for name in [
            "discounts",
            "add_invoice_items",
            "duration",
            "end_date",
            "trial",
        ] {
            given.remove(name);
        }
        all.push(phase(ctx, &given, wanted, &first, (at, end))?);
        at = end;
    }
    Ok(all.into())
}

fn end_of(price: &Value, wanted: &Value, start: i64, param: &str) -> Result<i64, ApiError> {
    let lasts = &wanted["duration"];
    let by_duration = |unit: &Value, count: &Value| {
        let recurring =
            json!({"recurring": {"interval": unit, "interval_count": count.as_i64().unwrap_or(1)}});
        Interval::of_price(&recurring).map(|interval| interval.end_after(start, start))
    };
    let recurring = &price["recurring"];
    let end = match wanted["end_date"].as_i64() {
        Some(end) => Some(end),
        None if lasts.is_object() => by_duration(&lasts["interval"], &lasts["interval_count"]),
        None => by_duration(&recurring["interval"], &recurring["interval_count"]),
    };
    end.filter(|end| *end > start).ok_or_else(|| {
        let message = "A phase must end after it begins.";
        ApiError::invalid_param(&format!("{param}[end_date]"), message)
    })
}

fn phase(
    ctx: &mut Ctx<'_>,
    given: &Map<String, Value>,
    wanted: &Value,
    price: &Value,
    (start, end): (i64, i64),
) -> Result<Value, ApiError> {
    let mut holder = ctx.blank(SCHEDULE);
    let mut form = Map::new();
    form.insert("phases".into(), json!([given]));
    ctx.apply(SCHEDULE, &mut holder, &form)?;
    let mut phase = holder
        .get("phases")
        .map(|phases| phases[0].clone())
        .unwrap_or_default();
    let items = phase["items"].as_array_mut().into_iter().flatten();
    for (index, item) in items.enumerate() {
        item["plan"] = item["price"].clone();
        let price = ctx.get("price", text(item, "price")).unwrap_or_default();
        let given = list(wanted, "items").iter().map(|it| &it["quantity"]);
        let quantity = given.clone().nth(index).and_then(Value::as_i64);
        match item.as_object_mut() {
            Some(members) if super::prices::is_metered(&price) => drop(members.remove("quantity")),
            _ => item["quantity"] = quantity.unwrap_or(1).into(),
        }
        if item["metadata"].is_null() {
            item["metadata"] = json!({});
        }
    }
    let discounts = list(wanted, "discounts").iter().map(|it| {
        let named = |name: &str| it[name].as_str();
        json!({"coupon": named("coupon"), "discount": named("discount"), "promotion_code": named("promotion_code")})
    });
    let discounts: Vec<Value> = discounts.collect();
    let behavior = wanted["proration_behavior"].as_str();
    let trial_end = if wanted["trial"] == true {
        Some(end)
    } else {
        wanted["trial_end"].as_i64()
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

/// Has the schedule looked at when each of its phases begins and ends.
fn plan(ctx: &mut Ctx<'_>, schedule: &Value) {
    let mut moments: Vec<i64> = Vec::new();
    for phase in list(schedule, "phases") {
        moments.extend([number(phase, "start_date"), number(phase, "end_date")]);
    }
    moments.dedup();
    moments.retain(|at| *at > ctx.now());
    for at in moments {
        let task = Task::Schedule {
            schedule: text(schedule, "id").to_owned(),
        };
        clocks::plan(ctx, text(schedule, "customer"), at, task);
    }
}

fn begin_phase(schedule: &mut Value, index: usize) {
    let phase = &schedule["phases"][index];
    let current = json!({"end_date": phase["end_date"], "start_date": phase["start_date"]});
    schedule["current_phase"] = current;
    schedule["status"] = "active".into();
}

/// Tells a subscription which schedule it has.
fn tie(ctx: &mut Ctx<'_>, subscription: &str, schedule: Option<&str>) {
    if let Some(mut subscription) = ctx.get("subscription", subscription) {
        subscription["schedule"] = schedule.into();
        ctx.update("subscription", &subscription);
    }
}

/// Keeps a changed schedule and says so.
fn changed(ctx: &mut Ctx<'_>, before: &Value, after: &Value) {
    ctx.update(SCHEDULE, after);
    let previous = previous_attributes(before, after);
    if !previous.is_empty() {
        let previous = Some(Value::Object(previous));
        ctx.emit("subscription_schedule.updated", after, previous);
    }
}

/// Brings a schedule up to the present: it starts, goes on to its next phase, or ends.
pub(in super::super) fn step(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    // Each turn leads to a later phase or to the end.
    while let Some(before) = ctx.get(SCHEDULE, id) {
        let now = ctx.now();
        let all = list(&before, "phases");
        let next = match text(&before, "status") {
            "not_started" => Some(0),
            "active" => {
                let current = &before["current_phase"]["start_date"];
                all.iter()
                    .position(|phase| phase["start_date"] == *current)
                    .map(|index| index + 1)
            }
            _ => None,
        };
        let Some(next) = next else {
            return Ok(());
        };
        let begins = match all.get(next) {
            Some(phase) => number(phase, "start_date"),
            None => all
                .last()
                .map_or(i64::MAX, |phase| number(phase, "end_date")),
        };
        if begins > now {
            return Ok(());
        }
        match all.get(next) {
            None => return finish(ctx, &before),
            Some(phase) => enter(ctx, &before, phase, next)?,
        }
    }
    Ok(())
}

/// A phase begins: with a new subscription, or by a change of the one there is.
fn enter(ctx: &mut Ctx<'_>, before: &Value, phase: &Value, index: usize) -> Result<(), ApiError> {
    let mut schedule = before.clone();
    begin_phase(&mut schedule, index);
    let existing = before["subscription"]
        .as_str()
        .and_then(|id| ctx.get("subscription", id));
    let Some(subscription) = existing else {
        let mut form = form_of(before, phase);
        form.insert("customer".into(), before["customer"].clone());
        form.insert("items".into(), items_of(phase).into());
        let made = subscriptions::create(ctx, &Params::new(Vec::new(), form))?;
        schedule["subscription"] = made["id"].clone();
        tie(ctx, text(&made, "id"), schedule["id"].as_str());
        changed(ctx, before, &schedule);
        return Ok(());
    };
    changed(ctx, before, &schedule);
    let mut form = form_of(before, phase);
    // The old items go, in favour of those of the phase; the same price keeps its item.
    let mut wanted = items_of(phase);
    for item in list(&subscription["items"], "data") {
        let same = wanted
            .iter_mut()
            .find(|it| it["price"] == item["price"]["id"] && it["id"].is_null());
        match same {
            Some(same) => same["id"] = item["id"].clone(),
            None => wanted.push(json!({"id": item["id"], "deleted": true})),
        }
    }
    form.insert("items".into(), wanted.into());
    let over = number(&subscription["items"]["data"][0], "current_period_end") <= ctx.now();
    let behavior = if over {
        "none"
    } else {
        text(phase, "proration_behavior")
    };
    form.insert("proration_behavior".into(), behavior.into());
    if phase["billing_cycle_anchor"] == "phase_start" {
        form.insert("billing_cycle_anchor".into(), json!({"type": "now"}));
    }
    let path = vec![(
        "subscription_exposed_id".to_owned(),
        text(&subscription, "id").to_owned(),
    )];
    subscriptions::update(ctx, &Params::new(path, form)).map(drop)
}

fn items_of(phase: &Value) -> Vec<Value> {
    let items = list(phase, "items").iter().map(|item| {
        let mut wanted = json!({"price": item["price"]});
        if item["quantity"].is_i64() {
            wanted["quantity"] = item["quantity"].clone();
        }
        let rates = list(item, "tax_rates").iter();
        let rates: Vec<Value> = rates.map(|rate| rate["id"].clone()).collect();
        if !rates.is_empty() {
            wanted["tax_rates"] = rates.into();
        }
        wanted
    });
    items.collect()
}

/// What a phase, or else the schedule, says about the subscription besides its items.
fn form_of(schedule: &Value, phase: &Value) -> Map<String, Value> {
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
        let given = [&phase[name], &defaults[name]];
        if let Some(value) = given.into_iter().find(|value| !value.is_null()) {
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

/// The last phase is over.
fn finish(ctx: &mut Ctx<'_>, before: &Value) -> Result<(), ApiError> {
    if before["end_behavior"] != "cancel" {
        let_go(ctx, before);
        return Ok(());
    }
    let mut after = before.clone();
    after["completed_at"] = ctx.now().into();
    after["current_phase"] = Value::Null;
    after["status"] = "completed".into();
    ctx.update(SCHEDULE, &after);
    ctx.emit("subscription_schedule.completed", &after, None);
    match ctx.get("subscription", text(before, "subscription")) {
        Some(subscription) if subscription["ended_at"].is_null() => {
            subscriptions::end_and_settle(ctx, &subscription, "cancellation_requested")
        }
        _ => Ok(()),
    }
}

/// The subscription goes on without its schedule.
fn let_go(ctx: &mut Ctx<'_>, before: &Value) -> Value {
    let mut after = before.clone();
    after["current_phase"] = Value::Null;
    after["released_at"] = ctx.now().into();
    after["released_subscription"] = before["subscription"].clone();
    after["status"] = "released".into();
    after["subscription"] = Value::Null;
    ctx.update(SCHEDULE, &after);
    tie(ctx, text(before, "subscription"), None);
    ctx.emit("subscription_schedule.released", &after, None);
    after
}

/// The schedule in the URL, while something can still be done with it.
fn under_way(ctx: &Ctx<'_>, params: &Params, done: &str) -> Result<Value, ApiError> {
    let schedule = ctx.required(SCHEDULE, params.path("schedule"))?;
    match text(&schedule, "status") {
        "not_started" | "active" => Ok(schedule),
        status => {
            let message = format!("You cannot {done} a subscription schedule that is {status}.");
            Err(ApiError::invalid_request(message))
        }
    }
}

/// `POST /v1/subscription_schedules/{schedule}`: other phases; the present one stays where it began.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = under_way(ctx, params, "update")?;
    let now = clocks::now_of(ctx, text(&before, "customer"));
    let mut ctx = ctx.at(now);
    let ctx = &mut ctx;
    let mut members = before.as_object().cloned().unwrap_or_default();
    let mut plain = params.values().clone();
    plain.remove("phases");
    ctx.apply(SCHEDULE, &mut members, &plain)?;
    let mut after = Value::Object(members);
    if !params.has("phases") {
        changed(ctx, &before, &after);
        return Ok(after);
    }
    let first = number(&before["phases"][0], "start_date");
    let start = before["current_phase"]["start_date"]
        .as_i64()
        .unwrap_or(first);
    after["phases"] = phases(ctx, params.list("phases"), start)?;
    changed(ctx, &before, &after);
    plan(ctx, &after);
    let present = &after["phases"][0];
    if after["status"] == "active" && present["items"] != phase_at(&before, start)["items"] {
        let mut present = present.clone();
        if let Some(behavior) = params.text("proration_behavior") {
            present["proration_behavior"] = behavior.into();
        }
        enter(ctx, &after, &present, 0)?;
    } else if after["status"] == "active" {
        let mut moved = after.clone();
        begin_phase(&mut moved, 0);
        ctx.update(SCHEDULE, &moved);
    }
    step(ctx, text(&after, "id"))?;
    ctx.required(SCHEDULE, text(&after, "id"))
}

fn phase_at(schedule: &Value, start: i64) -> Value {
    let phase = list(schedule, "phases").iter();
    let mut phase = phase.filter(|phase| number(phase, "start_date") == start);
    phase.next().cloned().unwrap_or_default()
}

/// `POST /v1/subscription_schedules/{schedule}/cancel`: its subscription is canceled with it.
fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut schedule = under_way(ctx, params, "cancel")?;
    let now = clocks::now_of(ctx, text(&schedule, "customer"));
    let mut ctx = ctx.at(now);
    if let Some(subscription) = schedule["subscription"].as_str() {
        let mut form = Map::new();
        for name in ["invoice_now", "prorate"] {
            form.insert(name.to_owned(), params.bool(name).unwrap_or(true).into());
        }
        let path = vec![(
            "subscription_exposed_id".to_owned(),
            subscription.to_owned(),
        )];
        subscriptions::cancel(&mut ctx, &Params::new(path, form))?;
    }
    schedule["canceled_at"] = now.into();
    schedule["current_phase"] = Value::Null;
    schedule["status"] = "canceled".into();
    ctx.update(SCHEDULE, &schedule);
    ctx.emit("subscription_schedule.canceled", &schedule, None);
    Ok(schedule)
}

/// `POST /v1/subscription_schedules/{schedule}/release`.
fn release(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let schedule = under_way(ctx, params, "release")?;
    let now = clocks::now_of(ctx, text(&schedule, "customer"));
    Ok(let_go(&mut ctx.at(now), &schedule))
}
