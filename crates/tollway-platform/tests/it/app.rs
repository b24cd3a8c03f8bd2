//! One platform in a test: a scripted Stripe, a clock that stands still, seeded randomness, and browsers with cookies.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use tempfile::TempDir;
use tollway::runtime::Clock as _;
use tollway::testing::ManualClock;
use tollway_platform::{Entropy, Hooks, Platform, PlatformBuilder, PlatformConfig};
use tower::ServiceExt as _;

use crate::stripe::{ScriptedStripe, ScriptedTransport};

/// When every test begins.
pub(crate) const START_SECONDS: u64 = 1_790_000_000;
/// The sealing key of every test.
pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub(crate) const SECRET: &str = "whsec_connect";

/// A platform with everything around it.
pub(crate) struct App {
    pub(crate) platform: Platform,
    pub(crate) router: Router,
    pub(crate) stripe: Arc<ScriptedStripe>,
    pub(crate) clock: ManualClock,
    pub(crate) folder: Arc<TempDir>,
    config: String,
}

/// The usual configuration: one platform with both modes, another one with one.
pub(crate) fn config(folder: &Path) -> String {
    format!(
        r#"
database = "{}/platform.db"
sealing_keys = ["{KEY}"]
[web]
requests_per_minute = 3000
[platforms.shop]
name = "Shop & Söhne"
return_urls = ["https://shop.example/done"]
support_url = "https://shop.example/help"
[platforms.shop.test]
client_id = "ca_test"
secret_key = "sk_test_1"
connect_webhook_secrets = ["whsec_new", "{SECRET}"]
account_webhook_secrets = ["whsec_own"]
[platforms.shop.live]
client_id = "ca_live"
secret_key = "sk_live_1"
connect_webhook_secrets = ["whsec_live"]
"#,
        folder.display()
    )
}

impl App {
    pub(crate) async fn new() -> Self {
        Self::with(|config| config).await
    }

    /// With a changed configuration.
    pub(crate) async fn with(change: impl FnOnce(String) -> String) -> Self {
        Self::built(change, |builder| builder).await
    }

    pub(crate) async fn with_hooks(hooks: Arc<dyn Hooks>) -> Self {
        Self::built(|config| config, |builder| builder.hooks(hooks)).await
    }

    pub(crate) async fn built(
        change: impl FnOnce(String) -> String,
        more: impl FnOnce(PlatformBuilder) -> PlatformBuilder,
    ) -> Self {
        let folder = Arc::new(TempDir::new().expect("a folder"));
        let config = change(config(folder.path()));
        Self::start(
            config,
            folder,
            ScriptedStripe::new(),
            ManualClock::at(START_SECONDS),
            1,
            more,
        )
        .await
    }

    /// Another process on the same database, as after a crash.
    pub(crate) async fn restarted(&self) -> Self {
        self.restarted_with(str::to_owned).await
    }

    /// The same with a changed configuration.
    pub(crate) async fn restarted_with(&self, change: impl FnOnce(&str) -> String) -> Self {
        let (folder, stripe, clock) = (
            Arc::clone(&self.folder),
            Arc::clone(&self.stripe),
            self.clock.clone(),
        );
        let config = change(&self.config);
        Self::start(config, folder, stripe, clock, 2, |builder| builder).await
    }

    async fn start(
        config: String,
        folder: Arc<TempDir>,
        stripe: Arc<ScriptedStripe>,
        clock: ManualClock,
        seed: u64,
        more: impl FnOnce(PlatformBuilder) -> PlatformBuilder,
    ) -> Self {
        let builder = Platform::builder()
            .config(PlatformConfig::from_toml(&config).expect("the test's configuration is right"))
            .clock(Arc::new(clock.clone()))
            .entropy(Entropy::seeded(seed))
            .transport(Arc::new(ScriptedTransport(Arc::clone(&stripe))));
        let platform = more(builder).build().await.expect("the platform starts");
        Self {
            router: platform.router(),
            platform,
            stripe,
            clock,
            folder,
            config,
        }
    }

    /// A new browser, without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.router)
    }

    pub(crate) fn browser_with(&self, cookies: BTreeMap<String, String>) -> Browser {
        Browser {
            cookies,
            ..self.browser()
        }
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Sets the clock to a later time, in Unix milliseconds.
    pub(crate) fn advance_to_millis(&self, time: i64) {
        let left = u64::try_from(time - self.now_millis()).expect("a later time");
        self.clock.advance(Duration::from_millis(left));
    }

    /// Unix time in seconds.
    pub(crate) fn now(&self) -> i64 {
        self.now_millis() / 1000
    }

    fn now_millis(&self) -> i64 {
        let since_epoch = self.clock.now().duration_since(UNIX_EPOCH);
        let since_epoch = since_epoch.expect("after 1970");
        i64::try_from(since_epoch.as_millis()).expect("fits")
    }

    pub(crate) fn exchanges(&self) -> usize {
        self.stripe.exchanges.load(Ordering::SeqCst)
    }

    /// Connects a tenant to whatever the scripted Stripe says, in a browser of its own.
    pub(crate) async fn connect(&self, tenant: &str) -> Browser {
        let mut browser = self.browser();
        let state = browser.start(self, tenant).await;
        let shown = browser.follow(&callback("ac_1", &state)).await;
        assert_eq!(shown.outcome(), "connected", "{}", shown.body);
        browser
    }

    /// Delivers a webhook, signed now with the usual secret.
    pub(crate) async fn deliver(&self, event: &serde_json::Value) -> Response {
        self.deliver_to("/webhooks/shop/test/connect", SECRET, event)
            .await
    }

    pub(crate) async fn deliver_to(
        &self,
        path: &str,
        secret: &str,
        event: &serde_json::Value,
    ) -> Response {
        let body = event.to_string();
        let signature = tollway::webhook::test_header(&body, secret, self.now());
        let request = Request::post(path)
            .header("stripe-signature", signature)
            .body(Body::from(body));
        send(&self.router, request.expect("a request")).await
    }

    pub(crate) async fn metrics(&self) -> String {
        self.browser().get("/metrics").await.body
    }
}

