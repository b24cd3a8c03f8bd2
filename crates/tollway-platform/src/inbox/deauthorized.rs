//! `account.application.deauthorized`: the seller disconnected in Stripe's dashboard.
//!
//! The event cannot be retrieved and the account no longer answers, so the signature is the only proof. An event can be late:
//! one that is clearly older than a reconnect is ignored. If the clocks of the two machines do not tell which came first,
//! the worker checks at Stripe whether access still exists.
//!
//! Stripe sends the event for the platform's own `deauthorize`, too, and it can arrive before the response to that. The end is
//! then recorded as caused by the platform.

use super::Inbox;
use super::result::{WorkError, WorkResult};
use crate::store::{Actor, AuditStamp, Connection, Delivery, DisconnectReason, Disconnection};
use crate::stripe::AccountAccess;
use crate::time::{HOUR_MILLIS, Millis};

/// How far Stripe's clock and ours can be apart.
const CLOCK_SKEW_MILLIS: Millis = 5 * 60 * 1000;

/// How long after the platform's own `deauthorize` the event is taken for the result of it.
const OWN_REVOCATION_MILLIS: Millis = HOUR_MILLIS;

impl Inbox {
    /// Ends the account's connections, unless the event is older than they are.
    pub(super) async fn handle_deauthorized(
        &self,
        delivery: &Delivery,
    ) -> Result<WorkResult, WorkError> {
        let ignored = |reason: &str| Ok(WorkResult::Ignored(reason.to_owned()));
        let Some(account) = delivery.account.as_deref() else {
            return ignored("the event names no account");
        };
        if let Some(other) = self.other_application(delivery) {
            return ignored(&format!("the event is about another application ({other})"));
        }
        let active = self
            .connections
            .store
            .active_connections(&delivery.realm, account)
            .await?;
        let newest = active.iter().map(|connection| connection.connected_at);
        let Some(newest_connected_at) = newest.max() else {
            return ignored("the account is not connected here");
        };
        let created_at = delivery.created_at.unwrap_or(delivery.received_at);
        if created_at < newest_connected_at - CLOCK_SKEW_MILLIS {
            return ignored("older than the reconnect that followed it");
        }
        if created_at <= newest_connected_at + CLOCK_SKEW_MILLIS {
            let access = self.connections.stripe.access(&delivery.realm, account);
            match access.await.map_err(WorkError::AccessUnknown)? {
                AccountAccess::Lost => {}
                AccountAccess::Granted => {
                    return ignored("older than the reconnect that followed it: access stands");
                }
            }
        }
        let (reason, actor, address) = match own_revocation(&active, delivery.received_at) {
            Some(stamp) => (DisconnectReason::Revoked, stamp.actor, stamp.address),
            None => (DisconnectReason::DeauthorizedByAccount, Actor::Stripe, None),
        };
        let stamp = AuditStamp::new(self.now(), actor, address);
        let end = Disconnection::new(
            delivery.realm.clone(),
            account,
            newest_connected_at,
            reason,
            stamp,
        );
        self.connections
            .record_disconnection(Disconnection {
                detail: Some(format!("event {}", delivery.event_id)),
                ..end
            })
            .await?;
        Ok(WorkResult::Done)
    }

    /// The event's application, if it is another platform than the one that received it.
    fn other_application(&self, delivery: &Delivery) -> Option<String> {
        let event: serde_json::Value = serde_json::from_slice(&delivery.body).ok()?;
        let application = event.pointer("/data/object/id")?.as_str()?;
        let (_, mode_config) = self.config.realm(&delivery.realm)?;
        (application.starts_with("ca_") && application != mode_config.client_id)
            .then(|| application.to_owned())
    }
}

/// Who on the platform's side requested Stripe to revoke these connections, shortly before the event was received.
fn own_revocation(active: &[Connection], received_at: Millis) -> Option<AuditStamp> {
    active
        .iter()
        .filter_map(|connection| connection.revoking.clone())
        .find(|stamp| (0..OWN_REVOCATION_MILLIS).contains(&(received_at - stamp.at)))
}
