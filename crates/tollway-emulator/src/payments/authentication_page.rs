//! The page on which a payer acts: authenticates, pays a voucher, sends a bank transfer or verifies microdeposits.
//!
//! `GET /_tollway/authenticate/{intent}` shows the page of a PaymentIntent or SetupIntent; `POST` with `decision=approve` or
//! `decision=fail` (the buttons `#approve` and `#fail`) applies the decision and redirects to the intent's `return_url`. With curl:
//! `curl -i http://127.0.0.1:12111/_tollway/authenticate/pi_… -d decision=approve`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use serde_json::Value;
use url::Url;

use crate::Engine;
use crate::currency;
use crate::error::ApiError;
use crate::json::text;
use crate::located_object::locate;
use crate::merchant_name::merchant_name;
use crate::pages::{self, Address};
use crate::payments::authentication_context::{AuthenticatePage, Question};
use crate::payments::intents::{PAYMENT_INTENT, SETUP_INTENT};
use crate::payments::non_card::{bank_transfers, microdeposits, vouchers};
use crate::payments::notifications::ReturnUrlQuery;
use crate::payments::payment_intents::confirmation as payment_intents;
use crate::payments::setup_intents;
use crate::scope::Scope;
use crate::world::World;

/// The routes of the page.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new().route("/_tollway/authenticate/{intent}", get(show).post(decide))
}

async fn show(State(engine): State<Arc<Engine>>, Path(id): Path<String>) -> Response {
    let Some((world, scope, intent)) = locate(&engine, object_type_of(&id), &id) else {
        return pages::not_found("payment", &id);
    };
    if intent["status"] != "requires_action" {
        let text = format!(
            "The payment {id} does not wait for an answer: its status is {}.",
            text(&intent, "status")
        );
        return pages::message(StatusCode::CONFLICT, "Nothing to approve", text, None);
    }
    let target = match final_url(&engine, &world, &scope, &intent) {
        Ok(target) => target,
        Err(error) => return pages::refused(&error),
    };
    let page = AuthenticatePage {
        question: question(&intent),
        merchant: merchant_name(&world.lock(), &scope),
        amount: intent["amount"]
            .as_i64()
            .map(|amount| currency::format(amount, text(&intent, "currency"))),
        account: scope.account.to_string(),
        intent: id,
    };
    pages::respond(StatusCode::OK, &page, target.as_ref())
}

async fn decide(
    State(engine): State<Arc<Engine>>,
    address: Address,
    Path(id): Path<String>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let object_type = object_type_of(&id);
    let Some((world, scope, intent)) = locate(&engine, object_type, &id) else {
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
    let target = match final_url(&engine, &world, &scope, &intent) {
        Ok(target) => target,
        Err(error) => return pages::refused(&error),
    };
    let outcome = engine.transact_at(address.base(), &world, scope, |ctx| {
        if object_type == SETUP_INTENT {
            setup_intents::authenticate(ctx, &id, approved)
        } else {
            payment_intents::authenticate(ctx, &id, approved)
        }
    });
    let decided = match outcome {
        Ok(intent) => intent,
        Err(error) if error.status == 402 => intent.clone(),
        Err(error) => return pages::refused(&error),
    };
    let succeeded = matches!(
        text(&decided, "status"),
        "succeeded" | "processing" | "requires_capture" | "requires_confirmation"
    );
    let result = if succeeded { "succeeded" } else { "failed" };
    let Some(mut url) = return_url(&intent) else {
        let text = format!("The payment {id} has {result}. You can close this page.");
        return pages::message(StatusCode::OK, "Thank you", text, None);
    };
    url.query_pairs_mut()
        .append_pair(object_type, &id)
        .append_pair(
            &format!("{object_type}_client_secret"),
            text(&intent, "client_secret"),
        )
        .append_pair("redirect_status", result);
    pages::with_page_headers(Redirect::to(url.as_str()).into_response(), target.as_ref())
}

/// The question of the page, by what the intent waits for.
fn question(intent: &Value) -> Question {
    let new_question = |heading, approve, fail| Question {
        heading,
        approve,
        fail,
    };
    match intent["next_action"]["type"].as_str() {
        Some(microdeposits::ACTION) => {
            new_question("Did two small deposits arrive at your bank?", "Yes", "No")
        }
        Some(bank_transfers::ACTION) => {
            new_question("Send the money from your bank", "Send it", "Do not pay")
        }
        Some(action) if vouchers::is_voucher(action) => {
            new_question("Pay this voucher at a shop", "Pay", "Let it expire")
        }
        _ => new_question("Your bank asks: is this you?", "Approve", "Fail"),
    }
}

/// The type of intent that an id names.
fn object_type_of(id: &str) -> &'static str {
    if id.starts_with("seti_") {
        SETUP_INTENT
    } else {
        PAYMENT_INTENT
    }
}

/// The URL at which the payer ends: that of a page that embeds the intent, or else the intent's `return_url`.
fn final_url(
    engine: &Engine,
    world: &Arc<World>,
    scope: &Scope,
    intent: &Value,
) -> Result<Option<Url>, ApiError> {
    let of_page = engine.transact_internal(world, scope.clone(), |ctx| {
        ReturnUrlQuery::find(ctx, text(intent, "id"))
    })?;
    Ok(of_page.or_else(|| return_url(intent)))
}

fn return_url(intent: &Value) -> Option<Url> {
    Url::parse(intent["next_action"]["redirect_to_url"]["return_url"].as_str()?).ok()
}
