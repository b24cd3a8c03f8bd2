//! Safety on the web: headers, cookies, rate limits and error pages.

use crate::app::{App, callback};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE,
};
use http::{Method, StatusCode};

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let app = App::new().await;
    let mut browser = app.browser();
    let state = browser.start(&app, "tenant-1").await;
    let link = app.platform.start_link("t").page().expect("a link");
    for url in [
        callback("ac_1", &state),
        link,
        "/nothing".into(),
        "/healthz".into(),
        "/connect/shop/start".into(),
    ] {
        let shown = browser.get(&url).await;
        let header = |name: http::HeaderName| {
            shown
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or("")
                .to_owned()
        };
        assert!(
            header(CONTENT_SECURITY_POLICY).contains("frame-ancestors 'none'"),
            "{url}"
        );
        assert!(!header(CONTENT_SECURITY_POLICY).contains("unsafe"), "{url}");
        assert_eq!(header(REFERRER_POLICY), "no-referrer", "{url}");
        assert_eq!(header(CACHE_CONTROL), "no-store", "{url}");
        assert!(
            !shown.body.contains("<script") && !shown.body.contains(" style="),
            "{url}"
        );
        assert!(
            !shown.headers.contains_key("strict-transport-security"),
            "no TLS here"
        );
    }
}

