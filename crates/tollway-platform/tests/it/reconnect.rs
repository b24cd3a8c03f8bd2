//! Connecting again: the same account, another one, and one that another tenant has.

use crate::app::{App, callback};
use crate::stripe::StripeReply;
use http::StatusCode;
use tollway_platform::store::Page;
use tollway_platform::{DisconnectReason, Mode, Realm};

#[tokio::test]
async fn the_same_account_again_refreshes() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    let first = app
        .platform
        .connection("tenant-1")
        .await
        .expect("reads")
        .expect("is there");
    app.advance(100);
    app.connect("tenant-1").await;
    let second = app
        .platform
        .connection("tenant-1")
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!(
        (first.id, first.first_connected_at),
        (second.id, second.first_connected_at)
    );
    assert_eq!(second.connected_at, first.connected_at + 100_000);
    let history = app
        .platform
        .history(Some("tenant-1"), Page::newest(9))
        .await
        .expect("reads");
    assert_eq!(
        history
            .iter()
            .map(|line| line.action.as_str())
            .collect::<Vec<_>>(),
        ["reconnected", "connected"]
    );
}

#[tokio::test]
async fn another_account_needs_confirmation_and_keeps_the_history() {
    let app = App::new().await;
    let mut browser = app.connect("tenant-1").await;
    app.stripe.reply_to_exchanges(StripeReply::grant("acct_2"));
    let state = browser.start(&app, "tenant-1").await;
    let asks = browser.follow(&callback("ac_2", &state)).await;
    assert_eq!((asks.status, asks.outcome()), (StatusCode::OK, "confirm"));
    assert!(asks.body.contains("acct_1") && asks.body.contains("acct_2"));
    let account = |client: tollway::Client| client.stripe_account().map(str::to_owned);
    assert_eq!(
        account(app.platform.client_for("tenant-1").await.expect("a client")).as_deref(),
        Some("acct_1")
    );

    let url = asks.action();
    let forged = browser
        .post(&url, &[("token", "x"), ("account", "new")])
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let token = asks.field("token");
    let stranger = app
        .browser()
        .post(&url, &[("token", &token), ("account", "new")])
        .await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    for _ in 0..2 {
        let done = browser
            .post(&url, &[("token", &token), ("account", "new")])
            .await;
        assert_eq!(
            browser.follow(&done.location()).await.outcome(),
            "connected"
        );
    }
    assert_eq!(
        account(app.platform.client_for("tenant-1").await.expect("a client")).as_deref(),
        Some("acct_2")
    );
    let all = app
        .platform
        .connections(Page::newest(9))
        .await
        .expect("reads");
    let before = all
        .iter()
        .find(|connection| connection.account == "acct_1")
        .expect("kept");
    assert_eq!(
        before.disconnected.as_ref().map(|end| end.reason),
        Some(DisconnectReason::Replaced)
    );
    assert_eq!(app.exchanges(), 2);
}

#[tokio::test]
async fn the_former_account_is_kept_by_choice_or_without_an_answer() {
    let app = App::new().await;
    let mut browser = app.connect("tenant-1").await;
    app.stripe.reply_to_exchanges(StripeReply::grant("acct_2"));
    let state = browser.start(&app, "tenant-1").await;
    let asks = browser.follow(&callback("ac_2", &state)).await;
    let url = asks.action();
    let id = url.rsplit('/').next().expect("an id");
    let done = browser
        .post(
            &url,
            &[("token", &asks.field("token")), ("account", "previous")],
        )
        .await;
    assert_eq!(
        browser.follow(&done.location()).await.outcome(),
        "kept_previous"
    );
    assert_eq!(
        app.platform.store().parked_grant(id).await.expect("reads"),
        None,
        "the grant is wiped"
    );

    let state = browser.start(&app, "tenant-1").await;
    assert_eq!(
        browser.follow(&callback("ac_3", &state)).await.outcome(),
        "confirm"
    );
    app.advance(1801);
    app.platform.run_due().await.expect("works");
    assert_eq!(
        browser.follow(&callback("ac_3", &state)).await.outcome(),
        "kept_previous"
    );
    let client = app.platform.client_for("tenant-1").await.expect("a client");
    assert_eq!(client.stripe_account(), Some("acct_1"));
}

#[tokio::test]
async fn an_account_belongs_to_one_tenant_unless_sharing_is_allowed() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-2").await;
    let shown = browser.follow(&callback("ac_2", &state)).await;
    assert_eq!(
        (shown.status, shown.outcome()),
        (StatusCode::CONFLICT, "account_on_other_tenant")
    );
    assert!(
        app.platform
            .connection("tenant-2")
            .await
            .expect("reads")
            .is_none()
    );
    assert!(
        !shown.body.contains("tenant-1"),
        "the other tenant is not named"
    );

    let sharing =
        App::with(|config| format!("{config}\n[connect]\nallow_shared_accounts = true\n")).await;
    sharing.connect("tenant-1").await;
    sharing.connect("tenant-2").await;
    let realm = Realm::new("shop", Mode::Test);
    assert_eq!(
        sharing
            .platform
            .store()
            .active_connections(&realm, "acct_1")
            .await
            .expect("reads")
            .len(),
        2
    );
}
