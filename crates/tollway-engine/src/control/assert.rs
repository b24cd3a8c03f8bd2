//! Assertions on the request log: what a test in any language asks in one call.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ControlError, ControlResult, body};
use crate::{ApiError, Engine, Entry};

/// What requests are looked for. What is not given may be anything.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Expected {
    world: Option<String>,
    account: Option<String>,
    method: Option<String>,
    path: Option<String>,
    operation: Option<String>,
    status: Option<u16>,
    idempotency_key: Option<String>,
    /// Parameters by the names they are sent under, `metadata[order]`; others may have been sent too.
    params: Map<String, Value>,
    /// Exactly so many; without a number at least one.
    times: Option<usize>,
}

impl Expected {
    fn fits(&self, entry: &Entry) -> bool {
        let same = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        same(&self.world, entry.world.as_deref())
            && same(&self.account, entry.account.as_deref())
            && same(&self.method, Some(&entry.method))
            && same(&self.path, Some(&entry.path))
            && same(&self.operation, entry.operation.as_deref())
            && same(&self.idempotency_key, entry.idempotency_key.as_deref())
            && self
                .status
                .is_none_or(|status| entry.status == Some(status))
            && self.has_params(entry)
    }

    fn has_params(&self, entry: &Entry) -> bool {
        if self.params.is_empty() {
            return true;
        }
        let sent = entry.params.read();
        let mut wanted = self.params.iter();
        wanted.all(|(name, value)| sent.get(name).is_some_and(|found| is_written(value, found)))
    }
}

/// Whether a value was sent: in a form everything is a text.
fn is_written(wanted: &Value, found: &Value) -> bool {
    let text = wanted.to_string();
    wanted == found || found.as_str() == Some(text.as_str())
}

pub(super) async fn requests(State(engine): State<Arc<Engine>>, bytes: Bytes) -> ControlResult {
    let expected: Expected = body(&bytes)?;
    let found = engine
        .log()
        .select(usize::MAX, |entry| expected.fits(entry));
    let holds = match expected.times {
        Some(times) => found.len() == times,
        None => !found.is_empty(),
    };
    if holds {
        return Ok(Json(json!({"data": found})));
    }
    let wanted = expected
        .times
        .map_or_else(|| "at least one".to_owned(), |times| times.to_string());
    let latest = engine.log().select(5, |_| true);
    let latest: Vec<String> = latest
        .iter()
        .map(|entry| format!("{} {}", entry.method, entry.path))
        .collect();
    let seen = match latest.as_slice() {
        [] => "the log is empty".to_owned(),
        some => format!("the latest requests are {}", some.join(", ")),
    };
    let message = format!(
        "Expected {wanted} such request, found {}; {seen}.",
        found.len()
    );
    Err(ControlError(ApiError::invalid_request(message)))
}
