//! Faults on purpose: how a program behaves when Stripe is slow, refuses, or loses the connection.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Method};
use serde::{Deserialize, Serialize};

use crate::error::ApiError;

/// A rule: which requests it hits and what it does to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Only this HTTP method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only this path; a `*` stands for any text, `/v1/charges*`.
    #[serde(default)]
    pub path: Option<String>,
    /// Only requests whose key contains this text, so that parallel tests do not hit each other.
    #[serde(default)]
    pub key: Option<String>,
    /// Lets this many matching requests pass first.
    #[serde(default)]
    pub after: u32,
    /// Hits this many requests; without a number every one until it is removed.
    #[serde(default)]
    pub times: Option<u32>,
    /// Waits this many milliseconds before anything else.
    #[serde(default)]
    pub latency_ms: u64,
    /// What happens then.
    #[serde(default)]
    pub then: FaultEffect,
}

/// What a fault does besides waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultEffect {
    /// The request goes on as usual.
    #[default]
    Nothing,
    /// 429 `rate_limit`, without any effect.
    RateLimit,
    /// 429 `lock_timeout`, without any effect.
    LockTimeout,
    /// 409, without any effect; the answer asks for a retry.
    Conflict,
    /// 500 `api_error`, without any effect.
    ServerError,
    /// The connection breaks before the request has any effect.
    DropBefore,
    /// The connection breaks after the request had its effect.
    DropAfter,
}

/// What the front has to do.
#[derive(Debug)]
pub enum FaultAction {
    /// Nothing.
    None,
    /// Refuse the request with this error.
    Refuse(ApiError),
    /// Break the connection before the request has any effect.
    DropBefore,
    /// Break the connection after the request had its effect.
    DropAfter,
}

impl Fault {
    /// How long to wait first.
    pub fn latency(&self) -> Option<Duration> {
        (self.latency_ms > 0).then(|| Duration::from_millis(self.latency_ms))
    }

    /// What to do with a request that the fault matches.
    pub fn action(&self) -> FaultAction {
        match self.then {
            FaultEffect::Nothing => FaultAction::None,
            FaultEffect::RateLimit => FaultAction::Refuse(ApiError::rate_limited()),
            FaultEffect::LockTimeout => FaultAction::Refuse(lock_timeout(429)),
            FaultEffect::Conflict => {
                let mut error = lock_timeout(409);
                error.should_retry = Some(true);
                FaultAction::Refuse(error)
            }
            FaultEffect::ServerError => FaultAction::Refuse(ApiError::internal(
                "Sorry! There was an error while talking to one of our backends. Support has been notified.",
            )),
            FaultEffect::DropBefore => FaultAction::DropBefore,
            FaultEffect::DropAfter => FaultAction::DropAfter,
        }
    }

    /// The fault as text, for the log.
    pub fn describe(&self) -> String {
        let then = serde_json::to_value(self.then)
            .ok()
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default();
        if self.latency_ms > 0 {
            format!("{then} after {} ms", self.latency_ms)
        } else {
            then
        }
    }

    fn matches(&self, method: &Method, path: &str, headers: &HeaderMap) -> bool {
        let header = |name: &str| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        self.method
            .as_deref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()))
            && self
                .path
                .as_deref()
                .is_none_or(|pattern| glob(pattern, path))
            && self
                .key
                .as_deref()
                .is_none_or(|key| header("authorization").contains(key))
    }
}

fn lock_timeout(status: u16) -> ApiError {
    let message = "This object cannot be accessed right now because another API request or Stripe process is currently accessing it. \
                   If you see this error intermittently, retry the request.";
    ApiError::new(status, "invalid_request_error", message).code("lock_timeout")
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}

/// The faults in force.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// Adds a fault.
    pub fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// The faults in force, with what is left of their counts.
    #[must_use]
    pub fn list(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// The fault that hits this request, counted.
    pub fn take_matching(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Fault> {
        let mut faults = self.lock();
        if faults.is_empty() {
            return None;
        }
        let position = faults.iter_mut().position(|fault| {
            if !fault.matches(method, path, headers) {
                return false;
            }
            let passes = fault.after > 0;
            fault.after = fault.after.saturating_sub(1);
            !passes
        })?;
        let fault = &mut faults[position];
        let hit = fault.clone();
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                faults.remove(position);
            }
        }
        Some(hit)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(glob("/v1/charges", "/v1/charges") && !glob("/v1/charges", "/v1/charges/x"));
        assert!(
            glob("/v1/charges*", "/v1/charges/x")
                && glob("*", "")
                && glob("/v1/*/capture", "/v1/charges/x/capture")
        );
        assert!(!glob("/v1/*/capture", "/v1/charges/x") && glob("a*b*c", "a-b-b-c"));
    }

    #[test]
    fn faults_are_counted() {
        let faults = Faults::default();
        let fault: Fault = serde_json::from_str(
            r#"{"path": "/v1/*", "after": 1, "times": 2, "then": "rate_limit"}"#,
        )
        .unwrap();
        faults.add(fault);
        let hits: Vec<_> = (0..4)
            .map(|_| {
                faults
                    .take_matching(&Method::GET, "/v1/x", &HeaderMap::new())
                    .is_some()
            })
            .collect();
        assert_eq!(hits, [false, true, true, false]);
        assert!(faults.list().is_empty());
        assert!(serde_json::from_str::<Fault>(r#"{"then": "explode"}"#).is_err());
        assert!(serde_json::from_str::<Fault>(r#"{"typo": 1}"#).is_err());
    }
}
