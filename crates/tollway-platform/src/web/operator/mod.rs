//! The operator's pages, behind a login: connections with their history, attempts, the inbox, the sealing keys.

mod session;
mod views;

use axum::Form;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;

pub(crate) use self::session::is_password_hash;
use self::session::{Session, check_password};
pub(crate) use self::views::{
    AttemptsPage, ConnectionPage, ConnectionsPage, DeliveryPage, InboxPage, KeysPage, LoginPage,
    Nav,
};
use super::cookies;
use super::error_page::ErrorPage;
use super::rate_limit::per_address;
use super::seller::{Visitor, see_other};
use crate::flow::disconnect::{DisconnectError, DisconnectScope};
use crate::platform::Platform;
use crate::store::{Actor, Page};

pub use self::session::hash_password;

/// So many rows on one page.
const ROWS: u32 = 50;

/// The routes; none when no password is configured.
pub(super) fn routes(platform: &Platform) -> Router<Platform> {
    if !platform.config().operator.enabled() {
        return Router::new();
    }
    let login = Router::new()
        .route("/operator/login", get(login_page).post(login))
        .layer(from_fn_with_state((platform.clone(), "login"), per_address));
    Router::new()
        .route("/operator", get(connections))
        .route("/operator/connections", get(connections))
        .route("/operator/connections/{id}", get(connection))
        .route("/operator/connections/{id}/disconnect", post(disconnect))
        .route("/operator/attempts", get(attempts))
        .route("/operator/keys", get(keys))
        .route("/operator/inbox", get(inbox))
        .route("/operator/inbox/{id}", get(delivery))
        .route("/operator/inbox/{id}/replay", post(replay))
        .route("/operator/logout", post(logout))
        .merge(login)
}

/// Where a list goes on.
#[derive(Deserialize)]
struct Older {
    before: Option<String>,
}

impl Older {
    /// One row more than is shown tells whether there are older ones.
    fn page(self) -> Page {
        Page {
            realm: None,
            before: self.before,
            limit: ROWS + 1,
        }
    }
}

async fn login_page(State(platform): State<Platform>, visitor: Visitor) -> Response {
    show_login(&platform, &visitor, StatusCode::OK, false)
}

fn show_login(platform: &Platform, visitor: &Visitor, status: StatusCode, wrong: bool) -> Response {
    let page = LoginPage {
        token: visitor.browser.form_token(platform.keys(), "login"),
        wrong,
    };
    let mut response = platform.inner().pages.respond(platform, status, &page);
    visitor.remember(platform, &mut response);
    response
}

#[derive(Deserialize)]
struct Login {
    token: String,
    password: secrecy::SecretString,
}

