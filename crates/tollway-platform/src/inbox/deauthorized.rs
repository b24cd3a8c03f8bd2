//! `account.application.deauthorized`: the seller disconnected on Stripe's side.
//!
//! The event cannot be fetched back and the account no longer answers, so the signature is all there is to trust. But an
//! event can be late: one that is clearly older than a reconnect is ignored. When the two are too close to tell by the
//! clocks of two machines, Stripe is asked whether access still stands.
//!
//! Stripe sends the event for the platform's own `deauthorize`, too, and it may arrive before the answer to that. The end
//! is then recorded as what it is: the platform's.

use crate::platform::Platform;
use crate::store::{Actor, Connection, Delivery, Disconnection, DisconnectReason, Millis, AuditStamp};
use crate::stripe::{Access, AccessUnknown};

use super::worker::{WorkError, WorkResult};

/// How far two clocks may be apart.
const CLOCK_SKEW_MILLIS: Millis = 5 * 60 * 1000;

/// How long after the platform asked Stripe to revoke an account the event is taken for the answer to that.
const OWN_REVOCATION_MILLIS: Millis = 60 * 60 * 1000;

impl Platform {
    pub(super) async fn deauthorized(&self, delivery: &Delivery) -> Result<WorkResult, WorkError> {
        let Some(account) = delivery.account.as_deref() else {
            return Ok(WorkResult::Ignored("the event names no account".to_owned()));
        };
        if let Some(other) = self.other_application(delivery) {
            return Ok(WorkResult::Ignored(format!(
                "the event is about another application ({other})"
            )));
        }
        let active = self
            .store()
            .active_connections(&delivery.realm, account)
            .await?;
        let Some(newest) = active
            .iter()
            .map(|connection: &Connection| connection.connected_at)
            .max()
        else {
            return Ok(WorkResult::Ignored(
                "the account is not connected here".to_owned(),
            ));
        };
        let made = delivery.created_at.unwrap_or(delivery.received_at);
        if made < newest - CLOCK_SKEW_MILLIS {
            return Ok(WorkResult::Ignored(
                "older than the reconnect that followed it".to_owned(),
            ));
        }
        if made <= newest + CLOCK_SKEW_MILLIS {
            match self.inner().stripe.access(&delivery.realm, account).await {
                Ok(Access::Lost) => {}
                Ok(Access::Granted) => {
                    return Ok(WorkResult::Ignored(
                        "older than the reconnect that followed it: access stands".to_owned(),
                    ));
                }
                Err(AccessUnknown(reason)) => {
                    return Err(WorkError(format!(
                        "Stripe could not be asked whether access stands: {reason}"
                    )));
                }
            }
        }
        let (reason, stamp) = match revoked_by(&active, delivery.received_at) {
            Some(platform) => (
                DisconnectReason::Revoked,
                self.audit_stamp(platform.actor, platform.address),
            ),
            None => (
                DisconnectReason::DeauthorizedByAccount,
                self.audit_stamp(Actor::Stripe, None),
            ),
        };
        self.record_end(Disconnection {
            realm: delivery.realm.clone(),
            account: account.to_owned(),
            tenant: None,
            connected_by: newest,
            reason,
            detail: Some(format!("event {}", delivery.event_id)),
            stamp,
        })
        .await?;
        Ok(WorkResult::Worked)
    }

    /// The event's application, if it is not this platform.
    fn other_application(&self, delivery: &Delivery) -> Option<String> {
        let event: serde_json::Value = serde_json::from_slice(&delivery.body).ok()?;
        let application = event.pointer("/data/object/id")?.as_str()?;
        let (_, config) = self.config().realm(&delivery.realm)?;
        (application.starts_with("ca_") && application != config.client_id)
            .then(|| application.to_owned())
    }
}

/// Who on the platform's side has asked Stripe to revoke these connections, if that is what the event answers.
fn revoked_by(active: &[Connection], received_at: Millis) -> Option<AuditStamp> {
    active
        .iter()
        .filter_map(|connection| connection.revoking.clone())
        .find(|stamp| (0..OWN_REVOCATION_MILLIS).contains(&(received_at - stamp.at)))
}
