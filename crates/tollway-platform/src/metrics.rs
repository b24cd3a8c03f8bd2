//! Metrics for Prometheus: the connect funnel, the inbox, the rate limits. Label values come from the configuration and from
//! fixed lists, never from a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::outcome::Outcome;
use crate::realm::Realm;
use crate::store::{DisconnectReason, InboxState, Millis};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RealmLabels {
    platform: String,
    mode: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NamedLabels {
    platform: String,
    mode: &'static str,
    name: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    platform: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PlaceLabels {
    place: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabels {
    status: &'static str,
}

type LatencyFamily = Family<RealmLabels, Histogram, fn() -> Histogram>;

/// The metrics of one platform. There is no global state: two platforms in one process count independently.
pub(crate) struct Metrics {
    registry: Registry,
    started: Family<RealmLabels, Counter>,
    returned: Family<OutcomeLabels, Counter>,
    outcomes: Family<OutcomeLabels, Counter>,
    disconnected: Family<NamedLabels, Counter>,
    exchange: LatencyFamily,
    received: Family<NamedLabels, Counter>,
    worked: Family<NamedLabels, Counter>,
    limited: Family<PlaceLabels, Counter>,
    inbox: Family<StatusLabels, Gauge<i64, AtomicI64>>,
    oldest: Gauge<f64, AtomicU64>,
}

impl Metrics {
    pub(crate) fn new() -> Arc<Self> {
        let exchange: LatencyFamily =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.025, 2.0, 12)));
        let mut metrics = Self {
            registry: Registry::with_prefix("tollway"),
            started: Family::default(),
            returned: Family::default(),
            outcomes: Family::default(),
            disconnected: Family::default(),
            exchange,
            received: Family::default(),
            worked: Family::default(),
            limited: Family::default(),
            inbox: Family::default(),
            oldest: Gauge::default(),
        };
        metrics.register();
        Arc::new(metrics)
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "connect_started",
            "Attempts to connect that were started",
            self.started.clone(),
        );
        registry.register(
            "connect_returned",
            "Browsers that came back from Stripe, by what they brought",
            self.returned.clone(),
        );
        registry.register(
            "connect_outcomes",
            "How attempts and callbacks ended",
            self.outcomes.clone(),
        );
        registry.register(
            "disconnected",
            "Connections that ended, by reason",
            self.disconnected.clone(),
        );
        registry.register_with_unit(
            "connect_exchange",
            "Time that the exchange of a code took",
            Unit::Seconds,
            self.exchange.clone(),
        );
        registry.register(
            "webhook_received",
            "Webhook deliveries that came, by what became of them",
            self.received.clone(),
        );
        registry.register(
            "webhook_worked",
            "Work on deliveries, by result",
            self.worked.clone(),
        );
        registry.register(
            "rate_limited",
            "Requests that were turned away because one address made too many",
            self.limited.clone(),
        );
        registry.register(
            "inbox_deliveries",
            "Deliveries in the inbox, by status",
            self.inbox.clone(),
        );
        registry.register_with_unit(
            "inbox_oldest_unfinished",
            "How long the oldest unfinished delivery has waited",
            Unit::Seconds,
            self.oldest.clone(),
        );
    }

    pub(crate) fn count_started(&self, realm: &Realm) {
        self.started.get_or_create(&realm_labels(realm)).inc();
    }

    /// Counts a callback. `response` is `code`, `error` or `nothing`.
    pub(crate) fn count_returned(&self, platform: &str, response: &'static str) {
        let labels = OutcomeLabels {
            platform: platform.to_owned(),
            outcome: response,
        };
        self.returned.get_or_create(&labels).inc();
    }

    pub(crate) fn count_outcome(&self, platform: &str, outcome: Outcome) {
        let labels = OutcomeLabels {
            platform: platform.to_owned(),
            outcome: outcome.as_str(),
        };
        self.outcomes.get_or_create(&labels).inc();
    }

    pub(crate) fn count_disconnected(&self, realm: &Realm, reason: DisconnectReason) {
        self.disconnected
            .get_or_create(&named_labels(realm, reason.as_str()))
            .inc();
    }

    pub(crate) fn observe_exchange(&self, realm: &Realm, seconds: f64) {
        self.exchange
            .get_or_create(&realm_labels(realm))
            .observe(seconds);
    }

    /// Counts a webhook delivery. `result` is `new`, `duplicate`, `other_mode`, `bad_signature` or `unreadable`.
    pub(crate) fn count_received(&self, realm: &Realm, result: &'static str) {
        self.received
            .get_or_create(&named_labels(realm, result))
            .inc();
    }

    /// Counts an attempt to handle a delivery. `result` is `done`, `ignored`, `retried` or `dead`.
    pub(crate) fn count_worked(&self, realm: &Realm, result: &'static str) {
        self.worked
            .get_or_create(&named_labels(realm, result))
            .inc();
    }

    pub(crate) fn count_rate_limited(&self, place: &'static str) {
        self.limited.get_or_create(&PlaceLabels { place }).inc();
    }

    /// All metrics in the OpenMetrics text format, with the inbox as it is now.
    pub(crate) fn render(&self, inbox: &InboxState, now: Millis) -> String {
        use crate::store::DeliveryStatus::{Dead, Done, Ignored, Pending, Working};
        for status in [Pending, Working, Done, Ignored, Dead] {
            let count = i64::try_from(inbox.count(status)).unwrap_or(i64::MAX);
            self.inbox
                .get_or_create(&StatusLabels {
                    status: status.as_str(),
                })
                .set(count);
        }
        let waited = inbox
            .oldest_unfinished
            .map_or(0, |since| (now - since).max(0));
        self.oldest.set(millis_to_seconds(waited));
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string does not fail");
        text
    }
}

/// Converts milliseconds to seconds.
fn millis_to_seconds(millis: Millis) -> f64 {
    std::time::Duration::from_millis(millis.max(0).unsigned_abs()).as_secs_f64()
}

fn realm_labels(realm: &Realm) -> RealmLabels {
    RealmLabels {
        platform: realm.platform.clone(),
        mode: realm.mode.as_str(),
    }
}

fn named_labels(realm: &Realm, name: &'static str) -> NamedLabels {
    NamedLabels {
        platform: realm.platform.clone(),
        mode: realm.mode.as_str(),
        name,
    }
}
