//! Connecting accounts to the platform and disconnecting them, with their objects, tokens and events.
//!
//! While an account is connected in a mode, its `account` object is stored in the platform's scope of that mode. When the
//! connection ends, the object moves to a private record, and the next connection restores it.

use serde_json::{Value, json};

use crate::accounts::account_object::account_of_seller;
use crate::accounts::sellers::{self, Seller};
use crate::accounts::v2_records;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events;
use crate::events::EventCtx as _;
use crate::scope::Mode;
use crate::world::{Connection, ConnectionKind, GrantScope, TokenKind};

/// The record type of `account` objects that are not connected.
const DISCONNECTED_ACCOUNT: &str = "_account";

/// Connects `seller` to the platform in the context's mode, and emits `account.application.authorized`.
pub(crate) fn connect_account(
    ctx: &mut Ctx<'_>,
    seller: &Seller,
    client_id: &str,
    scope: GrantScope,
) {
    restore_account(ctx, seller);
    let connection = Connection {
        account: seller.account.as_str().into(),
        client_id: Some(client_id.to_owned()),
        kind: ConnectionKind::OAuth,
        scope,
        active: true,
        connected_at: ctx.now(),
        disconnected_at: None,
    };
    ctx.world.put_connection(ctx.scope.mode, &connection);
    let application = application(ctx, client_id);
    ctx.acting_for(seller.account.as_str()).emit(
        "account.application.authorized",
        &application,
        None,
    );
}

/// Ends the connection of `account` in the context's mode: revokes its tokens, hides its object and emits
/// `account.application.deauthorized`. Ending a live connection also ends the test connection of the same client id. Returns false
/// if the account was not connected.
pub(crate) fn disconnect_account(ctx: &mut Ctx<'_>, account: &str) -> bool {
    let Some(connection) = ctx.connection(account) else {
        return false;
    };
    disconnect_in_mode(ctx, &connection);
    if ctx.scope.livemode() {
        let scope = ctx.world.platform_scope(Mode::Test);
        let mut test = ctx.in_scope(scope);
        if let Some(pair) = test
            .connection(account)
            .filter(|pair| pair.client_id == connection.client_id)
        {
            disconnect_in_mode(&mut test, &pair);
        }
    }
    true
}

fn disconnect_in_mode(ctx: &mut Ctx<'_>, connection: &Connection) {
    let (mode, now, account) = (ctx.scope.mode, ctx.now(), connection.account.clone());
    let disconnected = Connection {
        active: false,
        disconnected_at: Some(now),
        ..connection.clone()
    };
    ctx.world.put_connection(mode, &disconnected);
    revoke_tokens(ctx, &account, None, None);
    let platform = ctx.world.platform_scope(mode);
    if let Some(object) = ctx.world.store.object(&platform, "account", &account) {
        let live = ctx.world.platform_scope(Mode::Live);
        ctx.world
            .store
            .update(&live, DISCONNECTED_ACCOUNT, &object, now);
        ctx.world.store.remove(&platform, "account", &account);
        v2_records::remove_account_record(ctx, &account);
    }
    let client_id = connection
        .client_id
        .clone()
        .unwrap_or_else(|| ctx.world.platform.mode(mode).client_id.clone());
    let application = application(ctx, &client_id);
    events::announce(
        &mut ctx.acting_for(account),
        "account.application.deauthorized",
        &application,
    );
}

/// Revokes the tokens of `account` in the context's mode: all, or those of one kind and scope.
pub(crate) fn revoke_tokens(
    ctx: &mut Ctx<'_>,
    account: &str,
    kind: Option<TokenKind>,
    scope: Option<GrantScope>,
) {
    let (mode, now) = (ctx.scope.mode, ctx.now());
    for (text, mut token) in ctx.world.tokens_of(mode, account) {
        let matches = kind.is_none_or(|kind| kind == token.kind)
            && scope.is_none_or(|scope| scope == token.scope);
        if matches && !token.revoked {
            token.revoked = true;
            ctx.world.put_token(mode, &text, &token, now);
        }
    }
}

/// Stores the account's object in the platform's scope, if it is not there.
fn restore_account(ctx: &mut Ctx<'_>, seller: &Seller) {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    if ctx
        .world
        .store
        .object(&platform, "account", &seller.account)
        .is_some()
    {
        return;
    }
    let live = ctx.world.platform_scope(Mode::Live);
    let object = ctx
        .world
        .store
        .object(&live, DISCONNECTED_ACCOUNT, &seller.account);
    let object = object.unwrap_or_else(|| account_of_seller(ctx, seller));
    ctx.insert("account", &object);
    v2_records::sync_account(ctx, &object);
}

/// The platform's `application` object, which Connect events carry.
fn application(ctx: &Ctx<'_>, client_id: &str) -> Value {
    json!({"id": client_id, "object": "application", "name": ctx.world.platform.business_name})
}

/// The account's object, whether it is connected in the context's mode or not.
pub(crate) fn account_object(ctx: &Ctx<'_>, account: &str) -> Option<Value> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let live = ctx.world.platform_scope(Mode::Live);
    let store = &ctx.world.store;
    store
        .object(&platform, "account", account)
        .or_else(|| store.object(&live, DISCONNECTED_ACCOUNT, account))
}

/// Whether only the platform can end connections to this account: it created the account through the API, or the account has no
/// full dashboard, as Custom and Express accounts.
pub(crate) fn is_controlled(ctx: &Ctx<'_>, account: &str) -> Result<bool, ApiError> {
    let object = account_object(ctx, account);
    if object.is_some_and(|account| account["controller"]["is_controller"] == true) {
        return Ok(true);
    }
    let kind = match sellers::load_seller(ctx.world, account)? {
        Some(seller) => seller.kind,
        None => account_object(ctx, account)
            .and_then(|it| it["type"].as_str().map(str::to_owned))
            .unwrap_or_default(),
    };
    Ok(kind != "standard")
}
