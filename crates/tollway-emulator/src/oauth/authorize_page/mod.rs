//! The authorize page over HTTP.
//!
//! - `GET /oauth/authorize`, `GET /express/oauth/authorize`: the page, or an error as JSON that is never redirected.
//! - `POST` to the same address, query included: `decision=connect|skip|deny`, and for `connect` either
//!   `account=acct_…` or `account=new` with `stripe_user[email]=…`. Answers 303 to the redirect URI. By curl:
//!   `curl -i "$AUTHORIZE_URL" -d decision=connect -d "stripe_user[email]=seller@example.com"`.

mod context;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use http::StatusCode;

use self::context::{AuthorizePage, Choice, Field};
use crate::accounts::sellers;
use crate::oauth::authorize::{
    Authorize, AuthorizeRequest, ClientPolicy, Door, denied_redirect, success_redirect,
};
use crate::oauth::error::{OAuthError, invalid_client};
use crate::oauth::grant::given;
use crate::oauth::operations as oauth;
use crate::oauth::operations::{Again, Yes};
use crate::oauth::seller_profile::{self, Complaint};
use crate::oauth::token_endpoint::{failed, form, refused};
use crate::pages;
use crate::scope::Mode;
use crate::world::{GrantScope, World};
use crate::{Claim, Engine};

pub(crate) async fn standard(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
) -> Response {
    show(
        &engine,
        Door::Standard,
        query.as_deref().unwrap_or_default(),
    )
}

pub(crate) async fn express(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
) -> Response {
    show(&engine, Door::Express, query.as_deref().unwrap_or_default())
}

pub(crate) async fn decide_standard(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    decide(
        &engine,
        Door::Standard,
        query.as_deref().unwrap_or_default(),
        &body,
    )
}

pub(crate) async fn decide_express(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    decide(
        &engine,
        Door::Express,
        query.as_deref().unwrap_or_default(),
        &body,
    )
}

/// An authorize request with its world, once it holds up.
struct Visit {
    world: Arc<World>,
    mode: Mode,
    client_id: String,
    door: Door,
    request: AuthorizeRequest,
    authorize: Authorize,
}

fn visit(engine: &Engine, door: Door, query: &str) -> Result<Visit, OAuthError> {
    let request = AuthorizeRequest::parse(query);
    let client_id = request.client_id()?.to_owned();
    let (world, mode) = match engine.worlds().of_client_id(&client_id) {
        Some(found) => found,
        None if engine.config().strict => {
            let error = invalid_client(format!(
                "No application matches the client_id '{client_id}'"
            ));
            return Err(error.with_state(request.state.as_deref()));
        }
        None => match engine.worlds().claim_of(&client_id) {
            Claim::Platform(world, mode) | Claim::Unclaimed(world, mode) => (world, mode),
        },
    };
    let redirect_uris = world.lock().platform.mode(mode).redirect_uris.clone();
    let policy = ClientPolicy {
        mode,
        redirect_uris: &redirect_uris,
        strict: engine.config().strict,
    };
    let authorize = request.check(door, &policy)?;
    Ok(Visit {
        world,
        mode,
        client_id,
        door,
        request,
        authorize,
    })
}

fn show(engine: &Engine, door: Door, query: &str) -> Response {
    match visit(engine, door, query) {
        Ok(visit) => {
            let form = seller_profile::valid_prefills(&visit.request.stripe_user, kind(visit.door));
            page(
                &visit,
                StatusCode::OK,
                &form,
                None,
                &Again::Form(Vec::new()),
            )
        }
        Err(error) => refused(&error),
    }
}

fn decide(engine: &Engine, door: Door, query: &str, body: &[u8]) -> Response {
    let visit = match visit(engine, door, query) {
        Ok(visit) => visit,
        Err(error) => return refused(&error),
    };
    let sent = form(body);
    let prefills = &visit.request.stripe_user;
    let mut details = seller_profile::valid_prefills(prefills, kind(visit.door));
    for (name, value) in &sent {
        if let Some(member) = name
            .strip_prefix("stripe_user[")
            .and_then(|rest| rest.strip_suffix(']'))
        {
            details.insert(member.to_owned(), value.clone());
        }
    }
    let account = given(sent.get("account"));
    let yes = match sent.get("decision").map(String::as_str) {
        Some("deny") => {
            return go_back(&denied_redirect(
                &visit.authorize.redirect_uri,
                visit.request.state.as_deref(),
            ));
        }
        Some("skip") if visit.mode == Mode::Test => Yes::Skipped(prefills.clone()),
        Some("skip") => {
            return again(
                &visit,
                &details,
                None,
                "The form can be skipped in test mode only.",
            );
        }
        Some("connect") => match account.as_deref() {
            None | Some("new") => Yes::New(details.clone()),
            Some(account) => Yes::Existing(account.to_owned()),
        },
        _ => {
            return again(
                &visit,
                &details,
                None,
                "Choose Connect or Deny (decision=connect, skip or deny).",
            );
        }
    };
    let scope = visit.world.lock().platform_scope(visit.mode);
    let outcome = engine.transact_internal(&visit.world, scope, |ctx| {
        Ok(oauth::give_out(
            ctx,
            yes,
            &visit.client_id,
            visit.authorize.scope,
            kind(visit.door),
            &visit.request.suggested_capabilities,
        ))
    });
    match outcome {
        Ok(Ok(code)) => {
            let state = visit.request.state.as_deref();
            go_back(&success_redirect(
                &visit.authorize.redirect_uri,
                &code,
                visit.authorize.scope,
                state,
            ))
        }
        Ok(Err(reason)) => page(
            &visit,
            StatusCode::UNPROCESSABLE_ENTITY,
            &details,
            account.as_deref(),
            &reason,
        ),
        Err(error) => failed(&error),
    }
}

