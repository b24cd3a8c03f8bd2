//! Deliveries: one event to one endpoint, attempted until it is answered with a 2xx or the schedule ends.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollway::transport::TransportRequest;

use super::destinations;
use super::endpoints::{self, Target};
use super::outbox::Due;
use super::schedule;
use crate::Engine;
use crate::ctx::Ctx;
use crate::money;
use crate::scope::{Mode, Scope};
use crate::store::Collection;
use crate::world::{World, WorldState};

/// Deliveries that wait for an attempt.
const WAITING: &str = "_delivery";
/// Deliveries that are over.
const OVER: &str = "_delivery_over";
/// How many deliveries that are over are kept per mode; older ones are forgotten.
pub(super) const KEPT: usize = 1_000;
/// How many deliveries may wait per mode; beyond, the oldest is given up.
const MAX_WAITING: usize = 10_000;
/// How many deliveries are under way at once.
const PARALLEL: usize = 16;
/// How long an endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// How much of an endpoint's answer is kept.
const EXCERPT: usize = 500;

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
    body: String,
    /// How it went so far.
    pub(crate) attempts: Vec<Attempt>,
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
        next_attempt: Some(ctx.now()),
        state: State::Pending,
        created: ctx.now(),
    };
    put(ctx, target.scope.mode, &delivery);
}

/// Keeps a delivery: in the outbox if it waits, among the last [`KEPT`] ones if it is over.
fn put(ctx: &mut Ctx<'_>, mode: Mode, delivery: &Delivery) {
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
            .push(&ctx.world.name, mode, &delivery.id, at);
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
                ..delivery
            };
            put(ctx, mode, &delivery);
        })
        .count()
}

