//! The span of a call, with OpenTelemetry's names for HTTP clients.
//! <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>

use tracing::Span;
use tracing::field::Empty;

use super::prepare::PreparedRequest;
use crate::client::draft::{Draft, PathArgs};
use crate::error::Error;
use crate::response::ResponseMeta;

/// Opens the span of a call. It never holds bodies, queries or keys.
pub(super) fn open_span(request: &Draft) -> Span {
    let operation = &request.operation;
    let method = operation.verb.method();
    let template = match &request.path {
        PathArgs::Template(_) => operation.path,
        PathArgs::Raw(path) => path.split('?').next().unwrap_or_default(),
    };
    tracing::debug_span!(
        "stripe",
        otel.name = %format_args!("{method} {template}"),
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = method.as_str(),
        http.request.resend_count = Empty,
        http.response.status_code = Empty,
        url.template = template,
        server.address = Empty,
        "error.type" = Empty,
        stripe.operation = operation.name,
        stripe.account = Empty,
        stripe.context = Empty,
        stripe.idempotency_key = Empty,
        stripe.request_id = Empty,
    )
}

/// Records the fields that are known when the request has been encoded.
pub(super) fn record_request(request: &PreparedRequest) {
    let span = Span::current();
    span.record("server.address", request.url.host());
    for (field, header) in [
        ("stripe.account", "stripe-account"),
        ("stripe.context", "stripe-context"),
        ("stripe.idempotency_key", "idempotency-key"),
    ] {
        let value = request.headers.get(header);
        span.record(field, value.and_then(|value| value.to_str().ok()));
    }
}

/// Records how the call ended.
pub(super) fn record_outcome(outcome: Result<&ResponseMeta, &Error>) {
    let span = Span::current();
    match outcome {
        Ok(meta) => record_meta(&span, meta),
        Err(error) => {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", tracing::field::display(error.kind()));
            match error.last_response() {
                Some(meta) => record_meta(&span, meta),
                None => {
                    span.record("http.request.resend_count", error.retries());
                }
            }
        }
    }
}

fn record_meta(span: &Span, meta: &ResponseMeta) {
    span.record("http.response.status_code", meta.status());
    span.record("http.request.resend_count", meta.retries());
    span.record("stripe.request_id", meta.request_id());
}
