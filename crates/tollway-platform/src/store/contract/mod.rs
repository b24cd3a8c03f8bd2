//! What every store promises. Written against the trait: each store runs all of it.

mod attempts;
mod connections;
mod inbox;
mod sealed;

use std::sync::Arc;

use tollway_platform::store::{
    Actor, Attempt, AttemptStatus, Delivery, DeliveryStatus, Disconnection, DisconnectReason, AttemptEnd,
    Endpoint, NewConnection, Origin, ConnectResult, SealedTokens, AuditStamp, Store,
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

fn audit_stamp(at: i64) -> AuditStamp {
    AuditStamp {
        at,
        actor: Actor::Seller,
        address: Some("127.0.0.1".to_owned()),
    }
}

fn end(outcome: Outcome, at: i64) -> AttemptEnd {
    AttemptEnd {
        outcome,
        account: None,
        detail: Some("why".to_owned()),
        answer_hash: None,
        at,
    }
}

fn grant(attempt: &str, tenant: &str, account: &str, at: i64) -> NewConnection {
    NewConnection {
        origin: Origin::Attempt {
            id: attempt.to_owned(),
            from: AttemptStatus::Exchanging,
        },
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
        stamp: stamp(at),
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

async fn connected(store: &dyn Store, id: &str, tenant: &str, account: &str, at: i64) -> ConnectResult {
    claimed(store, id, tenant).await;
    store
        .connect(grant(id, tenant, account, at))
        .await
        .expect("records")
}

fn disconnect(account: &str, tenant: Option<&str>, connected_by: i64, at: i64) -> Disconnection {
    Disconnection {
        realm: realm(),
        account: account.to_owned(),
        tenant: tenant.map(str::to_owned),
        connected_by,
        reason: DisconnectReason::Revoked,
        detail: None,
        stamp: stamp(at),
    }
}

fn delivery(id: &str, event: &str, due_at: i64) -> Delivery {
    Delivery {
        id: id.to_owned(),
        realm: realm(),
        endpoint: Endpoint::Connect,
        event_id: event.to_owned(),
        event_type: "charge.updated".to_owned(),
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
    attempts::an_attempt_reads_back(&*fresh().await).await;
    attempts::a_state_belongs_to_one_attempt(&*fresh().await).await;
    attempts::one_of_many_claims(fresh().await).await;
    attempts::claims_need_a_pending_attempt_in_time(&*fresh().await).await;
    attempts::an_attempt_ends_once(&*fresh().await).await;
    attempts::a_parked_grant_is_wiped_at_the_end(&*fresh().await).await;
    attempts::stuck_attempts_are_found_oldest_first(&*fresh().await).await;
    connections::recording_does_everything_or_nothing(&*fresh().await).await;
    connections::one_active_connection_per_tenant(&*fresh().await).await;
    connections::an_exclusive_account_has_one_tenant(fresh().await).await;
    connections::shared_accounts_end_together_or_apart(&*fresh().await).await;
    connections::an_answer_that_came_after_all_is_recorded(&*fresh().await).await;
    connections::a_revocation_is_marked_until_it_ends(&*fresh().await).await;
    connections::a_test_half_ends_with_its_live_one(&*fresh().await).await;
    connections::a_later_reconnect_survives_an_earlier_end(&*fresh().await).await;
    connections::history_goes_on_and_pages(&*fresh().await).await;
    inbox::an_event_is_kept_once_per_realm(&*fresh().await).await;
    inbox::deliveries_are_leased_in_order(fresh().await).await;
    inbox::updates_of_one_account_come_one_at_a_time(&*fresh().await).await;
    inbox::a_lost_lease_cannot_finish(&*fresh().await).await;
    inbox::failures_are_kept_and_replay_begins_anew(&*fresh().await).await;
    inbox::notices_tell_what_happened(&*fresh().await).await;
    inbox::the_next_due_time_is_known(&*fresh().await).await;
    inbox::purging_spares_the_dead(&*fresh().await).await;
    sealed::envelopes_are_found_by_their_key(&*fresh().await).await;
    sealed::a_value_is_resealed_only_where_it_stands(&*fresh().await).await;
}
