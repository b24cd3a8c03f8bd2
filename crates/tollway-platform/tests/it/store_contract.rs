//! What every store promises. Written against the trait: each store runs all of it.

use std::sync::Arc;

use tollway_platform::store::{
    Actor, Added, Attempt, AttemptStatus, Delivery, DeliveryStatus, Disconnect, DisconnectReason,
    End, Endpoint, Failure, HistoryEntry, NewConnection, NoticeKind, Page, Recorded, SealedTokens,
    Sign, Store,
};
use tollway_platform::{Mode, Outcome, Realm};

pub(crate) fn realm() -> Realm {
    Realm::new("shop", Mode::Test)
}

pub(crate) fn attempt(id: &str, tenant: &str) -> Attempt {
    let mut state_hash = [0; 32];
    state_hash[..id.len()].copy_from_slice(id.as_bytes());
    Attempt {
        id: id.to_owned(),
        realm: realm(),
        tenant: tenant.to_owned(),
        state_hash,
        browser_hash: [7; 32],
        redirect_uri: "https://x/callback".to_owned(),
        scope: "read_write".to_owned(),
        return_to: Some("https://x/".to_owned()),
        address: Some("127.0.0.1".to_owned()),
        status: AttemptStatus::Pending,
        outcome: None,
        account: None,
        detail: None,
        answer_hash: None,
        created_at: 1000,
        expires_at: 2000,
        claimed_at: None,
        finished_at: None,
    }
}

fn sign(at: i64) -> Sign {
    Sign {
        at,
        actor: Actor::Seller,
        address: Some("127.0.0.1".to_owned()),
    }
}

fn end(outcome: Outcome, at: i64) -> End {
    End {
        outcome,
        account: None,
        detail: Some("why".to_owned()),
        answer_hash: None,
        at,
    }
}

fn grant(attempt: &str, tenant: &str, account: &str, at: i64) -> NewConnection {
    NewConnection {
        attempt: attempt.to_owned(),
        from: AttemptStatus::Exchanging,
        id: format!("con_{attempt}"),
        realm: realm(),
        tenant: tenant.to_owned(),
        account: account.to_owned(),
        scope: "read_write".to_owned(),
        publishable_key: Some("pk_1".to_owned()),
        tokens: SealedTokens {
            access_token: Some(vec![1]),
            refresh_token: Some(vec![2]),
        },
        shared: false,
        replace: false,
        sign: sign(at),
    }
}

/// An attempt that was claimed and waits for its grant.
async fn claimed(store: &dyn Store, id: &str, tenant: &str) {
    store.add_attempt(attempt(id, tenant)).await.expect("adds");
    store
        .claim_attempt(id, [1; 32], 1500)
        .await
        .expect("claims")
        .expect("is pending");
}

async fn connected(store: &dyn Store, id: &str, tenant: &str, account: &str, at: i64) -> Recorded {
    claimed(store, id, tenant).await;
    store
        .connect(grant(id, tenant, account, at))
        .await
        .expect("records")
}

fn disconnect(account: &str, tenant: Option<&str>, connected_by: i64, at: i64) -> Disconnect {
    Disconnect {
        realm: realm(),
        account: account.to_owned(),
        tenant: tenant.map(str::to_owned),
        connected_by,
        why: DisconnectReason::Revoked,
        detail: None,
        sign: sign(at),
    }
}

fn delivery(id: &str, event: &str, due_at: i64) -> Delivery {
    Delivery {
        id: id.to_owned(),
        realm: realm(),
        endpoint: Endpoint::Connect,
        event_id: event.to_owned(),
        event_type: "account.updated".to_owned(),
        account: Some("acct_1".to_owned()),
        created_at: Some(900),
        headers: "[]".to_owned(),
        body: vec![0, 159, 146, 150],
        status: DeliveryStatus::Pending,
        note: None,
        attempts: 0,
        due_at,
        received_at: due_at,
        finished_at: None,
    }
}

