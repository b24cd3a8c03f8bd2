//! Contract tests for stores, written against the traits: every store passes all of them.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use tollway_platform::store::Store;
//! # async fn empty_store() -> Arc<dyn Store> { unreachable!("stands for a store of your own") }
//! # async fn example() {
//! tollway_platform::store::contract::verify(empty_store).await;
//! # }
//! ```

mod attempts;
mod connections;
mod inbox;
mod sealed;

use std::sync::Arc;

use crate::outcome::Outcome;
use crate::realm::{Mode, Realm};
use crate::store::{
    Actor, AttemptEnd, AttemptStatus, AuditStamp, ConnectResult, ConnectionOrigin,
    DisconnectReason, Disconnection, Endpoint, NewAttempt, NewConnection, NewDelivery,
    SealedTokens, Store,
};

/// Runs every contract test, each on a store of its own.
///
/// `new_store` opens an empty store. Run it on a multi-threaded runtime, so that tests that race calls do race.
///
/// # Panics
///
/// If the store breaks the contract.
pub async fn verify<F, S>(new_store: F)
where
    F: Fn() -> S,
    S: Future<Output = Arc<dyn Store>>,
{
    attempts::an_attempt_reads_back(&*new_store().await).await;
    attempts::a_state_belongs_to_one_attempt(&*new_store().await).await;
    attempts::one_of_many_claims(new_store().await).await;
    attempts::claims_need_a_pending_attempt_in_time(&*new_store().await).await;
    attempts::an_attempt_ends_once(&*new_store().await).await;
    attempts::a_parked_grant_is_wiped_at_the_end(&*new_store().await).await;
    attempts::stuck_attempts_are_found_oldest_first(&*new_store().await).await;
    connections::recording_does_everything_or_nothing(&*new_store().await).await;
    connections::one_active_connection_per_tenant(&*new_store().await).await;
    connections::an_exclusive_account_has_one_tenant(new_store().await).await;
    connections::shared_accounts_end_together_or_apart(&*new_store().await).await;
    connections::an_answer_that_came_after_all_is_recorded(&*new_store().await).await;
    connections::a_revocation_is_marked_until_it_ends(&*new_store().await).await;
    connections::a_test_half_ends_with_its_live_one(&*new_store().await).await;
    connections::a_later_reconnect_survives_an_earlier_end(&*new_store().await).await;
    connections::history_goes_on_and_pages(&*new_store().await).await;
    inbox::an_event_is_kept_once_per_realm(&*new_store().await).await;
    inbox::deliveries_are_leased_in_order(new_store().await).await;
    inbox::updates_of_one_account_come_one_at_a_time(&*new_store().await).await;
    inbox::a_lost_lease_cannot_finish(&*new_store().await).await;
    inbox::failures_are_kept_and_replay_begins_anew(&*new_store().await).await;
    inbox::notices_tell_what_happened(&*new_store().await).await;
    inbox::the_next_due_time_is_known(&*new_store().await).await;
    inbox::purging_spares_the_dead(&*new_store().await).await;
    sealed::envelopes_are_found_by_their_key(&*new_store().await).await;
    sealed::a_value_is_resealed_only_where_it_stands(&*new_store().await).await;
}

fn realm() -> Realm {
    Realm::new("shop", Mode::Test)
}

fn attempt(id: &str, tenant: &str) -> NewAttempt {
    let mut state_hash = [0; 32];
    state_hash[..id.len()].copy_from_slice(id.as_bytes());
    NewAttempt {
        state_hash,
        browser_hash: [7; 32],
        redirect_uri: "https://x/callback".to_owned(),
        return_to: Some("https://x/".to_owned()),
        address: Some("127.0.0.1".to_owned()),
        created_at: 1000,
        expires_at: 2000,
        ..NewAttempt::new(id, realm(), tenant)
    }
}

fn stamp(at: i64) -> AuditStamp {
    AuditStamp::new(at, Actor::Seller, Some("127.0.0.1".to_owned()))
}

fn end(outcome: Outcome, at: i64) -> AttemptEnd {
    AttemptEnd {
        detail: Some("a detail".to_owned()),
        ..AttemptEnd::new(outcome, at)
    }
}

fn grant(attempt: &str, tenant: &str, account: &str, at: i64) -> NewConnection {
    let origin = ConnectionOrigin::Attempt {
        id: attempt.to_owned(),
        from: AttemptStatus::Exchanging,
    };
    let id = format!("con_{attempt}");
    NewConnection {
        publishable_key: Some("pk_1".to_owned()),
        tokens: SealedTokens::new(Some(vec![1]), Some(vec![2])),
        ..NewConnection::new(origin, id, realm(), tenant, account, stamp(at))
    }
}

/// Adds an attempt and claims it.
async fn claimed(store: &dyn Store, id: &str, tenant: &str) {
    store.add_attempt(attempt(id, tenant)).await.expect("adds");
    store
        .claim_attempt(id, [1; 32], 1500)
        .await
        .expect("claims")
        .expect("is pending");
}

async fn connected(
    store: &dyn Store,
    id: &str,
    tenant: &str,
    account: &str,
    at: i64,
) -> ConnectResult {
    claimed(store, id, tenant).await;
    store
        .connect(grant(id, tenant, account, at))
        .await
        .expect("records")
}

fn disconnect(account: &str, tenant: Option<&str>, connected_by: i64, at: i64) -> Disconnection {
    let reason = DisconnectReason::Revoked;
    Disconnection {
        tenant: tenant.map(str::to_owned),
        ..Disconnection::new(realm(), account, connected_by, reason, stamp(at))
    }
}

fn delivery(id: &str, event: &str, received_at: i64) -> NewDelivery {
    NewDelivery {
        account: Some("acct_1".to_owned()),
        created_at: Some(900),
        body: vec![0, 159, 146, 150],
        received_at,
        ..NewDelivery::new(id, realm(), Endpoint::Connect, event, "charge.updated")
    }
}
