//! The authorize page: a seller connects an account to the platform, or denies the request.
//!
//! - `GET /oauth/authorize`, `GET /express/oauth/authorize`: the page, or an error as JSON that is never redirected.
//! - `POST` to the same address, query included: `decision=connect|skip|deny`, and for `connect` either
//!   `account=acct_…` or `account=new` with `stripe_user[email]=…`. Redirects to the redirect URI with 303. With curl:
//!   `curl -i "$AUTHORIZE_URL" -d decision=connect -d "stripe_user[email]=seller@example.com"`.

mod context;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use http::StatusCode;

use self::context::{AuthorizePage, SellerOption, SignUpField};
use crate::accounts::sellers;
use crate::oauth::authorize::{
    AuthorizeEndpoint, AuthorizeRequest, ClientPolicy, ValidAuthorization, denied_redirect,
    success_redirect,
};
use crate::oauth::code_issuance::{
    CodeRequest, FormRejection, IssueCodeOutcome, SellerChoice, issue_code, scope_refusal,
};
use crate::oauth::error::{OAuthError, OAuthFailure, invalid_client};
use crate::oauth::responses::{failure_response, nonempty, read_form};
use crate::oauth::seller_profile::{self, FieldError};
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
        AuthorizeEndpoint::Standard,
        query.as_deref().unwrap_or_default(),
    )
}

pub(crate) async fn express(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
) -> Response {
    show(
        &engine,
        AuthorizeEndpoint::Express,
        query.as_deref().unwrap_or_default(),
    )
}

pub(crate) async fn decide_standard(
    State(engine): State<Arc<Engine>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    decide(
        &engine,
        AuthorizeEndpoint::Standard,
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
        AuthorizeEndpoint::Express,
        query.as_deref().unwrap_or_default(),
        &body,
    )
}

/// A valid authorize request with its world.
struct Visit {
    world: Arc<World>,
    mode: Mode,
    client_id: String,
    endpoint: AuthorizeEndpoint,
    request: AuthorizeRequest,
    authorization: ValidAuthorization,
}

/// Reads and validates an authorize request.
fn visit(engine: &Engine, endpoint: AuthorizeEndpoint, query: &str) -> Result<Visit, OAuthError> {
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
    let authorization = request.check(endpoint, &policy)?;
    Ok(Visit {
        world,
        mode,
        client_id,
        endpoint,
        request,
        authorization,
    })
}

fn show(engine: &Engine, endpoint: AuthorizeEndpoint, query: &str) -> Response {
    match visit(engine, endpoint, query) {
        Ok(visit) => {
            let form = seller_profile::valid_prefills(
                &visit.request.stripe_user,
                account_type(visit.endpoint),
            );
            page(
                &visit,
                StatusCode::OK,
                &form,
                None,
                &FormRejection::Fields(Vec::new()),
            )
        }
        Err(error) => failure_response(&error.into()),
    }
}

fn decide(engine: &Engine, endpoint: AuthorizeEndpoint, query: &str, body: &[u8]) -> Response {
    let visit = match visit(engine, endpoint, query) {
        Ok(visit) => visit,
        Err(error) => return failure_response(&error.into()),
    };
    let sent = read_form(body);
    let prefills = &visit.request.stripe_user;
    let mut details = seller_profile::valid_prefills(prefills, account_type(visit.endpoint));
    for (name, value) in &sent {
        if let Some(member) = name
            .strip_prefix("stripe_user[")
            .and_then(|rest| rest.strip_suffix(']'))
        {
            details.insert(member.to_owned(), value.clone());
        }
    }
    let account = nonempty(sent.get("account"));
    let choice = match sent.get("decision").map(String::as_str) {
        Some("deny") => {
            return redirect_to_platform(&denied_redirect(
                &visit.authorization.redirect_uri,
                visit.request.state.as_deref(),
            ));
        }
        Some("skip") if visit.mode == Mode::Test => SellerChoice::Skipped(prefills.clone()),
        Some("skip") => {
            return show_again(
                &visit,
                &details,
                None,
                "The form can be skipped in test mode only.",
            );
        }
        Some("connect") => match account.as_deref() {
            None | Some("new") => SellerChoice::New(details.clone()),
            Some(account) => SellerChoice::Existing(account.to_owned()),
        },
        _ => {
            return show_again(
                &visit,
                &details,
                None,
                "Choose Connect or Deny (decision=connect, skip or deny).",
            );
        }
    };
    let scope = visit.world.lock().platform_scope(visit.mode);
    let outcome = engine.transact_internal(&visit.world, scope, |ctx| {
        let request = CodeRequest {
            client_id: &visit.client_id,
            scope: visit.authorization.scope,
            account_type: account_type(visit.endpoint),
            capabilities: &visit.request.suggested_capabilities,
        };
        issue_code(ctx, choice, request)
    });
    match outcome {
        Ok(IssueCodeOutcome::Issued(code)) => {
            let state = visit.request.state.as_deref();
            redirect_to_platform(&success_redirect(
                &visit.authorization.redirect_uri,
                &code,
                visit.authorization.scope,
                state,
            ))
        }
        Ok(IssueCodeOutcome::Rejected(rejection)) => page(
            &visit,
            StatusCode::UNPROCESSABLE_ENTITY,
            &details,
            account.as_deref(),
            &rejection,
        ),
        Err(error) => failure_response(&error.into()),
    }
}

