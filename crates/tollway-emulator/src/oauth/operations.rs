//! What the OAuth endpoints do, each as one transaction: giving out a code, redeeming it, refreshing, deauthorising.
//!
//! A refusal is an `Ok(Err(OAuthError))` of the transaction, because some refusals change things: reusing a code ends the
//! connection.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::accounts::connection;
use crate::accounts::sellers::{self, Seller};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::key::{ApiKey, KeyKind};
use crate::oauth::codes::{self, Code};
use crate::oauth::error::{
    OAuthError, OAuthErrorCode, invalid_client, invalid_grant, invalid_request,
};
use crate::oauth::grant::{self, Grant, Redemption, TokenRequest, given};
use crate::oauth::seller_profile::{self, Complaint};
use crate::scope::Mode;
use crate::world::{GrantScope, Token, TokenKind, World};
use crate::{Claim, Engine};

/// A platform as its secret key shows it.
pub(crate) struct Caller {
    pub(crate) world: Arc<World>,
    pub(crate) mode: Mode,
}

/// The platform behind a secret key.
pub(crate) fn caller(engine: &Engine, key: Option<&str>) -> Result<Caller, OAuthError> {
    let text = key.filter(|text| !text.is_empty()).ok_or_else(|| {
        invalid_client("No API key was given: send your platform's secret key as Bearer, as Basic user, or as client_secret")
    })?;
    let key = ApiKey::parse(text)
        .filter(|key| key.kind != KeyKind::Publishable)
        .ok_or_else(|| {
            invalid_client(
                "The API key is not a secret key: it must begin with sk_test_ or sk_live_",
            )
        })?;
    let world = engine.worlds().for_key(&key);
    if world.lock().token(key.mode, key.expose()).is_some() {
        return Err(invalid_client(
            "The API key is an access token of a connected account: send the platform's own key",
        ));
    }
    Ok(Caller {
        world,
        mode: key.mode,
    })
}

/// Who says yes on the authorize page.
pub(crate) enum Yes {
    /// An account that exists.
    Existing(String),
    /// A new one, described by the form.
    New(BTreeMap<String, String>),
    /// A new one with the form skipped; these are the prefills.
    Skipped(BTreeMap<String, String>),
}

/// Why the page is shown again.
pub(crate) enum Again {
    /// One sentence.
    Message(String),
    /// What to put right in the form.
    Form(Vec<Complaint>),
}

/// Gives out a code for the account that said yes.
pub(crate) fn give_out(
    ctx: &mut Ctx<'_>,
    yes: Yes,
    client_id: &str,
    scope: GrantScope,
    kind: &str,
    capabilities: &[String],
) -> Result<String, Again> {
    let now = ctx.now();
    let is_new = !matches!(yes, Yes::Existing(_));
    let mut seller = match yes {
        Yes::Existing(account) => {
            let seller = sellers::seller(ctx.world, &account).filter(|seller| seller.kind == kind);
            let seller = seller.ok_or_else(|| {
                Again::Message(format!(
                    "There is no {kind} account '{account}' to sign in to."
                ))
            })?;
            if let Some(reason) = refusal(&seller, scope) {
                return Err(Again::Message(format!(
                    "This account {reason}. Choose another one or create a new one."
                )));
            }
            seller
        }
        Yes::New(form) => {
            let account = ctx.new_id("account");
            seller_profile::from_form(&form, &account, kind, now).map_err(Again::Form)?
        }
        Yes::Skipped(prefills) => {
            let account = ctx.new_id("account");
            seller_profile::skipped(&prefills, &account, kind, now)
        }
    };
    if is_new && kind == "express" {
        seller.capabilities = known_capabilities(ctx, capabilities);
    }
    sellers::put_seller(ctx.world, &seller);
    let code = Code {
        id: format!("ac_{}", ctx.world.random.alphanumeric(32)),
        client_id: client_id.to_owned(),
        account: seller.account,
        scope,
        created: now,
        redeemed: false,
    };
    codes::put_code(ctx.world, ctx.scope.mode, &code);
    Ok(code.id)
}

/// Those that there are; the others are left out silently, as at Stripe.
fn known_capabilities(ctx: &Ctx<'_>, names: &[String]) -> Vec<String> {
    let described = ctx.services.description().object("account_capabilities");
    let known = |name: &&String| described.is_some_and(|object| object.field(name).is_some());
    names.iter().filter(known).cloned().collect()
}

