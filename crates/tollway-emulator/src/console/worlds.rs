//! Worlds: every one in short, and one with all it holds.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;

use super::{balances, nothing};
use crate::connect;
use crate::pages::{
    self, Address, ApplicationRow, ConsolePage, EventRow, SellerConnection, SellerRow, WorldPage,
    WorldSection,
};
use crate::world::WorldState;
use crate::{Engine, Mode};

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
    let Some(world) = engine.worlds().get(&name) else {
        return nothing("world", &name);
    };
    let world = world.lock();
    let page = WorldPage {
        world: section(&world),
        connections: connections(&world),
        charts: balances::charts(&world, engine.clock().now()),
    };
    drop(world);
    pages::respond(StatusCode::OK, &page, None)
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
        let connected: Vec<String> = connect::connections_of(world, &account)
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
    connect::named_sellers(world).into_iter().map(row).collect()
}

/// Every connection that holds, with the button that ends it on the seller's side.
fn connections(world: &WorldState) -> Vec<SellerConnection> {
    let of_seller = |(account, label): (String, String)| {
        connect::connections_of(world, &account)
            .into_iter()
            .map(move |connection| SellerConnection {
                account: account.clone(),
                label: label.clone(),
                connection,
            })
    };
    let sellers = connect::named_sellers(world).into_iter();
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
