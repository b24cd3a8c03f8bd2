//! The webhook inbox: signatures, duplicates, modes, and the seller who disconnects at Stripe.

use crate::app::{App, SECRET, deauthorized};
use crate::stripe::StripeReply;
use http::StatusCode;
use tollway::transport::TransportErrorKind;
use tollway_platform::store::{DeliveryStatus, Page};
use tollway_platform::{DisconnectError, DisconnectReason, DisconnectScope};

const URL: &str = "/webhooks/shop/test/connect";

#[tokio::test]
async fn a_delivery_is_kept_byte_for_byte_before_it_is_worked_on() {
    let app = App::new().await;
    let event = deauthorized("evt_1", "acct_1", app.now());
    assert_eq!(app.deliver(&event).await.status, StatusCode::OK);
    let stored = app
        .platform
        .store()
        .deliveries(None, Page::newest(9))
        .await
        .expect("reads");
    assert_eq!(stored.len(), 1);
    assert_eq!(
        (stored[0].status, stored[0].attempts),
        (DeliveryStatus::Pending, 0)
    );
    let whole = app
        .platform
        .store()
        .delivery(&stored[0].id)
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!(whole.body, event.to_string().into_bytes());
    assert!(whole.headers.get("stripe-signature").is_some());
    assert_eq!(whole.created_at, Some(app.now() * 1000));
}

#[tokio::test]
async fn a_delivery_is_accepted_with_any_secret_of_its_endpoint_only() {
    let app = App::new().await;
    let event = |id| deauthorized(id, "acct_1", app.now());
    assert_eq!(
        app.deliver_to(URL, "whsec_new", &event("evt_1"))
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(
        app.deliver_to(URL, SECRET, &event("evt_2")).await.status,
        StatusCode::OK
    );
    for (url, secret, status) in [
        (URL, "whsec_own", StatusCode::BAD_REQUEST),
        (URL, "whsec_live", StatusCode::BAD_REQUEST),
        (
            "/webhooks/shop/test/account",
            SECRET,
            StatusCode::BAD_REQUEST,
        ),
        (
            "/webhooks/shop/live/account",
            "",
            StatusCode::SERVICE_UNAVAILABLE,
        ),
        ("/webhooks/shop/test/other", SECRET, StatusCode::NOT_FOUND),
        ("/webhooks/shop/beta/connect", SECRET, StatusCode::NOT_FOUND),
        (
            "/webhooks/nobody/test/connect",
            SECRET,
            StatusCode::NOT_FOUND,
        ),
    ] {
        let shown = app.deliver_to(url, secret, &event("evt_3")).await;
        assert_eq!(shown.status, status, "{url} {secret}: {}", shown.body);
        assert!(shown.body.starts_with("{\"error\":"), "{}", shown.body);
    }
    assert_eq!(
        app.platform
            .store()
            .deliveries(None, Page::newest(9))
            .await
            .expect("reads")
            .len(),
        2
    );
    assert!(app.metrics().await.contains("name=\"bad_signature\"} 3"));
}

#[tokio::test]
async fn an_old_signature_is_refused() {
    let app = App::new().await;
    let event = deauthorized("evt_1", "acct_1", app.now());
    let body = event.to_string();
    let signature = tollway::webhook::test_header(&body, SECRET, app.now() - 301);
    let request = http::Request::post(URL)
        .header("stripe-signature", signature)
        .body(body.into())
        .expect("a request");
    assert_eq!(
        crate::app::send(&app.router, request).await.status,
        StatusCode::BAD_REQUEST
    );
    let unsigned = http::Request::post(URL)
        .body("{}".into())
        .expect("a request");
    assert_eq!(
        crate::app::send(&app.router, unsigned).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn an_event_is_kept_once_however_often_it_comes() {
    let app = App::new().await;
    let event = deauthorized("evt_1", "acct_1", app.now());
    for _ in 0..3 {
        assert_eq!(app.deliver(&event).await.status, StatusCode::OK);
        app.advance(1);
    }
    assert_eq!(
        app.platform
            .store()
            .deliveries(None, Page::newest(9))
            .await
            .expect("reads")
            .len(),
        1
    );
}

#[tokio::test]
async fn a_test_event_at_the_live_endpoint_is_ignored_and_the_test_endpoint_still_handles_it() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    app.advance(3600);
    let event = deauthorized("evt_1", "acct_1", app.now());
    assert_eq!(
        app.deliver_to("/webhooks/shop/live/connect", "whsec_live", &event)
            .await
            .status,
        StatusCode::OK
    );
    app.platform.run_due().await.expect("works");
    assert!(app.platform.client_for("tenant-1").await.is_ok());
    assert_eq!(
        app.platform
            .inbox_count(DeliveryStatus::Ignored)
            .await
            .expect("reads"),
        1
    );
    app.deliver(&event).await;
    app.platform.run_due().await.expect("works");
    assert!(
        app.platform.client_for("tenant-1").await.is_err(),
        "the test endpoint's own copy counts"
    );
}

#[tokio::test]
async fn a_seller_who_disconnects_at_stripe_is_disconnected_here() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    app.advance(3600);
    app.deliver(&deauthorized("evt_1", "acct_1", app.now()))
        .await;
    assert!(
        app.platform.client_for("tenant-1").await.is_ok(),
        "answered first, worked on afterwards"
    );
    app.platform.run_due().await.expect("works");
    let connection = app
        .platform
        .connection("tenant-1")
        .await
        .expect("reads")
        .expect("kept");
    assert_eq!(
        connection.disconnected.map(|end| end.reason),
        Some(DisconnectReason::DeauthorizedByAccount)
    );
    assert_eq!(
        app.stripe.count("GET /v1/account"),
        0,
        "the signature is all there is to trust"
    );
    let sealed = app
        .platform
        .store()
        .sealed_tokens(&connection.id)
        .await
        .expect("reads");
    assert_eq!(sealed.refresh_token, None, "secrets are wiped");
    let history = app
        .platform
        .history(Some("tenant-1"), Page::newest(9))
        .await
        .expect("reads");
    assert_eq!(history.len(), 2, "history is kept");
    assert_eq!(
        history[0].detail.as_deref(),
        Some("disconnected by the account's owner at Stripe; event evt_1")
    );
}

#[tokio::test]
async fn a_deauthorization_older_than_a_reconnect_is_ignored() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    app.advance(3600);
    let old = deauthorized("evt_1", "acct_1", app.now());
    app.advance(3600);
    app.connect("tenant-1").await;
    app.deliver(&old).await;
    app.platform.run_due().await.expect("works");
    assert!(app.platform.client_for("tenant-1").await.is_ok());
    let delivery = app
        .platform
        .store()
        .deliveries(None, Page::newest(1))
        .await
        .expect("reads")
        .remove(0);
    assert_eq!(delivery.status, DeliveryStatus::Ignored);
    assert_eq!(
        delivery.note.as_deref(),
        Some("older than the reconnect that followed it")
    );
}

