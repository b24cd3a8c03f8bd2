//! From a request to its answer: check and encode once, then attempt, decide, wait, attempt again.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{HeaderMap, Method, Uri};
use serde_json::Value;

use crate::client::Shared;
use crate::error::{Error, ErrorKind};
use crate::headers;
use crate::request::{ApiMode, Draft, Encoding, Verb};
use crate::response::{Response, ResponseMeta};
use crate::retry::{self, Attempt};
use crate::runtime::{BoxFuture, uuid};
use crate::transport::{TransportError, TransportErrorKind, TransportRequest};
use crate::wire::{form, json_body, multipart};

/// Longest answer that is kept in memory.
const LONGEST_ANSWER: usize = 256 << 20;
/// Longest idempotency key Stripe takes.
const LONGEST_IDEMPOTENCY_KEY: usize = 255;

/// A request ready to be sent any number of times.
struct Prepared {
    shared: Arc<Shared>,
    name: &'static str,
    verb: Verb,
    mode: ApiMode,
    once_only: bool,
    usage: Vec<&'static str>,
    method: Method,
    url: Uri,
    headers: HeaderMap,
    body: Bytes,
    timeout: Duration,
    max_retries: u32,
}

/// One answer whose body was read.
struct Answer {
    status: http::StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

pub(crate) fn start(request: Box<Draft>) -> BoxFuture<'static, Result<Response, Error>> {
    Box::pin(async move { run(prepare(request)?).await })
}

/// Checks everything that can be checked here and encodes it. Nothing has been sent when this fails.
fn prepare(mut request: Box<Draft>) -> Result<Prepared, Error> {
    request.take_mistake()?;
    let operation = request.operation;
    let shared = Arc::clone(&request.client.shared);
    let mut path = request.full_path()?;

    let (body, content_type) = match operation.verb {
        Verb::Get | Verb::Delete => {
            append_query(&mut path, &form::encode(&request.params)?);
            (Bytes::new(), None)
        }
        Verb::Post => {
            let (body, content_type) = encode_body(&request)?;
            (body, Some(content_type))
        }
    };
    let url = join(shared.bases.of(operation.host), &path)?;
    let idempotency_key = idempotency_key(&request)?;
    let headers = headers::build(
        &request,
        content_type.as_deref(),
        idempotency_key.as_deref(),
    )?;
    Ok(Prepared {
        name: operation.name,
        verb: operation.verb,
        mode: operation.mode,
        once_only: request.once_only,
        usage: request.usage,
        method: operation.verb.method(),
        url,
        headers,
        body,
        timeout: request.options.timeout.unwrap_or(shared.timeout),
        max_retries: request
            .options
            .max_retries
            .unwrap_or(shared.retry.max_retries),
        shared,
    })
}

fn encode_body(request: &Draft) -> Result<(Bytes, String), Error> {
    let params = &request.params;
    Ok(match request.operation.encoding {
        Encoding::Form => (
            form::encode(params)?.into(),
            "application/x-www-form-urlencoded".to_owned(),
        ),
        Encoding::Json => (
            json_body::encode(params)?.into(),
            "application/json".to_owned(),
        ),
        Encoding::Multipart => {
            let boundary = uuid(request.client.shared.random.as_ref());
            (
                multipart::encode(params, &boundary)?,
                multipart::content_type(&boundary),
            )
        }
    })
}

/// Chosen once, so that every attempt carries the same one. v1 ignores keys on DELETE.
fn idempotency_key(request: &Draft) -> Result<Option<String>, Error> {
    if let Some(own) = &request.options.idempotency_key {
        if own.is_empty() || own.chars().count() > LONGEST_IDEMPOTENCY_KEY {
            return Err(Error::invalid_input(
                "an idempotency key has 1 to 255 characters: shorten it, for example to a UUID",
            ));
        }
        return Ok(Some(own.clone()));
    }
    let wanted = match request.operation.verb {
        Verb::Post => true,
        Verb::Delete => request.operation.mode == ApiMode::V2,
        Verb::Get => false,
    };
    Ok(wanted.then(|| uuid(request.client.shared.random.as_ref())))
}

/// Adds parameters to a path that may have some already; no `?` without parameters.
fn append_query(path: &mut String, query: &str) {
    if query.is_empty() {
        return;
    }
    path.push(if path.contains('?') { '&' } else { '?' });
    path.push_str(query);
}

/// The absolute URL, checked to be on the configured host.
fn join(base: &str, path: &str) -> Result<Uri, Error> {
    let refuse = || {
        Error::invalid_input(format!(
            "the path `{path}` cannot be joined to the base URL `{base}`"
        ))
    };
    let url: Uri = format!("{base}{path}").parse().map_err(|_| refuse())?;
    let expected: Uri = base.parse().map_err(|_| refuse())?;
    if url.authority() == expected.authority() && url.scheme() == expected.scheme() {
        Ok(url)
    } else {
        Err(refuse())
    }
}

async fn run(request: Prepared) -> Result<Response, Error> {
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
        let timeout = left.map_or(request.timeout, |left| left.min(request.timeout));
        let outcome = attempt(&request, timeout).await;
        let elapsed = shared.clock.monotonic().saturating_sub(started);

        let (error, retry_after, again) = match outcome {
            Ok(answer) if answer.status.is_success() => {
                let meta = meta(answer.status, answer.headers, retries, elapsed);
                note(shared, &request, &meta);
                return Ok(Response {
                    meta: Arc::new(meta),
                    body: answer.body,
                });
            }
            Ok(answer) => {
                let meta = meta(answer.status, answer.headers, retries, elapsed);
                note(shared, &request, &meta);
                let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                let code = json.pointer("/error/code").and_then(Value::as_str);
                let should_retry = meta.header("stripe-should-retry");
                let ended = Attempt::Answered {
                    status: meta.status(),
                    should_retry,
                    code,
                };
                let again =
                    retry::should_retry(ended, retries, request.max_retries, request.once_only);
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
                let again =
                    retry::should_retry(ended, retries, request.max_retries, request.once_only);
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
            return Err(conclude(error, &request, unclear));
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

/// One attempt: send, read the whole body, both within the time.
async fn attempt(request: &Prepared, timeout: Duration) -> Result<Answer, TransportError> {
    let mut outgoing = TransportRequest::new(
        request.method.clone(),
        request.url.clone(),
        request.headers.clone(),
        request.body.clone(),
    );
    outgoing.timeout = timeout;
    let exchange = async {
        let answer = request.shared.transport.send(outgoing).await?;
        let body = answer.body.collect(LONGEST_ANSWER).await?;
        Ok(Answer {
            status: answer.status,
            headers: answer.headers,
            body,
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

fn meta(
    status: http::StatusCode,
    headers: HeaderMap,
    retries: u32,
    elapsed: Duration,
) -> ResponseMeta {
    ResponseMeta {
        status,
        headers,
        retries,
        elapsed,
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
    // A clear refusal settles the earlier, unclear attempts: the same key would have replayed their result.
    let settled = error.status().is_some_and(|status| status < 500) && !request.once_only;
    error.set_may_have_taken_effect(unclear && !settled);
    let no_clear_answer = unclear && !matches!(error.kind(), ErrorKind::OAuth(_));
    if request.once_only && no_clear_answer {
        error.into_outcome_unknown()
    } else {
        error
    }
}
