//! `POST /oauth/token` and `POST /oauth/deauthorize`, each as one transaction: redeeming a code, refreshing, disconnecting.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::accounts::connection;
use crate::accounts::sellers::{self, Seller};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::key::{ApiKey, KeyKind};
use crate::oauth::codes;
use crate::oauth::error::{
    OAuthError, OAuthErrorCode, OAuthFailure, invalid_client, invalid_grant, invalid_request,
};
use crate::oauth::grant::{self, Redemption, TokenGrant, TokenRequest};
use crate::oauth::responses::nonempty;
use crate::scope::Mode;
use crate::world::{GrantScope, Token, TokenKind, World};
use crate::{Claim, Engine};

/// The platform that a secret key belongs to, in the mode of the key.
pub(super) struct KeyOwner {
    world: Arc<World>,
    mode: Mode,
}

/// The platform that a secret key belongs to.
///
/// # Errors
/// `invalid_client` if the key is missing, publishable or an access token.
pub(super) fn key_owner(engine: &Engine, key: Option<&str>) -> Result<KeyOwner, OAuthError> {
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
    Ok(KeyOwner {
        world,
        mode: key.mode,
    })
}

/// `POST /oauth/token`.
pub(super) fn token(
    engine: &Engine,
    owner: &KeyOwner,
    request: &TokenRequest,
) -> Result<Value, OAuthFailure> {
    let grant = request.grant()?;
    if let TokenGrant::AuthorizationCode(code) = &grant {
        claim_client_id(engine, owner, code)?;
    }
    transact(engine, owner, |ctx| match &grant {
        TokenGrant::AuthorizationCode(code) => redeem(ctx, code, &request.assert_capabilities),
        TokenGrant::RefreshToken(token, scope) => refresh(ctx, token, *scope),
    })
}

