//! Deliveries as they are kept: one event to one endpoint, and how its attempts went.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Outbox;
use super::targets::Target;
use crate::ctx::Ctx;
use crate::scope::{Mode, Scope};
use crate::store::Collection;
use crate::world::{PrivateRecord, WorldState, read_private_record};

/// How many deliveries that are over are kept per mode; older ones are forgotten.
pub const KEPT: usize = 1_000;
/// How many deliveries may wait per mode; beyond, the oldest is given up.
const MAX_WAITING: usize = 10_000;

/// One event on its way to one endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    /// `dlv_…`.
    pub id: String,
    /// `evt_…`.
    pub event: String,
    /// `charge.succeeded`.
    pub event_type: String,
    /// The connected account the event is about.
    pub account: Option<String>,
    /// The account whose endpoint it is, the platform's or a connected one.
    pub owner: String,
    /// `we_…`.
    pub endpoint: String,
    /// What is sent.
    pub body: String,
    /// How it went so far.
    pub attempts: Vec<Attempt>,
    /// How many of the attempts were made before it was last sent again: the schedule counts from there.
    #[serde(default)]
    pub before: usize,
    /// When it is tried next, in Unix seconds; `None` once it is over.
    pub next_attempt: Option<i64>,
    /// `pending`, `delivered` or `failed`.
    pub state: State,
    /// When it was set out, in Unix seconds.
    pub created: i64,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waiting for an attempt.
    Pending,
    /// Answered with a 2xx.
    Delivered,
    /// Given up.
    Failed,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Unix seconds.
    pub at: i64,
    /// What the endpoint answered, if it did.
    pub status: Option<u16>,
    /// The beginning of the answer, or why there is none.
    pub answer: String,
}

impl Attempt {
    /// Was it answered with a 2xx?
    pub fn succeeded(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }
}

impl PrivateRecord for Delivery {
    /// Deliveries that wait for an attempt.
    const TYPE: &'static str = "_delivery";
}

/// A delivery that is over.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct EndedDelivery(Delivery);

impl PrivateRecord for EndedDelivery {
    const TYPE: &'static str = "_delivery_over";
}

impl From<EndedDelivery> for Delivery {
    fn from(EndedDelivery(delivery): EndedDelivery) -> Self {
        delivery
    }
}

impl Delivery {
    /// How it stands, for people.
    pub fn in_words(&self) -> String {
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
pub fn set_out(ctx: &mut Ctx<'_>, event: &Value, target: &Target) {
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
pub fn put(ctx: &mut Ctx<'_>, mode: Mode, delivery: &Delivery) {
    let scope = ctx.world.platform_scope(mode);
    let (id, created) = (delivery.id.as_str(), delivery.created);
    let (record_type, max_records) = if delivery.next_attempt.is_some() {
        ctx.world.remove::<EndedDelivery>(&scope, id);
        ctx.world.save(&scope, id, delivery, created);
        (Delivery::TYPE, MAX_WAITING)
    } else {
        ctx.world.remove::<Delivery>(&scope, id);
        let ended = EndedDelivery(delivery.clone());
        ctx.world.save(&scope, id, &ended, created);
        (EndedDelivery::TYPE, KEPT)
    };
    if let Some(at) = delivery.next_attempt
        && let Some(outbox) = ctx.services.get::<Outbox>()
    {
        outbox.push(&ctx.world.name, mode, &delivery.id, &delivery.endpoint, at);
    }
    while let Some(oldest) = one_too_many(ctx.world, &scope, record_type, max_records) {
        ctx.world.store.remove(&scope, record_type, &oldest);
    }
}

/// The oldest record of a type of which there are more than `most`.
fn one_too_many(world: &WorldState, scope: &Scope, kind: &str, most: usize) -> Option<Arc<str>> {
    let collection = world.store.collection(scope, kind)?;
    let oldest = collection.oldest_first().next()?;
    (collection.len() > most).then(|| Arc::clone(&oldest.id))
}

/// The kept deliveries of a world in both modes, newest first: of those that pass `wanted`, at most `limit`.
pub fn newest(
    world: &WorldState,
    limit: usize,
    wanted: impl Fn(&Delivery) -> bool,
) -> Vec<Delivery> {
    let in_mode = |mode| newest_in_scope(world, &world.platform_scope(mode), limit, &wanted);
    let mut deliveries: Vec<_> = Mode::ALL.into_iter().flat_map(in_mode).collect();
    deliveries.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    deliveries.truncate(limit);
    deliveries
        .into_iter()
        .map(|(_, delivery)| delivery)
        .collect()
}

/// The waiting deliveries and then those that are over, of each at most `limit`, newest first.
fn newest_in_scope(
    world: &WorldState,
    scope: &Scope,
    limit: usize,
    wanted: impl Fn(&Delivery) -> bool,
) -> Vec<((i64, u64), Delivery)> {
    let waiting = newest_of::<Delivery>(world, scope).filter(|(_, delivery)| wanted(delivery));
    let ended = newest_of::<EndedDelivery>(world, scope).filter(|(_, delivery)| wanted(delivery));
    waiting.take(limit).chain(ended.take(limit)).collect()
}

fn newest_of<'w, T: PrivateRecord + Into<Delivery>>(
    world: &'w WorldState,
    scope: &Scope,
) -> impl Iterator<Item = ((i64, u64), Delivery)> + use<'w, T> {
    let collection = world.store.collection(scope, T::TYPE);
    let records = collection.into_iter().flat_map(Collection::newest_first);
    records.filter_map(|record| {
        let delivery = world.or_fail(read_private_record::<T>(record))?;
        Some(((record.created, record.sequence), delivery.into()))
    })
}

/// How many kept deliveries of a world stand like this.
pub fn count(world: &WorldState, state: State) -> usize {
    let in_mode = |mode: Mode| {
        let scope = world.platform_scope(mode);
        if state == State::Pending {
            let waiting = world.store.collection(&scope, Delivery::TYPE);
            return waiting.map_or(0, Collection::len);
        }
        newest_of::<EndedDelivery>(world, &scope)
            .filter(|(_, delivery)| delivery.state == state)
            .count()
    };
    Mode::ALL.into_iter().map(in_mode).sum()
}

/// Sends an event again, at once and with a fresh schedule, to every endpoint it was set out to, as far as those deliveries
/// are still kept. How many those are.
pub fn resend(ctx: &mut Ctx<'_>, event: &str) -> usize {
    let (mode, now) = (ctx.scope.mode, ctx.now());
    let scope = ctx.world.platform_scope(mode);
    let again = newest_in_scope(ctx.world, &scope, usize::MAX, |it| it.event == event);
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
