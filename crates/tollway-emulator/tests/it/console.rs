//! The operator's console.

use axum::http::{StatusCode, header};

use crate::support::Stripe;

const KEY: &str = "sk_test_market";
const CLIENT: &str = "ca_market";
const CHARGE: [(&str, &str); 3] = [
    ("amount", "1000"),
    ("currency", "usd"),
    ("source", "tok_visa"),
];

#[tokio::test]
async fn console_shows_the_request_log() {
    let stripe = Stripe::new();
    stripe.post("/v1/charges", KEY, &CHARGE).await.ok();
    let none = stripe.post("/v1/charges", KEY, &[("amount", "<b>")]).await;
    let request = none.headers["request-id"].to_str().unwrap().to_owned();
    let page = stripe.get("/_tollway/console/requests?path=charges").await;
    assert!(page.headers.get(header::REFRESH).is_none());
    assert!(
        page.body.matches("POST &#x2f;v1&#x2f;charges").count() == 2,
        "{}",
        page.body
    );
    let live = stripe
        .get("/_tollway/console/requests?live=1&errors=1")
        .await;
    assert_eq!(live.headers[header::REFRESH], "2");
    assert_eq!(
        live.body.matches("&#x2f;v1&#x2f;charges</a>").count(),
        1,
        "{}",
        live.body
    );
    // Stopping keeps what was asked for.
    assert!(
        live.body.contains("requests?errors=1\" id=\"live\"")
            || live.body.contains("errors=1&quot;")
            || live.body.contains("errors=1")
    );
    let one = stripe
        .get(&format!("/_tollway/console/requests/{request}"))
        .await
        .body;
    assert!(
        one.contains("charges.create")
            && one.contains("&lt;b&gt;")
            && one.contains("Invalid integer"),
        "{one}"
    );
    assert_eq!(
        stripe
            .get("/_tollway/console/requests/req_none")
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn console_shows_connections_and_balances_of_a_world() {
    let stripe = Stripe::new();
    let token = stripe.connect(CLIENT, KEY, "baker@shop.example").await;
    let account = token["stripe_user_id"].as_str().unwrap();
    let fee = [
        CHARGE[0],
        CHARGE[1],
        CHARGE[2],
        ("application_fee_amount", "100"),
    ];
    stripe
        .caller(KEY)
        .as_account(account)
        .post("/v1/charges", &fee)
        .await
        .ok();
    let page = stripe.get("/_tollway/console/worlds/market").await.body;
    for part in [
        "8.41 usd",
        "1.00 usd",
        "role=\"img\"",
        "<title id=\"title-test-usd\">",
        "width=\"400\"",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let button = format!("id=\"disconnect-{account}-test\"");
    assert!(page.contains(&button), "{page}");
    stripe
        .press(
            &format!("/_tollway/dashboard/{account}/disconnect"),
            &[("mode", "test")],
        )
        .await;
    let page = stripe.get("/_tollway/console/worlds/market").await.body;
    assert!(page.contains("no-connections"), "{page}");
    assert_eq!(
        stripe.get("/_tollway/console/worlds/nobody").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn console_resends_an_event() {
    let stripe = Stripe::new();
    let hook = [
        ("url", "https://shop.example/hook"),
        ("enabled_events[0]", "charge.succeeded"),
    ];
    stripe.post("/v1/webhook_endpoints", KEY, &hook).await.ok();
    stripe.post("/v1/charges", KEY, &CHARGE).await.ok();
    stripe.inbox.answers.lock().unwrap().push(500);
    stripe.emulator.deliver_webhooks().await;
    let event = stripe.inbox.take()[0].body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/_tollway/console/events/{event}");
    let page = stripe.get(&path).await.body;
    assert!(
        page.contains("<td>500</td>") && page.contains("charge.succeeded"),
        "{page}"
    );
    let sent = stripe.press(&format!("{path}/resend"), &[]).await;
    assert_eq!(sent.headers[header::LOCATION], *path);
    stripe.emulator.deliver_webhooks().await;
    assert_eq!(stripe.inbox.types(), ["charge.succeeded"]);
    assert!(stripe.get(&path).await.body.contains("delivered"));
    assert!(
        stripe
            .get("/_tollway/console/worlds/market")
            .await
            .body
            .contains(&event)
    );
    let none = stripe
        .press("/_tollway/console/events/evt_none/resend", &[])
        .await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn console_adds_and_clears_faults() {
    let stripe = Stripe::new();
    let page = "/_tollway/console/faults";
    let form = [
        ("then", "rate_limit"),
        ("path", "/v1/charges"),
        ("times", "2"),
        ("method", ""),
    ];
    stripe.press(page, &form).await;
    let shown = stripe.get(page).await.body;
    assert!(
        shown.contains("rate limit") && shown.contains("&#x2f;v1&#x2f;charges"),
        "{shown}"
    );
    let hit = stripe.post("/v1/charges", KEY, &CHARGE).await;
    assert_eq!(hit.status, StatusCode::TOO_MANY_REQUESTS);
    let wrong = stripe
        .press(page, &[("then", "nothing"), ("times", "many")])
        .await;
    assert!(
        wrong.status == StatusCode::BAD_REQUEST && wrong.body.contains("not a number"),
        "{}",
        wrong.body
    );
    stripe.press(&format!("{page}/clear"), &[]).await;
    assert!(stripe.get(page).await.body.contains("no-faults"));
    stripe.post("/v1/charges", KEY, &CHARGE).await.ok();
}

#[tokio::test]
async fn console_refuses_changes_from_pages_of_other_sites() {
    let stripe = Stripe::new();
    let path = "/_tollway/console/faults";
    let form = [("then", "server_error")];
    for (name, value, let_in) in [
        ("sec-fetch-site", "cross-site", false),
        ("sec-fetch-site", "same-site", false),
        ("sec-fetch-site", "same-origin", true),
        ("sec-fetch-site", "none", true),
        ("origin", "https://evil.example", false),
        ("origin", "null", false),
        ("origin", "http://localhost", true),
    ] {
        let sent = stripe
            .caller(None)
            .with_headers(&[(name, value)])
            .post(path, &form)
            .await;
        let expected = if let_in {
            StatusCode::SEE_OTHER
        } else {
            StatusCode::FORBIDDEN
        };
        assert_eq!(sent.status, expected, "{name}: {value}");
    }
    let faults = stripe.get("/_tollway/faults").await.json();
    assert_eq!(faults["data"].as_array().unwrap().len(), 3);
    // Reading is free, and so is the API itself.
    let headers = [("sec-fetch-site", "cross-site")];
    let read = stripe
        .caller(None)
        .with_headers(&headers)
        .get(path, "")
        .await;
    assert_eq!(read.status, StatusCode::OK);
}

#[tokio::test]
async fn console_saves_the_settings_of_a_platform() {
    let stripe = Stripe::new();
    let form = [
        ("url", "http://localhost:4000/hooks"),
        ("enabled_events[]", "*"),
        ("connect", "true"),
    ];
    let endpoint = stripe.post("/v1/webhook_endpoints", KEY, &form).await.ok();
    let path = "/_tollway/console/worlds/market";
    let page = stripe.get(path).await.body;
    assert!(
        page.contains(endpoint["secret"].as_str().unwrap()) && page.contains("connected accounts")
    );
    let uris = "http://localhost:4000/callback\r\nhttps://shop.example/back\r\n";
    let form = [
        ("business_name", "Rides"),
        ("test_client_id", "ca_rides"),
        ("test_redirect_uris", uris),
    ];
    let saved = stripe.press(path, &form).await;
    assert_eq!(saved.header("location"), Some(path), "{}", saved.body);
    let page = stripe.get(path).await.body;
    assert!(
        page.contains("value=\"Rides\"") && page.contains("value=\"ca_rides\""),
        "{page}"
    );
    let world = stripe.get("/_tollway/worlds/market").await.ok();
    let test = world["platform"]["test"]["redirect_uris"]
        .as_array()
        .unwrap();
    assert_eq!(test.len(), 2, "{world}");
    let wrong = stripe.press(path, &[("test_client_id", "rides")]).await;
    assert!(
        wrong.status == StatusCode::BAD_REQUEST && wrong.body.contains("id=\"error\""),
        "{}",
        wrong.body
    );
}
