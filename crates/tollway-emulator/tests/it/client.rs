//! A small HTTP client for the router.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tollway_emulator::{Clock, Emulator};
use tower::ServiceExt;

/// The moment every test emulator starts at.
pub(crate) const START: i64 = 1_700_000_000;

/// An emulator whose time and ids repeat.
pub(crate) fn emulator() -> Emulator {
    Emulator::builder()
        .clock(Clock::manual(START))
        .seed(7)
        .build()
        .unwrap()
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The object, or a panic that shows the error.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.json
    }

    /// Status, message, code and param of an error.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, &str, &str, &str) {
        assert!(!self.status.is_success(), "{}", self.text);
        let get = |name: &str| self.json["error"][name].as_str().unwrap_or_default();
        (
            self.status.as_u16(),
            get("message"),
            get("code"),
            get("param"),
        )
    }
}

/// A request in the making.
pub(crate) struct Call {
    router: Router,
    request: http::request::Builder,
    body: String,
}

/// A caller with a key.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) router: Router,
    pub(crate) key: String,
}

pub(crate) fn caller(emulator: &Emulator, key: &str) -> Caller {
    Caller {
        router: emulator.router(),
        key: key.into(),
    }
}

impl Caller {
    pub(crate) fn call(&self, method: &str, path: &str, form: &str) -> Call {
        let mut request = Request::builder().method(method);
        if !self.key.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        let (uri, body) = match method {
            "POST" => (path.to_owned(), form.to_owned()),
            _ if form.is_empty() => (path.to_owned(), String::new()),
            _ => (format!("{path}?{form}"), String::new()),
        };
        if path.starts_with("/v2/") {
            request = request.header("stripe-version", "2026-10-28.endive");
        }
        if method == "POST" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        Call {
            router: self.router.clone(),
            request: request.uri(uri),
            body,
        }
    }

    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        self.call("POST", path, form).send().await
    }

    pub(crate) async fn get(&self, path: &str, query: &str) -> Answer {
        self.call("GET", path, query).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, "").send().await
    }
}

impl Call {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        if let Some(headers) = self.request.headers_mut() {
            headers.remove(name);
        }
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let response = self
            .router
            .oneshot(self.request.body(Body::from(self.body)).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_slice(&bytes).unwrap_or_default();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text,
            json,
        }
    }
}
