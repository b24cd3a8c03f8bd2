//! The callback: exactly once, whoever races it; the same for the person however often; each refusal by its name.

use std::sync::Arc;

use crate::app::{App, Says, callback};
use http::StatusCode;
use tollway::transport::TransportErrorKind;
use tollway_platform::store::Page;
use tollway_platform::{ClientForError, Mode};

#[tokio::test]
async fn a_seller_connects_and_the_tenant_has_a_client() {
    let app = App::new().await;
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    let first = browser.get(&callback("ac_1", &state)).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    assert!(
        !first.location().contains("ac_1"),
        "the code leaves the address bar: {}",
        first.location()
    );
    let page = browser.get(&first.location()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.outcome(), "connected");
    assert!(
        page.body.contains("acct_1") && page.body.contains("https://shop.example/done"),
        "{}",
        page.body
    );

    let client = app.platform.client_for("tenant-1").await.expect("a client");
    assert_eq!(client.stripe_account(), Some("acct_1"));
    let connection = app
        .platform
        .connection("tenant-1")
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!(connection.scope, "read_write");
    assert_eq!(connection.publishable_key.as_deref(), Some("pk_acct_1"));
    assert_eq!(connection.connected_at, app.now() * 1000);
    let missing = app
        .platform
        .client_for("tenant-2")
        .await
        .expect_err("never connected");
    assert!(
        matches!(missing, ClientForError::NotConnected { .. }),
        "{missing}"
    );
}

