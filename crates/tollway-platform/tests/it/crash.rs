//! A process that dies between claim and record: the attempt is visible, resolved later, and the code is never sent again.

use crate::app::{App, callback};
use http::StatusCode;
use tollway_platform::DisconnectReason;
use tollway_platform::store::{AttemptStatus, Page};

/// Starts an exchange, the `count`th of this test, that the process does not survive.
fn crash_during_exchange(app: &App, browser: &crate::app::Browser, url: String, count: usize) {
    let (mut browser, stripe) = (browser.clone(), std::sync::Arc::clone(&app.stripe));
    stripe.hold();
    let doomed = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            tokio::select! {
                shown = browser.follow(&url) => panic!("the exchange is held: {shown:?}"),
                () = stripe.arrived(count) => {}
            }
        });
        // Dropping the runtime kills the task that exchanges, as a SIGKILL would.
    });
    doomed.join().expect("the process dies in good order");
}

#[tokio::test]
async fn a_crash_between_claim_and_record_is_visible_and_the_code_is_never_sent_again() {
    let app = App::new().await;
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    crash_during_exchange(&app, &browser, callback("ac_1", &state), 1);
    assert_eq!(app.exchanges(), 1);

    let after = app.restarted().await;
    after.stripe.release();
    let attempt = after
        .platform
        .store()
        .attempts(Page::newest(1))
        .await
        .expect("reads")
        .remove(0);
    assert_eq!(attempt.status, AttemptStatus::Exchanging);
    assert_eq!(
        attempt.claimed_at,
        Some(after.now() * 1000),
        "since when is visible"
    );

    let mut browser = after.browser_with(browser.cookies);
    after.advance(60);
    for _ in 0..2 {
        let shown = browser.follow(&callback("ac_1", &state)).await;
        assert_eq!(
            (shown.status, shown.outcome()),
            (StatusCode::BAD_GATEWAY, "interrupted")
        );
        assert!(
            shown.body.contains("Start again"),
            "the person is asked to connect again"
        );
    }
    assert_eq!(after.exchanges(), 1, "the code is never sent again");
    let history = after
        .platform
        .history(Some("tenant-1"), Page::newest(9))
        .await
        .expect("reads");
    assert_eq!(history[0].action.as_str(), "interrupted");
    after.connect("tenant-1").await;
}

#[tokio::test]
async fn the_worker_resolves_a_lost_exchange_without_a_browser() {
    let app = App::new().await;
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    crash_during_exchange(&app, &browser, callback("ac_1", &state), 1);
    let after = app.restarted().await;
    assert_eq!(
        after.platform.run_due().await.expect("works"),
        0,
        "it may still be under way elsewhere"
    );
    after.advance(61);
    assert_eq!(after.platform.run_due().await.expect("works"), 1);
    let attempt = after
        .platform
        .store()
        .attempts(Page::newest(1))
        .await
        .expect("reads")
        .remove(0);
    assert_eq!(attempt.status, AttemptStatus::Finished);
    assert_eq!(after.exchanges(), 1);
}

#[tokio::test]
async fn a_lost_exchange_of_a_connected_tenant_is_checked_at_stripe() {
    let app = App::new().await;
    let mut browser = app.connect("tenant-1").await;
    let state = browser.start(&app, "tenant-1").await;
    crash_during_exchange(&app, &browser, callback("ac_2", &state), 2);
    let after = app.restarted().await;
    after.stripe.lose("acct_1");
    after.advance(61);
    after.platform.run_due().await.expect("works");
    let connection = after
        .platform
        .connection("tenant-1")
        .await
        .expect("reads")
        .expect("kept");
    assert_eq!(
        connection.disconnected.map(|end| end.reason),
        Some(DisconnectReason::AccessLost)
    );
    let sealed = after
        .platform
        .store()
        .sealed_tokens(&connection.id)
        .await
        .expect("reads");
    assert_eq!(
        sealed.access_token, None,
        "secrets of an ended connection are wiped"
    );
}

#[tokio::test]
async fn a_connection_and_its_outcome_survive_a_restart() {
    let app = App::new().await;
    let browser = app.connect("tenant-1").await;
    let after = app.restarted().await;
    let client = after
        .platform
        .client_for("tenant-1")
        .await
        .expect("a client");
    assert_eq!(client.stripe_account(), Some("acct_1"));
    let attempt = after
        .platform
        .store()
        .attempts(Page::newest(1))
        .await
        .expect("reads")
        .remove(0);
    let mut browser = after.browser_with(browser.cookies);
    let shown = browser
        .get(&format!("/connect/shop/outcome/{}", attempt.id))
        .await;
    assert_eq!(shown.outcome(), "connected");
}
