//! Arbitrary requests: the response is never a 5xx, and errors have Stripe's format.

use std::sync::OnceLock;

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use proptest::prelude::*;
use serde_json::Value;
use tollway_emulator::Emulator;
use tower::ServiceExt;

use crate::client::emulator;

/// One emulator for all cases: what one leaves behind, the next one meets.
fn shared() -> &'static Emulator {
    static SHARED: OnceLock<Emulator> = OnceLock::new();
    SHARED.get_or_init(emulator)
}

/// Any bytes as a path carries them.
fn escaped(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |path, byte| path + &format!("%{byte:02x}"))
}

/// Paths near real ones, with all kinds of rubbish in their parameters.
fn path() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "/v1/customers",
        "/v1/customers/search",
        "/v1/charges",
        "/v1/payment_intents",
        "/v1/invoices",
        "/v1/files",
        "/v1/subscriptions",
        "/v1/accounts",
        "/v1/prices",
        "/v1/coupons",
        "/v1/events",
        "/v1/tokens",
        "/v1/balance",
        "/v1/quotes",
        "/v1/terminal/readers",
        "/v1/tax/settings",
        "/v2/core/accounts",
        "/v2/core/event_destinations",
        "/v2/billing/meter_events",
        "/oauth/token",
        "/oauth/deauthorize",
        "/oauth/authorize",
        "/express/oauth/authorize",
        "/healthz",
        "/_tollway",
        "/_tollway/console",
        "/_tollway/deliveries",
        "/_tollway/events",
        "/_tollway/requests",
        "/_tollway/sellers",
        "/_tollway/webhook_endpoints",
        "/_tollway/worlds",
        "/_tollway/dashboard",
        "/_tollway/onboarding",
        "",
    ]);
    let tail = prop_oneof![
        Just(String::new()),
        "/[a-z_%0-9]{0,12}",
        "/[a-z_]{0,6}/[a-z_]{0,9}",
        "(/[!-~&&[^?#]]{0,8}){0,3}",
        prop::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| escaped(&bytes)),
    ];
    let query = prop_oneof![
        Just(String::new()),
        "\\?[a-z\\[\\]=&0-9%_.]{0,40}",
        prop::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| format!("?{}", escaped(&bytes))),
        "\\?(limit|expand\\[\\]|created\\[gte\\]|starting_after|query|email)=[!-~&&[^#]]{0,20}",
    ];
    (known, tail, query).prop_map(|(known, tail, query)| format!("{known}{tail}{query}"))
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        prop::collection::vec(any::<u8>(), 0..200),
        "([a-z_]{1,8}(\\[[a-z0-9]{0,6}\\]){0,3}=[!-~]{0,8}&){0,6}".prop_map(String::into_bytes),
        "(amount|currency|customer|name|metadata\\[a\\]|limit|expand\\[\\]|grant_type|code)=[ -~]{0,12}".prop_map(String::into_bytes),
        "[\\{\\[\"a:,\\}\\]0-9]{0,30}".prop_map(String::into_bytes),
    ]
}

fn content_type() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "application/x-www-form-urlencoded",
        "application/json",
        "multipart/form-data; boundary=X",
        "",
        "nonsense",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn anything_gets_a_stripe_shaped_answer(
        method in prop::sample::select(vec!["GET", "POST", "DELETE", "PUT", "HEAD", "BREW"]),
        path in path(),
        body in body(),
        content_type in content_type(),
        key in prop::sample::select(vec!["sk_test_a", "pk_test_a", "sk_live_a", "rk_test_a", "rubbish", "\u{e9}", ""]),
        account in prop::option::of("[!-~]{0,12}"),
    ) {
        let Ok(uri) = (if path.starts_with('/') { path.clone() } else { format!("/{path}") }).parse::<http::Uri>() else { return Ok(()) };
        let mut request = Request::builder().method(method).uri(uri).header("content-type", content_type);
        if !key.is_empty() {
            request = request.header("authorization", format!("Bearer {key}").into_bytes());
        }
        if let Some(account) = account {
            request = request.header("stripe-account", account);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (status, headers, bytes) = runtime.block_on(async {
            let response = shared().router().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
            let (parts, body) = response.into_parts();
            (parts.status, parts.headers, body.collect().await.unwrap().to_bytes())
        });
        prop_assert!(!status.is_server_error(), "{status} {}", String::from_utf8_lossy(&bytes));
        let control = path.starts_with("/_tollway") || path.starts_with("/healthz");
        prop_assert!(control || headers.contains_key("request-id"));
        let page = path.contains("/oauth/") || control || status.is_redirection();
        if !status.is_success() && !page && method != "HEAD" {
            let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            prop_assert!(json["error"]["type"].is_string() && json["error"]["message"].is_string(), "{}", String::from_utf8_lossy(&bytes));
        }
    }
}