#[tokio::test]
async fn a_repeat_shows_the_first_outcome_and_stripe_sees_one_exchange() {
    let app = App::new().await;
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    for _ in 0..3 {
        let shown = browser.follow(&callback("ac_1", &state)).await;
        assert_eq!(
            (shown.status, shown.outcome()),
            (StatusCode::OK, "connected")
        );
    }
    app.advance(3600);
    let late = browser.follow(&callback("ac_1", &state)).await;
    assert_eq!(
        late.outcome(),
        "connected",
        "also long after the attempt has expired"
    );
    assert_eq!(app.exchanges(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_many_race_there_is_one_exchange_and_one_outcome() {
    let app = Arc::new(App::new().await);
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    app.stripe.hold();
    let races: Vec<_> = (0..12)
        .map(|_| {
            let (mut browser, url) = (browser.clone(), callback("ac_1", &state));
            tokio::spawn(async move { browser.follow(&url).await })
        })
        .collect();
    app.stripe.arrived(1).await;
    app.stripe.release();
    for race in races {
        let shown = race.await.expect("ends");
        assert_eq!(
            (shown.status, shown.outcome()),
            (StatusCode::OK, "connected"),
            "{}",
            shown.body
        );
    }
    assert_eq!(app.exchanges(), 1);
    let history = app
        .platform
        .history(Some("tenant-1"), Page::newest(9))
        .await
        .expect("reads");
    assert_eq!(history.len(), 1, "{history:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_on_one_database_exchange_once() {
    let app = App::new().await;
    let other = app.restarted().await;
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    app.stripe.hold();
    let mut elsewhere = other.browser();
    elsewhere.cookies = browser.cookies.clone();
    let url = callback("ac_1", &state);
    let here = tokio::spawn({
        let url = url.clone();
        async move { browser.follow(&url).await }
    });
    app.stripe.arrived(1).await;
    let there = tokio::spawn(async move { elsewhere.follow(&url).await });
    app.stripe.release();
    assert_eq!(here.await.expect("ends").outcome(), "connected");
    // The other process cannot be woken by the first: it looks again as time passes.
    let clock = app.clock.clone();
    let there = tokio::spawn(async move {
        tokio::pin!(there);
        loop {
            tokio::select! {
                shown = &mut there => return shown.expect("ends"),
                () = tokio::task::yield_now() => clock.advance(std::time::Duration::from_millis(1)),
            }
        }
    });
    assert_eq!(there.await.expect("ends").outcome(), "connected");
    assert_eq!(app.exchanges(), 1);
}

#[tokio::test]
async fn a_repeat_that_waits_too_long_is_told_so_and_sees_the_outcome_later() {
    let app = App::new().await;
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    app.stripe.hold();
    let first = tokio::spawn({
        let (mut browser, url) = (browser.clone(), callback("ac_1", &state));
        async move { browser.follow(&url).await }
    });
    app.stripe.arrived(1).await;
    let (mut second, url) = (browser.clone(), callback("ac_1", &state));
    let repeat = async { second.follow(&url).await };
    tokio::pin!(repeat);
    let working = loop {
        tokio::select! {
            biased;
            shown = &mut repeat => break shown,
            () = tokio::task::yield_now() => app.clock.advance(std::time::Duration::from_millis(5)),
        }
    };
    assert_eq!(
        (working.status, working.outcome()),
        (StatusCode::ACCEPTED, "working")
    );
    assert!(working.body.contains("http-equiv=\"refresh\""));
    app.stripe.release();
    assert_eq!(first.await.expect("ends").outcome(), "connected");
    assert_eq!(
        browser.follow(&callback("ac_1", &state)).await.outcome(),
        "connected"
    );
    assert_eq!(app.exchanges(), 1);
}

#[tokio::test]
async fn a_browser_that_hangs_up_does_not_stop_the_exchange() {
    let app = App::new().await;
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    app.stripe.hold();
    let mut leaver = browser.clone();
    let url = callback("ac_1", &state);
    {
        let leaving = leaver.follow(&url);
        tokio::pin!(leaving);
        tokio::select! {
            shown = &mut leaving => panic!("the exchange is held: {shown:?}"),
            () = app.stripe.arrived(1) => {}
        }
    }
    app.stripe.release();
    assert_eq!(browser.follow(&url).await.outcome(), "connected");
    assert_eq!(app.exchanges(), 1);
}

#[tokio::test]
async fn a_denial_is_the_sellers_choice() {
    let app = App::new().await;
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    let url = format!(
        "/connect/shop/callback?error=access_denied&error_description=The+user+denied&state={state}"
    );
    for _ in 0..2 {
        let shown = browser.follow(&url).await;
        assert_eq!((shown.status, shown.outcome()), (StatusCode::OK, "denied"));
        assert!(shown.body.contains("Start again"));
    }
    let code_afterwards = browser.follow(&callback("ac_1", &state)).await;
    assert_eq!(
        (code_afterwards.status, code_afterwards.outcome()),
        (StatusCode::CONFLICT, "replayed")
    );
    assert_eq!(app.exchanges(), 0);
}

#[tokio::test]
async fn start_again_needs_no_new_link() {
    let app = App::new().await;
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    let denied = browser
        .get(&format!(
            "/connect/shop/callback?error=access_denied&state={state}"
        ))
        .await;
    let again = denied.location().replace("/outcome/", "/again/");
    let to_stripe = browser.get(&again).await;
    let state = crate::app::state_of(&to_stripe.location());
    assert_eq!(
        browser.follow(&callback("ac_1", &state)).await.outcome(),
        "connected"
    );
    assert_eq!(
        app.browser().get(&again).await.status,
        StatusCode::NOT_FOUND,
        "only for the browser that started"
    );
}

#[tokio::test]
async fn refusals_have_names_and_leave_no_trace() {
    let app = App::with(|config| {
        format!("{config}\n[platforms.other]\nname = \"Other\"\n[platforms.other.test]\nclient_id = \"ca_other\"\nsecret_key = \"sk_test_other\"\n")
    })
    .await;
    let shop = app.platform.on("shop", Mode::Test);
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
async fn what_stripe_says_decides_the_outcome() {
    let error = |status, error, description| Says::Error {
        status,
        error,
        description,
    };
    for (says, status, outcome) in [
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
            Says::Fail(TransportErrorKind::Connect),
            503,
            "stripe_unreachable",
        ),
        (Says::Fail(TransportErrorKind::Timeout), 502, "interrupted"),
        (Says::Fail(TransportErrorKind::Reset), 502, "interrupted"),
        (
            Says::Grant {
                account: "acct_1",
                scope: "read_only",
                livemode: false,
            },
            409,
            "scope_too_small",
        ),
        (
            Says::Grant {
                account: "acct_1",
                scope: "read_write",
                livemode: true,
            },
            409,
            "wrong_mode",
        ),
        (
            Says::Grant {
                account: "",
                scope: "read_write",
                livemode: false,
            },
            502,
            "interrupted",
        ),
    ] {
        let app = App::new().await;
        app.stripe.says(says);
        let mut browser = app.browser();
        let state = browser.start(&app, "tenant-1").await;
        for _ in 0..2 {
            let shown = browser.follow(&callback("ac_1", &state)).await;
            assert_eq!(
                (shown.status.as_u16(), shown.outcome()),
                (status, outcome),
                "{says:?}"
            );
        }
        assert_eq!(app.exchanges(), 1, "a code goes out once: {says:?}");
        assert!(
            app.platform
                .connection("tenant-1")
                .await
                .expect("reads")
                .is_none(),
            "{says:?}"
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

#[tokio::test]
async fn tokens_are_sealed_and_appear_nowhere() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    let connection = app
        .platform
        .connection("tenant-1")
        .await
        .expect("reads")
        .expect("is there");
    let sealed = app
        .platform
        .store()
        .sealed_tokens(&connection.id)
        .await
        .expect("reads");
    let envelope = sealed.access_token.expect("kept");
    assert_eq!(envelope[0], 1, "the envelope's version");
    assert!(sealed.refresh_token.is_some());
    app.platform.close().await.expect("closes");
    for entry in std::fs::read_dir(app.folder.path()).expect("a folder") {
        let bytes = std::fs::read(entry.expect("a file").path()).expect("reads");
        let text = String::from_utf8_lossy(&bytes);
        for secret in ["sk_acct_acct_1", "rt_acct_1", "ac_1\"", "sk_test_1"] {
            assert!(!text.contains(secret), "{secret} is on disk");
        }
    }
}
