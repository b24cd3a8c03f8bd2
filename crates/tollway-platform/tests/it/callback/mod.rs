//! The callback: the page that the seller sees, and the tenant's connection afterwards.

mod once;
mod refusals;

use crate::app::{App, callback};
use http::StatusCode;
use tollway_platform::{ClientForError, GrantScope};

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
    assert_eq!(connection.scope, GrantScope::ReadWrite);
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
