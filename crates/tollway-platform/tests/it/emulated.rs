//! The whole flow with the emulator in the same process, its pages and webhooks included.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use tollway::request::Verb;
use tollway::runtime::BoxFuture;
use tollway::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};
use tollway_emulator::{Clock, Emulator};
use tollway_platform::store::Page;
use tollway_platform::{ClientForError, DisconnectReason, DisconnectScope, Mode};
use tower::ServiceExt as _;

use crate::app::{App, Browser, START_SECONDS, send};

const HOOK: &str = "http://127.0.0.1:8790/webhooks/shop/test/connect";

/// Leads webhooks from the emulator to the platform's router.
#[derive(Default)]
struct ToPlatform(OnceLock<Router>);

impl Transport for ToPlatform {
    fn send(
        &self,
        request: TransportRequest,
    ) -> BoxFuture<'static, Result<TransportResponse, TransportError>> {
        let router = self.0.get().cloned();
        Box::pin(async move {
            let router = router
                .ok_or_else(|| TransportError::new(TransportErrorKind::Connect, "not up yet"))?;
            let mut inner = Request::new(Body::from(request.body));
            *inner.method_mut() = request.method;
            *inner.uri_mut() = request.url.path().parse().expect("a path");
            *inner.headers_mut() = request.headers;
            let (parts, body) = router
                .oneshot(inner)
                .await
                .expect("the router answers")
                .into_parts();
            let body = to_bytes(body, 1 << 20).await.expect("a body");
            Ok(TransportResponse::new(parts.status, parts.headers, body))
        })
    }
}

struct Emulated {
    app: App,
    emulator: Emulator,
}

impl Emulated {
    async fn begin() -> Self {
        let wire = Arc::new(ToPlatform::default());
        let clock = Clock::manual(i64::try_from(START_SECONDS).expect("fits"));
        let emulator = Emulator::builder()
            .clock(clock)
            .seed(7)
            .webhook_transport(wire.clone());
        let emulator = emulator.build().expect("an emulator");
        let created = browser_of(&emulator)
            .post(
                "/_tollway/webhook_endpoints",
                &[("key", "sk_test_1"), ("url", HOOK), ("connect", "true")],
            )
            .await;
        let created: serde_json::Value = serde_json::from_str(&created.body).expect("JSON");
        let secret = created["secret"].as_str().expect("a secret").to_owned();
        let transport = emulator.transport();
        let app = App::built(
            |config| config.replace("whsec_connect", &secret),
            |builder| builder.transport(transport),
        )
        .await;
        wire.0.set(app.router.clone()).expect("set once");
        Self { app, emulator }
    }

    /// Goes to Stripe's page as the link leads there, answers it, and comes back to the callback's address.
    async fn decide(&self, browser: &mut Browser, tenant: &str, answer: &[(&str, &str)]) -> String {
        self.decide_in(Mode::Test, browser, tenant, answer).await
    }

    async fn decide_in(
        &self,
        mode: Mode,
        browser: &mut Browser,
        tenant: &str,
        answer: &[(&str, &str)],
    ) -> String {
        let link = self
            .app
            .platform
            .realm("shop", mode)
            .start_link(tenant)
            .prefill("email", "jenny@example.com")
            .start()
            .expect("a link");
        let authorize = browser.get(&link).await.location();
        let path = authorize
            .strip_prefix("https://connect.stripe.com")
            .expect("Stripe's page");
        let page = browser_of(&self.emulator).post(path, answer).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
        page.location()
    }

    async fn connect(&self, tenant: &str, email: &str) -> (Browser, String) {
        let mut browser = self.app.browser();
        let answer = [
            ("decision", "connect"),
            ("account", "new"),
            ("stripe_user[email]", email),
            ("stripe_user[country]", "US"),
        ];
        let callback = self.decide(&mut browser, tenant, &answer).await;
        let shown = browser.follow(&callback).await;
        assert_eq!(shown.outcome(), "connected", "{}", shown.body);
        (browser, callback)
    }

    async fn account(&self, tenant: &str) -> String {
        self.app
            .platform
            .connection(tenant)
            .await
            .expect("reads")
            .expect("is there")
            .account
    }

    /// Makes a customer of the tenant's account. The error's code, if it is refused.
    async fn act(&self, tenant: &str) -> Result<serde_json::Value, String> {
        let client = self
            .app
            .platform
            .client_for(tenant)
            .await
            .map_err(|error| error.to_string())?;
        let created = client
            .request(Verb::Post, "/v1/customers")
            .param("email", "buyer@x.example")
            .send()
            .await;
        created.map_err(|error| {
            error
                .code()
                .map_or_else(|| error.to_string(), str::to_owned)
        })
    }

    /// Lets webhooks arrive and be worked on.
    async fn settle(&self) {
        self.emulator.deliver_webhooks().await;
        self.app.platform.run_due().await.expect("works");
    }

