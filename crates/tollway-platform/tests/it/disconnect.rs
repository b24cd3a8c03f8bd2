//! Disconnecting from the platform's side, for one tenant or for all that share an account.

use crate::app::{App, callback, deauthorized};
use crate::stripe::StripeReply;
use http::StatusCode;
use tollway::transport::TransportErrorKind;
use tollway_platform::store::{Actor, Page};
use tollway_platform::{ClientForError, DisconnectError, DisconnectReason, DisconnectScope};

async fn sharing() -> App {
    let app =
        App::with(|config| format!("{config}\n[connect]\nallow_shared_accounts = true\n")).await;
    app.connect("tenant-1").await;
    app.connect("tenant-2").await;
    app
}

#[tokio::test]
async fn the_host_disconnects_a_tenant() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    let ended = app
        .platform
        .disconnect("tenant-1", DisconnectScope::Sole)
        .await
        .expect("ends");
    assert_eq!(ended.len(), 1);
    assert_eq!(app.stripe.count("POST /oauth/deauthorize"), 1);
    let refused = app
        .platform
        .client_for("tenant-1")
        .await
        .expect_err("no client any more");
    let ClientForError::Disconnected {
        account,
        reason,
        since,
        ..
    } = refused
    else {
        panic!("{refused}")
    };
    assert_eq!(
        (account.as_str(), reason, since),
        ("acct_1", DisconnectReason::Revoked, app.now() * 1000)
    );
    let sealed = app
        .platform
        .store()
        .sealed_tokens(&ended[0].id)
        .await
        .expect("reads");
    assert_eq!(
        sealed,
        tollway_platform::store::SealedTokens::default(),
        "secrets are wiped"
    );
    let again = app
        .platform
        .disconnect("tenant-1", DisconnectScope::Sole)
        .await
        .expect_err("nothing to end");
    assert!(matches!(again, DisconnectError::NotConnected(_)), "{again}");
    app.connect("tenant-1").await;
    assert!(
        app.platform.client_for("tenant-1").await.is_ok(),
        "and back again"
    );
}

#[tokio::test]
async fn disconnecting_a_shared_account_needs_a_scope() {
    let app = sharing().await;
    let refused = app
        .platform
        .disconnect("tenant-1", DisconnectScope::Sole)
        .await
        .expect_err("shared");
    let DisconnectError::Shared { others } = &refused else {
        panic!("{refused}")
    };
    assert_eq!(others, &["tenant-2"]);
    let ended = app
        .platform
        .disconnect("tenant-1", DisconnectScope::UnlinkHere)
        .await
        .expect("ends");
    assert_eq!(ended.len(), 1);
    assert_eq!(
        app.stripe.count("POST /oauth/deauthorize"),
        0,
        "Stripe is not asked: the other tenant needs it"
    );
    assert!(app.platform.client_for("tenant-2").await.is_ok());
    app.platform
        .disconnect("tenant-2", DisconnectScope::UnlinkHere)
        .await
        .expect("ends");
    assert_eq!(
        app.stripe.count("POST /oauth/deauthorize"),
        1,
        "the last one revokes"
    );
}

#[tokio::test]
async fn revoking_for_all_ends_every_tenant() {
    let app = sharing().await;
    let ended = app
        .platform
        .disconnect("tenant-1", DisconnectScope::RevokeForAll)
        .await
        .expect("ends");
    assert_eq!(ended.len(), 2);
    assert!(app.platform.client_for("tenant-2").await.is_err());
    assert_eq!(app.stripe.count("POST /oauth/deauthorize"), 1);
}

#[tokio::test]
async fn a_disconnect_that_stripe_refuses_is_not_recorded() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    let refused = StripeReply::Error {
        status: 401,
        error: "invalid_client",
        description: "No such application",
    };
    app.stripe
        .reply_to_deauthorize(Some(StripeReply::Fail(TransportErrorKind::Connect)));
    let error = app
        .platform
        .disconnect("tenant-1", DisconnectScope::Sole)
        .await
        .expect_err("no connection");
    assert!(matches!(error, DisconnectError::Unreachable(_)), "{error}");
    app.stripe.reply_to_deauthorize(Some(refused));
    let error = app
        .platform
        .disconnect("tenant-1", DisconnectScope::Sole)
        .await
        .expect_err("refused");
    assert!(matches!(error, DisconnectError::Refused(_)), "{error}");
    assert!(
        app.platform.client_for("tenant-1").await.is_ok(),
        "still connected"
    );
    // The same answer means «not connected» when access is gone already: then all that is left is to record it.
    app.stripe.lose("acct_1");
    app.platform
        .disconnect("tenant-1", DisconnectScope::Sole)
        .await
        .expect("ends");
}

