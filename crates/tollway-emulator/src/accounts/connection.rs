//! Beginning and ending the connection of an account to the platform, with everything that hangs on it.
//!
//! While an account is connected in a mode its `account` object lies in the platform's scope of that mode; when the
//! connection ends the object is put aside as a hidden record, to come back with the next connection.

use serde_json::{Value, json};

use crate::accounts::sellers::{self, Seller};
use crate::accounts::{operations as accounts, v2};
use crate::ctx::Ctx;
use crate::events;
use crate::events::EventCtx as _;
use crate::scope::Mode;
use crate::world::{Connection, ConnectionKind, GrantScope, TokenKind};

const RESTING: &str = "_account";

/// Connects `seller` to the platform in the context's mode, and tells the platform.
pub(crate) fn begin(ctx: &mut Ctx<'_>, seller: &Seller, client_id: &str, scope: GrantScope) {
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

/// Ends the connection of `account` in the context's mode: the tokens stop working, the account is out of reach, the
/// platform is told. False if there was none. A live connection takes the test pair it gave rise to with it.
pub(crate) fn end(ctx: &mut Ctx<'_>, account: &str) -> bool {
    let Some(connection) = ctx.connection(account) else {
        return false;
    };
    end_in_mode(ctx, &connection);
    if ctx.scope.livemode() {
        let scope = ctx.world.platform_scope(Mode::Test);
        let mut test = ctx.in_scope(scope);
        if let Some(pair) = test
            .connection(account)
            .filter(|pair| pair.client_id == connection.client_id)
        {
            end_in_mode(&mut test, &pair);
        }
    }
    true
}

fn end_in_mode(ctx: &mut Ctx<'_>, connection: &Connection) {
    let (mode, now, account) = (ctx.scope.mode, ctx.now(), connection.account.clone());
    let ended = Connection {
        active: false,
        disconnected_at: Some(now),
        ..connection.clone()
    };
    ctx.world.put_connection(mode, &ended);
    revoke_tokens(ctx, &account, None, None);
    let platform = ctx.world.platform_scope(mode);
    if let Some(object) = ctx.world.store.object(&platform, "account", &account) {
        let resting = ctx.world.platform_scope(Mode::Live);
        ctx.world.store.update(&resting, RESTING, &object, now);
        ctx.world.store.remove(&platform, "account", &account);
        v2::forget(ctx, &account);
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
        let concerned = kind.is_none_or(|kind| kind == token.kind)
            && scope.is_none_or(|scope| scope == token.scope);
        if concerned && !token.revoked {
            token.revoked = true;
            ctx.world.put_token(mode, &text, &token, now);
        }
    }
}

/// Puts the account's object where the platform sees it.
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
    let resting = ctx.world.platform_scope(Mode::Live);
    let object = ctx.world.store.object(&resting, RESTING, &seller.account);
    let object = object.unwrap_or_else(|| accounts::of_seller(ctx, seller));
    ctx.insert("account", &object);
    v2::mirror(ctx, &object);
}

/// The platform's `application` object, which Connect events carry.
fn application(ctx: &Ctx<'_>, client_id: &str) -> Value {
    json!({"id": client_id, "object": "application", "name": ctx.world.platform.business_name})
}

/// The account's object, connected in the context's mode or not.
pub(crate) fn account_object(ctx: &Ctx<'_>, account: &str) -> Option<Value> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let resting = ctx.world.platform_scope(Mode::Live);
    let store = &ctx.world.store;
    store
        .object(&platform, "account", account)
        .or_else(|| store.object(&resting, RESTING, account))
}

/// Can only the platform end connections to this account? It made the account by the API, or the account has no full
/// dashboard, as Custom and Express ones.
pub(crate) fn is_controlled(ctx: &Ctx<'_>, account: &str) -> bool {
    let made = account_object(ctx, account);
    if made.is_some_and(|account| account["controller"]["is_controller"] == true) {
        return true;
    }
    let kind = match sellers::seller(ctx.world, account) {
        Some(seller) => seller.kind,
        None => account_object(ctx, account)
            .and_then(|it| it["type"].as_str().map(str::to_owned))
            .unwrap_or_default(),
    };
    kind != "standard"
}