#[tokio::test]
async fn access_is_checked_at_stripe_when_event_and_connect_are_close() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    app.deliver(&deauthorized("evt_1", "acct_1", app.now()))
        .await;
    app.platform.run_due().await.expect("works");
    assert!(
        app.platform.client_for("tenant-1").await.is_ok(),
        "access stands: the event was older"
    );
    app.stripe.lose("acct_1");
    app.deliver(&deauthorized("evt_2", "acct_1", app.now()))
        .await;
    app.platform.run_due().await.expect("works");
    assert!(
        app.platform.client_for("tenant-1").await.is_err(),
        "access is gone"
    );
    assert_eq!(app.stripe.count("GET /v1/account"), 2);
}

#[tokio::test]
async fn events_of_unknown_accounts_and_other_applications_are_ignored() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    app.advance(3600);
    let mut other = deauthorized("evt_1", "acct_1", app.now());
    other["data"]["object"]["id"] = "ca_other".into();
    app.deliver(&other).await;
    app.deliver(&deauthorized("evt_2", "acct_stranger", app.now()))
        .await;
    let mut nameless = deauthorized("evt_3", "acct_1", app.now());
    nameless
        .as_object_mut()
        .expect("an object")
        .remove("account");
    app.deliver(&nameless).await;
    assert_eq!(
        app.platform.run_due().await.expect("works"),
        4,
        "three deliveries and one notice"
    );
    assert!(app.platform.client_for("tenant-1").await.is_ok());
    assert_eq!(
        app.platform
            .inbox_count(DeliveryStatus::Ignored)
            .await
            .expect("reads"),
        3
    );
}

#[tokio::test]
async fn an_event_after_the_platforms_own_disconnect_changes_nothing() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    app.platform
        .disconnect("tenant-1", DisconnectScope::Sole)
        .await
        .expect("ends");
    app.deliver(&deauthorized("evt_1", "acct_1", app.now()))
        .await;
    app.platform.run_due().await.expect("works");
    let connection = app
        .platform
        .connection("tenant-1")
        .await
        .expect("reads")
        .expect("kept");
    assert_eq!(
        connection.disconnected.map(|end| end.reason),
        Some(DisconnectReason::Revoked)
    );
}

