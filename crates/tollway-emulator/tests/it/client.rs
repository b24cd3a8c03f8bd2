//! The one HTTP client of these tests: a caller with a key, its calls, and what they are answered.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tollway_emulator::{Clock, Emulator};
use tower::ServiceExt;

/// The moment every test emulator starts at.
pub(crate) const START: i64 = 1_790_000_000;

/// An emulator whose time and ids repeat.
pub(crate) fn emulator() -> Emulator {
    Emulator::builder()
        .clock(Clock::manual(START))
        .seed(7)
        .build()
        .unwrap()
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    json: Option<Value>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let json = self.json.clone();
        json.unwrap_or_else(|| panic!("this is no JSON: {}", self.body))
    }

    /// The object, or a panic that shows the error.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.json()
    }

    /// Status, message, code and param of an error.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, &str, &str, &str) {
        assert!(!self.status.is_success(), "{}", self.body);
        let error = self.json.as_ref().map(|json| &json["error"]);
        let get = |name: &str| {
            error
                .and_then(|error| error[name].as_str())
                .unwrap_or_default()
        };
        (
            self.status.as_u16(),
            get("message"),
            get("code"),
            get("param"),
        )
    }

    /// The status and what an OAuth endpoint says in `error`.
    #[track_caller]
    pub(crate) fn oauth_error(&self) -> (u16, String) {
        let error = self.json()["error"].as_str().map(str::to_owned);
        (self.status.as_u16(), error.unwrap_or_default())
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
            _ if path.contains('?') => (format!("{path}&{form}"), String::new()),
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
    /// Another body, as JSON.
    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string();
        self.header("content-type", "application/json")
    }

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
        Answer {
            status: parts.status,
            headers: parts.headers,
            json: serde_json::from_slice(&bytes).ok(),
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}
