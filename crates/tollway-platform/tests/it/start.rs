//! Start: the button, the attempt, the redirect to Stripe.

use crate::app::{App, state_of};
use http::StatusCode;
use tollway_platform::store::{AttemptStatus, Page};

#[tokio::test]
async fn the_page_shows_a_button_that_starts() {
    let app = App::new().await;
    let mut browser = app.browser();
    let page = browser
        .get(&app.platform.start_link("tenant-1").page().expect("a link"))
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Connect with Stripe"), "{}", page.body);
    assert!(
        page.body.contains("Shop &amp; S"),
        "the name is escaped: {}",
        page.body
    );
    assert!(
        app.platform
            .store()
            .attempts(Page::newest(9))
            .await
            .expect("reads")
            .is_empty(),
        "looking starts nothing"
    );
}

#[tokio::test]
async fn start_redirects_to_stripe_with_all_parameters() {
    let app = App::new().await;
    let link = app
        .platform
        .start_link("tenant-1")
        .prefill("email", "jenny@example.com")
        .start()
        .expect("a link");
    let shown = app.browser().get(&link).await;
    assert_eq!(shown.status, StatusCode::SEE_OTHER);
    let url = url::Url::parse(&shown.location()).expect("a URL");
    assert_eq!(url.host_str(), Some("connect.stripe.com"));
    assert_eq!(url.path(), "/oauth/authorize");
    let pairs: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(pairs["client_id"], "ca_test");
    assert_eq!(pairs["response_type"], "code");
    assert_eq!(pairs["scope"], "read_write");
    assert_eq!(
        pairs["redirect_uri"],
        "http://127.0.0.1:8790/connect/shop/callback"
    );
    assert_eq!(pairs["stripe_user[email]"], "jenny@example.com");
    assert_eq!(pairs["state"].len(), 43, "256 bits in base64");
}

#[tokio::test]
async fn the_state_is_kept_as_a_hash_and_the_cookie_is_sealed() {
    let app = App::new().await;
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    let attempts = app
        .platform
        .store()
        .attempts(Page::newest(9))
        .await
        .expect("reads");
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].status, AttemptStatus::Pending);
    assert_eq!(attempts[0].tenant, "tenant-1");
    app.platform.close().await.expect("closes");
    for entry in std::fs::read_dir(app.folder.path()).expect("a folder") {
        let bytes = std::fs::read(entry.expect("a file").path()).expect("reads");
        assert!(
            !contains(&bytes, state.as_bytes()),
            "the state is nowhere on disk"
        );
    }
    let cookie = browser.cookies.get("tollway").expect("a cookie");
    assert!(!cookie.contains("att_"), "sealed: {cookie}");
}

#[tokio::test]
async fn each_start_is_an_attempt_of_its_own() {
    let app = App::new().await;
    let mut browser = app.browser();
    let one = browser.start(&app, "tenant-1").await;
    let two = browser.start(&app, "tenant-2").await;
    assert_ne!(one, two);
    let first = browser.follow(&crate::app::callback("ac_1", &one)).await;
    assert_eq!(first.outcome(), "connected");
}

#[tokio::test]
async fn live_mode_has_its_own_client_id() {
    let app = App::new().await;
    let live = app.platform.realm("shop", tollway_platform::Mode::Live);
    let shown = app
        .browser()
        .get(&live.start_link("tenant-1").start().expect("a link"))
        .await;
    assert!(
        shown.location().contains("client_id=ca_live"),
        "{}",
        shown.location()
    );
    assert_eq!(state_of(&shown.location()).len(), 43);
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}
