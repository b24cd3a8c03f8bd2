//! Hooks of the host application: called after the change, at least once, and again after a failure.

use std::sync::{Arc, Mutex};

use crate::app::{App, deauthorized, updated};
use tollway_platform::store::{Connection, DeliveryStatus};
use tollway_platform::{DisconnectReason, HookError, Hooks, ReceivedEvent, async_trait};

#[derive(Default)]
pub(crate) struct RecordingHooks {
    calls: Mutex<Vec<String>>,
    failures: Mutex<usize>,
}

impl RecordingHooks {
    fn record(&self, what: String) -> Result<(), HookError> {
        let mut failures = self.failures.lock().expect("lock");
        if *failures > 0 {
            *failures -= 1;
            return Err(HookError::new("not now"));
        }
        self.calls.lock().expect("lock").push(what);
        Ok(())
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().expect("lock").clone()
    }
}

#[async_trait]
impl Hooks for RecordingHooks {
    async fn on_connected(&self, connection: &Connection) -> Result<(), HookError> {
        self.record(format!(
            "connected {} {}",
            connection.tenant, connection.account
        ))
    }

    async fn on_disconnected(
        &self,
        connection: &Connection,
        reason: DisconnectReason,
    ) -> Result<(), HookError> {
        self.record(format!(
            "disconnected {} {}",
            connection.tenant,
            reason.as_str()
        ))
    }

    async fn on_event(&self, event: &ReceivedEvent) -> Result<(), HookError> {
        self.record(format!(
            "{} {} {:?}",
            event.id, event.event_type, event.tenants
        ))
    }
}

#[tokio::test]
async fn hooks_are_called_for_connections_events_and_ends() {
    let hooks = Arc::new(RecordingHooks::default());
    let app = App::with_hooks(hooks.clone()).await;
    app.connect("tenant-1").await;
    assert!(hooks.calls().is_empty(), "never inside a request");
    app.platform.run_due().await.expect("works");
    assert_eq!(hooks.calls(), ["connected tenant-1 acct_1"]);
    app.advance(3600);
    app.deliver(&deauthorized("evt_1", "acct_1", app.now()))
        .await;
    app.platform.run_due().await.expect("works");
    let calls = hooks.calls();
    assert_eq!(calls.len(), 3, "{calls:?}");
    assert!(
        calls.contains(&"disconnected tenant-1 deauthorized_by_account".to_owned()),
        "{calls:?}"
    );
    app.platform.run_due().await.expect("works");
    assert_eq!(hooks.calls().len(), 3, "once");
}

#[tokio::test]
async fn a_hook_that_fails_is_called_again_later() {
    let hooks = Arc::new(RecordingHooks::default());
    let app = App::with_hooks(hooks.clone()).await;
    app.connect("tenant-1").await;
    *hooks.failures.lock().expect("lock") = 2;
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
    assert_eq!(hooks.calls(), ["connected tenant-1 acct_1"]);
}

/// Fails if anything is due before `pause_seconds` have passed, or nothing when the random quarter has passed, too.
async fn assert_retried_after(app: &App, pause_seconds: u64) {
    app.advance(pause_seconds - 1);
    let early = app.platform.run_due().await.expect("works");
    assert_eq!(early, 0, "less than {pause_seconds} s after the failure");
    app.advance(1 + pause_seconds.div_ceil(4) + 1);
    let late = app.platform.run_due().await.expect("works");
    assert_eq!(late, 1, "a quarter more than {pause_seconds} s after it");
}

#[tokio::test]
async fn the_pauses_between_attempts_double_up_to_the_longest() {
    let hooks = Arc::new(RecordingHooks::default());
    let app = App::built(
        |config| format!("{config}\n[webhooks]\nlongest_retry_seconds = 40\n"),
        |builder| builder.hooks(hooks.clone()),
    )
    .await;
    *hooks.failures.lock().expect("lock") = 6;
    app.deliver(&updated("evt_1", "acct_1", app.now())).await;
    assert_eq!(app.platform.run_due().await.expect("works"), 1);
    for pause_seconds in [5, 10, 20, 40, 40, 40] {
        assert_retried_after(&app, pause_seconds).await;
    }
    assert_eq!(hooks.calls(), ["evt_1 account.updated []"]);

    *hooks.failures.lock().expect("lock") = 3;
    app.connect("tenant-1").await;
    assert_eq!(app.platform.run_due().await.expect("works"), 1);
    for pause_seconds in [5, 10, 20] {
        assert_retried_after(&app, pause_seconds).await;
    }
    assert_eq!(
        hooks.calls()[1],
        "connected tenant-1 acct_1",
        "notices, too"
    );
}

#[tokio::test]
async fn an_event_that_keeps_failing_becomes_a_dead_letter_and_can_be_replayed() {
    let hooks = Arc::new(RecordingHooks::default());
    let app = App::built(
        |config| format!("{config}\n[webhooks]\nmax_attempts = 3\n"),
        |builder| builder.hooks(hooks.clone()),
    )
    .await;
    *hooks.failures.lock().expect("lock") = 3;
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
    assert_eq!(hooks.calls(), ["evt_9 account.updated []"]);
}

#[tokio::test]
async fn the_worker_wakes_for_new_work_and_stops_at_shutdown() {
    let hooks = Arc::new(RecordingHooks::default());
    let app = App::with_hooks(hooks.clone()).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let platform = app.platform.clone();
    let worker = tokio::spawn(async move {
        platform
            .run(async { stopped.await.unwrap_or_default() })
            .await;
    });
    app.connect("tenant-1").await;
    while hooks.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    stop.send(()).expect("it runs");
    worker.await.expect("it stops");
}

/// Hears accounts' states, as a host application would keep them.
#[derive(Default)]
struct RecordedStates(Mutex<Vec<String>>);

#[async_trait]
impl Hooks for RecordedStates {
    async fn on_event(&self, event: &ReceivedEvent) -> Result<(), HookError> {
        let state = match &event.current {
            Some(current) => format!("{} now: {}", event.id, current["object"]),
            None => event.id.clone(),
        };
        self.0.lock().expect("lock").push(state);
        Ok(())
    }
}

#[tokio::test]
async fn an_older_account_update_is_ignored_after_a_newer_one() {
    let states = Arc::new(RecordedStates::default());
    let app = App::with_hooks(states.clone()).await;
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
async fn an_update_of_the_same_second_is_ignored_when_access_is_lost() {
    let states = Arc::new(RecordedStates::default());
    let app = App::with_hooks(states.clone()).await;
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
