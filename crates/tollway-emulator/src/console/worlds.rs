//! Worlds: every one in short, and one with all it holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use super::contexts::{
    ApplicationRow, ConsolePage, EndpointRow, EventRow, SellerConnection, SellerRow, WorldPage,
    WorldSection,
};
use super::{back_to, balances, nothing};
use crate::accounts::dashboard_page;
use crate::control::PlatformChange;
use crate::pages::{self, Address};
use crate::webhooks::{Endpoint, all_endpoints};
use crate::world::{World, WorldState};
use crate::{ApiError, Engine, Mode};

/// Events on a page.
const EVENTS: usize = 20;

/// `GET /_tollway/console`.
pub(super) async fn all(State(engine): State<Arc<Engine>>, address: Address) -> Response {
    let worlds = engine.worlds().all();
    let page = ConsolePage {
        base: address.base().to_owned(),
        worlds: worlds.iter().map(|world| section(&world.lock())).collect(),
    };
    pages::respond(StatusCode::OK, &page, None)
}

/// `GET /_tollway/console/worlds/{world}`.
pub(super) async fn one(State(engine): State<Arc<Engine>>, Path(name): Path<String>) -> Response {
    match engine.worlds().get(&name) {
        Some(world) => show(&engine, &world, StatusCode::OK, None),
        None => nothing("world", &name),
    }
}

fn show(engine: &Engine, world: &World, status: StatusCode, error: Option<String>) -> Response {
    let world = world.lock();
    let charts = match balances::charts(&world, engine.clock().now()) {
        Ok(charts) => charts,
        Err(error) => return pages::refused(&error),
    };
    let page = WorldPage {
        world: section(&world),
        connections: connections(&world),
        charts,
        endpoints: endpoints(&world),
        business_name: world.platform.business_name.clone(),
        error,
    };
    drop(world);
    pages::respond(status, &page, None)
}

/// `POST /_tollway/console/worlds/{world}`: saves the settings; what the form leaves out stays.
pub(super) async fn save(
    State(engine): State<Arc<Engine>>,
    Path(name): Path<String>,
    Form(sent): Form<BTreeMap<String, String>>,
) -> Response {
    let Some(world) = engine.worlds().get(&name) else {
        return nothing("world", &name);
    };
    let text = |name: &str| sent.get(name).map(|text| text.trim());
    let mode = |mode: Mode| {
        let uris = text(&format!("{mode}_redirect_uris"));
        let uris: Option<Vec<&str>> = uris.map(|uris| uris.split_whitespace().collect());
        json!({"client_id": text(&format!("{mode}_client_id")), "redirect_uris": uris})
    };
    let change = json!({
        "business_name": text("business_name"), "test": mode(Mode::Test), "live": mode(Mode::Live),
    });
    let change = serde_json::from_value::<PlatformChange>(change);
    let change = change.map_err(|error| ApiError::invalid_request(error.to_string()));
    match change.and_then(|change| change.apply(&engine, &world)) {
        Ok(()) => back_to(&format!("/_tollway/console/worlds/{name}")),
        Err(error) => show(
            &engine,
            &world,
            StatusCode::BAD_REQUEST,
            Some(error.to_string()),
        ),
    }
}

fn endpoints(world: &WorldState) -> Vec<EndpointRow> {
    let row = |endpoint: Endpoint| EndpointRow {
        url: endpoint.url,
        mode: endpoint.mode.as_str(),
        hears_of: match (endpoint.own, endpoint.connected) {
            (true, true) => "its own events and connected accounts",
            (false, true) => "connected accounts",
            _ => "its own events",
        },
        status: endpoint.status,
        secret: endpoint.secret,
    };
    all_endpoints(world).into_iter().map(row).collect()
}

fn section(world: &WorldState) -> WorldSection {
    let application = |mode: Mode| {
        let settings = world.platform.mode(mode);
        ApplicationRow {
            client_id: settings.client_id.clone(),
            mode: mode.as_str(),
            redirect_uris: settings.redirect_uris.clone(),
        }
    };
    WorldSection {
        name: world.name.to_string(),
        account: world.platform.account.to_string(),
        applications: Mode::ALL.map(application).into(),
        sellers: sellers(world),
        events: newest_events(world),
    }
}

fn sellers(world: &WorldState) -> Vec<SellerRow> {
    let row = |(account, label): (String, String)| {
        let connected: Vec<String> = dashboard_page::connections_of(world, &account)
            .iter()
            .map(|it| format!("{} ({})", it.mode, it.scope))
            .collect();
        SellerRow {
            account,
            label,
            connected: if connected.is_empty() {
                "no".to_owned()
            } else {
                connected.join(", ")
            },
        }
    };
    dashboard_page::named_sellers(world)
        .into_iter()
        .map(row)
        .collect()
}

/// Every connection that holds, with the button that ends it on the seller's side.
fn connections(world: &WorldState) -> Vec<SellerConnection> {
    let of_seller = |(account, label): (String, String)| {
        dashboard_page::connections_of(world, &account)
            .into_iter()
            .map(move |connection| SellerConnection {
                account: account.clone(),
                label: label.clone(),
                connection,
            })
    };
    let sellers = dashboard_page::named_sellers(world).into_iter();
    sellers.flat_map(of_seller).collect()
}

fn newest_events(world: &WorldState) -> Vec<EventRow> {
    crate::events::newest_deliveries(world, EVENTS, |_| true)
        .into_iter()
        .map(|delivery| EventRow {
            deliveries: delivery.in_words(),
            account: delivery.account.clone().unwrap_or_default(),
            id: delivery.event,
            r#type: delivery.event_type,
        })
        .collect()
}
