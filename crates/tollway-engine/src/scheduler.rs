//! What happens by itself when its time comes: payouts arrive, refunds finish, disputes are lost, subscriptions renew.
//!
//! ```text
//! schedule ─▶ record, ordered by its time ─▶ run_due (before every request, and when the clock moves) ─▶ ScheduledTask::run
//! ```
//!
//! A product defines its kinds of task ([`ScheduledTask`]) and registers them ([`Registry::add_task`](crate::Registry)).
//! Records are stored in the platform's scope of their mode; those of objects on a test clock have a record type of their own
//! and wait for [`run_next_on_clock`]. A task reads the state of its object when it runs and does nothing if it has become
//! pointless, so tasks are never canceled.

use std::collections::HashMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::engine::Engine;
use crate::error::ApiError;
use crate::scope::{Mode, Scope};
use crate::world::{PrivateRecord, World, WorldState};

const SCHEDULED: &str = "_due";
const KIND: &str = "kind";

/// One kind of task. Its members are stored with it, so renaming a member or the kind breaks existing data files.
pub trait ScheduledTask: Serialize + DeserializeOwned + 'static {
    /// The name it is stored under.
    const KIND: &'static str;

    /// Does the task in the scope of its account. [`Ctx::now`] is the time it was due.
    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError>;
}

