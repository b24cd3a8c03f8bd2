//! Handlers for a seller's browser: connect page, start, callback, outcome, confirmation, disconnect.

use axum::Form;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::error_page::ErrorPage;
use super::redirect::see_other;
use super::seller_pages::{
    DISCONNECT_FORM, confirm_form_name, connect_page, outcome_url, respond_with_attempt,
    respond_with_refusal,
};
use super::state::WebState;
use super::visitor::Visitor;
use crate::connections::{DisconnectError, DisconnectScope};
use crate::flow::callback::CallbackResult;
use crate::flow::callback_query::CallbackQuery;
use crate::flow::exchange::AccountChoice;
use crate::store::{Actor, Attempt, AttemptStatus};

/// `GET /connect/{platform}`: the page with the button, or with the connection.
pub(super) async fn get_connect_page(
    State(web): State<WebState>,
    Path(platform_name): Path<String>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, ErrorPage> {
    let query = query.unwrap_or_default();
    let request = web.services().links.verify(&platform_name, &query)?;
    let page = connect_page(&web, &request, &query, &visitor).await?;
    let mut response = web.respond(StatusCode::OK, &page);
    visitor.set_cookie(&web, &mut response);
    Ok(response)
}

/// `GET /connect/{platform}/start`: starts an attempt and redirects to Stripe.
pub(super) async fn start(
    State(web): State<WebState>,
    Path(platform_name): Path<String>,
    RawQuery(query): RawQuery,
    mut visitor: Visitor,
) -> Result<Response, ErrorPage> {
    let services = web.services();
    let request = services
        .links
        .verify(&platform_name, &query.unwrap_or_default())?;
    let address = visitor.address.clone();
    let url = services
        .flow
        .start(&request, &mut visitor.browser.attempts, address)
        .await?;
    let mut response = see_other(&url)?;
    visitor.set_cookie(&web, &mut response);
    Ok(response)
}

/// `GET /connect/{platform}/again/{attempt}`: starts a new attempt in the browser that started this one.
pub(super) async fn start_again(
    State(web): State<WebState>,
    Path((platform_name, id)): Path<(String, String)>,
    mut visitor: Visitor,
) -> Result<Response, ErrorPage> {
    let earlier = own_attempt(&web, &platform_name, &id, &visitor).await?;
    let address = visitor.address.clone();
    let url = web
        .services()
        .flow
        .start_again(&earlier, &mut visitor.browser.attempts, address)
        .await?;
    let mut response = see_other(&url)?;
    visitor.set_cookie(&web, &mut response);
    Ok(response)
}

/// `GET /connect/{platform}/callback`: Stripe redirects the browser to it.
pub(super) async fn callback(
    State(web): State<WebState>,
    Path(platform_name): Path<String>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, ErrorPage> {
    if !web.config().platforms.contains_key(&platform_name) {
        return Err(ErrorPage::not_found());
    }
    let query = CallbackQuery::parse(&query.unwrap_or_default());
    let flow = &web.services().flow;
    let result = flow
        .handle_callback(&platform_name, query, &visitor.browser.attempts)
        .await?;
    match result {
        // Redirects to a page of its own: the code leaves the address bar, and a reload is harmless.
        CallbackResult::Show(attempt) | CallbackResult::StillWorking(attempt) => {
            see_other(&outcome_url(&web, &attempt))
        }
        CallbackResult::Refuse(outcome) => Ok(respond_with_refusal(&web, &platform_name, outcome)),
    }
}

/// `GET /connect/{platform}/outcome/{attempt}`: the outcome, for the browser that started the attempt.
pub(super) async fn get_outcome(
    State(web): State<WebState>,
    Path((platform_name, id)): Path<(String, String)>,
    visitor: Visitor,
) -> Result<Response, ErrorPage> {
    let mut attempt = own_attempt(&web, &platform_name, &id, &visitor).await?;
    let flow = &web.services().flow;
    if attempt.status == AttemptStatus::Exchanging && flow.is_exchange_lost(&attempt) {
        attempt = flow.resolve_lost_exchange(attempt).await?;
    }
    respond_with_attempt(&web, &attempt, &visitor).await
}

#[derive(Deserialize)]
pub(super) struct ConfirmAnswer {
    token: String,
    account: ConfirmedAccount,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ConfirmedAccount {
    New,
    Previous,
    /// A value that the form does not have.
    #[serde(other)]
    Unknown,
}

/// `POST /connect/{platform}/confirm/{attempt}`: the seller's choice of one of two accounts.
pub(super) async fn confirm(
    State(web): State<WebState>,
    Path((platform_name, id)): Path<(String, String)>,
    visitor: Visitor,
    Form(answer): Form<ConfirmAnswer>,
) -> Result<Response, ErrorPage> {
    let attempt = own_attempt(&web, &platform_name, &id, &visitor).await?;
    visitor.check_form_token(&web, &confirm_form_name(&id), &answer.token)?;
    let choice = match answer.account {
        ConfirmedAccount::New => AccountChoice::New,
        ConfirmedAccount::Previous => AccountChoice::Previous,
        ConfirmedAccount::Unknown => return Err(ErrorPage::invalid_form()),
    };
    // A second click finds the attempt finished and shows the result of the first one.
    let attempt = match attempt.status {
        AttemptStatus::Confirming => web.services().flow.confirm(attempt, choice).await?,
        _ => attempt,
    };
    see_other(&outcome_url(&web, &attempt))
}

#[derive(Deserialize)]
pub(super) struct SellerDisconnectForm {
    token: String,
    link: String,
}

/// `POST /connect/{platform}/disconnect`: the seller ends the connection. Tenants that share the account keep theirs.
pub(super) async fn disconnect_by_seller(
    State(web): State<WebState>,
    Path(platform_name): Path<String>,
    visitor: Visitor,
    Form(form): Form<SellerDisconnectForm>,
) -> Result<Response, ErrorPage> {
    visitor.check_form_token(&web, DISCONNECT_FORM, &form.token)?;
    let services = web.services();
    let request = services.links.verify(&platform_name, &form.link)?;
    let stamp = web
        .platform
        .audit_stamp(Actor::Seller, visitor.address.clone());
    let scope = DisconnectScope::UnlinkHere;
    let (status, message) = match services
        .connections
        .disconnect(&request.realm, &request.tenant, scope, stamp)
        .await
    {
        // Disconnecting is idempotent: a second click shows the same result.
        Ok(_) | Err(DisconnectError::NotConnected(_)) => {
            (StatusCode::OK, "Your account is disconnected.")
        }
        Err(DisconnectError::Store(error)) => return Err(error.into()),
        Err(error @ DisconnectError::Unreachable(_)) => {
            tracing::warn!(error = %error, "disconnect failed");
            (
                StatusCode::BAD_GATEWAY,
                "Stripe could not be reached, so your account is still connected. Please try again.",
            )
        }
        Err(error) => {
            tracing::warn!(error = %error, "disconnect refused");
            (
                StatusCode::BAD_GATEWAY,
                "Stripe refused, so your account is still connected. Please tell the platform's support.",
            )
        }
    };
    let mut page = connect_page(&web, &request, &form.link, &visitor).await?;
    page.ended = Some(message.to_owned());
    Ok(web.respond(status, &page))
}

/// An attempt that this browser started. For other browsers it does not exist.
async fn own_attempt(
    web: &WebState,
    platform_name: &str,
    id: &str,
    visitor: &Visitor,
) -> Result<Attempt, ErrorPage> {
    let attempt = web.store().attempt(id).await?;
    attempt
        .filter(|attempt| {
            attempt.realm.platform == platform_name && visitor.browser.attempts.contains(attempt)
        })
        .ok_or_else(ErrorPage::not_found)
}
