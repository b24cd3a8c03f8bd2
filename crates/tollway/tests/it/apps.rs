//! OAuth of Stripe Apps.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use secrecy::ExposeSecret as _;
use tollway::oauth::{AppTokens, Scope, StoredToken, TokenError, TokenStore};
use tollway::runtime::BoxFuture;
use tollway::testing::{ManualClock, StubRequest, StubResponse, StubTransport};
use tollway::transport::TransportErrorKind;
use tollway::{Client, ErrorKind, StoreError};

use crate::support::{HeldTransport, pairs, stubbed};

fn client(stub: &Arc<StubTransport>) -> Client {
    stubbed(stub)
        .client_id("ca_app")
        .stripe_account("acct_1")
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_at_the_api_and_replaced() {
    let stub = Arc::new(StubTransport::new());
    stub.push_json(
        200,
        r#"{"access_token": "sk_acct", "refresh_token": "rt_2", "expires_in": 3600, "scope": "stripe_apps",
            "livemode": false, "stripe_user_id": "acct_2", "token_type": "bearer"}"#,
    );
    let token = client(&stub)
        .oauth()
        .apps()
        .token()
        .refresh_token("rt_1")
        .send()
        .await
        .unwrap();
    assert_eq!(token.scope(), Some(Scope::StripeApps));
    assert_eq!(token.expires_in(), Some(3600));
    assert_eq!(token.refresh_token().unwrap().expose_secret(), "rt_2");

    let sent = &stub.requests()[0];
    assert_eq!(sent.url(), "https://api.stripe.com/v1/oauth/token");
    assert_eq!(
        sent.form(),
        pairs([("grant_type", "refresh_token"), ("refresh_token", "rt_1")])
    );
    assert_eq!(sent.header("stripe-account"), None);
}

#[tokio::test]
async fn a_token_that_works_once_is_sent_once() {
    let stub = Arc::new(StubTransport::new());
    stub.push(StubResponse::Fail(TransportErrorKind::Reset));
    let error = client(&stub)
        .oauth()
        .apps()
        .token()
        .authorization_code("ac_1")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), stub.requests().len()),
        (ErrorKind::OutcomeUnknown, 1)
    );
}

#[test]
fn the_authorize_url_needs_the_apps_client_id() {
    let stub = Arc::new(StubTransport::new());
    let url = client(&stub)
        .oauth()
        .apps()
        .authorize_url("https://example.com/cb?x=1", "a b")
        .unwrap();
    assert_eq!(
        url,
        "https://marketplace.stripe.com/oauth/v2/authorize?client_id=ca_app\
         &redirect_uri=https%3A%2F%2Fexample.com%2Fcb%3Fx%3D1&state=a+b"
    );
    let nameless = stubbed(&stub).build().unwrap();
    let error = nameless
        .oauth()
        .apps()
        .authorize_url("https://example.com/cb", "s")
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
}

/// A table of tokens that can be told to fail.
#[derive(Default)]
struct Table {
    rows: Mutex<HashMap<String, StoredToken>>,
    broken: AtomicBool,
}

impl TokenStore for Table {
    fn load<'a>(
        &'a self,
        account: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredToken>, StoreError>> {
        let row = self.rows.lock().unwrap().get(account).cloned();
        Box::pin(async move { Ok(row) })
    }

    fn save<'a>(
        &'a self,
        account: &'a str,
        token: StoredToken,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let broken = self.broken.load(Ordering::SeqCst);
        if !broken {
            let mut rows = self.rows.lock().unwrap();
            rows.insert(account.to_owned(), token);
        }
        Box::pin(async move {
            if broken {
                Err("disk full".into())
            } else {
                Ok(())
            }
        })
    }
}

/// A keeper whose tokens carry a number that each refresh counts up, and that refuses a refresh token used twice.
fn keeper() -> (AppTokens, Arc<Table>, Arc<StubTransport>, ManualClock) {
    let (tokens, table, stub, clock, held) = held_keeper();
    held.release();
    (tokens, table, stub, clock)
}

/// As [`keeper`], on a transport whose responses wait for [`HeldTransport::release`].
fn held_keeper() -> (
    AppTokens,
    Arc<Table>,
    Arc<StubTransport>,
    ManualClock,
    Arc<HeldTransport>,
) {
    let stub = Arc::new(StubTransport::responding(|request| {
        if request.path() != "/v1/oauth/token" {
            return StubResponse::json(200, "{}");
        }
        let form = request.form();
        let old = &form
            .iter()
            .find(|(name, _)| name == "refresh_token")
            .unwrap()
            .1;
        let number: u32 = old.strip_prefix("rt_").unwrap().parse().unwrap();
        let next = number + 1;
        StubResponse::json(
            200,
            format!(
                r#"{{"access_token": "sk_{next}", "refresh_token": "rt_{next}", "expires_in": 3600, "stripe_user_id": "acct_1"}}"#
            ),
        )
    }));
    let clock = ManualClock::at(1_000);
    let held = Arc::new(HeldTransport::new(stub.clone()));
    let client = stubbed(&stub)
        .transport(held.clone())
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    let table = Arc::new(Table::default());
    let first = StoredToken::new("sk_1", "rt_1", 4_600);
    table
        .rows
        .lock()
        .unwrap()
        .insert("acct_1".to_owned(), first);
    (
        client.oauth().apps().tokens(table.clone()),
        table,
        stub,
        clock,
        held,
    )
}