/// Runs a stored task of one kind.
type RunTask = fn(&mut Ctx<'_>, Value) -> Result<(), ApiError>;

/// The registered kinds of task.
#[derive(Debug, Default)]
pub struct TaskKinds(HashMap<&'static str, RunTask>);

impl PrivateRecord for StoredTask {
    /// Tasks on a test clock have a type of their own, see [`record_type`].
    const TYPE: &'static str = SCHEDULED;
}

impl TaskKinds {
    /// Adds a kind of task.
    ///
    /// # Panics
    /// If another task has the same kind.
    pub fn add<T: ScheduledTask>(&mut self) {
        let previous = self.0.insert(T::KIND, run_stored::<T>);
        assert!(previous.is_none(), "two scheduled tasks {}", T::KIND);
    }
}

/// [`ScheduledTask::run`] of a stored task.
fn run_stored<T: ScheduledTask>(ctx: &mut Ctx<'_>, task: Value) -> Result<(), ApiError> {
    let task: T = serde_json::from_value(task).map_err(|error| {
        ApiError::internal(format!(
            "a scheduled task {} cannot be read: {error}",
            T::KIND
        ))
    })?;
    task.run(ctx)
}

/// A task as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredTask {
    /// When it is due, in Unix seconds.
    at: i64,
    /// The account whose object it is about.
    account: Arc<str>,
    /// The members of the task, and its kind.
    task: Value,
}

/// Schedules `task` in the context's scope at `at`, in Unix seconds of the emulator's clock or of a test clock.
pub fn schedule<T: ScheduledTask>(
    ctx: &mut Ctx<'_>,
    test_clock: Option<&str>,
    at: i64,
    task: &T,
) -> Result<(), ApiError> {
    let unwritable = |reason: String| {
        ApiError::internal(format!("a task {} cannot be stored: {reason}", T::KIND))
    };
    let mut value = serde_json::to_value(task).map_err(|error| unwritable(error.to_string()))?;
    match &mut value {
        Value::Object(members) => members.insert(KIND.to_owned(), T::KIND.into()),
        _ => return Err(unwritable("it is no struct with named members".to_owned())),
    };
    let scope = ctx.world.platform_scope(ctx.scope.mode);
    let id = format!("due_{}", ctx.world.random.alphanumeric(16));
    let stored = StoredTask {
        at,
        account: Arc::clone(&ctx.scope.account),
        task: value,
    };
    ctx.world
        .save_as(&scope, &record_type(test_clock), &id, &stored, at);
    Ok(())
}

fn record_type(test_clock: Option<&str>) -> String {
    test_clock.map_or_else(
        || SCHEDULED.to_owned(),
        |clock| format!("{SCHEDULED}_{clock}"),
    )
}

/// The first task of a kind of record: its id and when it is due.
fn first(world: &WorldState, mode: Mode, record_type: &str) -> Option<(Arc<str>, i64)> {
    let scope = world.platform_scope(mode);
    let first = world
        .store
        .collection(&scope, record_type)?
        .oldest_first()
        .next()?;
    Some((Arc::clone(&first.id), first.created))
}

/// Runs all tasks of a world that are due by the emulator's clock, in order. Each runs with `now` set to its due time.
/// A task that fails is logged and forgotten.
pub fn run_due(engine: &Engine, world: &Arc<World>) {
    while let Some((id, scope)) = first_due(world, engine.clock().now()) {
        let outcome =
            engine.transact_internal(world, scope.clone(), |ctx| run_one(ctx, SCHEDULED, &id));
        if let Err(error) = outcome {
            tracing::error!(%error, "a scheduled task failed");
            let removed = engine.transact_internal(world, scope.clone(), |ctx| {
                ctx.world.store.remove(&scope, SCHEDULED, &id);
                Ok(())
            });
            if removed.is_err() {
                return;
            }
        }
    }
}

/// The next task that is due, and the scope of its record. It takes the lock once, because every request calls it.
fn first_due(world: &World, now: i64) -> Option<(Arc<str>, Scope)> {
    let state = world.lock();
    Mode::ALL.into_iter().find_map(|mode| {
        let (id, _) = first(&state, mode, SCHEDULED).filter(|(_, at)| *at <= now)?;
        Some((id, state.platform_scope(mode)))
    })
}

/// [`run_due`] for every world.
pub fn run_all_due(engine: &Engine) {
    for world in engine.worlds().all() {
        run_due(engine, &world);
    }
}

/// When the next task of any world is due by the emulator's clock, in Unix seconds.
pub fn next_due(engine: &Engine) -> Option<i64> {
    let worlds = engine.worlds().all();
    let of_world = |world: &Arc<World>| {
        let state = world.lock();
        let first_of = |mode| first(&state, mode, SCHEDULED).map(|(_, at)| at);
        Mode::ALL.into_iter().filter_map(first_of).min()
    };
    worlds.iter().filter_map(of_world).min()
}

/// When the next task on a test clock is due.
pub fn next_on_clock(ctx: &Ctx<'_>, test_clock: &str) -> Option<i64> {
    first(ctx.world, ctx.scope.mode, &record_type(Some(test_clock))).map(|(_, at)| at)
}

/// Runs the next task on a test clock.
pub fn run_next_on_clock(ctx: &mut Ctx<'_>, test_clock: &str) -> Result<(), ApiError> {
    let record_type = record_type(Some(test_clock));
    match first(ctx.world, ctx.scope.mode, &record_type) {
        Some((id, _)) => run_one(ctx, &record_type, &id),
        None => Ok(()),
    }
}

/// Removes a task's record and runs the task, with `now` set to its due time.
fn run_one(ctx: &mut Ctx<'_>, record_type: &str, id: &str) -> Result<(), ApiError> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let stored: Option<StoredTask> = ctx.world.load_as(&platform, record_type, id)?;
    ctx.world.store.remove(&platform, record_type, id);
    let Some(StoredTask { at, account, task }) = stored else {
        return Ok(());
    };
    let kind = task[KIND].as_str().unwrap_or_default();
    let kinds = ctx.services.get::<TaskKinds>();
    let run = kinds.and_then(|kinds| kinds.0.get(kind)).ok_or_else(|| {
        ApiError::internal(format!("this version knows no scheduled task {kind:?}"))
    })?;
    let scope = Scope::new(ctx.scope.mode, account);
    let mut ctx = ctx.in_scope(scope);
    run(&mut ctx.at(at), task)
}