/// Runs every promise, each on a store of its own.
pub(crate) async fn every_promise<F, S>(fresh: F)
where
    F: Fn() -> S,
    S: Future<Output = Arc<dyn Store>>,
{
    an_attempt_reads_back(&*fresh().await).await;
    a_state_belongs_to_one_attempt(&*fresh().await).await;
    one_of_many_claims(fresh().await).await;
    claims_need_a_pending_attempt_in_time(&*fresh().await).await;
    an_attempt_ends_once(&*fresh().await).await;
    a_parked_grant_is_wiped_at_the_end(&*fresh().await).await;
    stuck_attempts_are_found_oldest_first(&*fresh().await).await;
    recording_does_everything_or_nothing(&*fresh().await).await;
    one_active_connection_per_tenant(&*fresh().await).await;
    an_exclusive_account_has_one_tenant(fresh().await).await;
    shared_accounts_end_together_or_apart(&*fresh().await).await;
    an_answer_that_came_after_all_is_recorded(&*fresh().await).await;
    a_later_reconnect_survives_an_earlier_end(&*fresh().await).await;
    history_goes_on_and_pages(&*fresh().await).await;
    an_event_is_kept_once_per_realm(&*fresh().await).await;
    deliveries_are_leased_in_order(fresh().await).await;
    a_lost_lease_cannot_finish(&*fresh().await).await;
    failures_are_kept_and_replay_begins_anew(&*fresh().await).await;
    notices_tell_what_happened(&*fresh().await).await;
    the_next_due_time_is_known(&*fresh().await).await;
    purging_spares_the_dead(&*fresh().await).await;
}

async fn an_attempt_reads_back(store: &dyn Store) {
    store.ping().await.expect("is there");
    let added = attempt("att_1", "t1");
    store.add_attempt(added.clone()).await.expect("adds");
    assert_eq!(
        store.attempt("att_1").await.expect("reads"),
        Some(added.clone())
    );
    assert_eq!(
        store
            .attempt_by_state(added.state_hash)
            .await
            .expect("reads"),
        Some(added)
    );
    assert_eq!(store.attempt("att_2").await.expect("reads"), None);
    assert_eq!(store.attempt_by_state([9; 32]).await.expect("reads"), None);
}

async fn a_state_belongs_to_one_attempt(store: &dyn Store) {
    store
        .add_attempt(attempt("att_1", "t1"))
        .await
        .expect("adds");
    let twin = Attempt {
        id: "att_2".to_owned(),
        ..attempt("att_1", "t2")
    };
    assert!(store.add_attempt(twin).await.is_err());
}

async fn one_of_many_claims(store: Arc<dyn Store>) {
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
    let kept = store
        .attempt("att_1")
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!(kept, winners[0]);
    assert_eq!(
        (kept.status, kept.claimed_at),
        (AttemptStatus::Exchanging, Some(1500))
    );
}

