//! The contract of deliveries and notices.

use std::sync::Arc;

use crate::realm::{Mode, Realm};
use crate::store::{
    DeliveryFailure, DeliveryStatus, DisconnectReason, DoneEvent, InsertResult, NewDelivery,
    NoticeKind, Page, Store,
};

use super::{connected, delivery, disconnect};

pub(super) async fn an_event_is_kept_once_per_realm(store: &dyn Store) {
    assert_eq!(
        store
            .add_delivery(delivery("in_1", "evt_1", 10))
            .await
            .expect("adds"),
        InsertResult::New
    );
    let again = store
        .add_delivery(delivery("in_2", "evt_1", 11))
        .await
        .expect("asks");
    assert_eq!(again, InsertResult::Duplicate("in_1".to_owned()));
    let live = NewDelivery {
        realm: Realm::new("shop", Mode::Live),
        ..delivery("in_3", "evt_1", 12)
    };
    assert_eq!(
        store.add_delivery(live).await.expect("adds"),
        InsertResult::New
    );
    assert_eq!(
        store.delivery("in_1").await.expect("reads"),
        Some(delivery("in_1", "evt_1", 10).into())
    );
    let listed = store
        .deliveries(None, Page::newest(9))
        .await
        .expect("reads");
    assert_eq!(
        listed
            .iter()
            .map(|row| (row.id.as_str(), row.body.len()))
            .collect::<Vec<_>>(),
        [("in_3", 0), ("in_1", 0)]
    );
}

pub(super) async fn deliveries_are_leased_in_order(store: Arc<dyn Store>) {
    for (id, event, due) in [
        ("in_1", "evt_1", 20),
        ("in_2", "evt_2", 10),
        ("in_3", "evt_3", 99),
    ] {
        store
            .add_delivery(delivery(id, event, due))
            .await
            .expect("adds");
    }
    let claims: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.claim_delivery(50, 60).await.expect("asks") })
        })
        .collect();
    let mut taken = Vec::new();
    for claim in claims {
        taken.extend(claim.await.expect("ends").map(|delivery| delivery.id));
    }
    taken.sort();
    assert_eq!(taken, ["in_1", "in_2"], "each once, and only what is due");
    let after = store
        .claim_delivery(60, 70)
        .await
        .expect("asks")
        .expect("a lease ran out");
    assert_eq!((after.attempts, after.due_at), (2, 70));
}

pub(super) async fn updates_of_one_account_come_one_at_a_time(store: &dyn Store) {
    let update = |id: &str, account: &str, created: i64| NewDelivery {
        event_type: "account.updated".to_owned(),
        account: Some(account.to_owned()),
        created_at: Some(created),
        ..delivery(id, &format!("evt_{id}"), 10)
    };
    for one in [
        update("in_1", "acct_1", 700),
        update("in_2", "acct_1", 900),
        update("in_3", "acct_2", 800),
        delivery("in_4", "evt_in_4", 10),
    ] {
        store.add_delivery(one).await.expect("adds");
    }
    let mut taken = Vec::new();
    while let Some(one) = store.claim_delivery(10, 20).await.expect("asks") {
        taken.push(one);
    }
    let ids: Vec<_> = taken.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["in_1", "in_3", "in_4"], "in_2 waits for in_1");
    assert_eq!(
        store.latest_done_event(&taken[0]).await.expect("reads"),
        None
    );
    store
        .finish_delivery("in_1", 1, DeliveryStatus::Done, None, 15)
        .await
        .expect("ends");
    let second = store.claim_delivery(15, 25).await.expect("asks");
    let second = second.expect("its turn");
    assert_eq!(second.id, "in_2");
    assert_eq!(
        store.latest_done_event(&second).await.expect("reads"),
        Some(DoneEvent::new("evt_in_1", 700))
    );
    assert_eq!(
        store.latest_done_event(&taken[1]).await.expect("reads"),
        None
    );
    store
        .finish_delivery("in_2", 1, DeliveryStatus::Ignored, None, 16)
        .await
        .expect("ends");
    assert_eq!(
        store.latest_done_event(&taken[0]).await.expect("reads"),
        None,
        "neither itself nor what was ignored"
    );
}

pub(super) async fn a_lost_lease_cannot_finish(store: &dyn Store) {
    store
        .add_delivery(delivery("in_1", "evt_1", 10))
        .await
        .expect("adds");
    let slow = store
        .claim_delivery(10, 20)
        .await
        .expect("asks")
        .expect("due");
    let fast = store
        .claim_delivery(20, 30)
        .await
        .expect("asks")
        .expect("due again");
    let done = DeliveryStatus::Done;
    assert!(
        !store
            .finish_delivery("in_1", slow.attempts, done, None, 25)
            .await
            .expect("asks")
    );
    let failure = DeliveryFailure {
        attempt: slow.attempts,
        at: 25,
        error: "late".to_owned(),
    };
    assert!(
        !store
            .fail_delivery("in_1", failure, None)
            .await
            .expect("asks")
    );
    assert!(
        store
            .finish_delivery("in_1", fast.attempts, done, Some("fine"), 26)
            .await
            .expect("asks")
    );
    let stored = store
        .delivery("in_1")
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!(
        (stored.status, stored.note.as_deref(), stored.finished_at),
        (done, Some("fine"), Some(26))
    );
    assert!(store.failures("in_1").await.expect("reads").is_empty());
}

