//! What the host application is told: after the fact, at least once, again when it fails.

use std::sync::{Arc, Mutex};

use crate::app::{App, deauthorized};
use tollway_platform::store::{Connection, DeliveryStatus};
use tollway_platform::{DisconnectReason, HookError, Hooks, ReceivedEvent, async_trait};

#[derive(Default)]
struct Ears {
    heard: Mutex<Vec<String>>,
    failures: Mutex<usize>,
}

impl Ears {
    fn hear(&self, what: String) -> Result<(), HookError> {
        let mut failures = self.failures.lock().expect("lock");
        if *failures > 0 {
            *failures -= 1;
            return Err(HookError::new("not now"));
        }
        self.heard.lock().expect("lock").push(what);
        Ok(())
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("lock").clone()
    }
}

#[async_trait]
impl Hooks for Ears {
    async fn on_connected(&self, connection: &Connection) -> Result<(), HookError> {
        self.hear(format!(
            "connected {} {}",
            connection.tenant, connection.account
        ))
    }

    async fn on_disconnected(
        &self,
        connection: &Connection,
        reason: DisconnectReason,
    ) -> Result<(), HookError> {
        self.hear(format!(
            "disconnected {} {}",
            connection.tenant,
            reason.as_str()
        ))
    }

    async fn on_event(&self, event: &ReceivedEvent) -> Result<(), HookError> {
        self.hear(format!(
            "{} {} {:?}",
            event.id, event.event_type, event.tenants
        ))
    }
}

#[tokio::test]
async fn the_host_hears_of_connections_and_their_end() {
    let ears = Arc::new(Ears::default());
    let app = App::hooked(ears.clone()).await;
    app.connect("tenant-1").await;
    assert!(ears.heard().is_empty(), "never inside a request");
    app.platform.run_due().await.expect("works");
    assert_eq!(ears.heard(), ["connected tenant-1 acct_1"]);
    app.advance(3600);
    app.deliver(&deauthorized("evt_1", "acct_1", app.now()))
        .await;
    app.platform.run_due().await.expect("works");
    let heard = ears.heard();
    assert_eq!(heard.len(), 3, "{heard:?}");
    assert!(
        heard.contains(&"disconnected tenant-1 deauthorized_by_account".to_owned()),
        "{heard:?}"
    );
    app.platform.run_due().await.expect("works");
    assert_eq!(ears.heard().len(), 3, "once");
}

#[tokio::test]
async fn a_hook_that_fails_is_called_again_later() {
    let ears = Arc::new(Ears::default());
    let app = App::hooked(ears.clone()).await;
    app.connect("tenant-1").await;
    *ears.failures.lock().expect("lock") = 2;
    assert_eq!(app.platform.run_due().await.expect("works"), 1);
    assert_eq!(
        app.platform.run_due().await.expect("works"),
        0,
        "not before its time"
    );
    app.advance(7);
    assert_eq!(app.platform.run_due().await.expect("works"), 1);
    app.advance(13);
    assert_eq!(app.platform.run_due().await.expect("works"), 1);
    assert_eq!(ears.heard(), ["connected tenant-1 acct_1"]);
}

