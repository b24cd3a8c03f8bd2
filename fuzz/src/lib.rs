//! What the targets of the emulator share: one emulator, a request to it, and what must be true of every answer.

use std::cell::Cell;

use axum::Router;
use axum::body::Body;
use http::{HeaderValue, Request, Uri};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tollway_emulator::{Clock, Emulator};
use tower::ServiceExt as _;

/// When the emulator's clock stands still.
const START: i64 = 1_700_000_000;

/// After so many requests the emulator is made anew, so that what was created does not pile up.
const RENEW_AFTER: u32 = 2_000;

thread_local! {
    static STAGE: Cell<Option<Stage>> = const { Cell::new(None) };
}

/// An emulator's routes, and what runs them.
struct Stage {
    router: Router,
    runtime: Runtime,
    requests: u32,
}

impl Stage {
    fn new() -> Self {
        let builder = Emulator::builder().clock(Clock::manual(START)).seed(7);
        let emulator = builder.build().expect("an emulator in memory");
        let runtime = Builder::new_current_thread().enable_all().build();
        Self { router: emulator.router(), runtime: runtime.expect("a runtime"), requests: 0 }
    }
}

/// A request to be sent to the emulator.
pub struct Sent<'a> {
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    pub content_type: &'a str,
    pub authorization: &'a [u8],
    pub body: &'a [u8],
}

impl Default for Sent<'_> {
    fn default() -> Self {
        Self {
            method: "GET",
            target: "/",
            content_type: "application/x-www-form-urlencoded",
            authorization: b"Bearer sk_test_a",
            body: b"",
        }
    }
}

/// Sends a request and checks the answer: never a 5xx, and every refusal in Stripe's shape. What HTTP itself cannot
/// carry is not sent.
pub fn send(sent: &Sent<'_>) {
    let Ok(uri) = sent.target.parse::<Uri>() else { return };
    let (Ok(authorization), Ok(content_type)) = (
        HeaderValue::from_bytes(sent.authorization),
        HeaderValue::from_bytes(sent.content_type.as_bytes()),
    ) else {
        return;
    };
    let request = Request::builder()
        .method(sent.method)
        .uri(uri.clone())
        .header("authorization", authorization)
        .header("content-type", content_type)
        .body(Body::from(sent.body.to_vec()));
    let Ok(request) = request else { return };

    let mut stage = STAGE.take().unwrap_or_else(Stage::new);
    let router = stage.router.clone();
    let (parts, body) = stage.runtime.block_on(async {
        let answer = router.oneshot(request).await.expect("the router answers");
        let (parts, body) = answer.into_parts();
        (parts, body.collect().await.expect("a whole body").to_bytes())
    });
    let text = String::from_utf8_lossy(&body);
    assert!(!parts.status.is_server_error(), "{} {uri}: {} {text}", sent.method, parts.status);
    // Pages of the browser and the control API answer in their own way.
    let own = ["/oauth/", "/express/", "/_tollway", "/connect/", "/setup/"];
    let api = !own.iter().any(|prefix| uri.path().starts_with(prefix));
    if parts.status.is_client_error() && api && sent.method != "HEAD" {
        let json: Value = serde_json::from_slice(&body).unwrap_or_default();
        let error = &json["error"];
        let shaped = error.is_string() || (error["type"].is_string() && error["message"].is_string());
        assert!(shaped, "{} {uri}: {} {text}", sent.method, parts.status);
    }
    stage.requests += 1;
    if stage.requests < RENEW_AFTER {
        STAGE.set(Some(stage));
    }
}

/// The input as text, if it is text.
pub fn text(data: &[u8]) -> &str {
    std::str::from_utf8(data).unwrap_or_default()
}

/// The input escaped for a query.
pub fn escape(data: &[u8]) -> String {
    data.iter().fold(String::new(), |mut out, byte| {
        out.push_str(&format!("%{byte:02X}"));
        out
    })
}
