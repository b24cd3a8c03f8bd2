//! Handlers for a seller's browser: connect page, start, callback, outcome, confirmation, disconnect.

use std::convert::Infallible;

use axum::Form;
use axum::extract::{FromRequestParts, Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::browser_cookie::BrowserCookie;
use super::cookies;
use super::error_page::ErrorPage;
use super::rate_limit::client_address;
use super::seller_pages::{
    confirm_form_name, connect_page, outcome_url, respond_with_attempt, respond_with_refusal,
};
use super::state::WebState;
use crate::connections::{DisconnectError, DisconnectScope};
use crate::flow::callback::CallbackResult;
use crate::flow::callback_query::CallbackQuery;
use crate::flow::exchange::AccountChoice;
use crate::store::{Actor, Attempt, AttemptStatus};

/// Lifetime of the cookie: it outlives every attempt in it and the day in which its outcome is shown.
const COOKIE_SECONDS: i64 = 2 * 24 * 60 * 60;

/// The form token's purpose on the connect page.
pub(super) const DISCONNECT_FORM: &str = "disconnect";

/// The browser of a request: its cookie and IP address.
pub(super) struct Visitor {
    pub browser: BrowserCookie,
    pub address: Option<String>,
}

impl FromRequestParts<WebState> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &WebState) -> Result<Self, Infallible> {
        let cookie = cookies::read(web, &parts.headers, cookies::BROWSER);
        let entropy = &web.services().entropy;
        let now = web.platform.now();
        Ok(Self {
            browser: BrowserCookie::read(web.keys(), entropy, cookie.as_deref(), now),
            address: client_address(web, &parts.headers, &parts.extensions)
                .map(|address| address.to_string()),
        })
    }
}

impl Visitor {
    /// Sets the browser's cookie.
    pub(super) fn set_cookie(&self, web: &WebState, response: &mut Response) {
        let value = self.browser.write(web.keys(), &web.services().entropy);
        cookies::set(web, response, cookies::BROWSER, value, COOKIE_SECONDS);
    }

    /// Refuses a form that did not come from a page of this browser.
    pub(super) fn check_form_token(
        &self,
        web: &WebState,
        form: &str,
        token: &str,
    ) -> Result<(), ErrorPage> {
        if self.browser.verify_form_token(web.keys(), form, token) {
            Ok(())
        } else {
            Err(ErrorPage::invalid_form())
        }
    }
}

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
pub(super) async fn disconnect(
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

/// A redirect that the browser follows with GET.
pub(super) fn see_other(url: &str) -> Result<Response, ErrorPage> {
    let location = HeaderValue::from_str(url).map_err(|error| ErrorPage::internal(&error))?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
}
