//! The HTTP client of these tests: a caller with a key, its requests and their answers.

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

    /// Asserts that this is an error with this status and code; returns its message.
    #[track_caller]
    pub(crate) fn expect_error(&self, status: u16, code: &str) -> String {
        let (actual_status, message, actual_code, _) = self.error();
        assert_eq!(
            (actual_status, actual_code),
            (status, code),
            "{}",
            self.body
        );
        message.to_owned()
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

/// A form: pairs, or an encoded text.
pub(crate) trait Form {
    fn encode(&self) -> String;
}

impl Form for str {
    fn encode(&self) -> String {
        self.to_owned()
    }
}

impl Form for String {
    fn encode(&self) -> String {
        self.clone()
    }
}

impl Form for [(&str, &str)] {
    fn encode(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self)
            .finish()
    }
}

impl<const N: usize> Form for [(&str, &str); N] {
    fn encode(&self) -> String {
        self[..].encode()
    }
}

impl Form for Vec<(&str, &str)> {
    fn encode(&self) -> String {
        self[..].encode()
    }
}

/// The id of an object.
#[track_caller]
pub(crate) fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

/// A request that is not sent yet.
pub(crate) struct RequestBuilder {
    router: Router,
    request: http::request::Builder,
    body: String,
}

/// A caller with a key, and with headers that all its requests have.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) router: Router,
    pub(crate) key: String,
    headers: Vec<(String, String)>,
}

pub(crate) fn caller(emulator: &Emulator, key: &str) -> Caller {
    Caller {
        router: emulator.router(),
        key: key.into(),
        headers: Vec::new(),
    }
}

impl Caller {
    /// The same caller, acting for a connected account.
    pub(crate) fn as_account(&self, account: &str) -> Self {
        self.clone().with_headers(&[("stripe-account", account)])
    }

    /// The same caller with more headers.
    pub(crate) fn with_headers(mut self, headers: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.headers.extend(headers.iter().map(owned));
        self
    }

    pub(crate) fn call<F: Form + ?Sized>(
        &self,
        method: &str,
        path: &str,
        form: &F,
    ) -> RequestBuilder {
        let form = form.encode();
        let mut request = Request::builder().method(method);
        if !self.key.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        let (uri, body) = match method {
            "POST" => (path.to_owned(), form),
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
        let builder = RequestBuilder {
            router: self.router.clone(),
            request: request.uri(uri),
            body,
        };
        let headers = self.headers.iter();
        headers.fold(builder, |builder, (name, value)| {
            builder.header(name, value)
        })
    }

    pub(crate) async fn post<F: Form + ?Sized>(&self, path: &str, form: &F) -> Answer {
        self.call("POST", path, form).send().await
    }

    pub(crate) async fn get(&self, path: &str, query: &str) -> Answer {
        self.call("GET", path, query).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, "").send().await
    }
}

impl RequestBuilder {
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

/// The types of the newest events, newest first.
pub(crate) async fn event_types(api: &Caller, count: usize) -> Vec<String> {
    let events = api.get("/v1/events", &format!("limit={count}")).await.ok();
    let events = events["data"].as_array().unwrap().clone();
    let types = events
        .iter()
        .map(|event| event["type"].as_str().unwrap().to_owned());
    types.collect()
}