#[tokio::test]
async fn with_tls_cookies_are_secure_and_bound_to_the_host() {
    let app = App::with(|config| format!("public_url = \"https://pay.example\"\n{config}")).await;
    let link = app.platform.start_link("tenant-1").start().expect("a link");
    assert!(link.starts_with("https://pay.example/connect/shop/start?"));
    let mut browser = app.browser();
    let shown = browser
        .get(link.strip_prefix("https://pay.example").expect("ours"))
        .await;
    let cookie = shown
        .headers
        .get(SET_COOKIE)
        .and_then(|value| value.to_str().ok())
        .expect("a cookie");
    for part in [
        "__Host-tollway=",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Secure",
        "; Path=/",
    ] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(shown.headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn on_loopback_cookies_are_not_secure_but_otherwise_the_same() {
    let app = App::new().await;
    let mut browser = app.browser();
    let shown = browser
        .get(&app.platform.start_link("t").start().expect("a link"))
        .await;
    let cookie = shown
        .headers
        .get(SET_COOKIE)
        .and_then(|value| value.to_str().ok())
        .expect("a cookie");
    assert!(
        cookie.starts_with("tollway=") && cookie.contains("HttpOnly") && !cookie.contains("Secure"),
        "{cookie}"
    );
}

#[tokio::test]
async fn requests_of_one_address_are_limited() {
    let app =
        App::with(|config| config.replace("requests_per_minute = 3000", "requests_per_minute = 6"))
            .await;
    let mut browser = app.browser();
    let link = app.platform.start_link("t").start().expect("a link");
    for _ in 0..2 {
        assert_eq!(browser.get(&link).await.status, StatusCode::SEE_OTHER);
    }
    let turned_away = browser.get(&link).await;
    assert_eq!(turned_away.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(
        turned_away.headers.contains_key(RETRY_AFTER)
            && turned_away.body.contains("Too many requests")
    );
    assert_eq!(
        browser
            .get("/connect/shop/callback?error=access_denied")
            .await
            .status,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(
        browser.get("/healthz").await.status,
        StatusCode::OK,
        "not the rest"
    );
    assert!(
        app.metrics()
            .await
            .contains("tollway_rate_limited_total{place=\"start\"} 1")
    );
    app.advance(10);
    assert_eq!(browser.get(&link).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn behind_a_proxy_the_last_forwarded_address_counts() {
    let app = App::with(|config| {
        config.replace(
            "requests_per_minute = 3000",
            "requests_per_minute = 3\nbehind_proxy = true",
        )
    })
    .await;
    let link = app.platform.start_link("t").start().expect("a link");
    let path = link
        .strip_prefix("http://127.0.0.1:8790")
        .expect("ours")
        .to_owned();
    let ask = async |forwarded: &str| {
        let request = http::Request::get(&path)
            .header("x-forwarded-for", forwarded)
            .body(axum::body::Body::empty());
        crate::app::send(&app.router, request.expect("a request"))
            .await
            .status
    };
    assert_eq!(ask("203.0.113.1").await, StatusCode::SEE_OTHER);
    assert_eq!(
        ask("198.51.100.7, 203.0.113.1").await,
        StatusCode::TOO_MANY_REQUESTS,
        "a claim in front changes nothing"
    );
    assert_eq!(ask("203.0.113.2").await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn every_error_has_a_page() {
    let app = App::new().await;
    let mut browser = app.browser();
    for (method, url, status) in [
        (Method::GET, "/nothing", StatusCode::NOT_FOUND),
        (
            Method::POST,
            "/connect/shop/callback",
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            Method::GET,
            "/connect/shop/outcome/att_x",
            StatusCode::NOT_FOUND,
        ),
        (
            Method::GET,
            "/connect/%ff/callback",
            StatusCode::BAD_REQUEST,
        ),
    ] {
        let shown = match method {
            Method::GET => browser.get(url).await,
            _ => browser.post(url, &[]).await,
        };
        assert_eq!(shown.status, status, "{url}");
        assert!(
            shown.body.contains("<h1>") && shown.body.contains("tollway.css"),
            "{url}: {}",
            shown.body
        );
    }
    let large = "x".repeat(20_000);
    let shown = browser
        .post(
            "/connect/shop/disconnect",
            &[("token", &large), ("link", "")],
        )
        .await;
    assert_eq!(shown.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(shown.body.contains("<h1>"), "{}", shown.body);
}

#[tokio::test]
async fn health_readiness_and_metrics_are_served() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    let mut browser = app.browser();
    assert_eq!(browser.get("/healthz").await.body, "ok\n");
    assert_eq!(browser.get("/readyz").await.body, "ready\n");
    let metrics = app.metrics().await;
    for line in [
        "tollway_connect_started_total{platform=\"shop\",mode=\"test\"} 1",
        "tollway_connect_returned_total{platform=\"shop\",outcome=\"code\"} 1",
        "tollway_connect_outcomes_total{platform=\"shop\",outcome=\"connected\"} 1",
        "tollway_connect_exchange_seconds_count{platform=\"shop\",mode=\"test\"} 1",
        "tollway_inbox_oldest_unfinished_seconds 0.0",
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    for secret in ["ac_1", "acct_1", "tenant-1"] {
        assert!(!metrics.contains(secret), "{secret} is no label");
    }
    app.platform.close().await.expect("closes");
    let not_ready = browser.get("/readyz").await;
    assert_eq!(not_ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        not_ready.body.contains("cannot be written"),
        "{}",
        not_ready.body
    );
}

#[tokio::test]
async fn a_router_can_be_mounted_below_a_path() {
    let app =
        App::with(|config| format!("public_url = \"http://127.0.0.1:8790/payments\"\n{config}"))
            .await;
    let link = app.platform.start_link("tenant-1").page().expect("a link");
    assert!(
        link.starts_with("http://127.0.0.1:8790/payments/connect/shop?"),
        "{link}"
    );
    let mounted = axum::Router::new().nest("/payments", app.platform.router());
    let path = link.strip_prefix("http://127.0.0.1:8790").expect("ours");
    let request = http::Request::get(path)
        .body(axum::body::Body::empty())
        .expect("a request");
    let shown = crate::app::send(&mounted, request).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(
        shown
            .body
            .contains("\"http://127.0.0.1:8790/payments/assets/tollway.css\""),
        "{}",
        shown.body
    );
    assert!(
        app.platform
            .config()
            .redirect_uri(&tollway_platform::Realm::new(
                "shop",
                tollway_platform::Mode::Test
            ))
            .ends_with("/payments/connect/shop/callback")
    );
}
