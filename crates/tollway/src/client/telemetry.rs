//! The optional header with the duration of an earlier request. Off by default.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;

/// The most measurements that are queued for later requests; the oldest are dropped.
const MAX_QUEUED: usize = 100;

/// Measurements that were not sent yet.
#[derive(Debug, Default)]
pub(crate) struct Telemetry(Mutex<VecDeque<String>>);

impl Telemetry {
    /// Queues the duration of a request that has a `Request-Id`.
    pub(crate) fn record(&self, request_id: &str, elapsed: Duration, usage: &[&str]) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.len() == MAX_QUEUED {
            queue.pop_front();
        }
        queue.push_back(header(request_id, elapsed, usage));
    }

    /// The header of the next request.
    pub(crate) fn next(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    }
}

fn header(request_id: &str, elapsed: Duration, usage: &[&str]) -> String {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    // Formatted here, because the members must be in the order of Stripe's own libraries.
    let id = json!(request_id);
    if usage.is_empty() {
        format!(
            r#"{{"last_request_metrics":{{"request_id":{id},"request_duration_ms":{millis}}}}}"#
        )
    } else {
        let usage = json!(usage);
        format!(
            r#"{{"last_request_metrics":{{"request_id":{id},"request_duration_ms":{millis},"usage":{usage}}}}}"#
        )
    }
}
