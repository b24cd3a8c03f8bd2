//! What a seller's browser asks for: the connect page, start, callback, outcome, confirmation, disconnect.

use axum::Form;
use axum::extract::{FromRequestParts, Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::cookies;
use super::error_page::ErrorPage;
use super::rate_limit::address;
use super::pages::{ConfirmForm, ConnectPage, ConnectedView, OutcomePage, day};
use crate::web::browser_cookie::BrowserCookie;
use crate::flow::callback::{CallbackResult, CallbackQuery};
use crate::flow::disconnect::{DisconnectError, DisconnectScope};
use crate::link::{self, VerifiedLink};
use crate::outcome::Outcome;
use crate::platform::Platform;
use crate::store::{Actor, Attempt, AttemptStatus, Connection};

/// The cookie outlives every attempt in it by the day that outcomes can be looked at.
const COOKIE_SECONDS: i64 = 2 * 24 * 60 * 60;

/// Who asks: the browser's cookie and address.
pub(super) struct Visitor {
    pub browser: BrowserCookie,
    pub address: Option<String>,
}

impl FromRequestParts<Platform> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        platform: &Platform,
    ) -> Result<Self, Self::Rejection> {
        let cookie = cookies::read(platform, &parts.headers, cookies::BROWSER);
        let inner = platform.inner();
        Ok(Self {
            browser: BrowserCookie::read(
                &inner.keys,
                &inner.entropy,
                cookie.as_deref(),
                platform.now(),
            ),
            address: address(platform, &parts.headers, &parts.extensions)
                .map(|address| address.to_string()),
        })
    }
}

impl Visitor {
    pub(super) fn remember(&self, platform: &Platform, response: &mut Response) {
        let inner = platform.inner();
        let value = self.browser.write(&inner.keys, &inner.entropy);
        cookies::set(platform, response, cookies::BROWSER, value, COOKIE_SECONDS);
    }
}

