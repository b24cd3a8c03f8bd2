//! The operator's pages, behind a login: connections with their history, attempts, the inbox, sealing keys.

mod session;
mod views;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use self::session::{Session, check_password};
#[cfg(test)]
pub(crate) use self::views::Nav;
pub(crate) use self::views::{
    AttemptsPage, ConnectionPage, ConnectionsPage, DeliveryPage, InboxPage, KeysPage, LoginPage,
};
use super::cookies;
use super::error_page::ErrorPage;
use super::rate_limit::limit_per_address;
use super::redirect::see_other;
use super::routes::{RouteAccess, RouteTable};
use super::state::WebState;
use super::visitor::Visitor;
use crate::connections::{DisconnectError, DisconnectScope};
use crate::store::{Actor, Page};

/// How many rows a page of a list shows.
const ROWS_PER_PAGE: u32 = 50;

/// The form token's purpose on the login page.
const LOGIN_FORM: &str = "login";

/// The operator's routes; none if no password is configured.
pub(super) fn operator_routes(web: &WebState) -> RouteTable {
    if !web.config().operator.enabled() {
        return RouteTable::default();
    }
    let (session, form) = (RouteAccess::OperatorSession, RouteAccess::OperatorForm);
    let login_limit = from_fn_with_state((web.clone(), "login"), limit_per_address);
    RouteTable::default()
        .get("/operator/login", RouteAccess::Public, get_login_page)
        .post("/operator/login", RouteAccess::BrowserForm, log_in)
        .map(|router| router.layer(login_limit))
        .get("/operator", session, list_connections)
        .get("/operator/connections", session, list_connections)
        .get("/operator/connections/{id}", session, get_connection)
        .post(
            "/operator/connections/{id}/disconnect",
            form,
            disconnect_by_operator,
        )
        .get("/operator/attempts", session, list_attempts)
        .get("/operator/keys", session, get_key_report)
        .get("/operator/inbox", session, list_deliveries)
        .get("/operator/inbox/{id}", session, get_delivery)
        .post("/operator/inbox/{id}/replay", form, replay_delivery)
        .post("/operator/logout", form, log_out)
}

/// The query of a list.
#[derive(Deserialize)]
struct ListQuery {
    before: Option<String>,
}

impl ListQuery {
    /// Reads one row more than is shown, to know whether there are older ones.
    fn page(self) -> Page {
        Page {
            before: self.before,
            ..Page::newest(ROWS_PER_PAGE + 1)
        }
    }
}

async fn get_login_page(State(web): State<WebState>, visitor: Visitor) -> Response {
    show_login(&web, &visitor, StatusCode::OK, false)
}

fn show_login(web: &WebState, visitor: &Visitor, status: StatusCode, wrong: bool) -> Response {
    let page = LoginPage {
        token: visitor.browser.form_token(web.keys(), LOGIN_FORM),
        wrong,
    };
    let mut response = web.respond(status, &page);
    visitor.set_cookie(web, &mut response);
    response
}

#[derive(Deserialize)]
struct LoginForm {
    token: String,
    password: secrecy::SecretString,
}

async fn log_in(
    State(web): State<WebState>,
    visitor: Visitor,
    Form(form): Form<LoginForm>,
) -> Result<Response, ErrorPage> {
    visitor.check_form_token(&web, LOGIN_FORM, &form.token)?;
    if !check_password(&web, form.password).await {
        tracing::warn!(client.address = visitor.address, "operator login refused");
        return Ok(show_login(&web, &visitor, StatusCode::FORBIDDEN, true));
    }
    tracing::info!(client.address = visitor.address, "operator logged in");
    let mut response = see_other(&web.config().url("/operator"))?;
    let session = Session::new(&web);
    let seconds = i64::from(web.config().operator.session_hours) * 3600;
    cookies::set(
        &web,
        &mut response,
        cookies::OPERATOR,
        session.write(&web),
        seconds,
    );
    Ok(response)
}

#[derive(Deserialize)]
struct FormToken {
    token: String,
}

async fn log_out(
    State(web): State<WebState>,
    session: Session,
    Form(form): Form<FormToken>,
) -> Result<Response, ErrorPage> {
    session.check_form_token(&web, &form.token)?;
    let mut response = see_other(&web.config().url("/operator/login"))?;
    cookies::set(&web, &mut response, cookies::OPERATOR, String::new(), 0);
    Ok(response)
}

async fn list_connections(
    State(web): State<WebState>,
    session: Session,
    Query(query): Query<ListQuery>,
) -> Result<Response, ErrorPage> {
    let rows = web.store().connections(query.page()).await?;
    let page = ConnectionsPage::new(
        session.nav(&web, "/operator/connections"),
        rows,
        ROWS_PER_PAGE,
    );
    Ok(web.respond(StatusCode::OK, &page))
}

