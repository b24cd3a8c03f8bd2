//! The contexts of the operator's templates.

use serde::Serialize;

use crate::key_rotation::KeyUsage;
use crate::store::{
    Attempt, AttemptCount, AttemptStatus, Connection, Delivery, DeliveryFailure, DeliveryStatus,
    HistoryEntry, InboxState,
};
use crate::web::pages::{PageTemplate, moment};

/// The navigation on top of each page.
#[derive(Serialize)]
pub(crate) struct Nav {
    items: Vec<NavItem>,
    pub token: String,
    /// The result of the last click.
    pub notice: Option<String>,
}

#[derive(Serialize)]
struct NavItem {
    name: &'static str,
    path: &'static str,
    current: bool,
}

impl Nav {
    pub(crate) fn new(current: &str, token: String) -> Self {
        let items = [
            ("Connections", "/operator/connections"),
            ("Attempts", "/operator/attempts"),
            ("Webhook inbox", "/operator/inbox"),
            ("Keys", "/operator/keys"),
        ];
        let items = items.map(|(name, path)| NavItem {
            name,
            path,
            current: path == current,
        });
        Self {
            items: items.into(),
            token,
            notice: None,
        }
    }
}

/// The sealing keys and how many values each has sealed.
#[derive(Serialize)]
pub(crate) struct KeysPage {
    nav: Nav,
    rows: Vec<KeyRow>,
    /// How many values a rotation would seal again.
    old: u64,
}

#[derive(Serialize)]
struct KeyRow {
    id: String,
    what: &'static str,
    values: u64,
}

impl KeysPage {
    pub(crate) fn new(nav: Nav, report: &[KeyUsage]) -> Self {
        let rows = report.iter().map(|key| KeyRow {
            id: key.id.to_string(),
            what: match (key.newest, key.configured, key.values) {
                (true, ..) => "seals and opens",
                (false, true, 0) => "no longer used: it can be taken out of sealing_keys",
                (false, true, _) => "opens",
                (false, false, _) => "missing: what it sealed cannot be opened",
            },
            values: key.values,
        });
        let old = report.iter().filter(|key| !key.newest);
        Self {
            nav,
            rows: rows.collect(),
            old: old.map(|key| key.values).sum(),
        }
    }
}

impl PageTemplate for KeysPage {
    const TEMPLATE: &'static str = "keys.html";
}

/// The login form.
#[derive(Serialize)]
pub(crate) struct LoginPage {
    pub token: String,
    pub wrong: bool,
}

impl PageTemplate for LoginPage {
    const TEMPLATE: &'static str = "login.html";
}

/// A list of connections.
#[derive(Serialize)]
pub(crate) struct ConnectionsPage {
    nav: Nav,
    rows: Vec<ConnectionRow>,
    older: Option<String>,
}

#[derive(Serialize)]
struct ConnectionRow {
    id: String,
    tenant: String,
    account: String,
    realm: String,
    scope: &'static str,
    connected_at: String,
    status: String,
}

impl ConnectionRow {
    fn new(connection: &Connection) -> Self {
        Self {
            id: connection.id.clone(),
            tenant: connection.tenant.clone(),
            account: connection.account.clone(),
            realm: connection.realm.to_string(),
            scope: connection.scope.as_str(),
            connected_at: moment(connection.connected_at),
            status: match &connection.disconnected {
                None => "connected".to_owned(),
                Some(end) => format!("ended {}: {}", moment(end.at), end.reason),
            },
        }
    }
}

impl ConnectionsPage {
    /// `rows` holds one more than `shown` if there are older ones.
    pub(crate) fn new(nav: Nav, rows: Vec<Connection>, shown: u32) -> Self {
        let (rows, older) = take_page(rows, shown, |connection| &connection.id);
        Self {
            nav,
            rows: rows.iter().map(ConnectionRow::new).collect(),
            older,
        }
    }
}

impl PageTemplate for ConnectionsPage {
    const TEMPLATE: &'static str = "connections.html";
}

/// One connection with its tenant's history.
#[derive(Serialize)]
pub(crate) struct ConnectionPage {
    token: String,
    nav: Nav,
    row: ConnectionRow,
    first_connected_at: String,
    active: bool,
    others: Vec<String>,
    publishable_key: String,
    half: Option<ConnectionRow>,
    history: Vec<HistoryLine>,
}

#[derive(Serialize)]
struct HistoryLine {
    at: String,
    action: &'static str,
    account: String,
    actor: &'static str,
    address: String,
    detail: String,
}

impl ConnectionPage {
    pub(crate) fn new(
        nav: Nav,
        connection: &Connection,
        others: Vec<String>,
        half: Option<&Connection>,
        history: Vec<HistoryEntry>,
    ) -> Self {
        let history = history.into_iter().map(|entry| HistoryLine {
            at: moment(entry.stamp.at),
            action: entry.action.as_str(),
            account: entry.account.unwrap_or_default(),
            actor: entry.stamp.actor.as_str(),
            address: entry.stamp.address.unwrap_or_default(),
            detail: entry.detail.unwrap_or_default(),
        });
        Self {
            token: nav.token.clone(),
            nav,
            row: ConnectionRow::new(connection),
            first_connected_at: moment(connection.first_connected_at),
            active: connection.is_active(),
            others,
            publishable_key: connection.publishable_key.clone().unwrap_or_default(),
            half: half.map(ConnectionRow::new),
            history: history.collect(),
        }
    }
}

