//! From a request to its answer: check and encode once ([`prepare`]), then attempt, decide, wait, attempt again.

mod limits;
mod prepare;
mod span;
mod throttle;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tracing::Instrument as _;

use self::prepare::{Prepared, prepare};
pub use self::throttle::RateLimit;
pub(crate) use self::throttle::Throttle;
use crate::client::Shared;
use crate::download::Download;
use crate::error::{Error, ErrorKind};
use crate::observe::{Answered, RequestEvent, ResponseEvent};
use crate::request::{ApiMode, Draft, Verb};
use crate::response::{Response, ResponseMeta};
use crate::retry::{self, Attempt};
use crate::runtime::BoxFuture;
use crate::transport::{ResponseBody, TransportError, TransportErrorKind, TransportRequest};

/// Longest answer that is kept in memory.
const LONGEST_ANSWER: usize = 256 << 20;

/// One answer whose body was read, or is still coming.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    coming: Option<ResponseBody>,
}

pub(crate) fn start(request: Box<Draft>) -> BoxFuture<'static, Result<Response, Error>> {
    let span = span::open(&request);
    let call = async move {
        let outcome = match prepare(request) {
            Ok(request) => run(&request).await.map(|(answer, _)| answer),
            Err(error) => Err(error),
        };
        span::ended(outcome.as_ref().map(|answer| answer.meta.as_ref()));
        outcome
    };
    Box::pin(call.instrument(span))
}

/// As [`start`], with a body that is handed over as it arrives.
pub(crate) fn download(request: Box<Draft>) -> BoxFuture<'static, Result<Download, Error>> {
    let span = span::open(&request);
    let call = async move {
        let outcome = match prepare(request) {
            Ok(mut request) => {
                request.streamed = true;
                run(&request).await.map(|(answer, coming)| {
                    let body = coming.unwrap_or_else(|| answer.body.into());
                    Download::new(
                        answer.meta,
                        body,
                        Arc::clone(&request.shared),
                        request.timeout,
                    )
                })
            }
            Err(error) => Err(error),
        };
        span::ended(outcome.as_ref().map(Download::last_response));
        outcome
    };
    Box::pin(call.instrument(span))
}

async fn run(request: &Prepared) -> Result<(Response, Option<ResponseBody>), Error> {
    span::sending(request);
    let shared = &request.shared;
    let started = shared.clock.monotonic();
    let mut retries = 0;
    // Set by any attempt that may have reached Stripe without a clear answer; a later, clearer failure does not undo it.
    let mut unclear = false;

    loop {
        let elapsed = shared.clock.monotonic().saturating_sub(started);
        let left = shared
            .total_timeout
            .map(|total| total.saturating_sub(elapsed));
        let outcome = match wait_for_turn(request, left).await {
            Ok(left) => {
                let timeout = left.map_or(request.timeout, |left| left.min(request.timeout));
                attempt(request, timeout, retries + 1).await
            }
            Err(cause) => {
                return Err(conclude(
                    Error::connection(cause, retries),
                    request,
                    unclear,
                ));
            }
        };
        let elapsed = shared.clock.monotonic().saturating_sub(started);

        let (error, retry_after, again) = match outcome {
            Ok(answer) if answer.status.is_success() => {
                let meta = request.meta(answer.status, answer.headers, retries, elapsed);
                note(shared, request, &meta);
                let response = Response {
                    meta: Arc::new(meta),
                    body: answer.body,
                };
                return Ok((response, answer.coming));
            }
            Ok(answer) => {
                let meta = request.meta(answer.status, answer.headers, retries, elapsed);
                note(shared, request, &meta);
                let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                let code = json.pointer("/error/code").and_then(Value::as_str);
                let should_retry = meta.header("stripe-should-retry");
                let ended = Attempt::Answered {
                    status: meta.status(),
                    should_retry,
                    code,
                };
                let again = retry::should_retry(ended, retries, request.rules);
                let retry_after = meta.retry_after();
                unclear |= meta.status() >= 500;
                (
                    Error::answer(
                        Arc::new(meta),
                        answer.body,
                        json,
                        request.mode == ApiMode::V2,
                    ),
                    retry_after,
                    again,
                )
            }
            Err(cause) => {
                tracing::debug!(operation = request.name, retries, error = %cause, "no answer from Stripe");
                let ended = Attempt::Failed(cause.kind());
                let again = retry::should_retry(ended, retries, request.rules);
                unclear |= cause.may_have_been_sent();
                (Error::connection(cause, retries), None, again)
            }
        };

        let wait = retry::delay(
            &shared.retry,
            retries + 1,
            retry_after,
            shared.random.as_ref(),
        );
        let in_time = shared
            .total_timeout
            .is_none_or(|total| elapsed.saturating_add(wait) < total);
        if !(again && in_time) {
            return Err(conclude(error, request, unclear));
        }
        shared.clock.sleep(wait).await;
        retries += 1;
        tracing::debug!(
            operation = request.name,
            retries,
            "sending the request again"
        );
    }
}