#[tokio::test]
async fn many_tasks_share_one_refresh_and_its_result_is_kept() {
    let (tokens, table, stub, clock) = keeper();
    let good = tokens.access_token("acct_1").await.unwrap();
    assert_eq!((good.expose_secret(), stub.requests().len()), ("sk_1", 0));

    clock.advance(Duration::from_mins(59));
    let tasks = (0..50).map(|_| tokens.access_token("acct_1"));
    for token in futures_util::future::join_all(tasks).await {
        assert_eq!(token.unwrap().expose_secret(), "sk_2");
    }
    assert_eq!(stub.requests().len(), 1);
    let row = table.rows.lock().unwrap()["acct_1"].clone();
    assert_eq!(
        (row.refresh_token.expose_secret(), row.expires_at),
        ("rt_2", 1_000 + 3_540 + 3_600)
    );

    let client = tokens.client_for("acct_1").await.unwrap();
    let request = client.request(tollway::request::Verb::Get, "/v1/balance");
    request.send::<tollway::Json>().await.unwrap();
    assert_eq!(
        stub.requests()[1].header("authorization"),
        Some("Bearer sk_2")
    );
}

#[tokio::test]
async fn a_fresh_token_survives_a_store_that_is_down() {
    let (tokens, table, stub, clock) = keeper();
    clock.advance(Duration::from_hours(1));
    table.broken.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        let error = tokens.access_token("acct_1").await.unwrap_err();
        assert!(
            matches!(error, TokenError::Store(_)) && !error.must_reconnect(),
            "{error}"
        );
    }
    assert_eq!(
        stub.requests().len(),
        1,
        "the refresh token is not used again"
    );
    table.broken.store(false, Ordering::SeqCst);
    assert_eq!(
        tokens.access_token("acct_1").await.unwrap().expose_secret(),
        "sk_2"
    );
    let row = table.rows.lock().unwrap()["acct_1"].clone();
    assert_eq!(row.refresh_token.expose_secret(), "rt_2");
}

#[tokio::test]
async fn who_must_connect_again_is_told_apart() {
    let (tokens, _, _, _) = keeper();
    let error = tokens.access_token("acct_none").await.unwrap_err();
    assert!(error.must_reconnect(), "{error}");

    let stub = Arc::new(StubTransport::new());
    stub.push_json(
        400,
        r#"{"error": "invalid_grant", "error_description": "used"}"#,
    );
    stub.push(StubResponse::Fail(TransportErrorKind::Connect));
    let table = Arc::new(Table::default());
    let old = StoredToken::new("sk_1", "rt_1", 0);
    table.rows.lock().unwrap().insert("acct_1".to_owned(), old);
    let client = stubbed(&stub).max_retries(0).build().unwrap();
    let tokens = client.oauth().apps().tokens(table);
    let error = tokens.access_token("acct_1").await.unwrap_err();
    assert!(
        error.must_reconnect() && !format!("{error:?}").contains("rt_1"),
        "{error:?}"
    );
    let error = tokens.access_token("acct_1").await.unwrap_err();
    assert!(!error.must_reconnect(), "{error}");
}

#[tokio::test]
async fn a_refresh_survives_the_drop_of_the_caller_that_began_it() {
    let (tokens, table, stub, clock, held) = held_keeper();
    clock.advance(Duration::from_hours(1));
    let dropped = tokens.access_token("acct_1").now_or_never();
    assert!(dropped.is_none() && stub.requests().len() == 1);
    held.release();
    let token = tokens.access_token("acct_1").await.unwrap();
    assert_eq!(token.expose_secret(), "sk_2");
    assert_eq!(stub.requests().len(), 1, "the refresh token is sent once");
    let row = table.rows.lock().unwrap()["acct_1"].clone();
    assert_eq!(row.refresh_token.expose_secret(), "rt_2");
}

#[tokio::test]
async fn a_token_that_ended_while_its_refresh_was_dropped_is_refreshed_again() {
    let (tokens, _, stub, clock, held) = held_keeper();
    clock.advance(Duration::from_hours(1));
    assert!(tokens.access_token("acct_1").now_or_never().is_none());
    held.release();
    clock.advance(Duration::from_hours(1));
    let token = tokens.access_token("acct_1").await.unwrap();
    assert_eq!(token.expose_secret(), "sk_3");
    let sent: Vec<_> = stub.requests().iter().map(StubRequest::form).collect();
    assert!(sent[1].contains(&("refresh_token".to_owned(), "rt_2".to_owned())));
}

#[tokio::test]
async fn a_token_is_refreshed_when_60_seconds_remain_and_not_at_61() {
    let (tokens, _, stub, clock) = keeper();
    clock.advance(Duration::from_secs(3_600 - 61));
    let token = tokens.access_token("acct_1").await.unwrap();
    assert_eq!((token.expose_secret(), stub.requests().len()), ("sk_1", 0));
    clock.advance(Duration::from_secs(1));
    let token = tokens.access_token("acct_1").await.unwrap();
    assert_eq!((token.expose_secret(), stub.requests().len()), ("sk_2", 1));
}