/// Why an account cannot grant this scope, as the end of a sentence.
pub(crate) fn refusal(seller: &Seller, scope: GrantScope) -> Option<String> {
    let controller = seller
        .controlled_by
        .as_ref()
        .filter(|_| scope == GrantScope::ReadWrite)?;
    Some(format!("is already controlled by {controller}"))
}

/// `POST /oauth/token`.
pub(crate) fn token(
    engine: &Engine,
    caller: &Caller,
    request: &TokenRequest,
) -> Result<Result<Value, OAuthError>, ApiError> {
    let grant = match request.grant() {
        Ok(grant) => grant,
        Err(error) => return Ok(Err(error)),
    };
    if let Grant::AuthorizationCode(code) = &grant {
        claim(engine, caller, code);
    }
    let scope = caller.world.lock().platform_scope(caller.mode);
    engine.transact_internal(&caller.world, scope, |ctx| {
        Ok(match &grant {
            Grant::AuthorizationCode(code) => redeem(ctx, code, &request.assert_capabilities),
            Grant::RefreshToken(token, scope) => refresh(ctx, token, *scope),
        })
    })
}

/// A code of a client id nobody owns makes the client id the caller's.
fn claim(engine: &Engine, caller: &Caller, code: &str) {
    if engine.config().strict || codes::code(&caller.world.lock(), code).is_some() {
        return;
    }
    let mut holders = engine
        .worlds()
        .all()
        .into_iter()
        .filter(|world| !Arc::ptr_eq(world, &caller.world));
    let found = holders.find_map(|world| codes::code(&world.lock(), code));
    if let Some((_, code)) = found
        && matches!(
            engine.worlds().claim_of(&code.client_id),
            Claim::Unclaimed(..)
        )
    {
        engine.adopt(&code.client_id, &caller.world, caller.mode);
    }
}

fn redeem(ctx: &mut Ctx<'_>, code: &str, capabilities: &[String]) -> Result<Value, OAuthError> {
    let (issued, mut code) =
        codes::code(ctx.world, code).ok_or_else(|| grant::unknown_code(code))?;
    let mode = ctx.scope.mode;
    match grant::redeem(&code, issued, mode, ctx.now()) {
        Redemption::Refuse(error) => return Err(error),
        Redemption::Revoke(error) => {
            if codes::grant_of(ctx.world, mode, &code.account).as_deref() == Some(&code.id) {
                connection::end(ctx, &code.account);
            }
            return Err(error);
        }
        Redemption::Connect => {}
    }
    let seller =
        sellers::seller(ctx.world, &code.account).ok_or_else(|| grant::unknown_code(&code.id))?;
    assert_capabilities(ctx, &seller, capabilities)?;
    code.redeemed = true;
    let now = ctx.now();
    codes::put_code(ctx.world, mode, &code);
    codes::put_grant(ctx.world, mode, &code.account, &code.id, now);
    connection::begin(ctx, &seller, &code.client_id, code.scope);
    let refresh_token = new_token(
        ctx,
        TokenKind::Refresh,
        &code.account,
        code.scope,
        &code.client_id,
    );
    Ok(answer(
        ctx,
        &code.account,
        code.scope,
        &code.client_id,
        &refresh_token,
    ))
}

fn refresh(
    ctx: &mut Ctx<'_>,
    refresh_token: &str,
    wanted: Option<GrantScope>,
) -> Result<Value, OAuthError> {
    let presented = ctx.scope.mode;
    let found = Mode::ALL
        .into_iter()
        .find_map(|mode| Some((mode, ctx.world.token(mode, refresh_token)?)));
    let (issued, token) = found.ok_or_else(grant::unknown_refresh_token)?;
    let scope = grant::refresh(&token, issued, presented, wanted)?;
    if ctx
        .world
        .connection(issued, &token.account)
        .is_none_or(|connection| !connection.active)
    {
        return Err(invalid_grant(
            "Refresh token has been revoked: the account is no longer connected",
        ));
    }
    if ctx.connection(&token.account).is_none() {
        let seller =
            sellers::seller(ctx.world, &token.account).ok_or_else(grant::unknown_refresh_token)?;
        connection::begin(ctx, &seller, &token.client_id, token.scope);
    }
    connection::revoke_tokens(ctx, &token.account, Some(TokenKind::Access), Some(scope));
    Ok(answer(
        ctx,
        &token.account,
        scope,
        &token.client_id,
        refresh_token,
    ))
}