    /// How often a code was redeemed, as Stripe counted.
    async fn exchanges(&self) -> usize {
        let log = browser_of(&self.emulator)
            .get("/_tollway/requests?path=/oauth/token")
            .await;
        let log: serde_json::Value = serde_json::from_str(&log.body).expect("JSON");
        log["data"]
            .as_array()
            .unwrap_or_else(|| panic!("a list in {log}"))
            .len()
    }
}

/// A browser on Stripe's pages and on the control API.
fn browser_of(emulator: &Emulator) -> Browser {
    Browser::new(&emulator.router())
}

#[tokio::test]
async fn a_connected_account_is_usable_after_a_repeated_callback() {
    let emulated = Emulated::begin().await;
    let (mut browser, callback) = emulated.connect("tenant-1", "jenny@example.com").await;
    let customer = emulated.act("tenant-1").await.expect("a customer");
    assert_eq!(customer["object"], "customer");
    for _ in 0..2 {
        assert_eq!(browser.follow(&callback).await.outcome(), "connected");
    }
    assert_eq!(emulated.exchanges().await, 1);
    assert!(
        emulated.act("tenant-1").await.is_ok(),
        "a second exchange would have ended the connection"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_callbacks_race_and_the_connection_stands() {
    let emulated = Emulated::begin().await;
    let mut browser = emulated.app.browser();
    let answer = [
        ("decision", "connect"),
        ("account", "new"),
        ("stripe_user[email]", "a@x.example"),
        ("stripe_user[country]", "US"),
    ];
    let callback = emulated.decide(&mut browser, "tenant-1", &answer).await;
    let races: Vec<_> = (0..8)
        .map(|_| {
            let (mut browser, callback) = (browser.clone(), callback.clone());
            tokio::spawn(async move { browser.follow(&callback).await })
        })
        .collect();
    for race in races {
        assert_eq!(race.await.expect("ends").outcome(), "connected");
    }
    assert_eq!(emulated.exchanges().await, 1);
    assert!(emulated.act("tenant-1").await.is_ok());
}

#[tokio::test]
async fn a_live_connection_opens_test_mode_too_and_both_end_together() {
    let emulated = Emulated::begin().await;
    let settings = r#"{"test": {"client_id": "ca_test"}, "live": {"client_id": "ca_live"}}"#;
    let settings = Request::post("/_tollway/worlds/1").body(Body::from(settings));
    let response = send(&emulated.emulator.router(), settings.expect("a request")).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    let mut browser = emulated.app.browser();
    let answer = [
        ("decision", "connect"),
        ("account", "new"),
        ("stripe_user[email]", "live@x.example"),
        ("stripe_user[country]", "US"),
        ("stripe_user[business_name]", "Live Goods"),
        ("stripe_user[url]", "https://goods.example"),
    ];
    let live = emulated
        .decide_in(Mode::Live, &mut browser, "tenant-1", &answer)
        .await;
    let shown = browser.follow(&live).await;
    assert_eq!(shown.outcome(), "connected", "{}", shown.body);
    emulated.app.platform.run_due().await.expect("works");
    let created = emulated
        .act("tenant-1")
        .await
        .expect("a customer in test mode");
    assert_eq!(created["livemode"], false);
    let shop = emulated.app.platform.realm("shop", Mode::Test);
    let ended = shop.disconnect("tenant-1", DisconnectScope::Sole).await;
    assert_eq!(ended.expect("ends").len(), 2);
    for mode in [Mode::Test, Mode::Live] {
        let shop = emulated.app.platform.realm("shop", mode);
        assert!(shop.client_for("tenant-1").await.is_err(), "{mode}");
    }
    let test = shop
        .connection("tenant-1")
        .await
        .expect("reads")
        .expect("kept");
    let direct = shop.client().expect("a client").for_account(&test.account);
    let refused = direct.customers().list().send().await.expect_err("revoked");
    assert_eq!(refused.code(), Some("account_invalid"));
}

#[tokio::test]
async fn a_seller_denies() {
    let emulated = Emulated::begin().await;
    let mut browser = emulated.app.browser();
    let callback = emulated
        .decide(&mut browser, "tenant-1", &[("decision", "deny")])
        .await;
    assert_eq!(browser.follow(&callback).await.outcome(), "denied");
    assert_eq!(emulated.exchanges().await, 0);
}

#[tokio::test]
async fn a_code_that_is_too_old_is_refused_by_stripe() {
    let emulated = Emulated::begin().await;
    let mut browser = emulated.app.browser();
    let answer = [
        ("decision", "connect"),
        ("account", "new"),
        ("stripe_user[email]", "a@x.example"),
        ("stripe_user[country]", "US"),
    ];
    let callback = emulated.decide(&mut browser, "tenant-1", &answer).await;
    emulated
        .emulator
        .clock()
        .advance(std::time::Duration::from_secs(301));
    emulated.app.advance(301);
    assert_eq!(browser.follow(&callback).await.outcome(), "invalid_grant");
}

#[tokio::test]
async fn a_seller_disconnects_at_stripe_and_may_come_back() {
    let emulated = Emulated::begin().await;
    emulated.connect("tenant-1", "jenny@example.com").await;
    emulated.settle().await;
    let account = emulated.account("tenant-1").await;
    let left = browser_of(&emulated.emulator)
        .post(
            &format!("/_tollway/dashboard/{account}/disconnect"),
            &[("mode", "test")],
        )
        .await;
    assert_eq!(left.status, StatusCode::SEE_OTHER, "{}", left.body);
    assert_eq!(
        emulated.act("tenant-1").await,
        Err("account_invalid".to_owned()),
        "before the webhook Stripe refuses"
    );
    emulated.settle().await;
    let refused = emulated
        .app
        .platform
        .client_for("tenant-1")
        .await
        .expect_err("disconnected");
    let ClientForError::Disconnected { reason, .. } = refused else {
        panic!("{refused}")
    };
    assert_eq!(reason, DisconnectReason::DeauthorizedByAccount);

    let mut browser = emulated.app.browser();
    let answer = [("decision", "connect"), ("account", account.as_str())];
    let callback = emulated.decide(&mut browser, "tenant-1", &answer).await;
    assert_eq!(browser.follow(&callback).await.outcome(), "connected");
    assert_eq!(emulated.account("tenant-1").await, account);
    assert!(emulated.act("tenant-1").await.is_ok());
}

#[tokio::test]
async fn an_event_that_arrives_after_the_reconnect_changes_nothing() {
    let emulated = Emulated::begin().await;
    emulated.connect("tenant-1", "jenny@example.com").await;
    let account = emulated.account("tenant-1").await;
    browser_of(&emulated.emulator)
        .post(
            &format!("/_tollway/dashboard/{account}/disconnect"),
            &[("mode", "test")],
        )
        .await;
    let mut browser = emulated.app.browser();
    let callback = emulated
        .decide(
            &mut browser,
            "tenant-1",
            &[("decision", "connect"), ("account", &account)],
        )
        .await;
    assert_eq!(browser.follow(&callback).await.outcome(), "connected");
    emulated.settle().await;
    assert!(emulated.act("tenant-1").await.is_ok());
    let stored = emulated
        .app
        .platform
        .store()
        .deliveries(None, Page::newest(9))
        .await
        .expect("reads");
    assert!(
        stored
            .iter()
            .any(|row| row.event_type == "account.application.deauthorized"),
        "it did arrive: {stored:?}"
    );
}

#[tokio::test]
async fn the_platform_disconnects_a_seller() {
    let emulated = Emulated::begin().await;
    emulated.connect("tenant-1", "jenny@example.com").await;
    let account = emulated.account("tenant-1").await;
    let client = emulated
        .app
        .platform
        .client_for("tenant-1")
        .await
        .expect("a client");
    emulated
        .app
        .platform
        .disconnect("tenant-1", DisconnectScope::Sole)
        .await
        .expect("ends");
    let refused = client
        .request(Verb::Get, "/v1/account")
        .send::<serde_json::Value>()
        .await
        .expect_err("access is gone");
    assert_eq!(refused.code(), Some("account_invalid"));
    emulated.settle().await;
    let connection = emulated
        .app
        .platform
        .connection("tenant-1")
        .await
        .expect("reads")
        .expect("kept");
    assert_eq!(connection.account, account);
    assert_eq!(
        connection.disconnected.map(|end| end.reason),
        Some(DisconnectReason::Revoked)
    );
}

#[tokio::test]
async fn another_account_takes_the_place_of_the_first() {
    let emulated = Emulated::begin().await;
    emulated.connect("tenant-1", "first@x.example").await;
    let first = emulated.account("tenant-1").await;
    let mut browser = emulated.app.browser();
    let answer = [
        ("decision", "connect"),
        ("account", "new"),
        ("stripe_user[email]", "second@x.example"),
        ("stripe_user[country]", "US"),
    ];
    let callback = emulated.decide(&mut browser, "tenant-1", &answer).await;
    let asks = browser.follow(&callback).await;
    assert_eq!(asks.outcome(), "confirm");
    let done = browser
        .post(
            &asks.action(),
            &[("token", &asks.field("token")), ("account", "new")],
        )
        .await;
    assert_eq!(
        browser.follow(&done.location()).await.outcome(),
        "connected"
    );
    assert_ne!(emulated.account("tenant-1").await, first);
    assert!(emulated.act("tenant-1").await.is_ok());
}
