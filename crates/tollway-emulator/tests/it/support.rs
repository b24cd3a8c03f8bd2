//! A caller of the emulator's router.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tollway::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};
use tollway_emulator::{Clock, Emulator};
use tower::ServiceExt as _;
use url::Url;

pub(crate) const START: i64 = 1_790_000_000;

/// A connected account's way back.
pub(crate) const CALLBACK: &str = "http://localhost:4000/callback";

/// An emulator on a clock that stands still, and what its webhooks met.
pub(crate) struct Stripe {
    pub(crate) emulator: Emulator,
    pub(crate) inbox: Arc<Inbox>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.json()
    }

    /// The OAuth error and its status.
    pub(crate) fn error(&self) -> (u16, String) {
        (
            self.status.as_u16(),
            self.json()["error"].as_str().unwrap_or_default().to_owned(),
        )
    }

    /// The query of the redirect.
    pub(crate) fn redirect(&self) -> BTreeMap<String, String> {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        let location = Url::parse(self.headers[header::LOCATION].to_str().unwrap()).unwrap();
        assert!(location.as_str().starts_with(CALLBACK), "{location}");
        location.query_pairs().into_owned().collect()
    }
}

impl Stripe {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(
        change: impl FnOnce(tollway_emulator::EmulatorBuilder) -> tollway_emulator::EmulatorBuilder,
    ) -> Self {
        let inbox = Arc::new(Inbox::default());
        let builder = Emulator::builder().clock(Clock::manual(START)).seed(7);
        let builder = builder.webhook_transport(Arc::new(Wire(Arc::clone(&inbox))));
        Self {
            emulator: change(builder).build().unwrap(),
            inbox,
        }
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        form: &[(&str, &str)],
    ) -> Answer {
        self.call_with(method, path, key, &[], form).await
    }

    pub(crate) async fn call_with(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        if path.starts_with("/v2/") {
            request = request.header("stripe-version", "2026-10-28.endive");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let response = self
            .emulator
            .router()
            .oneshot(request.body(Body::from(body)).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, &[]).await
    }

    pub(crate) async fn post(&self, path: &str, key: &str, form: &[(&str, &str)]) -> Answer {
        self.call(Method::POST, path, Some(key), form).await
    }

    /// The seller's answer on the authorize page.
    pub(crate) async fn decide(&self, client_id: &str, form: &[(&str, &str)]) -> Answer {
        self.call(
            Method::POST,
            &authorize(client_id, "read_write"),
            None,
            form,
        )
        .await
    }

    /// A new seller says yes; its code.
    pub(crate) async fn code(&self, client_id: &str, email: &str) -> String {
        let form = [
            ("decision", "connect"),
            ("account", "new"),
            ("stripe_user[email]", email),
        ];
        let redirect = self.decide(client_id, &form).await.redirect();
        assert_eq!(
            (redirect["scope"].as_str(), redirect["state"].as_str()),
            ("read_write", "s1")
        );
        redirect["code"].clone()
    }

    pub(crate) async fn redeem(&self, key: &str, code: &str) -> Answer {
        self.post(
            "/oauth/token",
            key,
            &[("grant_type", "authorization_code"), ("code", code)],
        )
        .await
    }

    /// A new seller, connected; the token response.
    pub(crate) async fn connect(&self, client_id: &str, key: &str, email: &str) -> Value {
        let code = self.code(client_id, email).await;
        self.redeem(key, &code).await.ok()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.emulator
            .clock()
            .advance(std::time::Duration::from_secs(seconds));
    }
}

/// The authorize URL's path and query.
pub(crate) fn authorize(client_id: &str, scope: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", client_id),
            ("response_type", "code"),
            ("scope", scope),
            ("state", "s1"),
            ("redirect_uri", CALLBACK),
        ])
        .finish();
    format!("/oauth/authorize?{query}")
}

/// What webhooks met: every delivery, and the answers to give next (200 once they run out).
#[derive(Default)]
pub(crate) struct Inbox {
    pub(crate) received: Mutex<Vec<Received>>,
    pub(crate) answers: Mutex<Vec<u16>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) url: Uri,
    pub(crate) signature: String,
    pub(crate) raw: String,
    pub(crate) body: Value,
}

impl Inbox {
    /// Takes what has arrived.
    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }

    /// The types of what has arrived, in order.
    pub(crate) fn types(&self) -> Vec<String> {
        self.take()
            .iter()
            .map(|event| event.body["type"].as_str().unwrap().to_owned())
            .collect()
    }
}

struct Wire(Arc<Inbox>);

impl Transport for Wire {
    fn send(
        &self,
        request: TransportRequest,
    ) -> tollway::runtime::BoxFuture<'static, Result<TransportResponse, TransportError>> {
        let raw = String::from_utf8(request.body.to_vec()).unwrap();
        let signature = request.headers["stripe-signature"]
            .to_str()
            .unwrap()
            .to_owned();
        let body = serde_json::from_str(&raw).unwrap();
        self.0.received.lock().unwrap().push(Received {
            url: request.url,
            signature,
            raw,
            body,
        });
        let mut answers = self.0.answers.lock().unwrap();
        let status = if answers.is_empty() {
            200
        } else {
            answers.remove(0)
        };
        Box::pin(async move {
            if status == 0 {
                return Err(TransportError::new(
                    TransportErrorKind::Connect,
                    "nobody listens",
                ));
            }
            Ok(TransportResponse::new(
                StatusCode::from_u16(status).unwrap(),
                HeaderMap::new(),
                "noted",
            ))
        })
    }
}
