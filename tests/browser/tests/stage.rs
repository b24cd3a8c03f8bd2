//! An emulator and a platform for one test, served from this process. They stop when dropped.

use http::{Request, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper_util::{client::legacy, rt::TokioExecutor};
use tokio::{net::TcpListener, sync::watch};
use tollway::{Client, api::WebhookEndpointCreateEnabledEvent};
use tollway_emulator::Emulator;
use tollway_platform::{Platform, PlatformConfig};

const SECRET_KEY: &str = "sk_test_browser";

/// The running servers.
pub(crate) struct Stage {
    /// The platform, to ask for links and connections.
    pub(crate) platform: Platform,
    _stop: watch::Sender<()>,
    _folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (stop, stopped) = watch::channel(());
        let (stripe_listener, stripe) = listener().await;
        let (platform_listener, address) = listener().await;

        tokio::spawn(serve_emulator(stripe_listener, stopped.clone()));
        name_platform(&stripe).await;
        let client = Client::builder(SECRET_KEY)
            .base_url(&stripe)
            .build()
            .expect("a client");
        let hook = format!("{address}/webhooks/market/test/connect");
        let endpoint = client
            .webhook_endpoints()
            .create([WebhookEndpointCreateEnabledEvent::All], &hook)
            .connect(true)
            .send()
            .await
            .expect("an endpoint");
        let config = format!(
            r#"
            public_url = "{address}"
            database = "{database}"
            sealing_keys = ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]
            stripe = {{ api_base = "{stripe}", connect_base = "{stripe}" }}
            [platforms.market]
            name = "Tollway Market"
            [platforms.market.test]
            client_id = "ca_browser"
            secret_key = "{SECRET_KEY}"
            connect_webhook_secrets = ["{secret}"]
            "#,
            database = folder.path().join("platform.db").display(),
            secret = endpoint.secret().expect("a new endpoint shows its secret"),
        );
        let config = PlatformConfig::from_toml(&config).expect("a good configuration");
        let platform = Platform::builder()
            .config(config)
            .build()
            .await
            .expect("a platform");
        tokio::spawn(serve_platform(platform.clone(), platform_listener, stopped));
        Self {
            platform,
            _stop: stop,
            _folder: folder,
        }
    }
}

/// Gives the platform its name on Stripe's pages, by the emulator's control API.
async fn name_platform(stripe: &str) {
    let settings = r#"{"business_name": "Tollway Market", "test": {"client_id": "ca_browser"}}"#;
    let request = Request::post(format!("{stripe}/_tollway/worlds/browser"))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::<bytes::Bytes>::from(settings))
        .expect("a request");
    let http = legacy::Client::builder(TokioExecutor::new()).build_http();
    let answer = http.request(request).await.expect("the control API");
    assert!(answer.status().is_success(), "{}", answer.status());
}

pub(crate) async fn serve_emulator(listener: TcpListener, stopped: watch::Receiver<()>) {
    Emulator::new()
        .serve(listener, closed(stopped))
        .await
        .expect("the emulator serves");
}

async fn serve_platform(platform: Platform, listener: TcpListener, stopped: watch::Receiver<()>) {
    platform
        .serve(listener, closed(stopped))
        .await
        .expect("the platform serves");
}

pub(crate) async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    (listener, address)
}

/// Ends when the sender is dropped.
async fn closed(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}