pub(super) async fn failures_are_kept_and_replay_begins_anew(store: &dyn Store) {
    store
        .add_delivery(delivery("in_1", "evt_1", 10))
        .await
        .expect("adds");
    assert!(
        !store.replay_delivery("in_1", 10).await.expect("asks"),
        "it is due anyway"
    );
    for (now, retry_at) in [(10, Some(30)), (30, None)] {
        let held = store
            .claim_delivery(now, now + 5)
            .await
            .expect("asks")
            .expect("due");
        let failure = DeliveryFailure {
            attempt: held.attempts,
            at: now,
            error: format!("at {now}"),
        };
        assert!(
            store
                .fail_delivery("in_1", failure, retry_at)
                .await
                .expect("asks")
        );
        assert_eq!(
            store.claim_delivery(29, 35).await.expect("asks"),
            None,
            "not before its time"
        );
    }
    let dead = store
        .delivery("in_1")
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!(
        (dead.status, dead.note.as_deref(), dead.attempts),
        (DeliveryStatus::Dead, Some("at 30"), 2)
    );
    let failures = store.failures("in_1").await.expect("reads");
    assert_eq!(
        failures
            .iter()
            .map(|failure| failure.error.as_str())
            .collect::<Vec<_>>(),
        ["at 10", "at 30"]
    );
    assert!(store.replay_delivery("in_1", 40).await.expect("asks"));
    let again = store
        .claim_delivery(40, 50)
        .await
        .expect("asks")
        .expect("due");
    assert_eq!(again.attempts, 1);
    let state = store.inbox_state().await.expect("reads");
    assert_eq!(
        (
            state.count(DeliveryStatus::Working),
            state.oldest_unfinished
        ),
        (1, Some(10))
    );
}

pub(super) async fn notices_tell_what_happened(store: &dyn Store) {
    connected(store, "att_1", "t1", "acct_1", 1600).await;
    store
        .disconnect(disconnect("acct_1", None, 9999, 1700))
        .await
        .expect("ends");
    let first = store
        .claim_notice(2000, 2100)
        .await
        .expect("asks")
        .expect("due");
    assert_eq!(
        (first.kind, first.at, first.attempts),
        (NoticeKind::Connected, 1600, 1)
    );
    let second = store
        .claim_notice(2000, 2100)
        .await
        .expect("asks")
        .expect("due");
    assert_eq!(
        second.kind,
        NoticeKind::Disconnected(DisconnectReason::Revoked)
    );
    assert_eq!(second.connection.tenant, "t1");
    assert_eq!(store.claim_notice(2000, 2100).await.expect("asks"), None);
    assert!(
        store
            .finish_notice(&first.id, first.attempts)
            .await
            .expect("asks")
    );
    assert!(
        store
            .fail_notice(&second.id, second.attempts, "no", Some(2050))
            .await
            .expect("asks")
    );
    let retried = store
        .claim_notice(2050, 2100)
        .await
        .expect("asks")
        .expect("due again");
    assert_eq!((retried.id, retried.attempts), (second.id.clone(), 2));
    assert!(
        store
            .fail_notice(&second.id, 2, "no", None)
            .await
            .expect("asks")
    );
    assert_eq!(
        store.claim_notice(9999, 9999).await.expect("asks"),
        None,
        "given up"
    );
}

pub(super) async fn the_next_due_time_is_known(store: &dyn Store) {
    assert_eq!(store.next_due().await.expect("reads"), None);
    store
        .add_delivery(delivery("in_1", "evt_1", 50))
        .await
        .expect("adds");
    assert_eq!(store.next_due().await.expect("reads"), Some(50));
    store.claim_delivery(50, 80).await.expect("claims");
    assert_eq!(
        store.next_due().await.expect("reads"),
        Some(80),
        "when the lease ends"
    );
    store
        .finish_delivery("in_1", 1, DeliveryStatus::Done, None, 60)
        .await
        .expect("ends");
    assert_eq!(store.next_due().await.expect("reads"), None);
}

pub(super) async fn purging_spares_the_dead(store: &dyn Store) {
    for (id, event, done) in [("in_1", "evt_1", true), ("in_2", "evt_2", false)] {
        store
            .add_delivery(delivery(id, event, 10))
            .await
            .expect("adds");
        let held = store
            .claim_delivery(10, 20)
            .await
            .expect("asks")
            .expect("due");
        if done {
            store
                .finish_delivery(id, held.attempts, DeliveryStatus::Done, None, 15)
                .await
                .expect("ends");
        } else {
            let failure = DeliveryFailure {
                attempt: held.attempts,
                at: 15,
                error: "no".to_owned(),
            };
            store.fail_delivery(id, failure, None).await.expect("fails");
        }
    }
    assert_eq!(
        store.purge_deliveries(15).await.expect("purges"),
        0,
        "not yet"
    );
    assert_eq!(store.purge_deliveries(16).await.expect("purges"), 1);
    assert!(store.delivery("in_2").await.expect("reads").is_some());
}
