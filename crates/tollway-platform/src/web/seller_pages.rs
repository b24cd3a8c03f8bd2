//! Builds the pages that a seller sees.

use axum::response::Response;
use http::StatusCode;

use super::error_page::ErrorPage;
use super::pages::{ConfirmForm, ConnectPage, ConnectedView, OutcomePage, day};
use super::state::WebState;
use super::visitor::Visitor;
use crate::flow::start::StartRequest;
use crate::outcome::Outcome;
use crate::store::{Attempt, AttemptStatus, Connection};

/// The form token's purpose on the connect page.
pub(super) const DISCONNECT_FORM: &str = "disconnect";

/// The page of a start link. `query` is the link's query.
pub(super) async fn connect_page(
    web: &WebState,
    request: &StartRequest,
    query: &str,
    visitor: &Visitor,
) -> Result<ConnectPage, ErrorPage> {
    let (brand, _) = web
        .config()
        .realm(&request.realm)
        .ok_or_else(ErrorPage::not_found)?;
    let connection = web
        .store()
        .connection(&request.realm, &request.tenant)
        .await?
        .filter(Connection::is_active);
    let platform_name = &request.realm.platform;
    let connected = match connection {
        None => None,
        Some(connection) => {
            let connections = &web.services().connections;
            let others = connections.other_tenants(&connection).await?;
            Some(ConnectedView {
                account: connection.account,
                since: day(connection.connected_at),
                shared: !others.is_empty(),
                disconnect_url: web
                    .config()
                    .url(&format!("/connect/{platform_name}/disconnect")),
                link: query.to_owned(),
                token: visitor.browser.form_token(web.keys(), DISCONNECT_FORM),
            })
        }
    };
    Ok(ConnectPage {
        brand: brand.name.clone(),
        test_mode: !request.realm.mode.livemode(),
        start_url: web
            .config()
            .url(&format!("/connect/{platform_name}/start?{query}")),
        return_url: return_url(web, request.return_to.as_deref(), platform_name),
        connected,
        ended: None,
    })
}

/// The page of an attempt: its outcome, the question which account to keep, or a page that reloads itself.
pub(super) async fn respond_with_attempt(
    web: &WebState,
    attempt: &Attempt,
    visitor: &Visitor,
) -> Result<Response, ErrorPage> {
    let platform_name = &attempt.realm.platform;
    let (status, mut page) = match (attempt.status, attempt.outcome) {
        (AttemptStatus::Finished, Some(outcome)) => {
            (outcome.status(), outcome_page(web, platform_name, outcome))
        }
        (AttemptStatus::Confirming, _) => (200, confirm_page(web, attempt, visitor).await?),
        _ => (202, OutcomePage::working()),
    };
    page.account.clone_from(&attempt.account);
    page.reference = Some(attempt.id.clone());
    page.test_mode = !attempt.realm.mode.livemode();
    page.return_url = return_url(web, attempt.return_to.as_deref(), platform_name);
    if page.may_try_again {
        let path = format!("/connect/{platform_name}/again/{}", attempt.id);
        page.again_url = Some(web.config().url(&path));
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Ok(web.respond(status, &page))
}

/// The page of a callback that belongs to no attempt of this browser.
pub(super) fn respond_with_refusal(
    web: &WebState,
    platform_name: &str,
    outcome: Outcome,
) -> Response {
    let page = outcome_page(web, platform_name, outcome);
    let status = StatusCode::from_u16(outcome.status()).unwrap_or(StatusCode::BAD_REQUEST);
    web.respond(status, &page)
}

/// The address of an attempt's page.
pub(super) fn outcome_url(web: &WebState, attempt: &Attempt) -> String {
    web.config().url(&format!(
        "/connect/{}/outcome/{}",
        attempt.realm.platform, attempt.id
    ))
}

/// The form token's purpose on the confirmation page.
pub(super) fn confirm_form_name(attempt_id: &str) -> String {
    format!("confirm {attempt_id}")
}

fn outcome_page(web: &WebState, platform_name: &str, outcome: Outcome) -> OutcomePage {
    let brand = web.config().platforms.get(platform_name);
    let mut page = OutcomePage::of(outcome);
    page.brand = brand.map(|brand| brand.name.clone());
    page.support_url = brand
        .and_then(|brand| brand.support_url.as_ref())
        .map(ToString::to_string);
    page
}

async fn confirm_page(
    web: &WebState,
    attempt: &Attempt,
    visitor: &Visitor,
) -> Result<OutcomePage, ErrorPage> {
    let connection = web
        .store()
        .connection(&attempt.realm, &attempt.tenant)
        .await?;
    let platform_name = &attempt.realm.platform;
    let mut page = OutcomePage::confirming();
    page.brand = web
        .config()
        .platforms
        .get(platform_name)
        .map(|brand| brand.name.clone());
    let path = format!("/connect/{platform_name}/confirm/{}", attempt.id);
    page.confirm = Some(ConfirmForm {
        url: web.config().url(&path),
        token: visitor
            .browser
            .form_token(web.keys(), &confirm_form_name(&attempt.id)),
        previous: connection
            .map(|connection| connection.account)
            .unwrap_or_default(),
        new: attempt.account.clone().unwrap_or_default(),
    });
    Ok(page)
}

/// The URL that the link chose, or the platform's first one.
fn return_url(web: &WebState, chosen: Option<&str>, platform_name: &str) -> Option<String> {
    let brand = web.config().platforms.get(platform_name)?;
    chosen
        .map(str::to_owned)
        .or_else(|| brand.return_urls.first().map(ToString::to_string))
}
