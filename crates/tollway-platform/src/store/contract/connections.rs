//! The contract of connections and their history.

use std::sync::Arc;

use crate::outcome::Outcome;
use crate::realm::{Mode, Realm};
use crate::store::{
    Actor, AttemptStatus, AuditStamp, ConnectResult, ConnectionOrigin, Disconnection,
    HistoryAction, NewConnection, NewHistoryEntry, Page, SealedTokens, Store,
};

use super::{attempt, claimed, connected, disconnect, end, grant, realm, stamp};

pub(super) async fn recording_does_everything_or_nothing(store: &dyn Store) {
    let ConnectResult::Connected(connection) =
        connected(store, "att_1", "t1", "acct_1", 1600).await
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
    assert_eq!(twice, ConnectResult::OriginNoLongerOpen);
    claimed(store, "att_2", "t1").await;
    let other = store
        .connect(grant("att_2", "t1", "acct_2", 1700))
        .await
        .expect("asks");
    assert_eq!(
        other,
        ConnectResult::OtherAccount {
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

pub(super) async fn one_active_connection_per_tenant(store: &dyn Store) {
    connected(store, "att_1", "t1", "acct_1", 1600).await;
    claimed(store, "att_2", "t1").await;
    let replace = NewConnection {
        replace: true,
        ..grant("att_2", "t1", "acct_2", 1700)
    };
    let ConnectResult::Replaced { connection, from } =
        store.connect(replace).await.expect("records")
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
    let ConnectResult::Reconnected(again) = connected(store, "att_3", "t1", "acct_2", 1800).await
    else {
        panic!("the same account again")
    };
    assert_eq!(
        (again.id, again.first_connected_at, again.connected_at),
        (connection.id, 1700, 1800)
    );
    let actions: Vec<_> = store
        .history(Some("t1"), Page::newest(9))
        .await
        .expect("reads")
        .into_iter()
        .rev()
        .map(|entry| entry.action)
        .collect();
    assert_eq!(
        actions,
        [
            HistoryAction::Connected,
            HistoryAction::Disconnected,
            HistoryAction::Replaced,
            HistoryAction::Reconnected,
        ]
    );
}

pub(super) async fn an_exclusive_account_has_one_tenant(store: Arc<dyn Store>) {
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
            ConnectResult::Connected(_) => won += 1,
            other => assert_eq!(other, ConnectResult::OtherTenant),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(
        store
            .active_connections(&realm(), "acct_1")
            .await
            .expect("reads")
            .len(),
        1
    );
}

pub(super) async fn shared_accounts_end_together_or_apart(store: &dyn Store) {
    for (id, tenant) in [("att_1", "t1"), ("att_2", "t2"), ("att_3", "t3")] {
        claimed(store, id, tenant).await;
        let shared = NewConnection {
            shared: true,
            ..grant(id, tenant, "acct_1", 1600)
        };
        assert!(matches!(
            store.connect(shared).await.expect("records"),
            ConnectResult::Connected(_)
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
            .active_connections(&realm(), "acct_1")
            .await
            .expect("reads")
            .is_empty()
    );
}

pub(super) async fn an_answer_that_came_after_all_is_recorded(store: &dyn Store) {
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
        ConnectResult::Connected(_)
    ));
    let ended = store
        .attempt("att_1")
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!(ended.outcome, Some(Outcome::Connected));
}

pub(super) async fn a_revocation_is_marked_until_it_ends(store: &dyn Store) {
    connected(store, "att_1", "t1", "acct_1", 1600).await;
    let by = AuditStamp::new(1700, Actor::Operator, Some("127.0.0.1".to_owned()));
    let marked = async || {
        let connection = store.connection(&realm(), "t1").await.expect("reads");
        connection.expect("is there").revoking
    };
    assert_eq!(marked().await, None);
    for stamp in [Some(by.clone()), None, Some(by)] {
        store
            .mark_revoking(&realm(), "acct_1", stamp.clone())
            .await
            .expect("marks");
        assert_eq!(marked().await, stamp);
    }
    store
        .disconnect(disconnect("acct_1", None, 1700, 1700))
        .await
        .expect("ends");
    assert_eq!(marked().await, None, "the end clears it");
}

pub(super) async fn a_test_half_ends_with_its_live_one(store: &dyn Store) {
    let live_realm = Realm::new("shop", Mode::Live);
    let mut first = attempt("att_1", "t1");
    first.realm = live_realm.clone();
    store.add_attempt(first).await.expect("adds");
    store
        .claim_attempt("att_1", [1; 32], 1500)
        .await
        .expect("claims")
        .expect("is pending");
    let live = NewConnection {
        realm: live_realm.clone(),
        ..grant("att_1", "t1", "acct_1", 1600)
    };
    let ConnectResult::Connected(live) = store.connect(live).await.expect("records") else {
        panic!("a first connection")
    };
    let half = || NewConnection {
        origin: ConnectionOrigin::LiveConnection(live.id.clone()),
        ..grant("half", "t1", "acct_1", 1700)
    };
    let ConnectResult::Connected(test) = store.connect(half()).await.expect("records") else {
        panic!("a first connection")
    };
    assert_eq!(test.pair_of.as_deref(), Some(live.id.as_str()));
    let by = Some(stamp(1750));
    store
        .mark_revoking(&live_realm, "acct_1", by.clone())
        .await
        .expect("marks");
    let marked = store.connection(&realm(), "t1").await.expect("reads");
    assert_eq!(marked.expect("is there").revoking, by);
    let end = Disconnection {
        realm: live_realm.clone(),
        ..disconnect("acct_1", None, 1800, 1800)
    };
    let ended = store.disconnect(end).await.expect("ends");
    let ended: Vec<_> = ended
        .iter()
        .map(|one| (one.realm.mode, one.is_active()))
        .collect();
    assert_eq!(ended, [(Mode::Live, false), (Mode::Test, false)]);
    let tokens = store.sealed_tokens(&test.id).await.expect("reads");
    assert_eq!(tokens, SealedTokens::default(), "secrets are wiped");
    let actions: Vec<_> = store
        .history(Some("t1"), Page::newest(9))
        .await
        .expect("reads")
        .into_iter()
        .map(|line| (line.realm.mode, line.action))
        .collect();
    for line in [
        (Mode::Test, HistoryAction::Paired),
        (Mode::Test, HistoryAction::Disconnected),
        (Mode::Live, HistoryAction::Disconnected),
    ] {
        assert!(actions.contains(&line), "{actions:?}");
    }
    assert_eq!(
        store.connect(half()).await.expect("asks"),
        ConnectResult::OriginNoLongerOpen,
        "there is no live half any more"
    );
}

pub(super) async fn a_later_reconnect_survives_an_earlier_end(store: &dyn Store) {
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
    let ConnectResult::Connected(back) = connected(store, "att_2", "t1", "acct_1", 1800).await
    else {
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

pub(super) async fn history_goes_on_and_pages(store: &dyn Store) {
    let (outcome, operator) = (Outcome::Denied, Actor::Operator);
    let actions = [
        HistoryAction::NotPaired,
        HistoryAction::Paired,
        HistoryAction::AttemptEnded(outcome),
    ];
    for (at, (tenant, action)) in (1..).zip(["t1", "t2", "t1"].into_iter().zip(actions)) {
        let entry = NewHistoryEntry {
            tenant: Some(tenant.to_owned()),
            detail: Some("a detail".to_owned()),
            ..NewHistoryEntry::new(realm(), action, AuditStamp::new(at, operator, None))
        };
        store.add_history(entry).await.expect("adds");
    }
    let all = store.history(None, Page::newest(9)).await.expect("reads");
    let newest_first: Vec<_> = all.iter().map(|entry| entry.action).collect();
    assert_eq!(newest_first, [actions[2], actions[1], actions[0]]);
    let one = store
        .history(Some("t1"), Page::newest(1))
        .await
        .expect("reads");
    let rest = store
        .history(Some("t1"), Page::newest(9).older_than(&one[0].id))
        .await
        .expect("reads");
    assert_eq!(
        (one[0].action, rest[0].action, rest.len()),
        (actions[2], actions[0], 1)
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