async fn claims_need_a_pending_attempt_in_time(store: &dyn Store) {
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

async fn an_attempt_ends_once(store: &dyn Store) {
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

async fn a_parked_grant_is_wiped_at_the_end(store: &dyn Store) {
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
        "nobody claimed it"
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

async fn stuck_attempts_are_found_oldest_first(store: &dyn Store) {
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

async fn recording_does_everything_or_nothing(store: &dyn Store) {
    let Recorded::Connected(connection) = connected(store, "att_1", "t1", "acct_1", 1600).await
    else {
        panic!("a first connection")
    };
    assert_eq!(
        store.connection(&realm(), "t1").await.expect("reads"),
        Some(connection.clone())
    );
    assert_eq!(
        store.connection_by_id(&connection.id).await.expect("reads"),
        Some(connection.clone())
    );
    assert_eq!(
        (connection.connected_at, connection.first_connected_at),
        (1600, 1600)
    );
    let ended = store
        .attempt("att_1")
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!(
        (ended.outcome, ended.account.as_deref()),
        (Some(Outcome::Connected), Some("acct_1"))
    );
    let tokens = store.sealed_tokens(&connection.id).await.expect("reads");
    assert_eq!(
        (tokens.access_token, tokens.refresh_token),
        (Some(vec![1]), Some(vec![2]))
    );

    let twice = store
        .connect(grant("att_1", "t1", "acct_1", 1700))
        .await
        .expect("asks");
    assert_eq!(twice, Recorded::AttemptGone);
    claimed(store, "att_2", "t1").await;
    let other = store
        .connect(grant("att_2", "t1", "acct_2", 1700))
        .await
        .expect("asks");
    assert_eq!(
        other,
        Recorded::OtherAccount {
            connected: "acct_1".to_owned()
        }
    );
    let waiting = store
        .attempt("att_2")
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!(
        waiting.status,
        AttemptStatus::Exchanging,
        "a refusal writes nothing"
    );
    assert_eq!(
        store
            .history(None, Page::newest(9))
            .await
            .expect("reads")
            .len(),
        1
    );
}

async fn one_active_connection_per_tenant(store: &dyn Store) {
    connected(store, "att_1", "t1", "acct_1", 1600).await;
    claimed(store, "att_2", "t1").await;
    let replace = NewConnection {
        replace: true,
        ..grant("att_2", "t1", "acct_2", 1700)
    };
    let Recorded::Replaced { connection, from } = store.connect(replace).await.expect("records")
    else {
        panic!("a replacement")
    };
    assert_eq!(
        (connection.account.as_str(), from.as_str()),
        ("acct_2", "acct_1")
    );
    let all = store.connections(Page::newest(9)).await.expect("reads");
    assert_eq!(
        all.iter()
            .filter(|connection| connection.is_active())
            .count(),
        1
    );
    assert_eq!(all.len(), 2, "the one before is kept");
    let Recorded::Reconnected(again) = connected(store, "att_3", "t1", "acct_2", 1800).await else {
        panic!("the same account again")
    };
    assert_eq!(
        (again.id, again.first_connected_at, again.connected_at),
        (connection.id, 1700, 1800)
    );
    let actions: Vec<String> = store
        .history(Some("t1"), Page::newest(9))
        .await
        .expect("reads")
        .into_iter()
        .rev()
        .map(|entry| entry.action)
        .collect();
    assert_eq!(
        actions,
        ["connected", "disconnected", "replaced", "reconnected"]
    );
}

async fn an_exclusive_account_has_one_tenant(store: Arc<dyn Store>) {
    let tenants: Vec<String> = (0..8).map(|n| format!("t{n}")).collect();
    for tenant in &tenants {
        claimed(&*store, &format!("att_{tenant}"), tenant).await;
    }
    let races: Vec<_> = tenants
        .iter()
        .map(|tenant| {
            let (store, grant) = (
                Arc::clone(&store),
                grant(&format!("att_{tenant}"), tenant, "acct_1", 1600),
            );
            tokio::spawn(async move { store.connect(grant).await.expect("asks") })
        })
        .collect();
    let mut won = 0;
    for race in races {
        match race.await.expect("ends") {
            Recorded::Connected(_) => won += 1,
            other => assert_eq!(other, Recorded::OtherTenant),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(
        store
            .active_on_account(&realm(), "acct_1")
            .await
            .expect("reads")
            .len(),
        1
    );
}

async fn shared_accounts_end_together_or_apart(store: &dyn Store) {
    for (id, tenant) in [("att_1", "t1"), ("att_2", "t2"), ("att_3", "t3")] {
        claimed(store, id, tenant).await;
        let shared = NewConnection {
            shared: true,
            ..grant(id, tenant, "acct_1", 1600)
        };
        assert!(matches!(
            store.connect(shared).await.expect("records"),
            Recorded::Connected(_)
        ));
    }
    let ended = store
        .disconnect(disconnect("acct_1", Some("t1"), 9999, 1700))
        .await
        .expect("ends");
    assert_eq!(
        ended
            .iter()
            .map(|end| end.tenant.as_str())
            .collect::<Vec<_>>(),
        ["t1"]
    );
    let tokens = store.sealed_tokens(&ended[0].id).await.expect("reads");
    assert_eq!(tokens, SealedTokens::default(), "wiped");
    let ended = store
        .disconnect(disconnect("acct_1", None, 9999, 1800))
        .await
        .expect("ends");
    assert_eq!(ended.len(), 2);
    assert!(
        store
            .disconnect(disconnect("acct_1", None, 9999, 1900))
            .await
            .expect("asks")
            .is_empty()
    );
    assert!(
        store
            .active_on_account(&realm(), "acct_1")
            .await
            .expect("reads")
            .is_empty()
    );
}

async fn an_answer_that_came_after_all_is_recorded(store: &dyn Store) {
    claimed(store, "att_1", "t1").await;
    store
        .finish_attempt(
            "att_1",
            AttemptStatus::Exchanging,
            end(Outcome::Interrupted, 1600),
        )
        .await
        .expect("ends");
    assert!(matches!(
        store
            .connect(grant("att_1", "t1", "acct_1", 1700))
            .await
            .expect("records"),
        Recorded::Connected(_)
    ));
    let ended = store
        .attempt("att_1")
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!(ended.outcome, Some(Outcome::Connected));
}

async fn a_later_reconnect_survives_an_earlier_end(store: &dyn Store) {
    connected(store, "att_1", "t1", "acct_1", 1600).await;
    assert!(
        store
            .disconnect(disconnect("acct_1", None, 1599, 1700))
            .await
            .expect("asks")
            .is_empty()
    );
    assert_eq!(
        store
            .disconnect(disconnect("acct_1", None, 1600, 1700))
            .await
            .expect("ends")
            .len(),
        1
    );
    let Recorded::Connected(back) = connected(store, "att_2", "t1", "acct_1", 1800).await else {
        panic!("again")
    };
    assert_eq!(
        (
            back.first_connected_at,
            back.connected_at,
            back.disconnected
        ),
        (1600, 1800, None)
    );
}

async fn history_goes_on_and_pages(store: &dyn Store) {
    for (at, tenant) in [(1, "t1"), (2, "t2"), (3, "t1")] {
        let entry = HistoryEntry {
            id: String::new(),
            realm: realm(),
            tenant: Some(tenant.to_owned()),
            account: None,
            action: format!("act {at}"),
            sign: Sign {
                at,
                actor: Actor::Operator,
                address: None,
            },
            detail: Some("more".to_owned()),
        };
        store.add_history(entry).await.expect("adds");
    }
    let all = store.history(None, Page::newest(9)).await.expect("reads");
    assert_eq!(
        all.iter()
            .map(|entry| entry.action.as_str())
            .collect::<Vec<_>>(),
        ["act 3", "act 2", "act 1"]
    );
    let one = store
        .history(Some("t1"), Page::newest(1))
        .await
        .expect("reads");
    let rest = store
        .history(Some("t1"), Page::newest(9).older_than(&one[0].id))
        .await
        .expect("reads");
    assert_eq!(
        (one[0].action.as_str(), rest[0].action.as_str(), rest.len()),
        ("act 3", "act 1", 1)
    );
    let elsewhere = Page::newest(9).of(Realm::new("shop", Mode::Live));
    assert!(
        store
            .history(None, elsewhere)
            .await
            .expect("reads")
            .is_empty()
    );
}

async fn an_event_is_kept_once_per_realm(store: &dyn Store) {
    assert_eq!(
        store
            .add_delivery(delivery("in_1", "evt_1", 10))
            .await
            .expect("adds"),
        Added::New
    );
    let again = store
        .add_delivery(delivery("in_2", "evt_1", 11))
        .await
        .expect("asks");
    assert_eq!(again, Added::Duplicate("in_1".to_owned()));
    let live = Delivery {
        realm: Realm::new("shop", Mode::Live),
        ..delivery("in_3", "evt_1", 12)
    };
    assert_eq!(store.add_delivery(live).await.expect("adds"), Added::New);
    assert_eq!(
        store.delivery("in_1").await.expect("reads"),
        Some(delivery("in_1", "evt_1", 10))
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

async fn deliveries_are_leased_in_order(store: Arc<dyn Store>) {
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

async fn a_lost_lease_cannot_finish(store: &dyn Store) {
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
    let failure = Failure {
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
    let kept = store
        .delivery("in_1")
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!(
        (kept.status, kept.note.as_deref(), kept.finished_at),
        (done, Some("fine"), Some(26))
    );
    assert!(store.failures("in_1").await.expect("reads").is_empty());
}

async fn failures_are_kept_and_replay_begins_anew(store: &dyn Store) {
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
        let failure = Failure {
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

async fn notices_tell_what_happened(store: &dyn Store) {
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

async fn the_next_due_time_is_known(store: &dyn Store) {
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

async fn purging_spares_the_dead(store: &dyn Store) {
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
            let failure = Failure {
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
