//! The attempts of one call, one after the other, and the result of all of them together.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::attempt::{ReceivedResponse, attempt};
use super::prepare::PreparedRequest;
use super::span;
use crate::error::{Error, ErrorKind};
use crate::operation::{ApiMode, Verb};
use crate::response::{Response, ResponseMeta};
use crate::retry::{self, AttemptOutcome};
use crate::transport::{ResponseBody, TransportError, TransportErrorKind};

/// A successful call.
pub(super) struct Success {
    pub(super) response: Response,
    /// The body of a download, which is still arriving.
    pub(super) stream: Option<ResponseBody>,
}

/// A failed attempt.
struct FailedAttempt {
    error: Error,
    retry_after: Option<Duration>,
    may_retry: bool,
}

/// A call between two of its attempts.
struct Call<'a> {
    request: &'a PreparedRequest,
    /// When the call began, by the client's monotonic clock.
    started: Duration,
    retries: u32,
    /// Whether an attempt may have reached Stripe without a clear response. A later, clearer failure does not undo it.
    unclear: bool,
}

/// Makes attempts until one succeeds, one fails for good, or the total time is over.
pub(super) async fn run(request: &PreparedRequest) -> Result<Success, Error> {
    span::record_request(request);
    let mut call = Call {
        request,
        started: request.shared.clock.monotonic(),
        retries: 0,
        unclear: false,
    };
    loop {
        let timeout = match call.wait_for_turn().await {
            Ok(timeout) => timeout,
            Err(cause) => return Err(call.conclude(Error::connection(cause, call.retries))),
        };
        let outcome = attempt(request, timeout, call.retries + 1).await;
        let failed = match call.read(outcome) {
            Ok(success) => return Ok(success),
            Err(failed) => failed,
        };
        match call.retry_delay(&failed) {
            Some(delay) => call.wait_for_retry(delay).await,
            None => return Err(call.conclude(failed.error)),
        }
    }
}