/// The type of account that connects at this endpoint.
fn account_type(endpoint: AuthorizeEndpoint) -> &'static str {
    match endpoint {
        AuthorizeEndpoint::Standard => "standard",
        AuthorizeEndpoint::Express => "express",
    }
}

fn redirect_to_platform(url: &url::Url) -> Response {
    pages::with_page_headers(Redirect::to(url.as_str()).into_response(), Some(url))
}

fn show_again(
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
        &FormRejection::Message(message.to_owned()),
    )
}

fn page(
    visit: &Visit,
    status: StatusCode,
    details: &BTreeMap<String, String>,
    account: Option<&str>,
    rejection: &FormRejection,
) -> Response {
    let world = visit.world.lock();
    let scope = visit.authorization.scope;
    let sellers = match sellers::load_sellers(&world) {
        Ok(sellers) => sellers,
        Err(error) => return failure_response(&OAuthFailure::Failed(error)),
    };
    let sellers: Vec<SellerOption> = sellers
        .into_iter()
        .filter(|seller| seller.kind == account_type(visit.endpoint))
        .map(|seller| SellerOption {
            label: seller.label().to_owned(),
            refusal: scope_refusal(&seller, scope),
            account: seller.account,
            email: seller.email,
        })
        .collect();
    let platform = world.platform.business_name.clone();
    drop(world);
    let (message, errors): (Option<String>, &[FieldError]) = match rejection {
        FormRejection::Message(message) => (Some(message.clone()), &[]),
        FormRejection::Fields(errors) if errors.is_empty() => (None, &[]),
        FormRejection::Fields(errors) => (
            Some("The new account needs a correction below.".to_owned()),
            errors,
        ),
    };
    let chosen = preselected(visit, account, &sellers);
    let page = AuthorizePage {
        platform,
        mode: visit.mode.as_str(),
        permissions: permissions(scope),
        returns_to: visit
            .authorization
            .redirect_uri
            .host_str()
            .unwrap_or_default()
            .to_owned(),
        chosen,
        sellers,
        fields: fields(details, errors),
        may_skip: visit.mode == Mode::Test,
        error: message,
    };
    pages::respond(status, &page, Some(&visit.authorization.redirect_uri))
}

/// The account of the form; else by `stripe_landing` the first account, or `new`.
fn preselected(visit: &Visit, account: Option<&str>, sellers: &[SellerOption]) -> String {
    let signs_in = match visit.request.stripe_landing.as_deref() {
        Some("login") => true,
        Some("register") => false,
        _ => visit.authorization.scope == GrantScope::ReadOnly,
    };
    let first = sellers
        .iter()
        .find(|seller| seller.refusal.is_none())
        .filter(|_| signs_in);
    account
        .or(first.map(|seller| seller.account.as_str()))
        .unwrap_or("new")
        .to_owned()
}

/// The granted permissions in words.
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

fn fields(details: &BTreeMap<String, String>, errors: &[FieldError]) -> Vec<SignUpField> {
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
    )| SignUpField {
        id: name,
        name,
        label,
        r#type,
        autocomplete,
        value: details.get(name).cloned().unwrap_or_default(),
        error: errors
            .iter()
            .find(|error| error.field == name)
            .map(|error| error.text.to_owned()),
    };
    FIELDS.into_iter().map(field).collect()
}

#[cfg(test)]
mod tests;
