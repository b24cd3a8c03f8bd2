//! A seller's dashboard: the connections and balances of an account, and a button that ends a connection.
//!
//! With curl: `curl -i http://127.0.0.1:12111/_tollway/dashboard/acct_…/disconnect -d mode=test`.

mod context;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

pub(crate) use self::context::ConnectionCard;
use self::context::{BalanceRow, DashboardPage};
use crate::Engine;
use crate::accounts::connection;
use crate::accounts::sellers::{self, Seller};
use crate::error::ApiError;
use crate::ledger::posting;
use crate::pages::{self, Link};
use crate::scope::{Mode, Scope};
use crate::world::{World, WorldState};

/// `GET /_tollway/dashboard/{account}`.
pub(super) async fn show(
    State(engine): State<Arc<Engine>>,
    Path(account): Path<String>,
) -> Response {
    let (world, seller) = match find_seller(&engine, &account) {
        Ok(Some(found)) => found,
        Ok(None) => return no_such_account(&account),
        Err(error) => return pages::refused(&error),
    };
    let world = world.lock();
    let balances = match balance_rows(&world, &account, engine.clock().now()) {
        Ok(balances) => balances,
        Err(error) => return pages::refused(&error),
    };
    let page = DashboardPage {
        label: seller.label().to_owned(),
        email: seller.email.clone(),
        country: seller.country.clone(),
        controlled_by: seller.controlled_by.clone(),
        connections: active_connections(&world, &seller),
        balances,
        account,
    };
    pages::respond(StatusCode::OK, &page, None)
}

/// `POST /_tollway/dashboard/{account}/disconnect`.
pub(super) async fn disconnect(
    State(engine): State<Arc<Engine>>,
    Path(account): Path<String>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let (world, seller) = match find_seller(&engine, &account) {
        Ok(Some(found)) => found,
        Ok(None) => return no_such_account(&account),
        Err(error) => return pages::refused(&error),
    };
    let mode = match form.get("mode").map(String::as_str) {
        None | Some("" | "test") => Mode::Test,
        Some("live") => Mode::Live,
        Some(other) => {
            return dashboard_message(
                StatusCode::BAD_REQUEST,
                "Unknown mode",
                format!("The mode '{other}' is neither test nor live."),
            );
        }
    };
    if seller.kind != "standard" {
        let text = format!(
            "The account {account} was made by the platform: only the platform can end the connection."
        );
        return dashboard_message(StatusCode::CONFLICT, "Not possible", text);
    }
    let scope = world.lock().platform_scope(mode);
    match engine.transact_internal(&world, scope, |ctx| {
        Ok(connection::disconnect_account(ctx, &account))
    }) {
        Ok(true) => pages::with_page_headers(
            Redirect::to(&format!("/_tollway/dashboard/{account}")).into_response(),
            None,
        ),
        Ok(false) => {
            let text = format!("No platform is connected to the account {account} in {mode} mode.");
            dashboard_message(StatusCode::CONFLICT, "Not connected", text)
        }
        Err(error) => dashboard_message(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Nothing was changed",
            error.to_string(),
        ),
    }
}

/// The active connections of a seller's account, in both modes.
pub(crate) fn active_connections(world: &WorldState, seller: &Seller) -> Vec<ConnectionCard> {
    let card = |mode: Mode| {
        let connection = world
            .connection(mode, &seller.account)
            .filter(|connection| connection.active)?;
        Some(ConnectionCard {
            platform: world.platform.business_name.clone(),
            mode: mode.as_str(),
            scope: connection.scope.as_str(),
            since: jiff::Timestamp::from_second(connection.connected_at)
                .map_or_else(|_| String::new(), |at| at.to_string()),
            refusal: (seller.kind != "standard")
                .then_some("Made by the platform: only the platform can end it."),
        })
    };
    Mode::ALL.into_iter().filter_map(card).collect()
}

fn balance_rows(world: &WorldState, account: &str, now: i64) -> Result<Vec<BalanceRow>, ApiError> {
    let mut rows = Vec::new();
    for mode in Mode::ALL {
        let balance = posting::balance_of(world, &Scope::new(mode, account))?;
        rows.extend(balance.at(now).into_iter().map(|amounts| BalanceRow {
            mode: mode.as_str(),
            currency: amounts.currency,
            available: amounts.available.to_string(),
            pending: amounts.pending.to_string(),
        }));
    }
    Ok(rows)
}

/// The seller of an account, and its world.
fn find_seller(engine: &Engine, account: &str) -> Result<Option<(Arc<World>, Seller)>, ApiError> {
    for world in engine.worlds().all() {
        let seller = sellers::load_seller(&world.lock(), account)?;
        if let Some(seller) = seller {
            return Ok(Some((world, seller)));
        }
    }
    Ok(None)
}

fn no_such_account(account: &str) -> Response {
    dashboard_message(
        StatusCode::NOT_FOUND,
        "No such account",
        format!("There is no account '{account}' here."),
    )
}

fn dashboard_message(status: StatusCode, heading: &str, text: String) -> Response {
    let link = Link {
        href: "/_tollway/console".to_owned(),
        label: "All accounts".to_owned(),
    };
    pages::message(status, heading, text, Some(link))
}

#[cfg(test)]
pub(crate) mod tests;