fn assert_capabilities(
    ctx: &Ctx<'_>,
    seller: &Seller,
    wanted: &[String],
) -> Result<(), OAuthError> {
    let account = connection::account_object(ctx, &seller.account);
    let holds = |name: &str| match &account {
        Some(account) => account["capabilities"][name] == "active",
        // It gets them when it is connected.
        None => seller.first_capabilities().contains(&name),
    };
    match wanted.iter().find(|name| !holds(name)) {
        None => Ok(()),
        Some(missing) => Err(invalid_request(format!(
            "The account does not have the capability '{missing}'"
        ))),
    }
}

fn answer(
    ctx: &mut Ctx<'_>,
    account: &str,
    scope: GrantScope,
    client_id: &str,
    refresh_token: &str,
) -> Value {
    json!({
        "access_token": new_token(ctx, TokenKind::Access, account, scope, client_id),
        "livemode": ctx.scope.livemode(),
        "refresh_token": refresh_token,
        "token_type": "bearer",
        "stripe_publishable_key": publishable_key(ctx, account, scope, client_id),
        "stripe_user_id": account,
        "scope": scope.as_str(),
    })
}

/// The account's publishable key: one for as long as it is connected.
fn publishable_key(ctx: &mut Ctx<'_>, account: &str, scope: GrantScope, client_id: &str) -> String {
    let tokens = ctx.world.tokens_of(ctx.scope.mode, account);
    let known = tokens
        .into_iter()
        .find(|(_, token)| token.kind == TokenKind::Publishable && !token.revoked);
    match known {
        Some((text, _)) => text.to_string(),
        None => new_token(ctx, TokenKind::Publishable, account, scope, client_id),
    }
}

fn new_token(
    ctx: &mut Ctx<'_>,
    kind: TokenKind,
    account: &str,
    scope: GrantScope,
    client_id: &str,
) -> String {
    let (mode, now) = (ctx.scope.mode, ctx.now());
    let random = ctx.world.random.alphanumeric(32);
    let text = match kind {
        TokenKind::Access => format!("sk_{mode}_{random}"),
        TokenKind::Publishable => format!("pk_{mode}_{random}"),
        TokenKind::Refresh => format!("rt_{random}"),
    };
    let token = Token {
        kind,
        account: account.into(),
        scope,
        client_id: client_id.to_owned(),
        revoked: false,
    };
    ctx.world.put_token(mode, &text, &token, now);
    text
}

/// `POST /oauth/deauthorize`.
pub(crate) fn deauthorize(
    engine: &Engine,
    caller: &Caller,
    client_id: Option<&String>,
    stripe_user_id: Option<&String>,
) -> Result<Result<Value, OAuthError>, ApiError> {
    let required =
        |value, name| given(value).ok_or_else(|| invalid_request(format!("No {name} was given")));
    let (client_id, account) = match (
        required(client_id, "client_id"),
        required(stripe_user_id, "stripe_user_id"),
    ) {
        (Ok(client_id), Ok(account)) => (client_id, account),
        (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
    };
    let scope = caller.world.lock().platform_scope(caller.mode);
    engine.transact_internal(&caller.world, scope, |ctx| {
        Ok(disconnect(ctx, &client_id, &account))
    })
}

fn disconnect(ctx: &mut Ctx<'_>, client_id: &str, account: &str) -> Result<Value, OAuthError> {
    let mode = ctx.scope.mode;
    match ctx.world.platform.mode_of_client_id(client_id) {
        None => {
            return Err(invalid_client(format!(
                "No application of this platform has the client_id '{client_id}'"
            )));
        }
        Some(other) if other != mode => {
            return Err(invalid_client(format!(
                "The client_id '{client_id}' is a {other} mode one, but the secret key is a {mode} mode key"
            )));
        }
        Some(_) => {}
    }
    if ctx.connection(account).is_none() {
        return Err(invalid_client(format!(
            "This application is not connected to the account '{account}', or that account does not exist"
        )));
    }
    if connection::is_controlled(ctx, account) {
        return Err(OAuthError::new(
            OAuthErrorCode::NoDeauthOnControlledAccount,
            format!(
                "The account '{account}' is controlled by this platform and cannot be disconnected: reject it instead"
            ),
        ));
    }
    connection::end(ctx, account);
    Ok(json!({"stripe_user_id": account}))
}