/// The event that says a seller disconnected.
pub(crate) fn deauthorized(id: &str, account: &str, created: i64) -> serde_json::Value {
    serde_json::json!({ "id": id, "object": "event", "type": "account.application.deauthorized", "account": account,
        "api_version": null, "created": created, "livemode": false,
        "data": { "object": { "id": "ca_test", "object": "application", "name": "Shop" } } })
}

/// The event of a changed account.
pub(crate) fn updated(id: &str, account: &str, created: i64) -> serde_json::Value {
    serde_json::json!({ "id": id, "object": "event", "type": "account.updated", "account": account,
        "created": created, "livemode": false, "data": { "object": { "id": account, "object": "account" } } })
}

/// The address that Stripe sends a browser back to.
pub(crate) fn callback(code: &str, state: &str) -> String {
    format!("/connect/shop/callback?scope=read_write&code={code}&state={state}")
}

/// A browser: it sends its cookies, and follows redirects in [`Browser::follow`].
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// A response with its whole body.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn location(&self) -> String {
        let location = self.headers.get(LOCATION);
        let location =
            location.unwrap_or_else(|| panic!("no redirect: {} {}", self.status, self.body));
        location.to_str().expect("text").to_owned()
    }

    /// Which outcome the page shows.
    pub(crate) fn outcome(&self) -> &str {
        let rest = self
            .body
            .split_once("data-outcome=\"")
            .map_or("", |(_, rest)| rest);
        rest.split('"').next().unwrap_or_default()
    }

    /// Where the page's form goes to.
    pub(crate) fn action(&self) -> String {
        let rest = self
            .body
            .split_once("<form method=\"post\" action=\"")
            .expect("a form")
            .1;
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    /// The value of a form's hidden field.
    pub(crate) fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest = self
            .body
            .split_once(&start)
            .unwrap_or_else(|| panic!("no field {name} in {}", self.body))
            .1;
        rest.split('"')
            .next()
            .unwrap_or_default()
            .replace("&amp;", "&")
    }
}

impl Browser {
    /// A browser of any router: the platform's, or the emulator's.
    pub(crate) fn new(router: &Router) -> Self {
        Self {
            router: router.clone(),
            cookies: BTreeMap::new(),
        }
    }

    pub(crate) async fn get(&mut self, url: &str) -> Response {
        let request = Request::get(path_of(url))
            .body(Body::empty())
            .expect("a request");
        self.send(request).await
    }

    pub(crate) async fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Response {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request =
            Request::post(path_of(url)).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).expect("a request"))
            .await
    }

    /// Gets, and follows redirects that stay here.
    pub(crate) async fn follow(&mut self, url: &str) -> Response {
        let mut shown = self.get(url).await;
        while shown.status == StatusCode::SEE_OTHER {
            shown = self.get(&shown.location()).await;
        }
        shown
    }

    /// Starts an attempt for a tenant and returns its state, as Stripe would see it.
    pub(crate) async fn start(&mut self, app: &App, tenant: &str) -> String {
        let link = app.platform.start_link(tenant).start().expect("a link");
        let shown = self.get(&link).await;
        assert_eq!(shown.status, StatusCode::SEE_OTHER, "{}", shown.body);
        state_of(&shown.location())
    }

    async fn send(&mut self, mut request: Request<Body>) -> Response {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request
                .headers_mut()
                .insert(COOKIE, cookies.join("; ").parse().expect("a header"));
        }
        let shown = send(&self.router, request).await;
        for cookie in shown.headers.get_all(SET_COOKIE) {
            let pair = cookie
                .to_str()
                .expect("text")
                .split(';')
                .next()
                .expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        shown
    }
}

pub(crate) fn state_of(authorize_url: &str) -> String {
    let url = url::Url::parse(authorize_url).expect("a URL");
    let state = url
        .query_pairs()
        .find(|(name, _)| name == "state")
        .expect("a state")
        .1;
    state.into_owned()
}

fn path_of(url: &str) -> String {
    match url.strip_prefix("http://127.0.0.1:8790") {
        Some(path) => path.to_owned(),
        None => url.to_owned(),
    }
}

pub(crate) async fn send(router: &Router, mut request: Request<Body>) -> Response {
    let peer: std::net::SocketAddr = "127.0.0.1:5000".parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = router
        .clone()
        .oneshot(request)
        .await
        .expect("the router always answers");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    let body = String::from_utf8_lossy(&body).into_owned();
    Response {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}