impl Call<'_> {
    fn elapsed(&self) -> Duration {
        let now = self.request.shared.clock.monotonic();
        now.saturating_sub(self.started)
    }

    /// Waits until the client's own rate limit has room for the request. Returns the time limit of the next attempt.
    async fn wait_for_turn(&self) -> Result<Duration, TransportError> {
        let request = self.request;
        let shared = &request.shared;
        let mut left = shared
            .total_timeout
            .map(|total| total.saturating_sub(self.elapsed()));
        if let Some(throttle) = &shared.throttle {
            let key = request.headers.get(http::header::AUTHORIZATION);
            let wait = throttle.reserve(key, request.rate_class, shared.clock.monotonic());
            if left.is_some_and(|left| wait >= left) {
                return Err(TransportError::new(
                    TransportErrorKind::Connect,
                    "the client's own rate limit has no room within total_timeout: send less, or raise one of them",
                ));
            }
            if !wait.is_zero() {
                shared.clock.sleep(wait).await;
            }
            left = left.map(|left| left.saturating_sub(wait));
        }
        Ok(left.map_or(request.timeout, |left| left.min(request.timeout)))
    }

    /// Turns the outcome of an attempt into a success or a failure, and notes whether it was unclear.
    fn read(
        &mut self,
        outcome: Result<ReceivedResponse, TransportError>,
    ) -> Result<Success, FailedAttempt> {
        let received = match outcome {
            Ok(received) => received,
            Err(cause) => return Err(self.read_transport_error(cause)),
        };
        let (request, retries) = (self.request, self.retries);
        let is_success = received.status.is_success();
        let meta = request.meta(received.status, received.headers, retries, self.elapsed());
        record_response(request, &meta);
        if is_success {
            let response = Response {
                meta: Arc::new(meta),
                body: received.body,
            };
            return Ok(Success {
                response,
                stream: received.stream,
            });
        }
        Err(self.read_error_response(meta, received.body))
    }

    fn read_transport_error(&mut self, cause: TransportError) -> FailedAttempt {
        let (request, retries) = (self.request, self.retries);
        tracing::debug!(operation = request.name, retries, error = %cause, "no response from Stripe");
        self.unclear |= cause.may_have_been_sent();
        let attempt = AttemptOutcome::Failed(cause.kind());
        FailedAttempt {
            may_retry: retry::should_retry(attempt, retries, request.rules),
            retry_after: None,
            error: Error::connection(cause, retries),
        }
    }

    fn read_error_response(&mut self, meta: ResponseMeta, body: bytes::Bytes) -> FailedAttempt {
        let request = self.request;
        self.unclear |= meta.status() >= 500;
        let json: Value = serde_json::from_slice(&body).unwrap_or_default();
        let attempt = AttemptOutcome::Response {
            status: meta.status(),
            should_retry: meta.header("stripe-should-retry"),
            code: json.pointer("/error/code").and_then(Value::as_str),
        };
        FailedAttempt {
            may_retry: retry::should_retry(attempt, self.retries, request.rules),
            retry_after: meta.retry_after(),
            error: Error::from_response(Arc::new(meta), body, json, request.mode == ApiMode::V2),
        }
    }

    /// How long to wait before the next attempt; `None` when there is none.
    fn retry_delay(&self, failed: &FailedAttempt) -> Option<Duration> {
        let shared = &self.request.shared;
        let delay = retry::delay(
            &shared.retry,
            self.retries + 1,
            failed.retry_after,
            shared.random.as_ref(),
        );
        let in_time = shared
            .total_timeout
            .is_none_or(|total| self.elapsed().saturating_add(delay) < total);
        (failed.may_retry && in_time).then_some(delay)
    }

    async fn wait_for_retry(&mut self, delay: Duration) {
        self.request.shared.clock.sleep(delay).await;
        self.retries += 1;
        tracing::debug!(
            operation = self.request.name,
            retries = self.retries,
            "sending the request again"
        );
    }

    /// The error of the whole call. It says whether the request may have taken effect in any attempt.
    fn conclude(&self, mut error: Error) -> Error {
        let (request, unclear) = (self.request, self.unclear);
        if request.verb == Verb::Get {
            return error;
        }
        let may_have = unclear && !settles(&error, request);
        error.set_may_have_taken_effect(may_have);
        let is_oauth_refusal = matches!(error.kind(), ErrorKind::OAuth(_));
        if request.rules.once_only && unclear && !is_oauth_refusal {
            error.into_outcome_unknown()
        } else {
            error
        }
    }
}

/// Logs a response and keeps its timing for the telemetry of the next request.
fn record_response(request: &PreparedRequest, meta: &ResponseMeta) {
    tracing::debug!(
        operation = request.name,
        status = meta.status(),
        request_id = meta.request_id(),
        retries = meta.retries(),
        elapsed_ms = u64::try_from(meta.elapsed().as_millis()).unwrap_or(u64::MAX),
        "response from Stripe"
    );
    if let Some(notice) = meta.header("stripe-notice") {
        tracing::warn!(operation = request.name, notice, "Stripe sent a notice");
    }
    if let (Some(telemetry), Some(id)) = (&request.shared.telemetry, meta.request_id()) {
        telemetry.record(id, meta.elapsed(), &request.usage);
    }
}

/// Whether an error response proves that no earlier, unclear attempt took effect. Stripe checks the idempotency key before
/// it refuses with 400, 402 or 404: if an earlier attempt had taken effect, Stripe would have replayed its result. It
/// refuses with other statuses (401, 403, 409, 429, 5xx) before that check, so they prove nothing.
fn settles(error: &Error, request: &PreparedRequest) -> bool {
    let replayed = error.last_response().is_some_and(ResponseMeta::is_replayed);
    let checked_key = matches!(error.status(), Some(400 | 402 | 404));
    request.has_idempotency_key && !request.rules.once_only && (replayed || checked_key)
}
