//! The receiver of `tollway listen`: what the emulator delivers is printed, passed on as it came, and answered as it was answered.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
    routing::post,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde_json::Value;
use tollway::transport::{
    HyperTransport, Transport as _, TransportError, TransportErrorKind, TransportRequest,
};
use url::Url;

use crate::failure::{Failure, Outcome};

/// What of a delivery's headers is passed on.
const PASSED_ON: &[&str] = &["content-type", "user-agent", "accept", "stripe-signature"];

/// How long a server may take: less than the emulator waits.
const PATIENCE: Duration = Duration::from_secs(15);

/// More of an answer is not read.
const ANSWER: usize = 64 * 1024;

/// Where events that come in on one path go.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Nowhere if there is none: they are only printed.
    pub(crate) url: Option<Url>,
    /// What is sent along.
    pub(crate) headers: Vec<(String, String)>,
    /// They are of connected accounts.
    pub(crate) connect: bool,
}

/// Passes events on.
pub(crate) struct Forwarder {
    transport: HyperTransport,
    /// By the last part of the receiver's path.
    places: Vec<(&'static str, Place)>,
    json: bool,
}

impl Forwarder {
    pub(crate) fn new(
        places: Vec<(&'static str, Place)>,
        any_certificate: bool,
        json: bool,
    ) -> Outcome<Self> {
        let mut builder = HyperTransport::builder();
        if any_certificate {
            builder = builder.danger_accept_invalid_certs();
        }
        let transport = builder
            .build()
            .map_err(|error| Failure::new(format!("no HTTP client could be made: {error}")))?;
        Ok(Self {
            transport,
            places,
            json,
        })
    }

    /// Prints the event and passes it on; what the server answered, or 200 if there is none.
    async fn pass_on(&self, place: &Place, headers: &HeaderMap, body: Bytes) -> StatusCode {
        let event: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |name: &str| event[name].as_str();
        let (kind, id) = (text("type").unwrap_or("?"), text("id").unwrap_or("?"));
        let from = match text("account").or(text("context")) {
            Some(account) if place.connect => format!(" of {account}"),
            _ => String::new(),
        };
        self.say(&event, || format!("--> {kind}{from} [{id}]"));
        let Some(url) = &place.url else {
            return StatusCode::OK;
        };
        match self.post(url, place, headers, body).await {
            Ok(status) => {
                self.say(&Value::Null, || {
                    format!("<-- [{}] POST {url} [{id}]", status.as_u16())
                });
                status
            }
            Err(error) => {
                eprintln!("tollway: {}", reason(&error, url, kind, id));
                StatusCode::BAD_GATEWAY
            }
        }
    }

    async fn post(
        &self,
        url: &Url,
        place: &Place,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<StatusCode, TransportError> {
        let url: Uri = url
            .as_str()
            .parse()
            .map_err(|error| TransportError::new(TransportErrorKind::Connect, error))?;
        let mut sent = HeaderMap::new();
        for name in PASSED_ON {
            if let Some(value) = headers.get(*name) {
                sent.insert(HeaderName::from_static(name), value.clone());
            }
        }
        for (name, value) in &place.headers {
            // Both were checked when the arguments were read.
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                sent.insert(name, value);
            }
        }
        let request = TransportRequest::new(Method::POST, url, sent, body);
        let exchange = async {
            let response = self.transport.send(request).await?;
            let status = response.status;
            response.body.collect(ANSWER).await.ok();
            Ok(status)
        };
        let late = |error| TransportError::new(TransportErrorKind::Timeout, error);
        tokio::time::timeout(PATIENCE, exchange)
            .await
            .map_err(late)?
    }

    /// A line about the event; or the event itself, once.
    fn say(&self, event: &Value, line: impl FnOnce() -> String) {
        match (self.json, event.is_null()) {
            (false, _) => println!("{}", line()),
            (true, false) => println!("{event}"),
            (true, true) => {}
        }
        crate::listen::flush();
    }
}

/// One sentence for what could not be passed on.
fn reason(error: &TransportError, place: &Url, kind: &str, id: &str) -> String {
    let what = match error.kind() {
        TransportErrorKind::Connect => "nobody listens there; start the server".to_owned(),
        TransportErrorKind::Timeout => "no answer in time".to_owned(),
        _ => error.to_string(),
    };
    format!("{kind} [{id}] could not be passed on to {place}: {what}. It will be sent again.")
}

/// One route for each endpoint.
pub(crate) fn routes(forwarder: Arc<Forwarder>) -> Router {
    Router::new()
        .route("/{endpoint}", post(receive))
        .with_state(forwarder)
}

async fn receive(
    State(forwarder): State<Arc<Forwarder>>,
    Path(endpoint): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let place = forwarder.places.iter().find(|(name, _)| *name == endpoint);
    match place {
        Some((_, place)) => forwarder
            .pass_on(place, &headers, body)
            .await
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
