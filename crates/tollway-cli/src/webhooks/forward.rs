//! The receiver of `tollway listen`: it prints each delivery, forwards it unchanged, and returns the status of the response.

use std::convert::Infallible;
use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tollway::transport::{
    HyperTransport, Transport as _, TransportError, TransportErrorKind, TransportRequest,
};
use url::Url;

use crate::failure::{Failure, Outcome};

/// The headers of a delivery that are forwarded.
const FORWARDED_HEADERS: &[&str] = &["content-type", "user-agent", "accept", "stripe-signature"];

/// How long a server may take to answer: less than the emulator waits.
const FORWARD_TIMEOUT: Duration = Duration::from_secs(15);

/// The part of a response's body that is read.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Longer deliveries are refused.
const MAX_DELIVERY_BYTES: usize = 2 * 1024 * 1024;

/// The destination of the events of one path.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    /// Without a URL events are only printed.
    pub(crate) url: Option<Url>,
    /// Additional headers.
    pub(crate) headers: Vec<(String, String)>,
    /// Whether the events are of connected accounts.
    pub(crate) connect: bool,
}

/// Forwards events.
pub(crate) struct Forwarder {
    transport: HyperTransport,
    /// By the last segment of the receiver's path.
    destinations: Vec<(&'static str, Destination)>,
    json: bool,
}

impl Forwarder {
    pub(crate) fn new(
        destinations: Vec<(&'static str, Destination)>,
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
            destinations,
            json,
        })
    }

    /// Prints the event and forwards it. Returns the server's status, or 200 without a server.
    async fn forward(
        &self,
        destination: &Destination,
        headers: &HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        let event: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |name: &str| event[name].as_str();
        let (kind, id) = (text("type").unwrap_or("?"), text("id").unwrap_or("?"));
        let from = match text("account").or(text("context")) {
            Some(account) if destination.connect => format!(" of {account}"),
            _ => String::new(),
        };
        self.print(&event, || format!("--> {kind}{from} [{id}]"));
        let Some(url) = &destination.url else {
            return StatusCode::OK;
        };
        match self.post(url, destination, headers, body).await {
            Ok(status) => {
                self.print(&Value::Null, || {
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
        destination: &Destination,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<StatusCode, TransportError> {
        let url: Uri = url
            .as_str()
            .parse()
            .map_err(|error| TransportError::new(TransportErrorKind::Connect, error))?;
        let mut sent = HeaderMap::new();
        for name in FORWARDED_HEADERS {
            if let Some(value) = headers.get(*name) {
                sent.insert(HeaderName::from_static(name), value.clone());
            }
        }
        for (name, value) in &destination.headers {
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
            response.body.collect(MAX_RESPONSE_BYTES).await.ok();
            Ok(status)
        };
        let late = |error| TransportError::new(TransportErrorKind::Timeout, error);
        tokio::time::timeout(FORWARD_TIMEOUT, exchange)
            .await
            .map_err(late)?
    }

    /// Prints a line about the event; with `--format json` the event itself, once.
    fn print(&self, event: &Value, line: impl FnOnce() -> String) {
        match (self.json, event.is_null()) {
            (false, _) => println!("{}", line()),
            (true, false) => println!("{event}"),
            (true, true) => {}
        }
        crate::listen::flush();
    }
}

/// The sentence about an event that could not be forwarded.
fn reason(error: &TransportError, url: &Url, kind: &str, id: &str) -> String {
    let what = match error.kind() {
        TransportErrorKind::Connect => "no server listens there; start it".to_owned(),
        TransportErrorKind::Timeout => "no answer in time".to_owned(),
        _ => error.to_string(),
    };
    format!("{kind} [{id}] could not be forwarded to {url}: {what}. It will be sent again.")
}

/// Serves the receiver: one path for each endpoint. Ends only when the listener fails.
pub(crate) async fn serve(listener: TcpListener, forwarder: Arc<Forwarder>) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let forwarder = Arc::clone(&forwarder);
        tokio::spawn(async move {
            let service = service_fn(|request| receive(Arc::clone(&forwarder), request));
            // The emulator sends a delivery again when its connection breaks.
            let connection = hyper::server::conn::http1::Builder::new();
            connection
                .serve_connection(TokioIo::new(stream), service)
                .await
                .ok();
        });
    }
}

async fn receive(
    forwarder: Arc<Forwarder>,
    request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let status = match request.method() {
        &Method::POST => deliver(&forwarder, request).await,
        _ => StatusCode::METHOD_NOT_ALLOWED,
    };
    let mut response = Response::new(Empty::new());
    *response.status_mut() = status;
    Ok(response)
}

async fn deliver(forwarder: &Forwarder, request: Request<Incoming>) -> StatusCode {
    let endpoint = request.uri().path().trim_start_matches('/').to_owned();
    let Some((_, destination)) = forwarder
        .destinations
        .iter()
        .find(|(name, _)| *name == endpoint)
    else {
        return StatusCode::NOT_FOUND;
    };
    let (head, body) = request.into_parts();
    match Limited::new(body, MAX_DELIVERY_BYTES).collect().await {
        Ok(body) => {
            forwarder
                .forward(destination, &head.headers, body.to_bytes())
                .await
        }
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE,
    }
}