#[tokio::test]
async fn an_event_that_keeps_failing_becomes_a_dead_letter_and_can_be_replayed() {
    let ears = Arc::new(Ears::default());
    let app = App::built(
        |config| format!("{config}\n[webhooks]\nmax_attempts = 3\n"),
        |builder| builder.hooks(ears.clone()),
    )
    .await;
    *ears.failures.lock().expect("lock") = 3;
    let event = serde_json::json!({ "id": "evt_9", "object": "event", "type": "account.updated", "account": "acct_1",
        "created": app.now(), "livemode": false });
    app.deliver(&event).await;
    for _ in 0..3 {
        app.advance(100);
        app.platform.run_due().await.expect("works");
    }
    assert_eq!(
        app.platform
            .inbox_count(DeliveryStatus::Dead)
            .await
            .expect("reads"),
        1
    );
    let page = tollway_platform::store::Page::newest(1);
    let dead = app
        .platform
        .store()
        .deliveries(Some(DeliveryStatus::Dead), page)
        .await
        .expect("reads")
        .remove(0);
    let failures = app
        .platform
        .store()
        .failures(&dead.id)
        .await
        .expect("reads");
    assert_eq!(
        failures
            .iter()
            .map(|failure| failure.attempt)
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert!(failures[0].error.contains("not now"), "{failures:?}");
    let pauses: Vec<i64> = failures
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .collect();
    assert_eq!(pauses, [100_000, 100_000]);

    assert!(app.platform.replay(&dead.id).await.expect("writes"));
    assert!(
        !app.platform.replay(&dead.id).await.expect("writes"),
        "it is due already"
    );
    app.platform.run_due().await.expect("works");
    assert_eq!(ears.heard(), ["evt_9 account.updated []"]);
}

#[tokio::test]
async fn the_worker_sleeps_until_there_is_work_and_stops_when_told() {
    let ears = Arc::new(Ears::default());
    let app = App::hooked(ears.clone()).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let platform = app.platform.clone();
    let worker = tokio::spawn(async move {
        platform
            .run(async { stopped.await.unwrap_or_default() })
            .await;
    });
    app.connect("tenant-1").await;
    while ears.heard().is_empty() {
        tokio::task::yield_now().await;
    }
    stop.send(()).expect("it runs");
    worker.await.expect("it stops");
}

/// Hears accounts' states, as a host application would keep them.
#[derive(Default)]
struct States(Mutex<Vec<String>>);

#[async_trait]
impl Hooks for States {
    async fn on_event(&self, event: &ReceivedEvent) -> Result<(), HookError> {
        let state = match &event.current {
            Some(current) => format!("{} now: {}", event.id, current["object"]),
            None => event.id.clone(),
        };
        self.0.lock().expect("lock").push(state);
        Ok(())
    }
}

fn updated(id: &str, account: &str, created: i64) -> serde_json::Value {
    serde_json::json!({ "id": id, "object": "event", "type": "account.updated", "account": account,
        "created": created, "livemode": false, "data": { "object": { "id": account, "object": "account" } } })
}

#[tokio::test]
async fn an_older_state_of_an_account_never_comes_after_a_newer_one() {
    let states = Arc::new(States::default());
    let app = App::hooked(states.clone()).await;
    app.connect("tenant-1").await;
    let now = app.now();
    for (id, account, created) in [
        ("evt_new", "acct_1", now),
        ("evt_old", "acct_1", now - 60),
        ("evt_other", "acct_2", now - 60),
        ("evt_tie", "acct_1", now),
        ("evt_newer", "acct_1", now + 1),
    ] {
        app.deliver(&updated(id, account, created)).await;
        app.platform.run_due().await.expect("works");
    }
    assert_eq!(
        *states.0.lock().expect("lock"),
        [
            "evt_new",
            "evt_other",
            "evt_tie now: \"account\"",
            "evt_newer"
        ]
    );
    assert_eq!(
        app.stripe.count("GET /v1/account"),
        1,
        "asked on a tie only"
    );
    let ignored = app.platform.inbox_count(DeliveryStatus::Ignored).await;
    assert_eq!(ignored.expect("reads"), 1);
}

#[tokio::test]
async fn a_tie_that_cannot_be_asked_about_is_ignored() {
    let states = Arc::new(States::default());
    let app = App::hooked(states.clone()).await;
    app.connect("tenant-1").await;
    app.stripe.lose("acct_1");
    let created = app.now();
    for id in ["evt_1", "evt_2"] {
        app.advance(1);
        app.deliver(&updated(id, "acct_1", created)).await;
        app.platform.run_due().await.expect("works");
    }
    assert_eq!(*states.0.lock().expect("lock"), ["evt_1"]);
    let page = tollway_platform::store::Page::newest(1);
    let last = app.platform.store().deliveries(None, page).await;
    let last = last.expect("reads").remove(0);
    assert_eq!(last.status, DeliveryStatus::Ignored);
    let note = last.note.expect("why");
    assert!(note.contains("access to the account is gone"), "{note}");
}
