//! The order of `account.updated`: Stripe delivers in any order, and an older state must never come after a newer one.
//!
//! The store hands out one such event of an account at a time. One that is older than what was worked on already is ignored;
//! one of the same second cannot be told by its time, so Stripe is asked for the account as it is now.

use crate::platform::Platform;
use crate::store::Delivery;
use crate::stripe::AccessUnknown;

use super::worker::WorkError;

/// The events that are put in order.
pub(crate) const ACCOUNT_UPDATED: &str = "account.updated";

/// Where an event stands among those of its account.
pub(super) enum EventOrder {
    /// Nothing newer was worked on.
    Newest,
    /// A newer one was, or access is gone; why it is ignored.
    Superseded(String),
    /// Another one of the same second was: the account as Stripe has it now.
    SameSecond(serde_json::Value),
}

impl Platform {
    pub(super) async fn order_of(&self, delivery: &Delivery) -> Result<EventOrder, WorkError> {
        let (Some(account), Some(made)) = (delivery.account.as_deref(), delivery.created_at) else {
            return Ok(EventOrder::Newest);
        };
        if delivery.event_type != ACCOUNT_UPDATED {
            return Ok(EventOrder::Newest);
        }
        let Some((newest, at)) = self.store().latest_done_event(delivery).await? else {
            return Ok(EventOrder::Newest);
        };
        if at > made {
            let reason = format!("older than {newest}, which was worked on before");
            return Ok(EventOrder::Superseded(reason));
        }
        if at < made {
            return Ok(EventOrder::Newest);
        }
        match self.inner().stripe.account(&delivery.realm, account).await {
            Ok(Some(now)) => Ok(EventOrder::SameSecond(now)),
            Ok(None) => Ok(EventOrder::Superseded(
                "of the same second as another one, and access to the account is gone".to_owned(),
            )),
            Err(AccessUnknown(reason)) => Err(WorkError(format!(
                "Stripe could not be asked for the account as it is now: {reason}"
            ))),
        }
    }
}