#[tokio::test]
async fn the_seller_disconnects_on_the_page() {
    let app = App::new().await;
    let mut browser = app.connect("tenant-1").await;
    let link = app.platform.start_link("tenant-1").page().expect("a link");
    let page = browser.get(&link).await;
    assert!(
        page.body.contains("Your Stripe account is connected") && page.body.contains("acct_1"),
        "{}",
        page.body
    );
    let (token, signed) = (page.field("token"), page.field("link"));
    let url = "/connect/shop/disconnect";
    let forged = browser
        .post(url, &[("token", "x"), ("link", &signed)])
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let unsigned = browser
        .post(
            url,
            &[("token", &token), ("link", "tenant=tenant-1&mode=test")],
        )
        .await;
    assert_eq!(unsigned.status, StatusCode::FORBIDDEN);
    let elsewhere = app
        .browser()
        .post(url, &[("token", &token), ("link", &signed)])
        .await;
    assert_eq!(
        elsewhere.status,
        StatusCode::FORBIDDEN,
        "the token belongs to one browser"
    );
    assert!(app.platform.client_for("tenant-1").await.is_ok());
    for _ in 0..2 {
        let done = browser
            .post(url, &[("token", &token), ("link", &signed)])
            .await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
        assert!(
            done.body.contains("Your account is disconnected.")
                && done.body.contains("Connect with Stripe")
        );
    }
    assert!(app.platform.client_for("tenant-1").await.is_err());
    let history = app
        .platform
        .history(Some("tenant-1"), Page::newest(1))
        .await
        .expect("reads")
        .remove(0);
    assert_eq!(
        (history.action.as_str(), history.stamp.address.as_deref()),
        ("disconnected", Some("127.0.0.1"))
    );
}

#[tokio::test]
async fn a_sellers_disconnect_leaves_other_tenants_connected() {
    let app = sharing().await;
    let mut browser = app.browser();
    let page = browser
        .get(&app.platform.start_link("tenant-1").page().expect("a link"))
        .await;
    assert!(page.body.contains("they stay connected"), "{}", page.body);
    let done = browser
        .post(
            "/connect/shop/disconnect",
            &[
                ("token", &page.field("token")),
                ("link", &page.field("link")),
            ],
        )
        .await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(app.platform.client_for("tenant-1").await.is_err());
    assert!(app.platform.client_for("tenant-2").await.is_ok());
}

#[tokio::test]
async fn a_disconnected_tenant_reconnects_to_another_account_without_being_asked() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    app.platform
        .disconnect("tenant-1", DisconnectScope::Sole)
        .await
        .expect("ends");
    app.stripe.reply_to_exchanges(StripeReply::grant("acct_2"));
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    assert_eq!(
        browser.follow(&callback("ac_2", &state)).await.outcome(),
        "connected"
    );
}

/// Stripe sends the webhook after the platform's own `deauthorize`, too, and it can arrive before the response.
#[tokio::test]
async fn a_webhook_before_the_deauthorize_response_is_recorded_as_the_platforms() {
    let app =
        App::with(|config| format!("{config}\n[connect]\nallow_shared_accounts = true\n")).await;
    app.connect("tenant-1").await;
    app.connect("tenant-2").await;
    app.advance(3600);
    app.stripe.answer_late(true);
    let platform = app.platform.clone();
    let asked = tokio::spawn(async move {
        platform
            .disconnect("tenant-1", DisconnectScope::RevokeForAll)
            .await
    });
    app.stripe.lost("acct_1").await;
    app.deliver(&deauthorized("evt_1", "acct_1", app.now()))
        .await;
    app.platform.run_due().await.expect("works");
    assert!(
        app.platform.client_for("tenant-1").await.is_err(),
        "the webhook was recorded first"
    );
    app.stripe.answer_late(false);
    let ended = asked.await.expect("runs").expect("ends");
    let ended: Vec<_> = ended
        .iter()
        .map(|one| {
            (
                one.tenant.as_str(),
                one.disconnected.as_ref().map(|end| end.reason),
            )
        })
        .collect();
    let revoked = Some(DisconnectReason::Revoked);
    assert_eq!(ended, [("tenant-1", revoked), ("tenant-2", revoked)]);
    for tenant in ["tenant-1", "tenant-2"] {
        let history = app
            .platform
            .history(Some(tenant), Page::newest(9))
            .await
            .expect("reads");
        assert_eq!(history.len(), 2, "connected, and disconnected once");
        assert_eq!(history[0].stamp.actor, Actor::Host);
        assert_eq!(
            history[0].detail.as_deref(),
            Some("revoked by the platform; event evt_1")
        );
    }
    let metrics = app.metrics().await;
    assert!(
        metrics.contains("name=\"revoked\"} 2") && !metrics.contains("deauthorized_by_account"),
        "{metrics}"
    );
}

#[tokio::test]
async fn after_a_refused_revocation_the_sellers_own_is_recorded_as_the_sellers() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    app.stripe.reply_to_deauthorize(Some(StripeReply::Error {
        status: 401,
        error: "invalid_client",
        description: "No such application",
    }));
    app.platform
        .disconnect("tenant-1", DisconnectScope::Sole)
        .await
        .expect_err("refused");
    app.advance(600);
    app.deliver(&deauthorized("evt_1", "acct_1", app.now()))
        .await;
    app.platform.run_due().await.expect("works");
    let end = app
        .platform
        .connection("tenant-1")
        .await
        .expect("reads")
        .and_then(|connection| connection.disconnected);
    assert_eq!(
        end.map(|end| end.reason),
        Some(DisconnectReason::DeauthorizedByAccount)
    );
}
