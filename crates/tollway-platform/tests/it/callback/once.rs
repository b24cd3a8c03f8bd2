//! A code is exchanged once however many callbacks race, and every repeat shows the same outcome.

use std::sync::Arc;

use crate::app::{App, callback};
use http::StatusCode;
use tollway_platform::store::Page;

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
async fn twelve_racing_callbacks_make_one_exchange() {
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
async fn a_repeat_that_waits_too_long_shows_a_working_page() {
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
