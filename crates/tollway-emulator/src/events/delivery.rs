//! Deliveries as they are kept: one event to one endpoint, and how its [attempts](super::attempt) went.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::endpoints::Target;
use crate::ctx::Ctx;
use crate::scope::{Mode, Scope};
use crate::store::Collection;
use crate::world::WorldState;

/// Deliveries that wait for an attempt.
pub(super) const WAITING: &str = "_delivery";
/// Deliveries that are over.
const OVER: &str = "_delivery_over";
/// How many deliveries that are over are kept per mode; older ones are forgotten.
pub(super) const KEPT: usize = 1_000;
/// How many deliveries may wait per mode; beyond, the oldest is given up.
const MAX_WAITING: usize = 10_000;

/// One event on its way to one endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// `dlv_…`.
    pub(crate) id: String,
    /// `evt_…`.
    pub(crate) event: String,
    /// `charge.succeeded`.
    pub(crate) event_type: String,
    /// The connected account the event is about.
    pub(crate) account: Option<String>,
    /// The account whose endpoint it is, the platform's or a connected one.
    pub(crate) owner: String,
    /// `we_…`.
    pub(crate) endpoint: String,
    /// What is sent.
    pub(super) body: String,
    /// How it went so far.
    pub(crate) attempts: Vec<Attempt>,
    /// How many of the attempts were made before it was last sent again: the schedule counts from there.
    #[serde(default)]
    pub(super) before: usize,
    /// When it is tried next, in Unix seconds; `None` once it is over.
    pub(crate) next_attempt: Option<i64>,
    /// `pending`, `delivered` or `failed`.
    pub(crate) state: State,
    /// When it was set out, in Unix seconds.
    pub(crate) created: i64,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Waiting for an attempt.
    Pending,
    /// Answered with a 2xx.
    Delivered,
    /// Given up.
    Failed,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// Unix seconds.
    pub(crate) at: i64,
    /// What the endpoint answered, if it did.
    pub(crate) status: Option<u16>,
    /// The beginning of the answer, or why there is none.
    pub(crate) answer: String,
}

impl Attempt {
    /// Was it answered with a 2xx?
    pub(super) fn succeeded(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }
}

impl Delivery {
    /// How it stands, for people.
    pub(crate) fn in_words(&self) -> String {
        let attempts = self.attempts.len();
        match self.state {
            State::Pending if attempts == 0 => "waiting".to_owned(),
            State::Pending => format!("failed {attempts} times, will be tried again"),
            State::Delivered => "delivered".to_owned(),
            State::Failed => format!("given up after {attempts} attempts"),
        }
    }
}

/// Sets out the delivery of `event` to an endpoint.
pub(super) fn set_out(ctx: &mut Ctx<'_>, event: &Value, target: &Target) {
    let mut event = event.clone();
    if let Some(version) = &target.api_version {
        event["api_version"] = version.as_str().into();
    }
    let text = |name: &str| event[name].as_str().map(str::to_owned);
    let delivery = Delivery {
        id: format!("dlv_{}", ctx.world.random.alphanumeric(24)),
        event: text("id").unwrap_or_default(),
        event_type: text("type").unwrap_or_default(),
        account: text("account").or_else(|| text("context")),
        owner: target.scope.account.to_string(),
        endpoint: target.id.clone(),
        // Spread over lines, as Stripe sends it: whoever parses and writes it anew before verifying finds out here.
        body: format!("{event:#}"),
        attempts: Vec::new(),
        before: 0,
        next_attempt: Some(ctx.now()),
        state: State::Pending,
        created: ctx.now(),
    };
    put(ctx, target.scope.mode, &delivery);
}

