//! Live and test connections as a pair: made from the live refresh token, shown and revoked together.

use crate::app::{App, Browser, callback, deauthorized, state_of};
use crate::stripe::StripeReply;
use http::StatusCode;
use tollway::transport::TransportErrorKind;
use tollway_platform::store::Page;
use tollway_platform::{Connection, DisconnectReason, DisconnectScope, Mode};

const LIVE: StripeReply = StripeReply::Grant {
    account: "acct_1",
    scope: "read_write",
    livemode: true,
};

/// A tenant connects in live mode; the worker has not run yet.
async fn connect_live(app: &App, tenant: &str) -> Browser {
    app.stripe.reply_to_exchanges(LIVE);
    let mut browser = app.browser();
    let link = app.platform.realm("shop", Mode::Live).start_link(tenant);
    let start = browser.get(&link.start().expect("a link")).await;
    assert_eq!(start.status, StatusCode::SEE_OTHER, "{}", start.body);
    let state = state_of(&start.location());
    let shown = browser.follow(&callback("ac_live", &state)).await;
    assert_eq!(shown.outcome(), "connected", "{}", shown.body);
    app.advance(1);
    browser
}

async fn half(app: &App, mode: Mode, tenant: &str) -> Option<Connection> {
    app.platform
        .realm("shop", mode)
        .connection(tenant)
        .await
        .expect("reads")
}

async fn actions(app: &App, tenant: &str) -> Vec<String> {
    let history = app.platform.history(Some(tenant), Page::newest(9)).await;
    let history = history.expect("reads").into_iter();
    history.map(|line| line.action.to_string()).collect()
}

#[tokio::test]
async fn a_live_connection_brings_its_test_half() {
    let app = App::new().await;
    connect_live(&app, "tenant-1").await;
    assert_eq!(half(&app, Mode::Test, "tenant-1").await, None);
    app.platform.run_due().await.expect("works");
    let live = half(&app, Mode::Live, "tenant-1").await.expect("live");
    let test = half(&app, Mode::Test, "tenant-1").await.expect("test");
    assert_eq!(test.pair_of.as_deref(), Some(live.id.as_str()));
    assert_eq!(test.publishable_key.as_deref(), Some("pk_test_acct_1"));
    let sealed = app.platform.store().sealed_tokens(&test.id).await;
    assert!(sealed.expect("reads").access_token.is_some());
    let shop = app.platform.realm("shop", Mode::Test);
    let client = shop.client_for("tenant-1").await.expect("a test client");
    assert_eq!(client.stripe_account(), Some("acct_1"));
    assert_eq!(actions(&app, "tenant-1").await, ["paired", "connected"]);
    app.platform.run_due().await.expect("works");
    assert_eq!(app.stripe.count("POST /oauth/token"), 2, "once each");
}

#[tokio::test]
async fn either_half_ends_both() {
    for mode in [Mode::Live, Mode::Test] {
        let app = App::new().await;
        connect_live(&app, "tenant-1").await;
        app.platform.run_due().await.expect("works");
        let ended = app.platform.realm("shop", mode);
        let ended = ended.disconnect("tenant-1", DisconnectScope::Sole).await;
        let ended: Vec<_> = ended
            .expect("ends")
            .into_iter()
            .map(|one| (one.realm.mode, one.disconnected.map(|end| end.reason)))
            .collect();
        let revoked = Some(DisconnectReason::Revoked);
        assert_eq!(ended, [(Mode::Live, revoked), (Mode::Test, revoked)]);
        assert_eq!(app.stripe.count("POST /oauth/deauthorize"), 1);
    }
}

#[tokio::test]
async fn a_deauthorization_of_the_live_half_ends_both() {
    let app = App::new().await;
    connect_live(&app, "tenant-1").await;
    app.platform.run_due().await.expect("works");
    app.advance(3600);
    let mut event = deauthorized("evt_1", "acct_1", app.now());
    event["livemode"] = true.into();
    event["data"]["object"]["id"] = "ca_live".into();
    let stored = app.deliver_to("/webhooks/shop/live/connect", "whsec_live", &event);
    assert_eq!(stored.await.status, StatusCode::OK);
    app.platform.run_due().await.expect("works");
    for mode in [Mode::Live, Mode::Test] {
        let end = half(&app, mode, "tenant-1")
            .await
            .expect("kept")
            .disconnected;
        assert_eq!(
            end.map(|end| end.reason),
            Some(DisconnectReason::DeauthorizedByAccount),
            "{mode}"
        );
    }
}

#[tokio::test]
async fn the_test_half_is_requested_again_until_stripe_answers() {
    let app = App::new().await;
    app.stripe
        .reply_to_refresh(Some(StripeReply::Fail(TransportErrorKind::Connect)));
    connect_live(&app, "tenant-1").await;
    app.platform.run_due().await.expect("works");
    assert_eq!(half(&app, Mode::Test, "tenant-1").await, None);
    app.stripe.reply_to_refresh(None);
    app.advance(3600);
    app.platform.run_due().await.expect("works");
    assert!(half(&app, Mode::Test, "tenant-1").await.is_some());
}

#[tokio::test]
async fn a_live_connection_without_test_credentials_stays_and_has_a_history_entry() {
    let app = App::new().await;
    app.stripe.reply_to_refresh(Some(StripeReply::Error {
        status: 400,
        error: "invalid_grant",
        description: "no",
    }));
    connect_live(&app, "tenant-1").await;
    app.platform.run_due().await.expect("works");
    assert_eq!(half(&app, Mode::Test, "tenant-1").await, None);
    assert!(
        half(&app, Mode::Live, "tenant-1")
            .await
            .expect("live")
            .is_active()
    );
    assert_eq!(actions(&app, "tenant-1").await, ["not_paired", "connected"]);
}

#[tokio::test]
async fn a_tenants_own_test_connection_is_not_replaced_by_a_test_half() {
    let app = App::new().await;
    app.stripe
        .reply_to_exchanges(StripeReply::grant("acct_own"));
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    browser.follow(&callback("ac_1", &state)).await;
    connect_live(&app, "tenant-1").await;
    app.platform.run_due().await.expect("works");
    let test = half(&app, Mode::Test, "tenant-1").await.expect("test");
    assert_eq!((test.account.as_str(), test.pair_of), ("acct_own", None));
    assert_eq!(actions(&app, "tenant-1").await[0], "not_paired");
}
