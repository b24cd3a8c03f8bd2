//! One attempt of a delivery: the event as it was made, signed anew, and what the endpoint answered.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use serde_json::Value;
use tollway::transport::TransportRequest;

use super::retry_schedule;
use crate::ctx::Ctx;
use crate::engine::Engine;
use crate::events::delivery::{Attempt, Delivery, State, put};
use crate::events::targets::{DESTINATION, ENDPOINT, EndpointSecret};
use crate::events::{DueDelivery, Outbox};
use crate::scope::{Mode, Scope};
use crate::world::World;

/// How long an endpoint may take to answer.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(20);
/// How much of an endpoint's answer is kept.
const EXCERPT_CHARACTERS: usize = 500;

/// Makes one attempt of a delivery that is due, and keeps how it went.
pub(super) async fn attempt(engine: &Arc<Engine>, due: &DueDelivery) {
    let Some(world) = engine.worlds().get(&due.world) else {
        return;
    };
    let Some(prepared) = prepare(engine, &world, due) else {
        return;
    };
    let at = engine.clock().now();
    let failed = |answer| Attempt {
        at,
        status: None,
        answer,
    };
    let (attempt, last) = match prepared {
        PreparedAttempt::Ready(request) => (send(engine, *request, at).await, false),
        PreparedAttempt::Unsendable(reason) => (failed(reason), false),
        PreparedAttempt::Refused(reason) => (failed(reason.to_owned()), true),
    };
    record(engine, &world, due.mode(), &due.delivery, attempt, last);
}

/// What is to be sent.
enum PreparedAttempt {
    Ready(Box<TransportRequest>),
    /// It cannot be sent now.
    Unsendable(String),
    /// The endpoint was deleted or disabled: as at Stripe, it is not tried again.
    Refused(&'static str),
}

/// The request to send, or why there is none; nothing if the delivery is over or was never committed.
fn prepare(engine: &Engine, world: &World, due: &DueDelivery) -> Option<PreparedAttempt> {
    let state = world.lock();
    let delivery: Delivery =
        state.load_or_fail(&state.platform_scope(due.mode()), &due.delivery)?;
    if delivery.state != State::Pending
        || delivery
            .next_attempt
            .is_none_or(|at| at > engine.clock().now())
    {
        return None;
    }
    let scope = Scope::new(due.mode(), delivery.owner.as_str());
    let object = |kind| state.store.object(&scope, kind, &delivery.endpoint);
    let endpoint = object(ENDPOINT).or_else(|| object(DESTINATION));
    let secret = state.load_or_fail::<EndpointSecret>(&scope, &delivery.endpoint);
    let (Some(endpoint), Some(EndpointSecret { secret, .. })) = (endpoint, secret) else {
        return Some(PreparedAttempt::Refused("the endpoint was deleted"));
    };
    if endpoint["status"] != "enabled" {
        return Some(PreparedAttempt::Refused("the endpoint is disabled"));
    }
    let now = engine.clock().now();
    let request = request(url_of(&endpoint), &secret, now, &delivery.body);
    Some(request.map_or_else(PreparedAttempt::Unsendable, |it| {
        PreparedAttempt::Ready(Box::new(it))
    }))
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
    request.timeout = RESPONSE_TIMEOUT;
    Ok(request)
}

async fn send(engine: &Engine, request: TransportRequest, at: i64) -> Attempt {
    let exchange = async {
        let outbox = engine.services().get::<Outbox>();
        let outbox = outbox.ok_or("nothing is delivered here")?;
        let response = outbox
            .transport()
            .map_err(|error| error.to_string())?
            .send(request)
            .await
            .map_err(|error| error.to_string())?;
        let status = response.status.as_u16();
        let body = response.body.collect(64 * 1024).await.unwrap_or_default();
        Ok::<_, String>((
            status,
            String::from_utf8_lossy(&body)
                .chars()
                .take(EXCERPT_CHARACTERS)
                .collect(),
        ))
    };
    match tokio::time::timeout(RESPONSE_TIMEOUT, exchange).await {
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

/// Keeps the attempt; a 2xx ends the delivery, anything else has it tried again until the schedule ends, unless it was the
/// `last` one.
fn record(engine: &Engine, world: &Arc<World>, mode: Mode, id: &str, attempt: Attempt, last: bool) {
    let scope = world.lock().platform_scope(mode);
    let kept = engine.transact_internal(world, scope, |ctx| {
        let Some(mut delivery) = ctx.load::<Delivery>(id)? else {
            return Ok(());
        };
        let first_success =
            attempt.succeeded() && !delivery.attempts.iter().any(Attempt::succeeded);
        let over = attempt.succeeded() || last;
        delivery.state = State::Pending;
        if attempt.succeeded() {
            delivery.state = State::Delivered;
        }
        delivery.attempts.push(attempt);
        let tries = delivery.attempts.len() - delivery.before;
        delivery.next_attempt = retry_schedule::next_attempt(tries, ctx.now()).filter(|_| !over);
        if delivery.state == State::Pending && delivery.next_attempt.is_none() {
            delivery.state = State::Failed;
        }
        put(ctx, mode, &delivery);
        if first_success {
            settle_event(ctx, &delivery);
        }
        Ok(())
    });
    if let Err(error) = kept {
        tracing::error!(delivery = id, %error, "the attempt could not be recorded");
    }
}

/// One webhook fewer is pending for the event, if the event is still kept. Stripe counts those that were not delivered, given
/// up or not.
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