impl PageTemplate for ConnectionPage {
    const TEMPLATE: &'static str = "connection.html";
}

/// Attempts and their states.
#[derive(Serialize)]
pub(crate) struct AttemptsPage {
    nav: Nav,
    counts: Vec<CountRow>,
    rows: Vec<AttemptRow>,
    older: Option<String>,
}

#[derive(Serialize)]
struct CountRow {
    realm: String,
    what: &'static str,
    count: u64,
}

#[derive(Serialize)]
struct AttemptRow {
    id: String,
    started: String,
    tenant: String,
    realm: String,
    what: &'static str,
    account: String,
    detail: String,
}

impl AttemptsPage {
    pub(crate) fn new(nav: Nav, counts: Vec<AttemptCount>, rows: Vec<Attempt>, shown: u32) -> Self {
        let counts = counts.into_iter().map(|count| CountRow {
            realm: count.realm.to_string(),
            what: state_name(count.status, count.outcome),
            count: count.count,
        });
        let (rows, older) = take_page(rows, shown, |attempt| &attempt.id);
        let rows = rows.into_iter().map(|attempt| AttemptRow {
            started: moment(attempt.created_at),
            tenant: attempt.tenant,
            realm: attempt.realm.to_string(),
            what: state_name(attempt.status, attempt.outcome),
            account: attempt.account.unwrap_or_default(),
            detail: attempt.detail.unwrap_or_default(),
            id: attempt.id,
        });
        Self {
            nav,
            counts: counts.collect(),
            rows: rows.collect(),
            older,
        }
    }
}

fn state_name(status: AttemptStatus, outcome: Option<crate::outcome::Outcome>) -> &'static str {
    outcome.map_or(status.as_str(), crate::outcome::Outcome::as_str)
}

impl PageTemplate for AttemptsPage {
    const TEMPLATE: &'static str = "attempts.html";
}

/// The inbox.
#[derive(Serialize)]
pub(crate) struct InboxPage {
    nav: Nav,
    counts: Vec<StatusCount>,
    rows: Vec<DeliveryRow>,
    older: Option<String>,
}

#[derive(Serialize)]
struct StatusCount {
    status: &'static str,
    count: u64,
}

#[derive(Serialize)]
struct DeliveryRow {
    id: String,
    received: String,
    event_type: String,
    account: String,
    realm: String,
    status: &'static str,
    attempts: u32,
    note: String,
}

impl DeliveryRow {
    fn new(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.clone(),
            received: moment(delivery.received_at),
            event_type: delivery.event_type.clone(),
            account: delivery.account.clone().unwrap_or_default(),
            realm: delivery.realm.to_string(),
            status: delivery.status.as_str(),
            attempts: delivery.attempts,
            note: delivery.note.clone().unwrap_or_default(),
        }
    }
}

impl InboxPage {
    pub(crate) fn new(nav: Nav, state: &InboxState, rows: Vec<Delivery>, shown: u32) -> Self {
        use DeliveryStatus::{Dead, Done, Ignored, Pending, Working};
        let counts = [Pending, Working, Done, Ignored, Dead].map(|status| StatusCount {
            status: status.as_str(),
            count: state.count(status),
        });
        let (rows, older) = take_page(rows, shown, |delivery| &delivery.id);
        Self {
            nav,
            counts: counts.into(),
            rows: rows.iter().map(DeliveryRow::new).collect(),
            older,
        }
    }
}

impl PageTemplate for InboxPage {
    const TEMPLATE: &'static str = "inbox.html";
}

/// One delivery.
#[derive(Serialize)]
pub(crate) struct DeliveryPage {
    token: String,
    nav: Nav,
    row: DeliveryRow,
    event_id: String,
    endpoint: &'static str,
    may_replay: bool,
    failures: Vec<FailureRow>,
    body: String,
}

#[derive(Serialize)]
struct FailureRow {
    attempt: u32,
    at: String,
    error: String,
}

impl DeliveryPage {
    pub(crate) fn new(nav: Nav, delivery: &Delivery, failures: Vec<DeliveryFailure>) -> Self {
        let failures = failures.into_iter().map(|failure| FailureRow {
            attempt: failure.attempt,
            at: moment(failure.at),
            error: failure.error,
        });
        Self {
            token: nav.token.clone(),
            nav,
            row: DeliveryRow::new(delivery),
            event_id: delivery.event_id.clone(),
            endpoint: delivery.endpoint.as_str(),
            may_replay: !matches!(
                delivery.status,
                DeliveryStatus::Pending | DeliveryStatus::Working
            ),
            failures: failures.collect(),
            body: String::from_utf8_lossy(&delivery.body).into_owned(),
        }
    }
}

impl PageTemplate for DeliveryPage {
    const TEMPLATE: &'static str = "delivery.html";
}

/// The rows that are shown, and the id of the last one if there are older rows.
fn take_page<T>(
    mut rows: Vec<T>,
    shown: u32,
    id: impl Fn(&T) -> &String,
) -> (Vec<T>, Option<String>) {
    let shown = usize::try_from(shown).unwrap_or(usize::MAX);
    let has_older = rows.len() > shown;
    rows.truncate(shown);
    let older = rows.last().filter(|_| has_older).map(|row| id(row).clone());
    (rows, older)
}