/// Waits until the client's own rate limit lets the request go; tells what is left of the call's time then.
async fn wait_for_turn(
    request: &Prepared,
    left: Option<Duration>,
) -> Result<Option<Duration>, TransportError> {
    let shared = &request.shared;
    let Some(throttle) = &shared.throttle else {
        return Ok(left);
    };
    let wait = throttle.reserve(request, shared.clock.monotonic());
    if left.is_some_and(|left| wait >= left) {
        return Err(TransportError::new(
            TransportErrorKind::Connect,
            "the client's own rate limit has no room within total_timeout: send less, or raise one of them",
        ));
    }
    if !wait.is_zero() {
        shared.clock.sleep(wait).await;
    }
    Ok(left.map(|left| left.saturating_sub(wait)))
}

/// One attempt, told to the observers.
async fn attempt(
    request: &Prepared,
    timeout: Duration,
    attempt: u32,
) -> Result<Answer, TransportError> {
    let observers = &request.shared.observers;
    if observers.is_empty() {
        return exchange(request, timeout).await;
    }
    let event = RequestEvent {
        operation: request.name,
        method: request.method.as_str(),
        url: &request.url,
        headers: &request.headers,
        body: &request.body,
        attempt,
    };
    for observer in observers {
        observer.on_request(&event);
    }
    let started = request.shared.clock.monotonic();
    let outcome = exchange(request, timeout).await;
    let ended = ResponseEvent {
        outcome: match &outcome {
            Ok(answer) => Ok(Answered {
                status: answer.status.as_u16(),
                headers: &answer.headers,
                body: &answer.body,
            }),
            Err(cause) => Err(cause.kind()),
        },
        elapsed: request.shared.clock.monotonic().saturating_sub(started),
    };
    for observer in observers {
        observer.on_response(&event, &ended);
    }
    outcome
}

/// Sends and reads the whole body, both within the time.
async fn exchange(request: &Prepared, timeout: Duration) -> Result<Answer, TransportError> {
    let mut outgoing = TransportRequest::new(
        request.method.clone(),
        request.url.clone(),
        request.headers.clone(),
        request.body.clone(),
    );
    outgoing.timeout = timeout;
    let exchange = async {
        let answer = request.shared.transport.send(outgoing).await?;
        let (body, coming) = if request.streamed && answer.status.is_success() {
            (Bytes::new(), Some(answer.body))
        } else {
            (answer.body.collect(LONGEST_ANSWER).await?, None)
        };
        Ok(Answer {
            status: answer.status,
            headers: answer.headers,
            body,
            coming,
        })
    };
    // The limit starts after the transport has: one that watches the time itself knows better what was sent.
    let limit = async { request.shared.clock.limit(timeout).await };
    match select(pin!(exchange), pin!(limit)).await {
        Either::Left((done, _)) => done,
        Either::Right(((), _)) => Err(TransportError::new(
            TransportErrorKind::Timeout,
            "the time for this attempt is over",
        )),
    }
}

/// Logs the answer and keeps its timing for the next request.
fn note(shared: &Shared, request: &Prepared, meta: &ResponseMeta) {
    tracing::debug!(
        operation = request.name,
        status = meta.status(),
        request_id = meta.request_id(),
        retries = meta.retries(),
        elapsed_ms = u64::try_from(meta.elapsed().as_millis()).unwrap_or(u64::MAX),
        "answer from Stripe"
    );
    if let Some(notice) = meta.header("stripe-notice") {
        tracing::warn!(operation = request.name, notice, "Stripe sent a notice");
    }
    if let (Some(telemetry), Some(id)) = (&shared.telemetry, meta.request_id()) {
        telemetry.record(id, meta.elapsed(), &request.usage);
    }
}

/// The error the caller gets: says whether the request may have taken effect after all attempts together.
fn conclude(mut error: Error, request: &Prepared, unclear: bool) -> Error {
    if request.verb == Verb::Get {
        return error;
    }
    let may_have = unclear && !settles(&error, request);
    error.set_may_have_taken_effect(may_have);
    let no_clear_answer = unclear && !matches!(error.kind(), ErrorKind::OAuth(_));
    if request.rules.once_only && no_clear_answer {
        error.into_outcome_unknown()
    } else {
        error
    }
}

/// Whether a refusal settles what became of earlier, unclear attempts. It does when Stripe looked at the idempotency
/// key first: had one of them taken effect, the same key would have replayed its result. Refusals that come before
/// that look (no such key, not allowed, conflict, too many requests) say nothing.
fn settles(error: &Error, request: &Prepared) -> bool {
    let replayed = error.last_response().is_some_and(ResponseMeta::is_replayed);
    let looked = matches!(error.status(), Some(400 | 402 | 404));
    request.has_idempotency_key && !request.rules.once_only && (replayed || looked)
}
