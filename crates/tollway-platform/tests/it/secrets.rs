//! No secret reaches a log line, an error, or a debug print, whatever happens.

use std::io;
use std::sync::{Arc, Mutex};

use crate::app::{App, callback, deauthorized};
use crate::stripe::StripeReply;
use tollway::transport::TransportErrorKind;
use tollway_platform::DisconnectScope;
use tollway_platform::store::Page;
use tracing_subscriber::fmt::MakeWriter;

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn logs_contain_no_secret() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());

    let app = App::new().await;
    let mut secrets = vec![
        "sk_acct_acct_1".to_owned(),
        "rt_acct_1".into(),
        "sk_test_1".into(),
        "whsec_connect".into(),
    ];
    let link = app.platform.start_link("tenant-1").start().expect("a link");
    secrets.extend(link.rsplit("signature=").next().map(str::to_owned));
    let mut browser = app.browser();
    for (code, reply) in [
        ("ac_good", StripeReply::grant("acct_1")),
        (
            "ac_used",
            StripeReply::Error {
                status: 400,
                error: "invalid_grant",
                description: "ac_used was used",
            },
        ),
        ("ac_lost", StripeReply::Fail(TransportErrorKind::Timeout)),
        ("ac_other", StripeReply::grant("acct_2")),
    ] {
        app.stripe.reply_to_exchanges(reply);
        let state = browser.start(&app, "tenant-1").await;
        browser.follow(&callback(code, &state)).await;
        browser.follow(&callback("ac_replayed", &state)).await;
        secrets.extend([code.to_owned(), state]);
    }
    browser
        .get("/connect/shop/callback?code=ac_stray&state=stray_state")
        .await;
    secrets.extend([
        "ac_replayed".to_owned(),
        "ac_stray".into(),
        "stray_state".into(),
    ]);
    secrets.extend(browser.cookies.values().cloned());
    app.deliver(&deauthorized("evt_1", "acct_1", app.now()))
        .await;
    app.deliver_to(
        "/webhooks/shop/test/connect",
        "whsec_wrong",
        &deauthorized("evt_2", "acct_1", 0),
    )
    .await;
    app.platform.run_due().await.expect("works");
    app.platform
        .disconnect("tenant-1", DisconnectScope::Sole)
        .await
        .expect("ends");

    let logged = String::from_utf8(log.0.lock().expect("lock").clone()).expect("text");
    assert!(
        logged.contains("connect attempt ended") && logged.contains("webhook refused"),
        "it does log: {logged}"
    );
    let attempts = app
        .platform
        .store()
        .attempts(Page::newest(20))
        .await
        .expect("reads");
    let shown = format!(
        "{:?} {:?} {attempts:?}",
        app.platform,
        app.platform.config()
    );
    for secret in secrets {
        assert!(secret.len() > 5, "{secret}");
        assert!(!logged.contains(&secret), "{secret} is in the log");
        assert!(!shown.contains(&secret), "{secret} is shown");
    }
}

#[tokio::test]
async fn no_secret_is_in_the_database_files() {
    let app = App::new().await;
    app.connect("tenant-1").await;
    let connection = app
        .platform
        .connection("tenant-1")
        .await
        .expect("reads")
        .expect("is there");
    let sealed = app
        .platform
        .store()
        .sealed_tokens(&connection.id)
        .await
        .expect("reads");
    let envelope = sealed.access_token.expect("kept");
    assert_eq!(envelope[0], 1, "the envelope's version");
    assert!(sealed.refresh_token.is_some());
    app.platform.close().await.expect("closes");
    for entry in std::fs::read_dir(app.folder.path()).expect("a folder") {
        let bytes = std::fs::read(entry.expect("a file").path()).expect("reads");
        let text = String::from_utf8_lossy(&bytes);
        for secret in ["sk_acct_acct_1", "rt_acct_1", "ac_1\"", "sk_test_1"] {
            assert!(!text.contains(secret), "{secret} is on disk");
        }
    }
}
