//! The dashboard and the console.

use axum::http::{Method, StatusCode, header};

use crate::support::{Stripe, authorize};

const KEY: &str = "sk_test_market";
const CLIENT: &str = "ca_market";

#[tokio::test]
async fn a_seller_ends_the_connection_on_its_dashboard() {
    let stripe = Stripe::new();
    let token = stripe.connect(CLIENT, KEY, "baker@shop.example").await;
    let account = token["stripe_user_id"].as_str().unwrap();
    let path = format!("/_tollway/dashboard/{account}");
    let page = stripe.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body.contains("id=\"disconnect-test\"") && page.body.contains("baker@shop.example"),
        "{}",
        page.body
    );

    let leave = format!("{path}/disconnect");
    assert_eq!(
        stripe
            .call(Method::POST, &leave, None, &[("mode", "live")])
            .await
            .status,
        StatusCode::CONFLICT
    );
    assert_eq!(
        stripe
            .call(Method::POST, &leave, None, &[("mode", "odd")])
            .await
            .status,
        StatusCode::BAD_REQUEST
    );
    let left = stripe.call(Method::POST, &leave, None, &[]).await;
    assert_eq!(
        (
            left.status,
            left.headers[header::LOCATION].to_str().unwrap()
        ),
        (StatusCode::SEE_OTHER, path.as_str())
    );
    assert!(
        stripe
            .get(&path)
            .await
            .body
            .contains("id=\"no-connections\"")
    );
    assert_eq!(
        stripe.get("/_tollway/dashboard/acct_nobody").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn console_shows_connections() {
    let stripe = Stripe::new();
    assert!(
        stripe
            .get("/_tollway/console")
            .await
            .body
            .contains("id=\"no-worlds\"")
    );
    let token = stripe.connect(CLIENT, KEY, "baker@shop.example").await;
    let page = stripe.get("/_tollway/console").await.body;
    for part in [
        "market",
        CLIENT,
        token["stripe_user_id"].as_str().unwrap(),
        "test (read_write)",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[tokio::test]
async fn pages_have_security_headers() {
    let stripe = Stripe::new();
    let page = stripe.get(&authorize(CLIENT, "read_write")).await;
    let policy = page.headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(
        policy.contains("form-action 'self' http://localhost:4000;")
            || policy.ends_with("http://localhost:4000")
    );
    let sheet = stripe.get("/_tollway/assets/pages.css").await;
    assert!(
        sheet.headers[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .starts_with("text/css")
    );
}
