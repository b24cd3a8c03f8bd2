//! Cancellation: a future of the library is dropped at each of its await points, and the next call finds nothing lost and
//! nothing done twice.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use http::StatusCode;
use tollway_platform::store::{DeliveryStatus, HistoryAction, Page};
use tollway_platform::{DisconnectError, DisconnectScope};

use crate::app::{App, Browser, callback, deauthorized};
use crate::hooks::RecordingHooks;
use crate::stripe::StripeReply;

/// Polls a future at most `polls` times, then drops it. Returns its output if it ended.
async fn drop_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(None);
        }
        polled += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // The last poll has happened, so there is no wake-up to wait for.
            Poll::Pending if polled == polls => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The actions in a tenant's history, by name: entries of one millisecond have no order.
async fn actions(app: &App, tenant: &str) -> Vec<HistoryAction> {
    let history = app.platform.history(Some(tenant), Page::newest(99)).await;
    let history = history.expect("reads").into_iter();
    let mut actions: Vec<_> = history.map(|entry| entry.action).collect();
    actions.sort_by_key(|action| action.as_str());
    actions
}

/// Waits until no exchange of the app is running.
async fn wait_until_settled(app: &App, browser: &mut Browser, state: &str) {
    let shown = browser.follow(&callback("ac_1", state)).await;
    assert_eq!(shown.outcome(), "connected", "{}", shown.body);
    assert_eq!(app.exchanges(), 1, "the code is sent once");
}

/// At how many await points each future is dropped, at least. A callback has one: its work is a task of its own.
const MIN_AWAIT_POINTS: usize = 1;

#[tokio::test]
async fn a_start_that_was_dropped_can_be_repeated() {
    for polls in 1.. {
        let app = App::new().await;
        let mut browser = app.browser();
        let link = app.platform.start_link("tenant-1").start().expect("a link");
        let ended = drop_after(polls, browser.clone().get(&link)).await;
        let state = browser.start(&app, "tenant-1").await;
        wait_until_settled(&app, &mut browser, &state).await;
        assert_eq!(actions(&app, "tenant-1").await, [HistoryAction::Connected]);
        if ended.is_some() {
            assert!(polls > MIN_AWAIT_POINTS, "only {polls} polls");
            return;
        }
    }
}

#[tokio::test]
async fn a_callback_that_was_dropped_exchanges_once_and_shows_its_outcome_later() {
    for polls in 1.. {
        let app = App::new().await;
        let mut browser = app.browser();
        let state = browser.start(&app, "tenant-1").await;
        let url = callback("ac_1", &state);
        let ended = drop_after(polls, browser.clone().get(&url)).await;
        wait_until_settled(&app, &mut browser, &state).await;
        assert_eq!(actions(&app, "tenant-1").await, [HistoryAction::Connected]);
        if ended.is_some() {
            assert!(polls > MIN_AWAIT_POINTS, "only {polls} polls");
            return;
        }
    }
}

#[tokio::test]
async fn a_confirmation_that_was_dropped_can_be_repeated() {
    for polls in 1.. {
        let app = App::new().await;
        let mut browser = app.connect("tenant-1").await;
        app.stripe.reply_to_exchanges(StripeReply::grant("acct_2"));
        let state = browser.start(&app, "tenant-1").await;
        let question = browser.follow(&callback("ac_2", &state)).await;
        assert_eq!(question.outcome(), "confirm", "{}", question.body);
        let (action, token) = (question.action(), question.field("token"));
        let form = [("token", token.as_str()), ("account", "new")];
        let ended = drop_after(polls, browser.clone().post(&action, &form)).await;
        let answered = browser.post(&action, &form).await;
        let shown = browser.follow(&answered.location()).await;
        assert_eq!(shown.outcome(), "connected", "{}", shown.body);
        assert_eq!(
            actions(&app, "tenant-1").await,
            [
                HistoryAction::Connected,
                HistoryAction::Disconnected,
                HistoryAction::Replaced
            ]
        );
        if ended.is_some() {
            assert!(polls > MIN_AWAIT_POINTS, "only {polls} polls");
            return;
        }
    }
}

