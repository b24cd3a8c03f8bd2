//! The pages behind a payment: the bank's question to the card holder, and where to find the others.
//!
//! `GET /_tollway/authenticate/{intent}` asks; `POST` with `decision=approve` or `decision=fail` answers (the buttons `#approve` and
//! `#fail`) and sends the card holder to the intent's `return_url`. By curl:
//! `curl -i http://127.0.0.1:12111/_tollway/authenticate/pi_… -d decision=approve`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde_json::Value;

use crate::Engine;
use crate::json::text;
use crate::pages::{self, Address};
use crate::payments::authentication_context::AuthenticatePage;
use crate::payments::{non_card, payment_intents, setup_intents};
use crate::scheduler::run_all_due;
use crate::scope::{Mode, Scope};
use crate::world::{World, WorldState};
use crate::{checkout, currency, documents, invoice_page, portal};

/// The routes of these pages.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    checkout::page::routes()
        .merge(documents::routes())
        .merge(invoice_page::routes())
        .merge(portal::routes())
        .route("/_tollway/authenticate/{intent}", get(ask).post(answer))
}

async fn ask(State(engine): State<Arc<Engine>>, Path(id): Path<String>) -> Response {
    let Some((world, scope, intent)) = find(&engine, type_of(&id), &id) else {
        return pages::not_found("payment", &id);
    };
    if intent["status"] != "requires_action" {
        let text = format!(
            "The payment {id} does not wait for an answer: its status is {}.",
            text(&intent, "status")
        );
        return pages::message(StatusCode::CONFLICT, "Nothing to approve", text, None);
    }
    let state = world.lock();
    let target = way_back(&state, &scope, &intent);
    let page = AuthenticatePage {
        question: non_card::question(&intent),
        merchant: crate::merchant_name::merchant_name(&state, &scope),
        amount: intent["amount"]
            .is_i64()
            .then(|| amount(&intent["amount"], &intent["currency"])),
        account: scope.account.to_string(),
        intent: id,
    };
    drop(state);
    pages::respond(StatusCode::OK, &page, target.as_ref())
}

async fn answer(
    State(engine): State<Arc<Engine>>,
    address: Address,
    Path(id): Path<String>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let Some((world, scope, intent)) = find(&engine, type_of(&id), &id) else {
        return pages::not_found("payment", &id);
    };
    let approved = match form.get("decision").map(String::as_str) {
        Some("approve") => true,
        Some("fail") => false,
        _ => {
            let text = "Answer with decision=approve or decision=fail.";
            return pages::message(StatusCode::BAD_REQUEST, "No decision", text, None);
        }
    };
    let target = way_back(&world.lock(), &scope, &intent);
    let outcome = address.transact(&engine, &world, scope, |ctx| {
        if type_of(&id) == SETUP {
            setup_intents::authenticate(ctx, &id, approved)
        } else {
            payment_intents::authenticate(ctx, &id, approved)
        }
    });
    let answered = match outcome {
        Ok(intent) => intent,
        Err(error) if error.status == 402 => intent.clone(),
        Err(error) => return pages::refused(&error),
    };
    let succeeded = matches!(
        text(&answered, "status"),
        "succeeded" | "processing" | "requires_capture" | "requires_confirmation"
    );
    let name = type_of(&id);
    let result = if succeeded { "succeeded" } else { "failed" };
    let Some(mut url) = return_url(&intent) else {
        let text = format!("The payment {id} has {result}. You can close this page.");
        return pages::message(StatusCode::OK, "Thank you", text, None);
    };
    url.query_pairs_mut()
        .append_pair(name, &id)
        .append_pair(
            &format!("{name}_client_secret"),
            text(&intent, "client_secret"),
        )
        .append_pair("redirect_status", result);
    pages::with_page_headers(Redirect::to(url.as_str()).into_response(), target.as_ref())
}

const SETUP: &str = "setup_intent";

/// What kind of intent an id names.
fn type_of(id: &str) -> &'static str {
    if id.starts_with("seti_") {
        SETUP
    } else {
        "payment_intent"
    }
}

/// An object that a page is about, and where it lies.
pub(crate) type Found = (Arc<World>, Scope, Value);

/// The object of a page's address, once everything that is due has happened; else the page that says there is none.
pub(crate) fn open(
    engine: &Engine,
    object_type: &str,
    what: &str,
    id: &str,
) -> Result<Found, Box<Response>> {
    run_all_due(engine);
    find(engine, object_type, id).ok_or_else(|| Box::new(pages::not_found(what, id)))
}

/// The object of this id, in whichever scope of whichever world it lies.
fn find(engine: &Engine, object_type: &str, id: &str) -> Option<Found> {
    engine.worlds().all().into_iter().find_map(|world| {
        let (scope, object) = find_in(&world.lock(), object_type, id)?;
        Some((world, scope, object))
    })
}

fn find_in(world: &WorldState, object_type: &str, id: &str) -> Option<(Scope, Value)> {
    let scopes_of = |mode: Mode| {
        world
            .store
            .accounts(mode)
            .map(move |account| Scope::new(mode, Arc::clone(account)))
    };
    let mut scopes = Mode::ALL.into_iter().flat_map(scopes_of);
    scopes.find_map(|scope| {
        let object = world.store.object(&scope, object_type, id)?;
        Some((scope, object))
    })
}

/// Where a form about an intent leads in the end: past the page of its session, if one is behind it, to the shop.
fn way_back(world: &WorldState, scope: &Scope, intent: &Value) -> Option<url::Url> {
    let session = checkout::page::checkout_return_url(world, scope, text(intent, "id"));
    session.or_else(|| return_url(intent))
}

fn return_url(intent: &Value) -> Option<url::Url> {
    url::Url::parse(intent["next_action"]["redirect_to_url"]["return_url"].as_str()?).ok()
}

fn amount(amount: &Value, currency: &Value) -> String {
    currency::format(
        amount.as_i64().unwrap_or(0),
        currency.as_str().unwrap_or_default(),
    )
}
