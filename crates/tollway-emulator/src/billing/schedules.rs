//! Subscription schedules: consecutive phases, each with its own items.
//!
//! ```text
//! not_started ─ start ─▶ active ─ phase after phase ─▶ completed (the subscription ends) │ released (it continues)
//!        └ cancel ─▶ canceled ◀─┘ └ release ─▶ released
//! ```
//!
//! See <https://docs.stripe.com/billing/subscriptions/subscription-schedules>.

mod phases;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::billing::schedules::phases::{
    SCHEDULE, build_phases, phase_items, phase_of_subscription, phase_params,
};
use crate::billing::subscriptions::ending::SubscriptionEnd;
use crate::billing::subscriptions::renew::SubscriptionDue;
use crate::billing::subscriptions::{create, ending, lifecycle, update};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::generic::GenericCtx as _;
use crate::json::{extend, list, number, text};
use crate::params::Params;
use crate::registry::Registry;
use crate::scheduler::ScheduledTask;
use crate::test_clocks;

/// Starts or ends a phase of a subscription schedule.
#[derive(Debug, Serialize, Deserialize)]
struct AdvanceSchedule {
    schedule: String,
}

impl ScheduledTask for AdvanceSchedule {
    const KIND: &'static str = "schedule";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        advance_schedule(ctx, &self.schedule)
    }
}

pub(super) fn register(registry: &mut Registry) {
    registry.add_task::<AdvanceSchedule>();
    registry.listen(on_subscription_due);
    registry.listen(on_subscription_end);
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
    let now = test_clocks::customer_now(ctx, &customer);
    let mut ctx = ctx.at(now);
    let ctx = &mut ctx;
    let mut schedule = blank_schedule(ctx, params, &customer)?;
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
        let requested = [phase_of_subscription(subscription)];
        let start = number(&subscription["items"]["data"][0], "current_period_start");
        schedule["phases"] = build_phases(ctx, &requested, start)?;
        schedule["subscription"] = subscription["id"].clone();
        start_phase(&mut schedule, 0);
        set_schedule_of_subscription(ctx, text(subscription, "id"), Some(text(&schedule, "id")));
    } else {
        let start = params.int("start_date").unwrap_or(now);
        schedule["phases"] = build_phases(ctx, params.list("phases"), start)?;
    }
    ctx.insert(SCHEDULE, &schedule);
    ctx.emit("subscription_schedule.created", &schedule, None);
    schedule_phases(ctx, &schedule)?;
    advance_schedule(ctx, text(&schedule, "id"))?;
    ctx.required(SCHEDULE, text(&schedule, "id"))
}

fn blank_schedule(ctx: &mut Ctx<'_>, params: &Params, customer: &str) -> Result<Value, ApiError> {
    let clock = test_clocks::customer_clock(ctx, customer).map(|(id, _)| id);
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
            "application": crate::payments::application::charging_application(ctx),
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

/// Schedules the start and the end of each phase.
fn schedule_phases(ctx: &mut Ctx<'_>, schedule: &Value) -> Result<(), ApiError> {
    let mut moments: Vec<i64> = Vec::new();
    for phase in list(schedule, "phases") {
        moments.extend([number(phase, "start_date"), number(phase, "end_date")]);
    }
    moments.dedup();
    moments.retain(|at| *at > ctx.now());
    for at in moments {
        let task = AdvanceSchedule {
            schedule: text(schedule, "id").to_owned(),
        };
        test_clocks::schedule_for_customer(ctx, text(schedule, "customer"), at, &task)?;
    }
    Ok(())
}

fn start_phase(schedule: &mut Value, index: usize) {
    let phase = &schedule["phases"][index];
    let current = json!({"end_date": phase["end_date"], "start_date": phase["start_date"]});
    schedule["current_phase"] = current;
    schedule["status"] = "active".into();
}

/// Sets or clears the schedule of a subscription.
fn set_schedule_of_subscription(ctx: &mut Ctx<'_>, subscription: &str, schedule: Option<&str>) {
    if let Some(mut subscription) = ctx.get("subscription", subscription) {
        subscription["schedule"] = schedule.into();
        ctx.update("subscription", &subscription);
    }
}

/// Stores a changed schedule and emits `subscription_schedule.updated`.
fn save_changed_schedule(ctx: &mut Ctx<'_>, before: &Value, after: &Value) {
    ctx.update(SCHEDULE, after);
    let previous = previous_attributes(before, after);
    if !previous.is_empty() {
        let previous = Some(Value::Object(previous));
        ctx.emit("subscription_schedule.updated", after, previous);
    }
}

/// Starts the schedule, enters its next phase or finishes it, as far as they are due.
pub(super) fn advance_schedule(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    // Each iteration enters a later phase or finishes.
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
            None => return finish_schedule(ctx, &before),
            Some(phase) => enter_phase(ctx, &before, phase, next)?,
        }
    }
    Ok(())
}