/// `GET /connect/{platform}`: the page with the button, or with the connection.
pub(super) async fn connect_page(
    State(platform): State<Platform>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, ErrorPage> {
    let query = query.unwrap_or_default();
    let ticket = link::verify(&platform, &name, &query)?;
    let connection = platform
        .store()
        .connection(&ticket.realm, &ticket.tenant)
        .await?;
    let mut page =
        connect_page_of(&platform, &ticket, &query, &visitor, connection.as_ref()).await?;
    page.ended = None;
    let mut response = platform
        .inner()
        .pages
        .respond(&platform, StatusCode::OK, &page);
    visitor.remember(&platform, &mut response);
    Ok(response)
}

async fn connect_page_of(
    platform: &Platform,
    ticket: &VerifiedLink,
    query: &str,
    visitor: &Visitor,
    connection: Option<&Connection>,
) -> Result<ConnectPage, ErrorPage> {
    let (brand, _) = platform
        .config()
        .realm(&ticket.realm)
        .ok_or_else(ErrorPage::not_found)?;
    let name = &ticket.realm.platform;
    let connected = match connection.filter(|connection| connection.is_active()) {
        None => None,
        Some(connection) => Some(ConnectedView {
            account: connection.account.clone(),
            since: day(connection.connected_at),
            shared: !platform.others_on(connection).await?.is_empty(),
            disconnect_url: platform
                .config()
                .url(&format!("/connect/{name}/disconnect")),
            link: query.to_owned(),
            token: visitor.browser.form_token(platform.keys(), "disconnect"),
        }),
    };
    Ok(ConnectPage {
        brand: brand.name.clone(),
        test_mode: !ticket.realm.mode.livemode(),
        start_url: platform
            .config()
            .url(&format!("/connect/{name}/start?{query}")),
        return_url: return_url(platform, ticket.return_to.as_deref(), name),
        connected,
        ended: None,
    })
}

/// `GET /connect/{platform}/start`: makes an attempt and goes to Stripe.
pub(super) async fn start(
    State(platform): State<Platform>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    mut visitor: Visitor,
) -> Result<Response, ErrorPage> {
    let ticket = link::verify(&platform, &name, &query.unwrap_or_default())?;
    let address = visitor.address.clone();
    let url = platform
        .begin(&ticket, &mut visitor.browser, address)
        .await?;
    let mut response = see_other(&url)?;
    visitor.remember(&platform, &mut response);
    Ok(response)
}

/// `GET /connect/{platform}/again/{attempt}`: a new attempt in the browser that made that one.
pub(super) async fn again(
    State(platform): State<Platform>,
    Path((name, id)): Path<(String, String)>,
    mut visitor: Visitor,
) -> Result<Response, ErrorPage> {
    let earlier = own_attempt(&platform, &name, &id, &visitor).await?;
    let address = visitor.address.clone();
    let url = platform
        .begin_again(&earlier, &mut visitor.browser, address)
        .await?;
    let mut response = see_other(&url)?;
    visitor.remember(&platform, &mut response);
    Ok(response)
}

/// `GET /connect/{platform}/callback`: where Stripe sends the browser back to.
pub(super) async fn callback(
    State(platform): State<Platform>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, ErrorPage> {
    if !platform.config().platforms.contains_key(&name) {
        return Err(ErrorPage::not_found());
    }
    let returned = CallbackQuery::parse(&query.unwrap_or_default());
    match platform.callback(&name, returned, &visitor.browser).await? {
        // On to a page of its own: the code leaves the address bar, and a reload is harmless.
        CallbackResult::Show(attempt) | CallbackResult::StillWorking(attempt) => {
            see_other(&outcome_url(&platform, &attempt))
        }
        CallbackResult::Refuse(outcome) => Ok(refusal(&platform, &name, outcome)),
    }
}

/// `GET /connect/{platform}/outcome/{attempt}`: how it ended, for the browser that started it.
pub(super) async fn outcome(
    State(platform): State<Platform>,
    Path((name, id)): Path<(String, String)>,
    visitor: Visitor,
) -> Result<Response, ErrorPage> {
    let mut attempt = own_attempt(&platform, &name, &id, &visitor).await?;
    if attempt.status == AttemptStatus::Exchanging && platform.is_lost(&attempt) {
        attempt = platform.resolve_lost(attempt).await?;
    }
    show(&platform, &attempt, &visitor).await
}

#[derive(Deserialize)]
pub(super) struct ConfirmAnswer {
    token: String,
    account: String,
}

/// `POST /connect/{platform}/confirm/{attempt}`: which of two accounts to keep.
pub(super) async fn confirm(
    State(platform): State<Platform>,
    Path((name, id)): Path<(String, String)>,
    visitor: Visitor,
    Form(answer): Form<ConfirmAnswer>,
) -> Result<Response, ErrorPage> {
    let attempt = own_attempt(&platform, &name, &id, &visitor).await?;
    if !visitor
        .browser
        .form_token_holds(platform.keys(), &confirm_form(&id), &answer.token)
    {
        return Err(ErrorPage::invalid_form());
    }
    let take_new = match answer.account.as_str() {
        "new" => true,
        "previous" => false,
        _ => return Err(ErrorPage::invalid_form()),
    };
    // A second click finds the attempt finished and sees what the first one did.
    let attempt = match attempt.status {
        AttemptStatus::Confirming => platform.confirm(attempt, take_new).await?,
        _ => attempt,
    };
    see_other(&outcome_url(&platform, &attempt))
}

#[derive(Deserialize)]
pub(super) struct DisconnectForm {
    token: String,
    link: String,
}

/// `POST /connect/{platform}/disconnect`: the seller ends the connection. Others who share the account keep it.
pub(super) async fn disconnect(
    State(platform): State<Platform>,
    Path(name): Path<String>,
    visitor: Visitor,
    Form(form): Form<DisconnectForm>,
) -> Result<Response, ErrorPage> {
    if !visitor
        .browser
        .form_token_holds(platform.keys(), "disconnect", &form.token)
    {
        return Err(ErrorPage::invalid_form());
    }
    let ticket = link::verify(&platform, &name, &form.link)?;
    let stamp = platform.audit_stamp(Actor::Seller, visitor.address.clone());
    let (status, ended) = match platform
        .end_connection(
            &ticket.realm,
            &ticket.tenant,
            DisconnectScope::UnlinkHere,
            stamp,
        )
        .await
    {
        // Twice is once: whoever clicks again wants to see it gone.
        Ok(_) | Err(DisconnectError::NotConnected(_)) => {
            (StatusCode::OK, "Your account is disconnected.")
        }
        Err(DisconnectError::Store(error)) => return Err(error.into()),
        Err(DisconnectError::Unreachable(reason)) => {
            tracing::warn!(reason, "disconnect failed");
            (
                StatusCode::BAD_GATEWAY,
                "Stripe could not be reached, so your account is still connected. Please try again.",
            )
        }
        Err(error @ (DisconnectError::Refused(_) | DisconnectError::Shared { .. })) => {
            tracing::warn!(error = %error, "disconnect refused");
            (
                StatusCode::BAD_GATEWAY,
                "Stripe refused, so your account is still connected. Please tell the platform's support.",
            )
        }
    };
    let connection = platform
        .store()
        .connection(&ticket.realm, &ticket.tenant)
        .await?;
    let mut page = connect_page_of(
        &platform,
        &ticket,
        &form.link,
        &visitor,
        connection.as_ref(),
    )
    .await?;
    page.ended = Some(ended.to_owned());
    Ok(platform.inner().pages.respond(&platform, status, &page))
}

/// An attempt that this browser started; whoever else asks learns nothing.
async fn own_attempt(
    platform: &Platform,
    name: &str,
    id: &str,
    visitor: &Visitor,
) -> Result<Attempt, ErrorPage> {
    let attempt = platform.store().attempt(id).await?;
    attempt
        .filter(|attempt| attempt.realm.platform == name && visitor.browser.owns(attempt))
        .ok_or_else(ErrorPage::not_found)
}

async fn show(
    platform: &Platform,
    attempt: &Attempt,
    visitor: &Visitor,
) -> Result<Response, ErrorPage> {
    let name = &attempt.realm.platform;
    let mut page = match (attempt.status, attempt.outcome) {
        (AttemptStatus::Finished, Some(outcome)) => outcome_page(platform, name, outcome),
        (AttemptStatus::Confirming, _) => confirm_page(platform, attempt, visitor).await?,
        _ => OutcomePage::working(),
    };
    page.account.clone_from(&attempt.account);
    page.reference = Some(attempt.id.clone());
    page.test_mode = !attempt.realm.mode.livemode();
    page.return_url = return_url(platform, attempt.return_to.as_deref(), name);
    if page.may_try_again {
        page.again_url = Some(
            platform
                .config()
                .url(&format!("/connect/{name}/again/{}", attempt.id)),
        );
    }
    let status = match (attempt.status, attempt.outcome) {
        (AttemptStatus::Finished, Some(outcome)) => outcome.status(),
        (AttemptStatus::Confirming, _) => 200,
        _ => 202,
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Ok(platform.inner().pages.respond(platform, status, &page))
}

fn refusal(platform: &Platform, name: &str, outcome: Outcome) -> Response {
    let page = outcome_page(platform, name, outcome);
    let status = StatusCode::from_u16(outcome.status()).unwrap_or(StatusCode::BAD_REQUEST);
    platform.inner().pages.respond(platform, status, &page)
}

fn outcome_page(platform: &Platform, name: &str, outcome: Outcome) -> OutcomePage {
    let brand = platform.config().platforms.get(name);
    let mut page = OutcomePage::of(outcome);
    page.brand = brand.map(|brand| brand.name.clone());
    page.support_url = brand
        .and_then(|brand| brand.support_url.as_ref())
        .map(ToString::to_string);
    page
}

async fn confirm_page(
    platform: &Platform,
    attempt: &Attempt,
    visitor: &Visitor,
) -> Result<OutcomePage, ErrorPage> {
    let connection = platform
        .store()
        .connection(&attempt.realm, &attempt.tenant)
        .await?;
    let name = &attempt.realm.platform;
    let mut page = OutcomePage::confirming();
    page.brand = platform
        .config()
        .platforms
        .get(name)
        .map(|brand| brand.name.clone());
    page.confirm = Some(ConfirmForm {
        url: platform
            .config()
            .url(&format!("/connect/{name}/confirm/{}", attempt.id)),
        token: visitor
            .browser
            .form_token(platform.keys(), &confirm_form(&attempt.id)),
        previous: connection
            .map(|connection| connection.account)
            .unwrap_or_default(),
        new: attempt.account.clone().unwrap_or_default(),
    });
    Ok(page)
}

fn confirm_form(attempt: &str) -> String {
    format!("confirm {attempt}")
}

fn outcome_url(platform: &Platform, attempt: &Attempt) -> String {
    platform.config().url(&format!(
        "/connect/{}/outcome/{}",
        attempt.realm.platform, attempt.id
    ))
}

/// The link's own choice, else the platform's first.
fn return_url(platform: &Platform, chosen: Option<&str>, name: &str) -> Option<String> {
    let brand = platform.config().platforms.get(name)?;
    chosen
        .map(str::to_owned)
        .or_else(|| brand.return_urls.first().map(ToString::to_string))
}

pub(super) fn see_other(url: &str) -> Result<Response, ErrorPage> {
    let location = HeaderValue::from_str(url).map_err(|error| ErrorPage::internal(&error))?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
}
