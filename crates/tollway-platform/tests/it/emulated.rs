//! The whole story with a Stripe that has its own rules: the emulator, in the same process, pages and webhooks included.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use http::header::CONTENT_TYPE;
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

use crate::app::{App, BEGIN, Browser, Shown, send};

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

struct Story {
    app: App,
    emulator: Emulator,
}

impl Story {
    async fn begin() -> Self {
        let wire = Arc::new(ToPlatform::default());
        let clock = Clock::manual(i64::try_from(BEGIN).expect("fits"));
        let emulator = Emulator::builder()
            .clock(clock)
            .seed(7)
            .webhook_transport(wire.clone());
        let emulator = emulator.build().expect("an emulator");
        let made = post(
            &emulator,
            "/_tollway/webhook_endpoints",
            &[("key", "sk_test_1"), ("url", HOOK), ("connect", "true")],
        );
        let made: serde_json::Value = serde_json::from_str(&made.await.body).expect("JSON");
        let secret = made["secret"].as_str().expect("a secret").to_owned();
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
        let page = post(&self.emulator, path, answer).await;
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
        let made = client
            .request(Verb::Post, "/v1/customers")
            .param("email", "buyer@x.example")
            .send()
            .await;
        made.map_err(|error| {
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
        let log = get(&self.emulator, "/_tollway/requests?path=/oauth/token").await;
        let log: serde_json::Value = serde_json::from_str(&log.body).expect("JSON");
        log["data"]
            .as_array()
            .unwrap_or_else(|| panic!("a list in {log}"))
            .len()
    }
}

async fn post(emulator: &Emulator, path: &str, form: &[(&str, &str)]) -> Shown {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(
        &emulator.router(),
        request.body(Body::from(body)).expect("a request"),
    )
    .await
}

async fn get(emulator: &Emulator, path: &str) -> Shown {
    send(
        &emulator.router(),
        Request::get(path).body(Body::empty()).expect("a request"),
    )
    .await
}

#[tokio::test]
async fn a_seller_connects_the_platform_acts_and_the_same_callback_shows_the_same() {
    let story = Story::begin().await;
    let (mut browser, callback) = story.connect("tenant-1", "jenny@example.com").await;
    let customer = story.act("tenant-1").await.expect("a customer");
    assert_eq!(customer["object"], "customer");
    for _ in 0..2 {
        assert_eq!(browser.follow(&callback).await.outcome(), "connected");
    }
    assert_eq!(story.exchanges().await, 1);
    assert!(
        story.act("tenant-1").await.is_ok(),
        "a second exchange would have ended the connection"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_callbacks_race_and_the_connection_stands() {
    let story = Story::begin().await;
    let mut browser = story.app.browser();
    let answer = [
        ("decision", "connect"),
        ("account", "new"),
        ("stripe_user[email]", "a@x.example"),
        ("stripe_user[country]", "US"),
    ];
    let callback = story.decide(&mut browser, "tenant-1", &answer).await;
    let races: Vec<_> = (0..8)
        .map(|_| {
            let (mut browser, callback) = (browser.clone(), callback.clone());
            tokio::spawn(async move { browser.follow(&callback).await })
        })
        .collect();
    for race in races {
        assert_eq!(race.await.expect("ends").outcome(), "connected");
    }
    assert_eq!(story.exchanges().await, 1);
    assert!(story.act("tenant-1").await.is_ok());
}

#[tokio::test]
async fn a_live_connection_opens_test_mode_too_and_both_end_together() {
    let story = Story::begin().await;
    let settings = r#"{"test": {"client_id": "ca_test"}, "live": {"client_id": "ca_live"}}"#;
    let settings = Request::post("/_tollway/worlds/1").body(Body::from(settings));
    let told = send(&story.emulator.router(), settings.expect("a request")).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    let mut browser = story.app.browser();
    let answer = [
        ("decision", "connect"),
        ("account", "new"),
        ("stripe_user[email]", "live@x.example"),
        ("stripe_user[country]", "US"),
        ("stripe_user[business_name]", "Live Goods"),
        ("stripe_user[url]", "https://goods.example"),
    ];
    let live = story
        .decide_in(Mode::Live, &mut browser, "tenant-1", &answer)
        .await;
    let shown = browser.follow(&live).await;
    assert_eq!(shown.outcome(), "connected", "{}", shown.body);
    story.app.platform.run_due().await.expect("works");
    let made = story
        .act("tenant-1")
        .await
        .expect("a customer in test mode");
    assert_eq!(made["livemode"], false);
    let shop = story.app.platform.realm("shop", Mode::Test);
    let ended = shop.disconnect("tenant-1", DisconnectScope::Sole).await;
    assert_eq!(ended.expect("ends").len(), 2);
    for mode in [Mode::Test, Mode::Live] {
        let shop = story.app.platform.realm("shop", mode);
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
    let story = Story::begin().await;
    let mut browser = story.app.browser();
    let callback = story
        .decide(&mut browser, "tenant-1", &[("decision", "deny")])
        .await;
    assert_eq!(browser.follow(&callback).await.outcome(), "denied");
    assert_eq!(story.exchanges().await, 0);
}

#[tokio::test]
async fn a_code_that_is_too_old_is_refused_by_stripe() {
    let story = Story::begin().await;
    let mut browser = story.app.browser();
    let answer = [
        ("decision", "connect"),
        ("account", "new"),
        ("stripe_user[email]", "a@x.example"),
        ("stripe_user[country]", "US"),
    ];
    let callback = story.decide(&mut browser, "tenant-1", &answer).await;
    story
        .emulator
        .clock()
        .advance(std::time::Duration::from_secs(301));
    story.app.advance(301);
    assert_eq!(browser.follow(&callback).await.outcome(), "invalid_grant");
}

#[tokio::test]
async fn a_seller_disconnects_at_stripe_and_may_come_back() {
    let story = Story::begin().await;
    story.connect("tenant-1", "jenny@example.com").await;
    story.settle().await;
    let account = story.account("tenant-1").await;
    let left = post(
        &story.emulator,
        &format!("/_tollway/dashboard/{account}/disconnect"),
        &[("mode", "test")],
    )
    .await;
    assert_eq!(left.status, StatusCode::SEE_OTHER, "{}", left.body);
    assert_eq!(
        story.act("tenant-1").await,
        Err("account_invalid".to_owned()),
        "before the webhook Stripe refuses"
    );
    story.settle().await;
    let refused = story
        .app
        .platform
        .client_for("tenant-1")
        .await
        .expect_err("disconnected");
    let ClientForError::Disconnected { reason, .. } = refused else {
        panic!("{refused}")
    };
    assert_eq!(reason, DisconnectReason::DeauthorizedByAccount);

    let mut browser = story.app.browser();
    let answer = [("decision", "connect"), ("account", account.as_str())];
    let callback = story.decide(&mut browser, "tenant-1", &answer).await;
    assert_eq!(browser.follow(&callback).await.outcome(), "connected");
    assert_eq!(story.account("tenant-1").await, account);
    assert!(story.act("tenant-1").await.is_ok());
}

#[tokio::test]
async fn an_event_that_arrives_after_the_reconnect_changes_nothing() {
    let story = Story::begin().await;
    story.connect("tenant-1", "jenny@example.com").await;
    let account = story.account("tenant-1").await;
    post(
        &story.emulator,
        &format!("/_tollway/dashboard/{account}/disconnect"),
        &[("mode", "test")],
    )
    .await;
    let mut browser = story.app.browser();
    let callback = story
        .decide(
            &mut browser,
            "tenant-1",
            &[("decision", "connect"), ("account", &account)],
        )
        .await;
    assert_eq!(browser.follow(&callback).await.outcome(), "connected");
    story.settle().await;
    assert!(story.act("tenant-1").await.is_ok());
    let kept = story
        .app
        .platform
        .store()
        .deliveries(None, Page::newest(9))
        .await
        .expect("reads");
    assert!(
        kept.iter()
            .any(|row| row.event_type == "account.application.deauthorized"),
        "it did arrive: {kept:?}"
    );
}

#[tokio::test]
async fn the_platform_disconnects_a_seller() {
    let story = Story::begin().await;
    story.connect("tenant-1", "jenny@example.com").await;
    let account = story.account("tenant-1").await;
    let client = story
        .app
        .platform
        .client_for("tenant-1")
        .await
        .expect("a client");
    story
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
    story.settle().await;
    let connection = story
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
    let story = Story::begin().await;
    story.connect("tenant-1", "first@x.example").await;
    let first = story.account("tenant-1").await;
    let mut browser = story.app.browser();
    let answer = [
        ("decision", "connect"),
        ("account", "new"),
        ("stripe_user[email]", "second@x.example"),
        ("stripe_user[country]", "US"),
    ];
    let callback = story.decide(&mut browser, "tenant-1", &answer).await;
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
    assert_ne!(story.account("tenant-1").await, first);
    assert!(story.act("tenant-1").await.is_ok());
}
