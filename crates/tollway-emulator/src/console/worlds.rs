//! The pages of worlds: a summary of every world, and one world with its balances, settings and connections.

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
use super::{balances, not_found, redirect_to};
use crate::accounts::dashboard_page::active_connections;
use crate::accounts::sellers;
use crate::control::PlatformChange;
use crate::pages::{self, Address};
use crate::webhooks::{Endpoint, all_endpoints};
use crate::world::{World, WorldState};
use crate::{ApiError, Engine, Mode};

/// The number of events on a page.
const SHOWN_EVENTS: usize = 20;

/// `GET /_tollway/console`.
pub(super) async fn all(State(engine): State<Arc<Engine>>, address: Address) -> Response {
    let worlds = engine.worlds().all();
    let sections: Result<_, _> = worlds.iter().map(|world| section(&world.lock())).collect();
    let page = sections.map(|worlds| ConsolePage {
        base: address.base().to_owned(),
        worlds,
    });
    match page {
        Ok(page) => pages::respond(StatusCode::OK, &page, None),
        Err(error) => pages::refused(&error),
    }
}

/// `GET /_tollway/console/worlds/{world}`.
pub(super) async fn one(State(engine): State<Arc<Engine>>, Path(name): Path<String>) -> Response {
    match engine.worlds().get(&name) {
        Some(world) => show_world(&engine, &world, StatusCode::OK, None),
        None => not_found("world", &name),
    }
}

fn show_world(
    engine: &Engine,
    world: &World,
    status: StatusCode,
    error: Option<String>,
) -> Response {
    let page = world_page(&world.lock(), engine.clock().now(), error);
    match page {
        Ok(page) => pages::respond(status, &page, None),
        Err(error) => pages::refused(&error),
    }
}

fn world_page(world: &WorldState, now: i64, error: Option<String>) -> Result<WorldPage, ApiError> {
    Ok(WorldPage {
        world: section(world)?,
        connections: seller_connections(world)?,
        charts: balances::charts(world, now)?,
        endpoints: endpoint_rows(world),
        business_name: world.platform.business_name.clone(),
        error,
    })
}

/// `POST /_tollway/console/worlds/{world}`: saves the settings that the form contains.
pub(super) async fn save(
    State(engine): State<Arc<Engine>>,
    Path(name): Path<String>,
    Form(sent): Form<BTreeMap<String, String>>,
) -> Response {
    let Some(world) = engine.worlds().get(&name) else {
        return not_found("world", &name);
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
        Ok(()) => redirect_to(&format!("/_tollway/console/worlds/{name}")),
        Err(error) => show_world(
            &engine,
            &world,
            StatusCode::BAD_REQUEST,
            Some(error.to_string()),
        ),
    }
}

fn endpoint_rows(world: &WorldState) -> Vec<EndpointRow> {
    let row = |endpoint: Endpoint| EndpointRow {
        url: endpoint.url,
        mode: endpoint.mode.as_str(),
        receives: match (endpoint.own, endpoint.connected) {
            (true, true) => "its own events and connected accounts",
            (false, true) => "connected accounts",
            _ => "its own events",
        },
        status: endpoint.status,
        secret: endpoint.secret,
    };
    all_endpoints(world).into_iter().map(row).collect()
}

/// A world with its applications, sellers and newest events.
fn section(world: &WorldState) -> Result<WorldSection, ApiError> {
    let application = |mode: Mode| {
        let settings = world.platform.mode(mode);
        ApplicationRow {
            client_id: settings.client_id.clone(),
            mode: mode.as_str(),
            redirect_uris: settings.redirect_uris.clone(),
        }
    };
    Ok(WorldSection {
        name: world.name.to_string(),
        account: world.platform.account.to_string(),
        applications: Mode::ALL.map(application).into(),
        sellers: seller_rows(world)?,
        events: newest_events(world),
    })
}

fn seller_rows(world: &WorldState) -> Result<Vec<SellerRow>, ApiError> {
    let row = |seller: sellers::Seller| {
        let connected: Vec<String> = active_connections(world, &seller)
            .iter()
            .map(|it| format!("{} ({})", it.mode, it.scope))
            .collect();
        SellerRow {
            label: seller.label().to_owned(),
            account: seller.account,
            connected: if connected.is_empty() {
                "no".to_owned()
            } else {
                connected.join(", ")
            },
        }
    };
    Ok(sellers::load_sellers(world)?.into_iter().map(row).collect())
}

/// Every active connection, with the button that ends it as the seller would.
fn seller_connections(world: &WorldState) -> Result<Vec<SellerConnection>, ApiError> {
    let mut rows = Vec::new();
    for seller in sellers::load_sellers(world)? {
        let connections = active_connections(world, &seller).into_iter();
        rows.extend(connections.map(|connection| SellerConnection {
            account: seller.account.clone(),
            label: seller.label().to_owned(),
            connection,
        }));
    }
    Ok(rows)
}

fn newest_events(world: &WorldState) -> Vec<EventRow> {
    crate::events::newest_deliveries(world, SHOWN_EVENTS, |_| true)
        .into_iter()
        .map(|delivery| EventRow {
            deliveries: delivery.in_words(),
            account: delivery.account.clone().unwrap_or_default(),
            id: delivery.event,
            r#type: delivery.event_type,
        })
        .collect()
}