#[tokio::test]
async fn a_disconnect_that_was_dropped_can_be_repeated() {
    for polls in 1.. {
        let app = App::new().await;
        app.connect("tenant-1").await;
        let disconnect = || app.platform.disconnect("tenant-1", DisconnectScope::Sole);
        let ended = drop_after(polls, disconnect()).await;
        match disconnect().await {
            Ok(connections) => assert_eq!(connections.len(), 1),
            Err(DisconnectError::NotConnected(_)) => {}
            Err(error) => panic!("{error}"),
        }
        assert!(app.platform.client_for("tenant-1").await.is_err());
        assert_eq!(
            actions(&app, "tenant-1").await,
            [HistoryAction::Connected, HistoryAction::Disconnected]
        );
        if ended.is_some() {
            assert!(polls > MIN_AWAIT_POINTS, "only {polls} polls");
            return;
        }
    }
}

#[tokio::test]
async fn a_webhook_that_was_dropped_is_stored_once_when_stripe_sends_it_again() {
    for polls in 1.. {
        let app = App::new().await;
        let event = deauthorized("evt_1", "acct_1", app.now());
        let ended = drop_after(polls, app.deliver(&event)).await;
        assert_eq!(app.deliver(&event).await.status, StatusCode::OK);
        let deliveries = app.platform.store().deliveries(None, Page::newest(9)).await;
        assert_eq!(deliveries.expect("reads").len(), 1);
        assert_eq!(app.platform.run_due().await.expect("works"), 1);
        if ended.is_some() {
            assert!(polls > MIN_AWAIT_POINTS, "only {polls} polls");
            return;
        }
    }
}

#[tokio::test]
async fn work_that_was_dropped_is_done_when_its_lease_has_ended() {
    for polls in 1.. {
        let hooks = Arc::new(RecordingHooks::default());
        let app = App::with_hooks(hooks.clone()).await;
        app.connect("tenant-1").await;
        app.advance(3600);
        app.deliver(&deauthorized("evt_1", "acct_1", app.now()))
            .await;
        let ended = drop_after(polls, app.platform.run_due()).await;
        app.advance(121);
        app.platform.run_due().await.expect("works");
        assert_eq!(
            actions(&app, "tenant-1").await,
            [HistoryAction::Connected, HistoryAction::Disconnected],
            "after {polls} polls"
        );
        let done = app.platform.inbox_count(DeliveryStatus::Done).await;
        let ignored = app.platform.inbox_count(DeliveryStatus::Ignored).await;
        assert_eq!(
            done.expect("reads") + ignored.expect("reads"),
            1,
            "after {polls} polls"
        );
        let calls = hooks.calls();
        for expected in [
            "connected tenant-1 acct_1",
            "disconnected tenant-1 deauthorized_by_account",
            "evt_1 account.application.deauthorized []",
        ] {
            let count = calls.iter().filter(|call| *call == expected).count();
            assert!(
                (1..=2).contains(&count),
                "{expected}: {count} calls after {polls} polls, {calls:?}"
            );
        }
        assert_eq!(
            app.platform.run_due().await.expect("works"),
            0,
            "nothing is left after {polls} polls"
        );
        if ended.is_some() {
            assert!(polls > MIN_AWAIT_POINTS, "only {polls} polls");
            return;
        }
    }
}

#[tokio::test]
async fn a_key_rotation_that_was_dropped_can_be_repeated() {
    const NEW_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    for polls in 1.. {
        let app = App::new().await;
        app.connect("tenant-1").await;
        let keys = format!("{NEW_KEY}\", \"{}", crate::app::KEY);
        let rotating = app
            .restarted_with(|config| config.replace(crate::app::KEY, &keys))
            .await;
        let ended = drop_after(polls, rotating.platform.rotate_keys(|_| ())).await;
        rotating
            .platform
            .rotate_keys(|_| ())
            .await
            .expect("rotates");
        let usage = rotating.platform.key_usage().await.expect("reads");
        let values: Vec<_> = usage.iter().map(|key| key.values).collect();
        assert_eq!(values, [2, 0], "after {polls} polls");
        if ended.is_some() {
            assert!(polls > MIN_AWAIT_POINTS, "only {polls} polls");
            return;
        }
    }
}
