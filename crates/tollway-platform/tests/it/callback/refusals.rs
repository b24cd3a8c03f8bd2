//! Each refusal by its name, and none that leaves a trace.

use crate::app::{App, callback};
use crate::stripe::StripeReply;
use http::StatusCode;
use tollway::transport::TransportErrorKind;
use tollway_platform::Mode;
use tollway_platform::store::Page;

#[tokio::test]
async fn each_refused_callback_has_an_outcome_and_changes_nothing() {
    let app = App::with(|config| {
        format!("{config}\n[platforms.other]\nname = \"Other\"\n[platforms.other.test]\nclient_id = \"ca_other\"\nsecret_key = \"sk_test_other\"\n")
    })
    .await;
    let shop = app.platform.realm("shop", Mode::Test);
    let mut browser = app.browser();
    let start = browser
        .get(&shop.start_link("tenant-1").start().expect("a link"))
        .await;
    let state = crate::app::state_of(&start.location());
    let before = app
        .platform
        .store()
        .attempts(Page::newest(9))
        .await
        .expect("reads");
    for (who, url, status, outcome) in [
        (
            "same",
            format!("/connect/other/callback?code=ac_1&state={state}"),
            400,
            "wrong_platform",
        ),
        ("other", callback("ac_1", &state), 403, "wrong_browser"),
        ("same", callback("ac_1", "nonsense"), 400, "unknown_state"),
        (
            "same",
            format!("/connect/shop/callback?state={state}"),
            400,
            "malformed",
        ),
        (
            "same",
            "/connect/shop/callback?code=ac_1".to_owned(),
            400,
            "malformed",
        ),
        (
            "same",
            "/connect/shop/callback".to_owned(),
            400,
            "malformed",
        ),
        (
            "same",
            format!("{}&code=ac_2", callback("ac_1", &state)),
            400,
            "malformed",
        ),
        (
            "same",
            "/connect/shop/callback?error=access_denied".to_owned(),
            200,
            "denied_without_state",
        ),
    ] {
        let mut asks = if who == "same" {
            browser.clone()
        } else {
            app.browser()
        };
        let shown = asks.follow(&url).await;
        assert_eq!(
            (shown.status.as_u16(), shown.outcome()),
            (status, outcome),
            "{url}"
        );
        assert!(
            app.metrics()
                .await
                .contains(&format!("outcome=\"{outcome}\"")),
            "{outcome} is counted"
        );
    }
    assert_eq!(
        app.browser()
            .get("/connect/nobody/callback?code=a&state=b")
            .await
            .status,
        StatusCode::NOT_FOUND
    );
    let after = app
        .platform
        .store()
        .attempts(Page::newest(9))
        .await
        .expect("reads");
    assert_eq!(before, after, "no refusal touches a row");
    assert_eq!(app.exchanges(), 0);
    assert_eq!(
        browser.follow(&callback("ac_1", &state)).await.outcome(),
        "connected",
        "the attempt is as good as before"
    );
}

#[tokio::test]
async fn an_attempt_expires() {
    let app = App::new().await;
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    app.advance(1800);
    for _ in 0..2 {
        let shown = browser.follow(&callback("ac_1", &state)).await;
        assert_eq!(
            (shown.status, shown.outcome()),
            (StatusCode::GONE, "expired")
        );
    }
    assert_eq!(app.exchanges(), 0);
}

#[tokio::test]
async fn another_code_for_a_used_attempt_is_a_replay() {
    let app = App::new().await;
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    browser.follow(&callback("ac_1", &state)).await;
    let shown = browser.follow(&callback("ac_2", &state)).await;
    assert_eq!(
        (shown.status, shown.outcome()),
        (StatusCode::CONFLICT, "replayed")
    );
    let shown = browser
        .follow(&format!(
            "/connect/shop/callback?error=access_denied&state={state}"
        ))
        .await;
    assert_eq!(shown.outcome(), "replayed");
    assert_eq!(app.exchanges(), 1);
}

#[tokio::test]
async fn each_exchange_error_has_its_outcome() {
    let error = |status, error, description| StripeReply::Error {
        status,
        error,
        description,
    };
    for (reply, status, outcome) in [
        (
            error(400, "invalid_grant", "This authorization code has expired."),
            400,
            "invalid_grant",
        ),
        (
            error(401, "invalid_client", "No such application"),
            502,
            "stripe_refused",
        ),
        (
            error(
                400,
                "invalid_request",
                "This account is controlled by another platform.",
            ),
            409,
            "account_controlled",
        ),
        (error(500, "server_error", ""), 502, "interrupted"),
        (
            StripeReply::Fail(TransportErrorKind::Connect),
            503,
            "stripe_unreachable",
        ),
        (
            StripeReply::Fail(TransportErrorKind::Timeout),
            502,
            "interrupted",
        ),
        (
            StripeReply::Fail(TransportErrorKind::Reset),
            502,
            "interrupted",
        ),
        (
            StripeReply::Grant {
                account: "acct_1",
                scope: "read_only",
                livemode: false,
            },
            409,
            "scope_too_small",
        ),
        (
            StripeReply::Grant {
                account: "acct_1",
                scope: "read_write",
                livemode: true,
            },
            409,
            "wrong_mode",
        ),
        (
            StripeReply::Grant {
                account: "",
                scope: "read_write",
                livemode: false,
            },
            502,
            "interrupted",
        ),
    ] {
        let app = App::new().await;
        app.stripe.reply_to_exchanges(reply);
        let mut browser = app.browser();
        let state = browser.start(&app, "tenant-1").await;
        for _ in 0..2 {
            let shown = browser.follow(&callback("ac_1", &state)).await;
            assert_eq!(
                (shown.status.as_u16(), shown.outcome()),
                (status, outcome),
                "{reply:?}"
            );
        }
        assert_eq!(app.exchanges(), 1, "a code goes out once: {reply:?}");
        assert!(
            app.platform
                .connection("tenant-1")
                .await
                .expect("reads")
                .is_none(),
            "{reply:?}"
        );
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
            [outcome]
        );
    }
}