/// Starts a phase: creates the subscription, or updates it.
fn enter_phase(
    ctx: &mut Ctx<'_>,
    before: &Value,
    phase: &Value,
    index: usize,
) -> Result<(), ApiError> {
    let mut schedule = before.clone();
    start_phase(&mut schedule, index);
    let existing = before["subscription"]
        .as_str()
        .and_then(|id| ctx.get("subscription", id));
    let Some(subscription) = existing else {
        let mut form = phase_params(before, phase);
        form.insert("customer".into(), before["customer"].clone());
        form.insert("items".into(), phase_items(phase).into());
        let created = create::create(ctx, &Params::new(Vec::new(), form))?;
        schedule["subscription"] = created["id"].clone();
        set_schedule_of_subscription(ctx, text(&created, "id"), schedule["id"].as_str());
        save_changed_schedule(ctx, before, &schedule);
        return Ok(());
    };
    save_changed_schedule(ctx, before, &schedule);
    let mut form = phase_params(before, phase);
    // Items of the phase replace those of the subscription; an item with the same price is kept.
    let mut requested = phase_items(phase);
    for item in list(&subscription["items"], "data") {
        let same = requested
            .iter_mut()
            .find(|it| it["price"] == item["price"]["id"] && it["id"].is_null());
        match same {
            Some(same) => same["id"] = item["id"].clone(),
            None => requested.push(json!({"id": item["id"], "deleted": true})),
        }
    }
    form.insert("items".into(), requested.into());
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
    update::update(ctx, &Params::new(path, form)).map(drop)
}

/// Finishes a schedule after its last phase, by `end_behavior`.
fn finish_schedule(ctx: &mut Ctx<'_>, before: &Value) -> Result<(), ApiError> {
    if before["end_behavior"] != "cancel" {
        release_schedule(ctx, before);
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
            ending::end_and_bill_remaining(ctx, &subscription, "cancellation_requested")
        }
        _ => Ok(()),
    }
}

/// Releases a schedule; its subscription continues.
fn release_schedule(ctx: &mut Ctx<'_>, before: &Value) -> Value {
    let mut after = before.clone();
    after["current_phase"] = Value::Null;
    after["released_at"] = ctx.now().into();
    after["released_subscription"] = before["subscription"].clone();
    after["status"] = "released".into();
    after["subscription"] = Value::Null;
    ctx.update(SCHEDULE, &after);
    set_schedule_of_subscription(ctx, text(before, "subscription"), None);
    ctx.emit("subscription_schedule.released", &after, None);
    after
}

/// Releases a schedule that has not ended.
pub(super) fn release_if_active(ctx: &mut Ctx<'_>, schedule: &Value) {
    if is_active(schedule) {
        release_schedule(ctx, schedule);
    }
}

fn is_active(schedule: &Value) -> bool {
    matches!(text(schedule, "status"), "not_started" | "active")
}

/// Advances the schedule of the subscription first, because a new phase decides what is billed next.
fn on_subscription_due(ctx: &mut Ctx<'_>, due: &SubscriptionDue) -> Result<(), ApiError> {
    match due.subscription["schedule"].as_str() {
        Some(schedule) => advance_schedule(ctx, schedule),
        None => Ok(()),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "listeners can fail")]
