//! The contexts of the console's pages.

use serde::Serialize;

use crate::accounts::dashboard_page::ConnectionCard;
use crate::pages::{Page, Template};

/// The summary of every world.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConsolePage {
    /// The address of the emulator, for the example.
    pub(crate) base: String,
    pub(crate) worlds: Vec<WorldSection>,
}

/// One world.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WorldSection {
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) applications: Vec<ApplicationRow>,
    pub(crate) sellers: Vec<SellerRow>,
    pub(crate) events: Vec<EventRow>,
}

/// A client id.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ApplicationRow {
    pub(crate) client_id: String,
    pub(crate) mode: &'static str,
    pub(crate) redirect_uris: Vec<String>,
}

/// An account and its connections.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SellerRow {
    pub(crate) account: String,
    pub(crate) label: String,
    /// Modes and scopes, in words.
    pub(crate) connected: String,
}

/// An event and the status of its deliveries.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EventRow {
    pub(crate) id: String,
    pub(crate) r#type: String,
    pub(crate) account: String,
    /// In words.
    pub(crate) deliveries: String,
}

/// One world in the console.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WorldPage {
    pub(crate) world: WorldSection,
    pub(crate) connections: Vec<SellerConnection>,
    pub(crate) charts: Vec<Chart>,
    pub(crate) endpoints: Vec<EndpointRow>,
    pub(crate) business_name: String,
    /// Why the settings were not saved.
    pub(crate) error: Option<String>,
}

/// A webhook endpoint or event destination.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EndpointRow {
    pub(crate) url: String,
    pub(crate) mode: &'static str,
    /// `its own events`, or `connected accounts`.
    pub(crate) receives: &'static str,
    pub(crate) status: String,
    pub(crate) secret: String,
}

/// A connection of a seller.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SellerConnection {
    pub(crate) account: String,
    pub(crate) label: String,
    pub(crate) connection: ConnectionCard,
}

/// A chart of the balances in one mode and currency.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Chart {
    pub(crate) id: String,
    pub(crate) mode: &'static str,
    pub(crate) currency: String,
    pub(crate) height: usize,
    pub(crate) rows: Vec<ChartRow>,
}

/// An account's two bars.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ChartRow {
    pub(crate) label: String,
    /// The shortened label.
    pub(crate) short: String,
    /// The vertical position of the label.
    pub(crate) y: usize,
    pub(crate) available: Bar,
    pub(crate) pending: Bar,
}

/// A bar and its amount.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Bar {
    pub(crate) width: i64,
    pub(crate) y: usize,
    pub(crate) negative: bool,
    /// Formatted.
    pub(crate) amount: String,
}

/// The request log.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RequestsPage {
    /// Whether the page reloads by itself.
    pub(crate) live: bool,
    /// The path of the page with `live` switched.
    pub(crate) toggle: String,
    pub(crate) path: String,
    pub(crate) errors: bool,
    pub(crate) world: String,
    pub(crate) rows: Vec<RequestRow>,
}

/// A request in the log.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RequestRow {
    pub(crate) id: String,
    pub(crate) at: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) operation: String,
    pub(crate) world: String,
    pub(crate) account: String,
    pub(crate) status: String,
    pub(crate) failed: bool,
    pub(crate) fault: Option<String>,
}

/// One request.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RequestPage {
    pub(crate) row: RequestRow,
    pub(crate) mode: &'static str,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) replayed: bool,
    pub(crate) error: Option<String>,
    /// As JSON.
    pub(crate) params: String,
}

/// One event.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EventPage {
    pub(crate) id: String,
    pub(crate) world: String,
    pub(crate) r#type: String,
    pub(crate) deliveries: Vec<DeliveryCard>,
    /// As JSON; empty if the event is not stored.
    pub(crate) body: String,
}

/// The delivery of an event to one endpoint.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DeliveryCard {
    pub(crate) endpoint: String,
    /// In words.
    pub(crate) status: String,
    pub(crate) attempts: Vec<AttemptRow>,
}

/// One attempt.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AttemptRow {
    pub(crate) at: String,
    pub(crate) status: String,
    pub(crate) answer: String,
}

/// The active faults, and a form to add one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FaultsPage {
    pub(crate) faults: Vec<FaultRow>,
    pub(crate) error: Option<String>,
}

/// A fault.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FaultRow {
    pub(crate) does: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) key: String,
    pub(crate) after: u32,
    pub(crate) left: String,
}

impl Page for ConsolePage {
    const TEMPLATE: Template = Template::new(
        "console.html",
        concat!(
            include_str!("templates/layout.html"),
            include_str!("templates/console.html")
        ),
    );
}

impl Page for WorldPage {
    const TEMPLATE: Template = Template::new(
        "world.html",
        concat!(
            include_str!("templates/layout.html"),
            include_str!("templates/world.html")
        ),
    );
}

impl Page for RequestsPage {
    const TEMPLATE: Template = Template::new(
        "requests.html",
        concat!(
            include_str!("templates/layout.html"),
            include_str!("templates/requests.html")
        ),
    );
}

impl Page for RequestPage {
    const TEMPLATE: Template = Template::new(
        "request.html",
        concat!(
            include_str!("templates/layout.html"),
            include_str!("templates/request.html")
        ),
    );
}

impl Page for EventPage {
    const TEMPLATE: Template = Template::new(
        "event.html",
        concat!(
            include_str!("templates/layout.html"),
            include_str!("templates/event.html")
        ),
    );
}

impl Page for FaultsPage {
    const TEMPLATE: Template = Template::new(
        "faults.html",
        concat!(
            include_str!("templates/layout.html"),
            include_str!("templates/faults.html")
        ),
    );
}
