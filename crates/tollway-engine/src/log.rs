//! The request log: what came in, what it was taken for, and how it ended. Kept in memory, bounded.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::key::redact;
use crate::request_context::{DropConnection, RequestContext};
use crate::scope::Scope;

/// One request.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// `req_…`.
    pub id: String,
    /// When it came, unix milliseconds of the emulator's clock.
    pub at: i64,
    /// HTTP method.
    pub method: String,
    /// Path of the URL.
    pub path: String,
    /// The operation it was taken for, `charges.create`.
    pub operation: Option<String>,
    /// The world its key opened.
    pub world: Option<Arc<str>>,
    /// The account it acted on.
    pub account: Option<Arc<str>>,
    /// The mode it acted in.
    pub livemode: Option<bool>,
    /// The caller's idempotency key.
    pub idempotency_key: Option<String>,
    /// The parameters as they were sent.
    pub params: LoggedParams,
    /// Status of the answer; none if the connection was dropped.
    pub status: Option<u16>,
    /// The answer was given before.
    pub replayed: bool,
    /// The message of an error.
    pub error: Option<String>,
    /// The fault that was put on it.
    pub fault: Option<String>,
}

impl Entry {
    /// The entry of a request that just arrived.
    pub fn begin(now_millis: i64, request: &Request, context: &RequestContext) -> Self {
        let header = |name: &str| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        Self {
            id: context.request_id.clone(),
            at: now_millis,
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            operation: None,
            world: None,
            account: None,
            livemode: None,
            idempotency_key: header("idempotency-key").map(str::to_owned),
            params: LoggedParams::default(),
            status: None,
            replayed: false,
            error: None,
            fault: None,
        }
    }

    /// Adds the outcome.
    pub fn finish(&mut self, response: &Response, details: Option<LogDetails>) {
        let dropped = response.extensions().get::<DropConnection>().is_some();
        self.status = (!dropped).then(|| response.status().as_u16());
        let Some(details) = details else {
            return;
        };
        self.operation = details.operation;
        self.params = details.params;
        self.replayed = details.replayed;
        self.error = details.error;
        if let Some((world, scope)) = details.acted {
            self.world = Some(world);
            self.livemode = Some(scope.livemode());
            self.account = Some(scope.account);
        }
    }
}

/// What the log shows of a request besides its line and its status; a response extension, set by its handler.
#[derive(Debug, Clone, Default)]
pub struct LogDetails {
    /// The parameters as they were sent.
    pub params: LoggedParams,
    /// The name of the operation.
    pub operation: Option<String>,
    /// The world and scope it acted in.
    pub acted: Option<(Arc<str>, Scope)>,
    /// Whether the response is that of an earlier request with the same idempotency key.
    pub replayed: bool,
    /// Message of an error.
    pub error: Option<String>,
}

/// Parameters as they were sent, read when the log is read: a form as names and texts, `metadata[k]`, a JSON body as it is.
/// Card numbers and the like are not shown. Of a large or multipart body nothing is kept.
#[derive(Debug, Clone, Default)]
pub struct LoggedParams {
    query: String,
    body: Bytes,
}

/// Larger bodies are not kept in the log.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// Last parts of names whose values are not shown.
const SECRET_NAMES: &[&str] = &["number", "cvc", "client_secret", "account_number"];

impl LoggedParams {
    /// The parameters of a request.
    pub fn new(parts: &Parts, body: &Bytes) -> Self {
        let multipart = parts
            .headers
            .get(http::header::CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"multipart/"));
        Self {
            query: parts.uri.query().unwrap_or_default().to_owned(),
            body: if multipart || body.len() > MAX_BODY_BYTES {
                Bytes::new()
            } else {
                // A copy: the body is a piece of the connection's buffer, which must not be kept for it.
                Bytes::copy_from_slice(body)
            },
        }
    }

    /// The parameters by name.
    #[must_use]
    pub fn read(&self) -> Map<String, Value> {
        let mut params = Map::new();
        let mut add = |pairs: &[u8]| {
            for (name, value) in form_urlencoded::parse(pairs) {
                params.insert(name.into_owned(), value.into_owned().into());
            }
        };
        add(self.query.as_bytes());
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(members)) => params.extend(members),
            _ => add(&self.body),
        }
        params.iter_mut().for_each(redact_secrets);
        params
    }
}

/// Replaces what must not be shown.
fn redact_secrets((name, value): (&String, &mut Value)) {
    let last = name.rsplit('[').next().unwrap_or(name);
    match value {
        Value::Object(members) => members.iter_mut().for_each(redact_secrets),
        Value::String(text) if SECRET_NAMES.contains(&last.trim_end_matches(']')) => {
            *text = redact(text);
        }
        _ => {}
    }
}

impl Serialize for LoggedParams {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.read().serialize(serializer)
    }
}

/// The last requests.
#[derive(Debug)]
pub struct RequestLog {
    capacity: usize,
    entries: Mutex<VecDeque<Entry>>,
}

impl RequestLog {
    /// An empty log that holds this many requests.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: Mutex::default(),
        }
    }

    /// Adds a request; the oldest one goes when the log is full.
    pub fn push(&self, entry: Entry) {
        let mut entries = self.entries();
        let oldest = (entries.len() >= self.capacity).then(|| entries.pop_front());
        if self.capacity > 0 {
            entries.push_back(entry);
        }
        drop(entries);
        // Freed when others may have the log again.
        drop(oldest);
    }

    /// The requests that `wanted` accepts, newest first.
    #[must_use]
    pub fn select(&self, limit: usize, wanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        self.entries()
            .iter()
            .rev()
            .filter(|entry| wanted(entry))
            .take(limit)
            .cloned()
            .collect()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.entries().clear();
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
