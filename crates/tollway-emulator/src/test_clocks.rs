//! Test clocks: the time of their customers, which only `advance` moves.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;
use crate::scheduler::{self, ScheduledTask};

const TEST_CLOCK: &str = "test_helpers.test_clock";
/// Seconds until Stripe deletes a test clock.
const CLOCK_LIFETIME_SECONDS: i64 = 30 * 86_400;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("test_helpers.test_clocks.create", create);
    registry.add("test_helpers.test_clocks.advance", advance);
    registry.add("test_helpers.test_clocks.delete", delete);
}

/// The time of a test clock, in Unix seconds.
pub(crate) fn clock_time(ctx: &Ctx<'_>, clock: &str) -> Option<i64> {
    ctx.get(TEST_CLOCK, clock)?["frozen_time"].as_i64()
}

/// The id and the time of a customer's test clock, if the customer has one.
pub(crate) fn customer_clock(ctx: &Ctx<'_>, customer: &str) -> Option<(String, i64)> {
    let customer = ctx.get("customer", customer)?;
    let id = customer["test_clock"].as_str()?;
    Some((id.to_owned(), clock_time(ctx, id)?))
}

/// The current time for a customer: that of the test clock, or else the emulator's.
pub(crate) fn customer_now(ctx: &Ctx<'_>, customer: &str) -> i64 {
    customer_clock(ctx, customer).map_or(ctx.now(), |(_, now)| now)
}

/// Schedules a task at `at` on the test clock of the customer, or on the emulator's clock if the customer has none.
pub(crate) fn schedule_for_customer<T: ScheduledTask>(
    ctx: &mut Ctx<'_>,
    customer: &str,
    at: i64,
    task: &T,
) -> Result<(), ApiError> {
    let clock = customer_clock(ctx, customer).map(|(id, _)| id);
    scheduler::schedule(ctx, clock.as_deref(), at, task)
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    if ctx.scope.livemode() {
        return Err(ApiError::invalid_request(
            "Test clocks exist in test mode only: use a test key.",
        ));
    }
    let mut clock = Value::Object(ctx.blank(TEST_CLOCK));
    let frozen_time = params.int("frozen_time").unwrap_or(0);
    clock["created"] = ctx.now().into();
    clock["deletes_after"] = (ctx.now() + CLOCK_LIFETIME_SECONDS).into();
    clock["frozen_time"] = frozen_time.into();
    clock["name"] = params.text("name").into();
    clock["status"] = "ready".into();
    clock["status_details"] = json!({});
    ctx.insert(TEST_CLOCK, &clock);
    ctx.emit("test_helpers.test_clock.created", &clock, None);
    Ok(clock)
}

/// `POST …/advance`: runs all tasks that are due until then, in order. The response shows `advancing`; the stored
/// clock is ready.
fn advance(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("test_clock");
    let mut clock = ctx.required(TEST_CLOCK, id)?;
    let until = params.int("frozen_time").unwrap_or(0);
    let shown = clock["frozen_time"].as_i64().unwrap_or(0);
    if until <= shown {
        let message = format!("A test clock only moves forward: it shows {shown} already.");
        return Err(ApiError::invalid_param("frozen_time", message));
    }
    let mut advancing = clock.clone();
    advancing["frozen_time"] = until.into();
    advancing["status"] = "advancing".into();
    advancing["status_details"] = json!({"advancing": {"target_frozen_time": until}});
    ctx.emit("test_helpers.test_clock.advancing", &advancing, None);
    while let Some(at) = scheduler::next_on_clock(ctx, id).filter(|at| *at <= until) {
        clock["frozen_time"] = at.max(shown).into();
        ctx.update(TEST_CLOCK, &clock);
        scheduler::run_next_on_clock(ctx, id)?;
    }
    clock["frozen_time"] = until.into();
    ctx.update(TEST_CLOCK, &clock);
    ctx.emit("test_helpers.test_clock.ready", &clock, None);
    Ok(advancing)
}

/// `DELETE …/{test_clock}`: also deletes its customers and their subscriptions.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("test_clock");
    let clock = ctx.required(TEST_CLOCK, id)?;
    for kind in ["customer", "subscription"] {
        for object in ctx.world.store.all(&ctx.scope, kind) {
            if object["test_clock"] == id {
                ctx.delete(kind, object["id"].as_str().unwrap_or_default());
            }
        }
    }
    ctx.emit("test_helpers.test_clock.deleted", &clock, None);
    Ok(ctx.delete(TEST_CLOCK, id))
}