#[tokio::test]
async fn bodies_that_are_no_events_or_too_large_are_refused() {
    let app = App::with(|config| format!("{config}\n[webhooks]\nmax_body_bytes = 2000\n")).await;
    for body in [
        serde_json::json!([]),
        serde_json::json!({ "id": 5 }),
        serde_json::json!("text"),
    ] {
        assert_eq!(
            app.deliver(&body).await.status,
            StatusCode::BAD_REQUEST,
            "{body}"
        );
    }
    let mut large = deauthorized("evt_1", "acct_1", app.now());
    large["padding"] = "x".repeat(3000).into();
    assert_eq!(
        app.deliver(&large).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert!(
        app.platform
            .store()
            .deliveries(None, Page::newest(9))
            .await
            .expect("reads")
            .is_empty()
    );
}

#[tokio::test]
async fn done_deliveries_are_removed_after_90_days() {
    let app = App::new().await;
    app.deliver(&deauthorized("evt_1", "acct_1", app.now()))
        .await;
    app.platform.run_due().await.expect("works");
    for (seconds, stored) in [(90 * 86_400, 1), (1, 0)] {
        app.advance(seconds);
        app.platform.run_due().await.expect("works");
        let deliveries = app.platform.store().deliveries(None, Page::newest(9)).await;
        assert_eq!(deliveries.expect("reads").len(), stored);
    }
}

#[tokio::test]
async fn a_retention_of_0_days_removes_nothing() {
    let app = App::with(|config| format!("{config}\n[webhooks]\nretention_days = 0\n")).await;
    app.deliver(&deauthorized("evt_1", "acct_1", app.now()))
        .await;
    app.platform.run_due().await.expect("works");
    app.advance(10 * 365 * 86_400);
    app.platform.run_due().await.expect("works");
    let deliveries = app.platform.store().deliveries(None, Page::newest(9)).await;
    assert_eq!(deliveries.expect("reads").len(), 1);
}

/// The clocks of Stripe and of the platform may be five minutes apart.
#[tokio::test]
async fn access_is_checked_at_stripe_within_5_minutes_of_the_connect_on_both_sides() {
    for (seconds_after_connect, checks, ends) in [
        (-301, 0, false),
        (-300, 1, true),
        (300, 1, true),
        (301, 0, true),
    ] {
        let app = App::new().await;
        app.connect("tenant-1").await;
        let created = app.now() + seconds_after_connect;
        app.stripe.lose("acct_1");
        app.advance(3600);
        app.deliver(&deauthorized("evt_1", "acct_1", created)).await;
        app.platform.run_due().await.expect("works");
        assert_eq!(
            (
                app.stripe.count("GET /v1/account"),
                app.platform.client_for("tenant-1").await.is_err()
            ),
            (checks, ends),
            "{seconds_after_connect} s after the connect"
        );
    }
}

/// The response to `deauthorize` was lost, so the mark of who requested it stays.
#[tokio::test]
async fn a_deauthorization_is_the_platforms_within_an_hour_of_its_own_request() {
    for (millis, reason) in [
        (3_599_999, DisconnectReason::Revoked),
        (3_600_000, DisconnectReason::DeauthorizedByAccount),
    ] {
        let app = App::new().await;
        app.connect("tenant-1").await;
        app.advance(3600);
        let lost = StripeReply::Fail(TransportErrorKind::Timeout);
        app.stripe.reply_to_deauthorize(Some(lost));
        let disconnect = app.platform.disconnect("tenant-1", DisconnectScope::Sole);
        let error = disconnect.await.expect_err("no response");
        assert!(matches!(error, DisconnectError::Unreachable(_)), "{error}");
        let connection = app.platform.connection("tenant-1").await.expect("reads");
        let mark = connection.and_then(|connection| connection.revoking);
        // The retries of the request have moved the clock.
        let received_at = mark.expect("who requested it").at + millis;
        app.advance_to_millis(received_at);
        app.deliver(&deauthorized("evt_1", "acct_1", app.now()))
            .await;
        app.platform.run_due().await.expect("works");
        let connection = app.platform.connection("tenant-1").await.expect("reads");
        let end = connection.and_then(|connection| connection.disconnected);
        assert_eq!(end.map(|end| end.reason), Some(reason), "{millis} ms later");
    }
}
