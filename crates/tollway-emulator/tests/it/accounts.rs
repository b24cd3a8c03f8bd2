//! Acting for connected accounts, by header and by access token.

use tollway_emulator::{Connection, ConnectionKind, Emulator, GrantScope, Mode, Token, TokenKind};

use crate::client::{caller, emulator};

/// Connects an account with the given scope and gives out an access token.
fn connect(emulator: &Emulator, account: &str, scope: GrantScope) {
    let world = emulator.engine().worlds().open("a");
    let platform = world.lock().platform_scope(Mode::Test);
    let connection = Connection {
        account: account.into(),
        client_id: Some("ca_1".into()),
        kind: ConnectionKind::OAuth,
        scope,
        active: true,
        connected_at: 1,
        disconnected_at: None,
    };
    let token = Token {
        kind: TokenKind::Access,
        account: account.into(),
        scope,
        client_id: "ca_1".into(),
        revoked: false,
    };
    let written = emulator
        .engine()
        .transact_internal(&world, platform, |ctx| {
            ctx.world.put_connection(Mode::Test, &connection);
            ctx.world
                .put_token(Mode::Test, &format!("sk_test_of_{account}"), &token, 1);
            Ok(())
        });
    written.unwrap();
}

#[tokio::test]
async fn stripe_account_header_is_refused_for_accounts_that_are_not_connected() {
    let emulator = emulator();
    connect(&emulator, "acct_s1", GrantScope::ReadWrite);
    let platform = caller(&emulator, "sk_test_a");
    let made = platform
        .call("POST", "/v1/customers", "email=a@b.c")
        .header("stripe-account", "acct_s1")
        .send()
        .await;
    assert_eq!(made.header("stripe-account"), Some("acct_s1"));
    let id = made.ok()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/customers/{id}");
    assert_eq!(platform.get(&path, "").await.status, 404);
    assert_eq!(
        platform
            .call("GET", &path, "")
            .header("stripe-context", "acct_s1")
            .send()
            .await
            .status,
        200
    );
    assert_eq!(
        caller(&emulator, "sk_test_of_acct_s1")
            .get(&path, "")
            .await
            .status,
        200
    );
    assert_eq!(
        caller(&emulator, "sk_live_a")
            .call("GET", &path, "")
            .header("stripe-account", "acct_s1")
            .send()
            .await
            .status,
        403
    );
    assert_eq!(
        caller(&emulator, "sk_test_b")
            .call("GET", &path, "")
            .header("stripe-account", "acct_s1")
            .send()
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn revoked_access_token_is_refused() {
    let emulator = emulator();
    connect(&emulator, "acct_s1", GrantScope::ReadWrite);
    let seller = caller(&emulator, "sk_test_of_acct_s1");
    assert_eq!(seller.get("/v1/customers", "").await.status, 200);
    let world = emulator.engine().worlds().open("a");
    let scope = world.lock().platform_scope(Mode::Test);
    let ended = emulator.engine().transact_internal(&world, scope, |ctx| {
        let mut connection = ctx.world.connection(Mode::Test, "acct_s1").unwrap();
        connection.active = false;
        ctx.world.put_connection(Mode::Test, &connection);
        Ok(())
    });
    ended.unwrap();
    assert_eq!(
        seller.get("/v1/customers", "").await.error().2,
        "api_key_expired"
    );
    let platform = caller(&emulator, "sk_test_a");
    let refused = platform
        .call("GET", "/v1/customers", "")
        .header("stripe-account", "acct_s1")
        .send()
        .await;
    assert_eq!(
        (refused.error().0, refused.error().2),
        (403, "account_invalid")
    );
}

#[tokio::test]
async fn read_only_access_token_cannot_write() {
    let emulator = emulator();
    connect(&emulator, "acct_s1", GrantScope::ReadOnly);
    let seller = caller(&emulator, "sk_test_of_acct_s1");
    assert_eq!(seller.get("/v1/customers", "").await.status, 200);
    assert_eq!(seller.post("/v1/customers", "").await.error().0, 403);
    let platform = caller(&emulator, "sk_test_a");
    let refused = platform
        .call("POST", "/v1/customers", "")
        .header("stripe-account", "acct_s1")
        .send()
        .await;
    assert_eq!(refused.error().0, 403);
}