async fn login(
    State(platform): State<Platform>,
    visitor: Visitor,
    Form(form): Form<Login>,
) -> Result<Response, ErrorPage> {
    if !visitor
        .browser
        .form_token_holds(platform.keys(), "login", &form.token)
    {
        return Err(ErrorPage::invalid_form());
    }
    if !check_password(&platform, form.password).await {
        tracing::warn!(client.address = visitor.address, "operator login refused");
        return Ok(show_login(&platform, &visitor, StatusCode::FORBIDDEN, true));
    }
    tracing::info!(client.address = visitor.address, "operator logged in");
    let mut response = see_other(&platform.config().url("/operator"))?;
    let session = Session::new(&platform);
    let seconds = i64::from(platform.config().operator.session_hours) * 3600;
    cookies::set(
        &platform,
        &mut response,
        cookies::OPERATOR,
        session.write(&platform),
        seconds,
    );
    Ok(response)
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

async fn logout(
    State(platform): State<Platform>,
    session: Session,
    Form(form): Form<Token>,
) -> Result<Response, ErrorPage> {
    session.check(&platform, &form.token)?;
    let mut response = see_other(&platform.config().url("/operator/login"))?;
    cookies::set(
        &platform,
        &mut response,
        cookies::OPERATOR,
        String::new(),
        0,
    );
    Ok(response)
}

async fn connections(
    State(platform): State<Platform>,
    session: Session,
    Query(older): Query<Older>,
) -> Result<Response, ErrorPage> {
    let rows = platform.store().connections(older.page()).await?;
    let page = ConnectionsPage::new(session.nav(&platform, "/operator/connections"), rows, ROWS);
    Ok(platform
        .inner()
        .pages
        .respond(&platform, StatusCode::OK, &page))
}

async fn connection(
    State(platform): State<Platform>,
    session: Session,
    Path(id): Path<String>,
) -> Result<Response, ErrorPage> {
    show_connection(&platform, &session, &id, StatusCode::OK, None).await
}

async fn show_connection(
    platform: &Platform,
    session: &Session,
    id: &str,
    status: StatusCode,
    notice: Option<String>,
) -> Result<Response, ErrorPage> {
    let connection = platform
        .store()
        .connection_by_id(id)
        .await?
        .ok_or_else(ErrorPage::not_found)?;
    let others = platform.others_on(&connection).await?;
    let half = platform.other_half(&connection).await?;
    let history = Page::newest(ROWS).of(connection.realm.clone());
    let history = platform
        .store()
        .history(Some(&connection.tenant), history)
        .await?;
    let mut nav = session.nav(platform, "/operator/connections");
    nav.notice = notice;
    let page = ConnectionPage::new(nav, &connection, others, half.as_ref(), history);
    Ok(platform.inner().pages.respond(platform, status, &page))
}

async fn keys(State(platform): State<Platform>, session: Session) -> Result<Response, ErrorPage> {
    let report = platform.key_usage().await?;
    let page = KeysPage::new(session.nav(&platform, "/operator/keys"), &report);
    Ok(platform
        .inner()
        .pages
        .respond(&platform, StatusCode::OK, &page))
}

#[derive(Deserialize)]
struct DisconnectForm {
    token: String,
    scope: String,
}

async fn disconnect(
    State(platform): State<Platform>,
    session: Session,
    Path(id): Path<String>,
    visitor: Visitor,
    Form(form): Form<DisconnectForm>,
) -> Result<Response, ErrorPage> {
    session.check(&platform, &form.token)?;
    let scope = match form.scope.as_str() {
        "sole" => DisconnectScope::Sole,
        "unlink" => DisconnectScope::UnlinkHere,
        "revoke" => DisconnectScope::RevokeForAll,
        _ => return Err(ErrorPage::invalid_form()),
    };
    let connection = platform
        .store()
        .connection_by_id(&id)
        .await?
        .ok_or_else(ErrorPage::not_found)?;
    let stamp = platform.audit_stamp(Actor::Operator, visitor.address);
    let (status, notice) = match platform
        .end_connection(&connection.realm, &connection.tenant, scope, stamp)
        .await
    {
        Ok(ended) => (
            StatusCode::OK,
            match ended.len() {
                1 => "The connection ended.".to_owned(),
                count => format!("{count} connections ended."),
            },
        ),
        Err(DisconnectError::Store(error)) => return Err(error.into()),
        Err(error @ DisconnectError::Unreachable(_)) => (StatusCode::BAD_GATEWAY, sentence(&error)),
        Err(error) => (StatusCode::CONFLICT, sentence(&error)),
    };
    show_connection(&platform, &session, &id, status, Some(notice)).await
}

fn sentence(error: &DisconnectError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

async fn attempts(
    State(platform): State<Platform>,
    session: Session,
    Query(older): Query<Older>,
) -> Result<Response, ErrorPage> {
    let rows = platform.store().attempts(older.page()).await?;
    let counts = platform.store().attempt_counts().await?;
    let page = AttemptsPage::new(
        session.nav(&platform, "/operator/attempts"),
        counts,
        rows,
        ROWS,
    );
    Ok(platform
        .inner()
        .pages
        .respond(&platform, StatusCode::OK, &page))
}

async fn inbox(
    State(platform): State<Platform>,
    session: Session,
    Query(older): Query<Older>,
) -> Result<Response, ErrorPage> {
    let rows = platform.store().deliveries(None, older.page()).await?;
    let state = platform.store().inbox_state().await?;
    let page = InboxPage::new(
        session.nav(&platform, "/operator/inbox"),
        &state,
        rows,
        ROWS,
    );
    Ok(platform
        .inner()
        .pages
        .respond(&platform, StatusCode::OK, &page))
}

async fn delivery(
    State(platform): State<Platform>,
    session: Session,
    Path(id): Path<String>,
) -> Result<Response, ErrorPage> {
    show_delivery(&platform, &session, &id, None).await
}

async fn show_delivery(
    platform: &Platform,
    session: &Session,
    id: &str,
    notice: Option<String>,
) -> Result<Response, ErrorPage> {
    let delivery = platform
        .store()
        .delivery(id)
        .await?
        .ok_or_else(ErrorPage::not_found)?;
    let failures = platform.store().failures(id).await?;
    let mut nav = session.nav(platform, "/operator/inbox");
    nav.notice = notice;
    Ok(platform.inner().pages.respond(
        platform,
        StatusCode::OK,
        &DeliveryPage::new(nav, &delivery, failures),
    ))
}

async fn replay(
    State(platform): State<Platform>,
    session: Session,
    Path(id): Path<String>,
    Form(form): Form<Token>,
) -> Result<Response, ErrorPage> {
    session.check(&platform, &form.token)?;
    let found = platform.replay(&id).await?;
    let notice = if found {
        "It will be worked on again now."
    } else {
        "It is waiting to be worked on anyway."
    };
    show_delivery(&platform, &session, &id, Some(notice.to_owned())).await
}