fn on_subscription_end(ctx: &mut Ctx<'_>, end: &SubscriptionEnd) -> Result<(), ApiError> {
    if let Some(schedule) = end.subscription["schedule"].as_str() {
        cancel_with_subscription(ctx, schedule);
    }
    Ok(())
}

/// Cancels the schedule of a canceled subscription.
pub(super) fn cancel_with_subscription(ctx: &mut Ctx<'_>, id: &str) {
    let Some(mut schedule) = ctx.get(SCHEDULE, id).filter(is_active) else {
        return;
    };
    schedule["canceled_at"] = ctx.now().into();
    schedule["current_phase"] = Value::Null;
    schedule["status"] = "canceled".into();
    ctx.update(SCHEDULE, &schedule);
    ctx.emit("subscription_schedule.canceled", &schedule, None);
}

/// The schedule of the request; fails if it has ended.
fn active_schedule(ctx: &Ctx<'_>, params: &Params, done: &str) -> Result<Value, ApiError> {
    let schedule = ctx.required(SCHEDULE, params.path("schedule"))?;
    if is_active(&schedule) {
        return Ok(schedule);
    }
    let status = text(&schedule, "status");
    let message = format!("You cannot {done} a subscription schedule that is {status}.");
    Err(ApiError::invalid_request(message))
}

/// `POST /v1/subscription_schedules/{schedule}`. The current phase keeps its start.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = active_schedule(ctx, params, "update")?;
    let now = test_clocks::customer_now(ctx, text(&before, "customer"));
    let mut ctx = ctx.at(now);
    let ctx = &mut ctx;
    let mut members = before.as_object().cloned().unwrap_or_default();
    let mut plain = params.values().clone();
    plain.remove("phases");
    ctx.apply(SCHEDULE, &mut members, &plain)?;
    let mut after = Value::Object(members);
    if !params.has("phases") {
        save_changed_schedule(ctx, &before, &after);
        return Ok(after);
    }
    let first = number(&before["phases"][0], "start_date");
    let start = before["current_phase"]["start_date"]
        .as_i64()
        .unwrap_or(first);
    after["phases"] = build_phases(ctx, params.list("phases"), start)?;
    save_changed_schedule(ctx, &before, &after);
    schedule_phases(ctx, &after)?;
    let present = &after["phases"][0];
    if after["status"] == "active" && present["items"] != phase_at(&before, start)["items"] {
        let mut present = present.clone();
        if let Some(behavior) = params.text("proration_behavior") {
            present["proration_behavior"] = behavior.into();
        }
        enter_phase(ctx, &after, &present, 0)?;
    } else if after["status"] == "active" {
        let mut moved = after.clone();
        start_phase(&mut moved, 0);
        ctx.update(SCHEDULE, &moved);
    }
    advance_schedule(ctx, text(&after, "id"))?;
    ctx.required(SCHEDULE, text(&after, "id"))
}

fn phase_at(schedule: &Value, start: i64) -> Value {
    let phase = list(schedule, "phases").iter();
    let mut phase = phase.filter(|phase| number(phase, "start_date") == start);
    phase.next().cloned().unwrap_or_default()
}

/// `POST /v1/subscription_schedules/{schedule}/cancel`: also cancels the subscription.
fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let schedule = active_schedule(ctx, params, "cancel")?;
    let now = test_clocks::customer_now(ctx, text(&schedule, "customer"));
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
        lifecycle::cancel(&mut ctx, &Params::new(path, form))?;
    }
    let id = text(&schedule, "id");
    cancel_with_subscription(&mut ctx, id);
    ctx.required(SCHEDULE, id)
}

/// `POST /v1/subscription_schedules/{schedule}/release`.
fn release(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let schedule = active_schedule(ctx, params, "release")?;
    let now = test_clocks::customer_now(ctx, text(&schedule, "customer"));
    Ok(release_schedule(&mut ctx.at(now), &schedule))
}
