//! One attempt: the request goes to the transport, and the response comes back within the time limit.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{HeaderMap, StatusCode};

use super::prepare::PreparedRequest;
use crate::observe::{ObservedResponse, RequestEvent, ResponseEvent};
use crate::transport::{ResponseBody, TransportError, TransportErrorKind, TransportRequest};

/// The longest response body that is kept in memory.
const LONGEST_RESPONSE_BYTES: usize = 256 << 20;

/// A response of any status.
pub(super) struct ReceivedResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The whole body; empty if `stream` has it.
    pub(super) body: Bytes,
    /// The body of a successful download, which is still arriving.
    pub(super) stream: Option<ResponseBody>,
}

/// Makes one attempt and reports it to the observers.
pub(super) async fn attempt(
    request: &PreparedRequest,
    timeout: Duration,
    attempt: u32,
) -> Result<ReceivedResponse, TransportError> {
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
            Ok(response) => Ok(ObservedResponse {
                status: response.status.as_u16(),
                headers: &response.headers,
                body: &response.body,
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

/// Sends the request and reads the whole body, both within the time limit.
async fn exchange(
    request: &PreparedRequest,
    timeout: Duration,
) -> Result<ReceivedResponse, TransportError> {
    let mut outgoing = TransportRequest::new(
        request.method.clone(),
        request.url.clone(),
        request.headers.clone(),
        request.body.clone(),
    );
    outgoing.timeout = timeout;
    let exchange = async {
        let response = request.shared.transport.send(outgoing).await?;
        let (body, stream) = if request.streamed && response.status.is_success() {
            (Bytes::new(), Some(response.body))
        } else {
            (response.body.collect(LONGEST_RESPONSE_BYTES).await?, None)
        };
        Ok(ReceivedResponse {
            status: response.status,
            headers: response.headers,
            body,
            stream,
        })
    };
    // The limit starts after the transport: a transport with a time limit of its own can say whether anything was sent.
    let limit = async { request.shared.clock.limit(timeout).await };
    match select(pin!(exchange), pin!(limit)).await {
        Either::Left((done, _)) => done,
        Either::Right(((), _)) => Err(TransportError::new(
            TransportErrorKind::Timeout,
            "the time for this attempt is over",
        )),
    }
}