/// Delivers in the background until the task is dropped: at once what is new, and later what is to be tried again.
pub(crate) async fn work(engine: Arc<Engine>) {
    loop {
        let mut clock = engine.clock().subscribe();
        let changed = engine.outbox().changed().notified();
        deliver_due(&engine).await;
        let next = [engine.outbox().next(), money::next_due(&engine)];
        let wait = next
            .into_iter()
            .flatten()
            .min()
            .map(|at| at.saturating_mul(1000) - engine.clock().now_millis());
        let until_due = async {
            match wait {
                Some(millis) if !engine.clock().is_frozen() || millis <= 0 => {
                    tokio::time::sleep(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
                        .await;
                }
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            () = changed => {}
            _ = clock.changed() => {}
            () = until_due => {}
        }
    }
}

/// Attempts every delivery that is due now, and those that become due meanwhile; waits for those already under way.
pub(crate) async fn deliver_due(engine: &Arc<Engine>) {
    money::run_all_due(engine);
    if engine.outbox().must_be_filled() {
        fill(engine);
    }
    loop {
        let due = engine.outbox().take_due(engine.clock().now());
        if due.is_empty() {
            break;
        }
        futures_util::stream::iter(due)
            .for_each_concurrent(PARALLEL, |due| async move {
                attempt(engine, &due).await;
                engine.outbox().land();
            })
            .await;
    }
    engine.outbox().landed().await;
}

/// Finds the deliveries that an earlier process left waiting.
fn fill(engine: &Engine) {
    for world in engine.worlds().all() {
        let state = world.lock();
        for mode in Mode::ALL {
            for delivery in state.all_typed::<Delivery>(&state.platform_scope(mode), WAITING) {
                if let Some(at) = delivery
                    .next_attempt
                    .filter(|_| !engine.outbox().holds(&delivery.id))
                {
                    engine.outbox().push(world.name(), mode, &delivery.id, at);
                }
            }
        }
    }
}

async fn attempt(engine: &Arc<Engine>, due: &Due) {
    let Some(world) = engine.worlds().get(&due.world) else {
        return;
    };
    let Some((delivery, letter)) = prepare(engine, &world, due) else {
        return;
    };
    let at = engine.clock().now();
    let attempt = match letter {
        Ok(request) => send(engine, request, at).await,
        Err(reason) => Attempt {
            at,
            status: None,
            answer: reason,
        },
    };
    note(engine, &world, due.mode(), &delivery.id, attempt);
}

/// The request to send, or why none can be sent; nothing if the delivery is over or was never committed.
fn prepare(
    engine: &Engine,
    world: &World,
    due: &Due,
) -> Option<(Delivery, Result<TransportRequest, String>)> {
    let state = world.lock();
    let delivery: Delivery =
        state.typed(&state.platform_scope(due.mode()), WAITING, &due.delivery)?;
    if delivery.state != State::Pending
        || delivery
            .next_attempt
            .is_none_or(|at| at > engine.clock().now())
    {
        return None;
    }
    let scope = Scope::new(due.mode(), delivery.owner.as_str());
    let object = |kind| state.store.object(&scope, kind, &delivery.endpoint);
    let endpoint = object(endpoints::ENDPOINT).or_else(|| object(destinations::DESTINATION));
    let secret = endpoints::hidden(&state, &scope, &delivery.endpoint).map(|hidden| hidden.secret);
    let letter = match (endpoint, secret) {
        (Some(endpoint), Some(secret)) if endpoint["status"] == "enabled" => request(
            url_of(&endpoint),
            &secret,
            engine.clock().now(),
            &delivery.body,
        ),
        (Some(_), Some(_)) => Err("the endpoint is disabled".to_owned()),
        _ => Err("the endpoint was deleted".to_owned()),
    };
    Some((delivery, letter))
}

/// Where an endpoint, or an event destination, is.
fn url_of(endpoint: &Value) -> &str {
    endpoint["url"]
        .as_str()
        .or(endpoint["webhook_endpoint"]["url"].as_str())
        .unwrap_or_default()
}

fn request(url: &str, secret: &str, now: i64, body: &str) -> Result<TransportRequest, String> {
    let url: Uri = url
        .parse()
        .map_err(|error| format!("the endpoint's URL cannot be requested: {error}"))?;
    let signature = HeaderValue::from_str(&tollway::webhook::test_header(body, secret, now))
        .map_err(|error| error.to_string())?;
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    headers.insert(
        header::USER_AGENT,
        HeaderValue::from_static("Stripe/1.0 (Tollway emulator)"),
    );
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert("stripe-signature", signature);
    let mut request = TransportRequest::new(
        Method::POST,
        url,
        headers,
        Bytes::copy_from_slice(body.as_bytes()),
    );
    request.timeout = PATIENCE;
    Ok(request)
}

async fn send(engine: &Engine, request: TransportRequest, at: i64) -> Attempt {
    let exchange = async {
        let response = engine
            .outbox()
            .transport()
            .send(request)
            .await
            .map_err(|error| error.to_string())?;
        let status = response.status.as_u16();
        let body = response.body.collect(64 * 1024).await.unwrap_or_default();
        Ok::<_, String>((
            status,
            String::from_utf8_lossy(&body)
                .chars()
                .take(EXCERPT)
                .collect(),
        ))
    };
    match tokio::time::timeout(PATIENCE, exchange).await {
        Ok(Ok((status, answer))) => Attempt {
            at,
            status: Some(status),
            answer,
        },
        Ok(Err(reason)) => Attempt {
            at,
            status: None,
            answer: reason,
        },
        Err(_) => Attempt {
            at,
            status: None,
            answer: "the endpoint did not answer in time".to_owned(),
        },
    }
}

/// Keeps the attempt; a 2xx ends the delivery, anything else has it tried again until the schedule ends.
fn note(engine: &Engine, world: &Arc<World>, mode: Mode, id: &str, attempt: Attempt) {
    let scope = world.lock().platform_scope(mode);
    let kept = engine.transact_internal(world, scope, |ctx| {
        let Some(mut delivery) = ctx.world.typed::<Delivery>(&ctx.scope, WAITING, id) else {
            return Ok(());
        };
        let delivered = attempt
            .status
            .is_some_and(|status| (200..300).contains(&status));
        delivery.attempts.push(attempt);
        delivery.next_attempt =
            schedule::next_attempt(delivery.attempts.len(), ctx.now()).filter(|_| !delivered);
        delivery.state = match (delivered, delivery.next_attempt) {
            (true, _) => State::Delivered,
            (false, Some(_)) => State::Pending,
            (false, None) => State::Failed,
        };
        put(ctx, mode, &delivery);
        if delivery.next_attempt.is_none() {
            settle_event(ctx, &delivery);
        }
        Ok(())
    });
    if let Err(error) = kept {
        tracing::error!(delivery = id, %error, "the attempt could not be recorded");
    }
}

/// One webhook fewer is pending for the event, if the event is still kept.
fn settle_event(ctx: &mut Ctx<'_>, delivery: &Delivery) {
    let Ok(body) = serde_json::from_str::<Value>(&delivery.body) else {
        return;
    };
    let mode = Mode::from_livemode(body["livemode"].as_bool().unwrap_or(false));
    let account = delivery
        .account
        .clone()
        .unwrap_or_else(|| ctx.world.platform.account.to_string());
    let mut ctx = ctx.in_scope(Scope::new(mode, account));
    if let Some(mut event) = ctx.get("event", &delivery.event) {
        let pending = event["pending_webhooks"].as_u64().unwrap_or(0);
        event["pending_webhooks"] = pending.saturating_sub(1).into();
        ctx.update("event", &event);
    }
}
