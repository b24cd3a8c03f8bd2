//! A seller's dashboard: who is connected to whom, and the button that ends it on Stripe's side.
//!
//! By curl: `curl -i http://127.0.0.1:12111/_tollway/dashboard/acct_…/disconnect -d mode=test`.

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

pub(crate) async fn show(
    State(engine): State<Arc<Engine>>,
    Path(account): Path<String>,
) -> Response {
    let Some((world, seller)) = find(&engine, &account) else {
        return no_such_account(&account);
    };
    let world = world.lock();
    let balances = match balances(&world, &account, engine.clock().now()) {
        Ok(balances) => balances,
        Err(error) => return pages::refused(&error),
    };
    let page = DashboardPage {
        label: seller.label().to_owned(),
        email: seller.email.clone(),
        country: seller.country.clone(),
        controlled_by: seller.controlled_by.clone(),
        connections: connections(&world, &seller),
        balances,
        account,
    };
    pages::respond(StatusCode::OK, &page, None)
}

pub(crate) async fn disconnect(
    State(engine): State<Arc<Engine>>,
    Path(account): Path<String>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let Some((world, seller)) = find(&engine, &account) else {
        return no_such_account(&account);
    };
    let mode = match form.get("mode").map(String::as_str) {
        None | Some("" | "test") => Mode::Test,
        Some("live") => Mode::Live,
        Some(other) => {
            return message(
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
        return message(StatusCode::CONFLICT, "Not possible", text);
    }
    let scope = world.lock().platform_scope(mode);
    match engine.transact_internal(&world, scope, |ctx| Ok(connection::end(ctx, &account))) {
        Ok(true) => pages::with_page_headers(
            Redirect::to(&format!("/_tollway/dashboard/{account}")).into_response(),
            None,
        ),
        Ok(false) => {
            let text = format!("No platform is connected to the account {account} in {mode} mode.");
            message(StatusCode::CONFLICT, "Not connected", text)
        }
        Err(error) => message(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Nothing was changed",
            error.to_string(),
        ),
    }
}

/// Accounts that people know by a name, and the name.
pub(crate) fn named_sellers(world: &WorldState) -> Vec<(String, String)> {
    let named = |seller: Seller| {
        let label = seller.label().to_owned();
        (seller.account, label)
    };
    sellers::sellers(world).into_iter().map(named).collect()
}

/// The connections of an account that hold, in both modes.
pub(crate) fn connections_of(world: &WorldState, account: &str) -> Vec<ConnectionCard> {
    let seller = sellers::seller(world, account);
    seller.map_or_else(Vec::new, |seller| connections(world, &seller))
}

fn connections(world: &WorldState, seller: &Seller) -> Vec<ConnectionCard> {
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

fn balances(world: &WorldState, account: &str, now: i64) -> Result<Vec<BalanceRow>, ApiError> {
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

/// The world that an account lives in.
fn find(engine: &Engine, account: &str) -> Option<(Arc<World>, Seller)> {
    engine.worlds().all().into_iter().find_map(|world| {
        let seller = sellers::seller(&world.lock(), account)?;
        Some((world, seller))
    })
}

fn no_such_account(account: &str) -> Response {
    message(
        StatusCode::NOT_FOUND,
        "No such account",
        format!("There is no account '{account}' here."),
    )
}

fn message(status: StatusCode, heading: &str, text: String) -> Response {
    let link = Link {
        href: "/_tollway/console".to_owned(),
        label: "All accounts".to_owned(),
    };
    pages::message(status, heading, text, Some(link))
}

#[cfg(test)]
pub(crate) mod tests;