/// The kind of account that comes in by this door.
fn kind(door: Door) -> &'static str {
    match door {
        Door::Standard => "standard",
        Door::Express => "express",
    }
}

fn go_back(url: &url::Url) -> Response {
    pages::with_page_headers(Redirect::to(url.as_str()).into_response(), Some(url))
}

fn again(
    visit: &Visit,
    details: &BTreeMap<String, String>,
    account: Option<&str>,
    message: &str,
) -> Response {
    page(
        visit,
        StatusCode::BAD_REQUEST,
        details,
        account,
        &Again::Message(message.to_owned()),
    )
}

fn page(
    visit: &Visit,
    status: StatusCode,
    details: &BTreeMap<String, String>,
    account: Option<&str>,
    reason: &Again,
) -> Response {
    let world = visit.world.lock();
    let scope = visit.authorize.scope;
    let sellers: Vec<Choice> = sellers::sellers(&world)
        .into_iter()
        .filter(|seller| seller.kind == kind(visit.door))
        .map(|seller| Choice {
            label: seller.label().to_owned(),
            refusal: oauth::refusal(&seller, scope),
            account: seller.account,
            email: seller.email,
        })
        .collect();
    let platform = world.platform.business_name.clone();
    drop(world);
    let (message, complaints): (Option<String>, &[Complaint]) = match reason {
        Again::Message(message) => (Some(message.clone()), &[]),
        Again::Form(complaints) if complaints.is_empty() => (None, &[]),
        Again::Form(complaints) => (
            Some("The new account needs a correction below.".to_owned()),
            complaints,
        ),
    };
    let chosen = preselected(visit, account, &sellers);
    let page = AuthorizePage {
        platform,
        mode: visit.mode.as_str(),
        permissions: permissions(scope),
        returns_to: visit
            .authorize
            .redirect_uri
            .host_str()
            .unwrap_or_default()
            .to_owned(),
        chosen,
        sellers,
        fields: fields(details, complaints),
        may_skip: visit.mode == Mode::Test,
        error: message,
    };
    pages::respond(status, &page, Some(&visit.authorize.redirect_uri))
}

/// The account that was chosen, or else what `stripe_landing` asks for: signing in, or a new account.
fn preselected(visit: &Visit, account: Option<&str>, sellers: &[Choice]) -> String {
    let login = match visit.request.stripe_landing.as_deref() {
        Some("login") => true,
        Some("register") => false,
        _ => visit.authorize.scope == GrantScope::ReadOnly,
    };
    let first = sellers
        .iter()
        .find(|seller| seller.refusal.is_none())
        .filter(|_| login);
    account
        .or(first.map(|seller| seller.account.as_str()))
        .unwrap_or("new")
        .to_owned()
}

fn permissions(scope: GrantScope) -> Vec<&'static str> {
    let see = "see your payments, customers, products and balance";
    match scope {
        GrantScope::ReadOnly => vec![see],
        GrantScope::ReadWrite => vec![
            see,
            "take payments, make refunds and keep customers for you",
        ],
        GrantScope::Express => vec![
            see,
            "take payments for you and send the money to your account",
        ],
    }
}

fn fields(details: &BTreeMap<String, String>, complaints: &[Complaint]) -> Vec<Field> {
    const FIELDS: [(&str, &str, &str, &str); 4] = [
        ("email", "E-mail", "email", "email"),
        ("business_name", "Business name", "text", "organization"),
        ("country", "Country (two letters)", "text", "country"),
        ("url", "Website", "url", "url"),
    ];
    let field = |(name, label, r#type, autocomplete): (
        &'static str,
        &'static str,
        &'static str,
        &'static str,
    )| Field {
        id: name,
        name,
        label,
        r#type,
        autocomplete,
        value: details.get(name).cloned().unwrap_or_default(),
        error: complaints
            .iter()
            .find(|complaint| complaint.field == name)
            .map(|complaint| complaint.text.to_owned()),
    };
    FIELDS.into_iter().map(field).collect()
}

#[cfg(test)]
mod tests;
