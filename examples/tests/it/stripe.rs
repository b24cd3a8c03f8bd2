//! An emulator on a loopback port, and a seller who answers its pages.

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tollway::Client;
use tollway_emulator::Emulator;

use crate::http;

pub(crate) const KEY: &str = "sk_test_guide";
pub(crate) const CLIENT_ID: &str = "ca_guide";
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:9/connect/callback";

/// Stops when it is dropped.
pub(crate) struct Stripe {
    pub(crate) url: String,
    _stop: oneshot::Sender<()>,
}

impl Stripe {
    pub(crate) async fn start() -> Self {
        let emulator = Emulator::builder().seed(7).build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            emulator
                .serve(listener, async { drop(stopped.await) })
                .await
                .unwrap();
        });
        Self { url, _stop: stop }
    }

    /// The platform's client.
    pub(crate) fn platform(&self) -> Client {
        Client::builder(KEY)
            .base_url(&self.url)
            .client_id(CLIENT_ID)
            .build()
            .unwrap()
    }

    /// What a seller's browser does on Stripe's page; returns where it is sent.
    pub(crate) async fn answer_page(&self, authorize_url: &str, answer: &[(&str, &str)]) -> String {
        let page = http::get(authorize_url).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let sent = http::post_form(authorize_url, None, answer).await;
        assert_eq!(sent.status, 303, "{}", sent.body);
        sent.header("location").unwrap()
    }

    /// A seller who makes a new account and connects it.
    pub(crate) async fn connect_seller(&self, email: &str) -> String {
        let platform = self.platform();
        let url =
            tollway_examples::connect::connect_url(&platform, "st", REDIRECT_URI, email).unwrap();
        let form = [
            ("decision", "connect"),
            ("account", "new"),
            ("stripe_user[email]", email),
        ];
        let back = self.answer_page(&url, &form).await;
        let token = tollway_examples::connect::finish(&platform, &back, "st")
            .await
            .unwrap();
        token.stripe_user_id().to_owned()
    }
}