async fn get_connection(
    State(web): State<WebState>,
    session: Session,
    Path(id): Path<String>,
) -> Result<Response, ErrorPage> {
    show_connection(&web, &session, &id, StatusCode::OK, None).await
}

async fn show_connection(
    web: &WebState,
    session: &Session,
    id: &str,
    status: StatusCode,
    notice: Option<String>,
) -> Result<Response, ErrorPage> {
    let connection = web
        .store()
        .connection_by_id(id)
        .await?
        .ok_or_else(ErrorPage::not_found)?;
    let others = web
        .services()
        .connections
        .other_tenants(&connection)
        .await?;
    let half = web.services().connections.other_half(&connection).await?;
    let history = Page::newest(ROWS_PER_PAGE).of(connection.realm.clone());
    let history = web
        .store()
        .history(Some(&connection.tenant), history)
        .await?;
    let mut nav = session.nav(web, "/operator/connections");
    nav.notice = notice;
    let page = ConnectionPage::new(nav, &connection, others, half.as_ref(), history);
    Ok(web.respond(status, &page))
}

async fn get_key_report(
    State(web): State<WebState>,
    session: Session,
) -> Result<Response, ErrorPage> {
    let report = web.platform.key_usage().await?;
    let page = KeysPage::new(session.nav(&web, "/operator/keys"), &report);
    Ok(web.respond(StatusCode::OK, &page))
}

#[derive(Deserialize)]
struct OperatorDisconnectForm {
    token: String,
    scope: ChosenScope,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ChosenScope {
    Sole,
    Unlink,
    Revoke,
    /// A value that the form does not have.
    #[serde(other)]
    Unknown,
}

async fn disconnect_by_operator(
    State(web): State<WebState>,
    session: Session,
    Path(id): Path<String>,
    visitor: Visitor,
    Form(form): Form<OperatorDisconnectForm>,
) -> Result<Response, ErrorPage> {
    session.check_form_token(&web, &form.token)?;
    let scope = match form.scope {
        ChosenScope::Sole => DisconnectScope::Sole,
        ChosenScope::Unlink => DisconnectScope::UnlinkHere,
        ChosenScope::Revoke => DisconnectScope::RevokeForAll,
        ChosenScope::Unknown => return Err(ErrorPage::invalid_form()),
    };
    let connection = web
        .store()
        .connection_by_id(&id)
        .await?
        .ok_or_else(ErrorPage::not_found)?;
    let stamp = web.platform.audit_stamp(Actor::Operator, visitor.address);
    let (status, notice) = match web
        .services()
        .connections
        .disconnect(&connection.realm, &connection.tenant, scope, stamp)
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
    show_connection(&web, &session, &id, status, Some(notice)).await
}

fn sentence(error: &DisconnectError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

async fn list_attempts(
    State(web): State<WebState>,
    session: Session,
    Query(query): Query<ListQuery>,
) -> Result<Response, ErrorPage> {
    let rows = web.store().attempts(query.page()).await?;
    let counts = web.store().attempt_counts().await?;
    let page = AttemptsPage::new(
        session.nav(&web, "/operator/attempts"),
        counts,
        rows,
        ROWS_PER_PAGE,
    );
    Ok(web.respond(StatusCode::OK, &page))
}

async fn list_deliveries(
    State(web): State<WebState>,
    session: Session,
    Query(query): Query<ListQuery>,
) -> Result<Response, ErrorPage> {
    let rows = web.store().deliveries(None, query.page()).await?;
    let state = web.store().inbox_state().await?;
    let page = InboxPage::new(
        session.nav(&web, "/operator/inbox"),
        &state,
        rows,
        ROWS_PER_PAGE,
    );
    Ok(web.respond(StatusCode::OK, &page))
}

async fn get_delivery(
    State(web): State<WebState>,
    session: Session,
    Path(id): Path<String>,
) -> Result<Response, ErrorPage> {
    show_delivery(&web, &session, &id, None).await
}

async fn show_delivery(
    web: &WebState,
    session: &Session,
    id: &str,
    notice: Option<String>,
) -> Result<Response, ErrorPage> {
    let delivery = web
        .store()
        .delivery(id)
        .await?
        .ok_or_else(ErrorPage::not_found)?;
    let failures = web.store().failures(id).await?;
    let mut nav = session.nav(web, "/operator/inbox");
    nav.notice = notice;
    Ok(web.respond(StatusCode::OK, &DeliveryPage::new(nav, &delivery, failures)))
}

async fn replay_delivery(
    State(web): State<WebState>,
    session: Session,
    Path(id): Path<String>,
    Form(form): Form<FormToken>,
) -> Result<Response, ErrorPage> {
    session.check_form_token(&web, &form.token)?;
    let replayed = web.platform.replay(&id).await?;
    let notice = if replayed {
        "It will be worked on again now."
    } else {
        "It is waiting to be worked on anyway."
    };
    show_delivery(&web, &session, &id, Some(notice.to_owned())).await
}