/// Keeps a delivery: in the outbox if it waits, among the last [`KEPT`] ones if it is over.
pub(super) fn put(ctx: &mut Ctx<'_>, mode: Mode, delivery: &Delivery) {
    let scope = ctx.world.platform_scope(mode);
    let (here, elsewhere, most) = match delivery.next_attempt {
        Some(_) => (WAITING, OVER, MAX_WAITING),
        None => (OVER, WAITING, KEPT),
    };
    let store = &mut ctx.world.store;
    if store.get(&scope, elsewhere, &delivery.id).is_some() {
        store.remove(&scope, elsewhere, &delivery.id);
    }
    ctx.world
        .put_typed(&scope, here, &delivery.id, delivery, delivery.created);
    if let Some(at) = delivery.next_attempt {
        ctx.engine
            .outbox()
            .push(&ctx.world.name, mode, delivery, at);
    }
    while let Some(oldest) = one_too_many(ctx.world, &scope, here, most) {
        ctx.world.store.remove(&scope, here, &oldest);
    }
}

/// The oldest record of a type of which there are more than `most`.
fn one_too_many(world: &WorldState, scope: &Scope, kind: &str, most: usize) -> Option<Arc<str>> {
    let collection = world.store.collection(scope, kind)?;
    let oldest = collection.oldest_first().next()?;
    (collection.len() > most).then(|| Arc::clone(&oldest.id))
}

/// The kept deliveries of a world in both modes, newest first: of those that pass `wanted`, at most `limit`.
pub(crate) fn newest(
    world: &WorldState,
    limit: usize,
    wanted: impl Fn(&Delivery) -> bool,
) -> Vec<Delivery> {
    let in_mode = |mode| {
        [WAITING, OVER]
            .into_iter()
            .flat_map(|kind| newest_of(world, &world.platform_scope(mode), kind, limit, &wanted))
            .collect::<Vec<_>>()
    };
    let mut deliveries: Vec<_> = Mode::ALL.into_iter().flat_map(in_mode).collect();
    deliveries.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    deliveries.truncate(limit);
    deliveries
        .into_iter()
        .map(|(_, delivery)| delivery)
        .collect()
}

fn newest_of(
    world: &WorldState,
    scope: &Scope,
    kind: &str,
    limit: usize,
    wanted: impl Fn(&Delivery) -> bool,
) -> Vec<((i64, u64), Delivery)> {
    let collection = world.store.collection(scope, kind);
    let records = collection.into_iter().flat_map(Collection::newest_first);
    let parsed = records.filter_map(|record| {
        let delivery = serde_json::from_slice(&record.body).ok()?;
        Some(((record.created, record.sequence), delivery))
    });
    parsed
        .filter(|(_, delivery)| wanted(delivery))
        .take(limit)
        .collect()
}

/// How many kept deliveries of a world stand like this.
pub(super) fn count(world: &WorldState, state: State) -> usize {
    let in_mode = |mode: Mode| {
        let kind = if state == State::Pending {
            WAITING
        } else {
            OVER
        };
        let collection = world.store.collection(&world.platform_scope(mode), kind);
        match (collection, state) {
            (None, _) => 0,
            (Some(all), State::Pending) => all.len(),
            (Some(all), _) => all
                .newest_first()
                .filter_map(|record| serde_json::from_slice::<Delivery>(&record.body).ok())
                .filter(|delivery| delivery.state == state)
                .count(),
        }
    };
    Mode::ALL.into_iter().map(in_mode).sum()
}

/// Sends an event again, at once and with a fresh schedule, to every endpoint it was set out to, as far as those deliveries
/// are still kept. How many those are.
pub(super) fn resend(ctx: &mut Ctx<'_>, event: &str) -> usize {
    let (mode, now) = (ctx.scope.mode, ctx.now());
    let scope = ctx.world.platform_scope(mode);
    let of_event = |kind| newest_of(ctx.world, &scope, kind, usize::MAX, |it| it.event == event);
    let again: Vec<_> = [WAITING, OVER].into_iter().flat_map(of_event).collect();
    again
        .into_iter()
        .map(|(_, delivery)| delivery)
        .map(|delivery| {
            let delivery = Delivery {
                next_attempt: Some(now),
                state: State::Pending,
                before: delivery.attempts.len(),
                ..delivery
            };
            put(ctx, mode, &delivery);
        })
        .count()
}