/// Runs `work` in a transaction of the platform. A refusal keeps its changes; another failure undoes them.
fn transact(
    engine: &Engine,
    owner: &KeyOwner,
    work: impl FnOnce(&mut Ctx<'_>) -> Result<Value, OAuthFailure>,
) -> Result<Value, OAuthFailure> {
    let scope = owner.world.lock().platform_scope(owner.mode);
    let mut refusal = None;
    let value = engine.transact_internal(&owner.world, scope, |ctx| match work(ctx) {
        Ok(value) => Ok(value),
        Err(OAuthFailure::Failed(error)) => Err(error),
        Err(OAuthFailure::Refused(error)) => {
            refusal = Some(error);
            Ok(Value::Null)
        }
    })?;
    refusal.map_or(Ok(value), |error| Err(error.into()))
}

/// Redeeming a code of an unclaimed client id makes the client id the caller's.
fn claim_client_id(engine: &Engine, owner: &KeyOwner, code: &str) -> Result<(), ApiError> {
    if engine.config().strict || codes::load_code(&owner.world.lock(), code)?.is_some() {
        return Ok(());
    }
    for world in engine.worlds().all() {
        if Arc::ptr_eq(&world, &owner.world) {
            continue;
        }
        let found = codes::load_code(&world.lock(), code)?;
        let Some((_, code)) = found else {
            continue;
        };
        let claim = engine.worlds().claim_of(&code.client_id);
        if matches!(claim, Claim::Unclaimed(..)) {
            engine.adopt(&code.client_id, &owner.world, owner.mode);
        }
        break;
    }
    Ok(())
}

fn redeem(ctx: &mut Ctx<'_>, code: &str, capabilities: &[String]) -> Result<Value, OAuthFailure> {
    let (issued, mut code) =
        codes::load_code(ctx.world, code)?.ok_or_else(|| grant::unknown_code(code))?;
    let mode = ctx.scope.mode;
    match grant::check_code(&code, issued, mode, ctx.now()) {
        Redemption::Refuse(error) => return Err(error.into()),
        Redemption::Revoke(error) => {
            let connected_with = codes::load_connection_code(ctx.world, mode, &code.account)?;
            if connected_with.as_deref() == Some(&code.id) {
                connection::disconnect_account(ctx, &code.account);
            }
            return Err(error.into());
        }
        Redemption::Connect => {}
    }
    let seller = sellers::load_seller(ctx.world, &code.account)?
        .ok_or_else(|| grant::unknown_code(&code.id))?;
    assert_capabilities(ctx, &seller, capabilities)?;
    code.redeemed = true;
    let now = ctx.now();
    codes::save_code(ctx.world, mode, &code);
    codes::save_connection_code(ctx.world, mode, &code.account, &code.id, now);
    connection::connect_account(ctx, &seller, &code.client_id, code.scope);
    let refresh_token = new_token(
        ctx,
        TokenKind::Refresh,
        &code.account,
        code.scope,
        &code.client_id,
    );
    Ok(token_response(
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
    requested: Option<GrantScope>,
) -> Result<Value, OAuthFailure> {
    let presented = ctx.scope.mode;
    let found = Mode::ALL
        .into_iter()
        .find_map(|mode| Some((mode, ctx.world.token(mode, refresh_token)?)));
    let (issued, token) = found.ok_or_else(grant::unknown_refresh_token)?;
    let scope = grant::check_refresh_token(&token, issued, presented, requested)?;
    if ctx
        .world
        .connection(issued, &token.account)
        .is_none_or(|connection| !connection.active)
    {
        return Err(invalid_grant(
            "Refresh token has been revoked: the account is no longer connected",
        )
        .into());
    }
    if ctx.connection(&token.account).is_none() {
        let seller = sellers::load_seller(ctx.world, &token.account)?
            .ok_or_else(grant::unknown_refresh_token)?;
        connection::connect_account(ctx, &seller, &token.client_id, token.scope);
    }
    connection::revoke_tokens(ctx, &token.account, Some(TokenKind::Access), Some(scope));
    Ok(token_response(
        ctx,
        &token.account,
        scope,
        &token.client_id,
        refresh_token,
    ))
}

/// Checks that the account has the capabilities.
fn assert_capabilities(
    ctx: &Ctx<'_>,
    seller: &Seller,
    capabilities: &[String],
) -> Result<(), OAuthError> {
    let account = connection::account_object(ctx, &seller.account);
    let has_capability = |name: &str| match &account {
        Some(account) => account["capabilities"][name] == "active",
        // It has them once it is connected.
        None => seller.first_capabilities().contains(&name),
    };
    match capabilities.iter().find(|name| !has_capability(name)) {
        None => Ok(()),
        Some(missing) => Err(invalid_request(format!(
            "The account does not have the capability '{missing}'"
        ))),
    }
}

/// The response of `/oauth/token`, with a new access token.
fn token_response(
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

/// The account's publishable key, which stays the same as long as it is connected.
fn publishable_key(ctx: &mut Ctx<'_>, account: &str, scope: GrantScope, client_id: &str) -> String {
    let tokens = ctx.world.tokens_of(ctx.scope.mode, account);
    let existing = tokens
        .into_iter()
        .find(|(_, token)| token.kind == TokenKind::Publishable && !token.revoked);
    match existing {
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
pub(super) fn deauthorize(
    engine: &Engine,
    owner: &KeyOwner,
    client_id: Option<&String>,
    stripe_user_id: Option<&String>,
) -> Result<Value, OAuthFailure> {
    let required = |value, name| {
        nonempty(value).ok_or_else(|| invalid_request(format!("No {name} was given")))
    };
    let client_id = required(client_id, "client_id")?;
    let account = required(stripe_user_id, "stripe_user_id")?;
    transact(engine, owner, |ctx| disconnect(ctx, &client_id, &account))
}

fn disconnect(ctx: &mut Ctx<'_>, client_id: &str, account: &str) -> Result<Value, OAuthFailure> {
    let mode = ctx.scope.mode;
    match ctx.world.platform.mode_of_client_id(client_id) {
        None => {
            return Err(invalid_client(format!(
                "No application of this platform has the client_id '{client_id}'"
            ))
            .into());
        }
        Some(other) if other != mode => {
            return Err(invalid_client(format!(
                "The client_id '{client_id}' is a {other} mode one, but the secret key is a {mode} mode key"
            ))
            .into());
        }
        Some(_) => {}
    }
    if ctx.connection(account).is_none() {
        return Err(invalid_client(format!(
            "This application is not connected to the account '{account}', or that account does not exist"
        ))
        .into());
    }
    if connection::is_controlled(ctx, account)? {
        return Err(OAuthError::new(
            OAuthErrorCode::NoDeauthOnControlledAccount,
            format!(
                "The account '{account}' is controlled by this platform and cannot be disconnected: reject it instead"
            ),
        )
        .into());
    }
    connection::disconnect_account(ctx, account);
    Ok(json!({"stripe_user_id": account}))
}
