//! The contract of attempts.

use std::sync::Arc;

use crate::outcome::Outcome;
use crate::store::{AttemptStatus, NewAttempt, Store};

use super::{attempt, end};

pub(super) async fn an_attempt_reads_back(store: &dyn Store) {
    store.ping().await.expect("is there");
    let added = attempt("att_1", "t1");
    store.add_attempt(added.clone()).await.expect("adds");
    assert_eq!(
        store.attempt("att_1").await.expect("reads"),
        Some(added.clone().into())
    );
    assert_eq!(
        store
            .attempt_by_state(added.state_hash)
            .await
            .expect("reads"),
        Some(added.into())
    );
    assert_eq!(store.attempt("att_2").await.expect("reads"), None);
    assert_eq!(store.attempt_by_state([9; 32]).await.expect("reads"), None);
}

pub(super) async fn a_state_belongs_to_one_attempt(store: &dyn Store) {
    store
        .add_attempt(attempt("att_1", "t1"))
        .await
        .expect("adds");
    let twin = NewAttempt {
        id: "att_2".to_owned(),
        ..attempt("att_1", "t2")
    };
    assert!(store.add_attempt(twin).await.is_err());
}

pub(super) async fn one_of_many_claims(store: Arc<dyn Store>) {
    store
        .add_attempt(attempt("att_1", "t1"))
        .await
        .expect("adds");
    let claims: Vec<_> = (0..16)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                store
                    .claim_attempt("att_1", [n; 32], 1500)
                    .await
                    .expect("asks")
            })
        })
        .collect();
    let mut winners = Vec::new();
    for claim in claims {
        winners.extend(claim.await.expect("ends"));
    }
    assert_eq!(winners.len(), 1);
    let stored = store
        .attempt("att_1")
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!(stored, winners[0]);
    assert_eq!(
        (stored.status, stored.claimed_at),
        (AttemptStatus::Exchanging, Some(1500))
    );
}

pub(super) async fn claims_need_a_pending_attempt_in_time(store: &dyn Store) {
    store
        .add_attempt(attempt("att_1", "t1"))
        .await
        .expect("adds");
    assert_eq!(
        store
            .claim_attempt("att_1", [1; 32], 2000)
            .await
            .expect("asks"),
        None,
        "expired"
    );
    assert_eq!(
        store
            .claim_attempt("att_0", [1; 32], 1500)
            .await
            .expect("asks"),
        None,
        "unknown"
    );
    assert!(
        store
            .claim_attempt("att_1", [1; 32], 1999)
            .await
            .expect("asks")
            .is_some()
    );
    assert_eq!(
        store
            .claim_attempt("att_1", [1; 32], 1999)
            .await
            .expect("asks"),
        None,
        "claimed"
    );
}

pub(super) async fn an_attempt_ends_once(store: &dyn Store) {
    store
        .add_attempt(attempt("att_1", "t1"))
        .await
        .expect("adds");
    let wrong = store
        .finish_attempt(
            "att_1",
            AttemptStatus::Exchanging,
            end(Outcome::Denied, 1600),
        )
        .await;
    assert_eq!(wrong.expect("asks"), None);
    let first = store
        .finish_attempt("att_1", AttemptStatus::Pending, end(Outcome::Denied, 1600))
        .await
        .expect("asks");
    let first = first.expect("it was pending");
    assert_eq!(
        (first.outcome, first.finished_at),
        (Some(Outcome::Denied), Some(1600))
    );
    for from in [AttemptStatus::Pending, AttemptStatus::Finished] {
        let again = store
            .finish_attempt("att_1", from, end(Outcome::Expired, 1700))
            .await
            .expect("asks");
        assert_eq!(again, None);
    }
    let counts = store.attempt_counts().await.expect("counts");
    assert_eq!(counts.len(), 1);
    assert_eq!(
        (counts[0].outcome, counts[0].count),
        (Some(Outcome::Denied), 1)
    );
}

pub(super) async fn a_parked_grant_is_wiped_at_the_end(store: &dyn Store) {
    store
        .add_attempt(attempt("att_1", "t1"))
        .await
        .expect("adds");
    assert_eq!(
        store
            .park_grant("att_1", "acct_2", vec![5])
            .await
            .expect("asks"),
        None,
        "it is not claimed"
    );
    store
        .claim_attempt("att_1", [1; 32], 1500)
        .await
        .expect("claims");
    let parked = store
        .park_grant("att_1", "acct_2", vec![5])
        .await
        .expect("asks")
        .expect("is exchanging");
    assert_eq!(
        (parked.status, parked.account.as_deref()),
        (AttemptStatus::Confirming, Some("acct_2"))
    );
    assert_eq!(
        store.parked_grant("att_1").await.expect("reads"),
        Some(vec![5])
    );
    store
        .finish_attempt(
            "att_1",
            AttemptStatus::Confirming,
            end(Outcome::KeptPrevious, 1700),
        )
        .await
        .expect("ends");
    assert_eq!(store.parked_grant("att_1").await.expect("reads"), None);
}

pub(super) async fn stuck_attempts_are_found_oldest_first(store: &dyn Store) {
    for (id, at) in [("att_1", 1700), ("att_2", 1600), ("att_3", 1800)] {
        store.add_attempt(attempt(id, "t1")).await.expect("adds");
        store.claim_attempt(id, [1; 32], at).await.expect("claims");
    }
    let stuck = store
        .stuck_attempts(AttemptStatus::Exchanging, 1800, 9)
        .await
        .expect("reads");
    assert_eq!(
        stuck
            .iter()
            .map(|attempt| attempt.id.as_str())
            .collect::<Vec<_>>(),
        ["att_2", "att_1"]
    );
    assert_eq!(
        store
            .stuck_attempts(AttemptStatus::Exchanging, 1800, 1)
            .await
            .expect("reads")
            .len(),
        1
    );
    assert!(
        store
            .stuck_attempts(AttemptStatus::Confirming, 9999, 9)
            .await
            .expect("reads")
            .is_empty()
    );
}
