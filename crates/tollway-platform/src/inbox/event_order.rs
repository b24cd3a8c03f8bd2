//! The order of `account.updated` events: Stripe delivers in any order, and an older state must not follow a newer one.
//!
//! The store hands out one such event of an account at a time. An event that is older than a done one is ignored. Two events of
//! the same second have no order, so the worker retrieves the account as it is now.

use super::Inbox;
use super::result::WorkError;
use crate::store::{ACCOUNT_UPDATED, Delivery};

/// The place of an event among those of its account.
pub(super) enum EventOrder {
    /// No newer event is done.
    Newest,
    /// A newer event is done, or access to the account is lost. The text says which.
    Superseded(String),
    /// An event of the same second is done. Holds the account as Stripe has it now.
    SameSecond(serde_json::Value),
}

impl Inbox {
    pub(super) async fn event_order(&self, delivery: &Delivery) -> Result<EventOrder, WorkError> {
        let (Some(account), Some(created_at)) = (delivery.account.as_deref(), delivery.created_at)
        else {
            return Ok(EventOrder::Newest);
        };
        if delivery.event_type != ACCOUNT_UPDATED {
            return Ok(EventOrder::Newest);
        }
        let latest_done = self.connections.store.latest_done_event(delivery).await?;
        let Some(latest) = latest_done else {
            return Ok(EventOrder::Newest);
        };
        if latest.created_at > created_at {
            let reason = format!("older than {}, which was worked on before", latest.event_id);
            return Ok(EventOrder::Superseded(reason));
        }
        if latest.created_at < created_at {
            return Ok(EventOrder::Newest);
        }
        let current = self
            .connections
            .stripe
            .account(&delivery.realm, account)
            .await
            .map_err(WorkError::AccountUnknown)?;
        Ok(match current {
            Some(current) => EventOrder::SameSecond(current),
            None => EventOrder::Superseded(
                "of the same second as another one, and access to the account is gone".to_owned(),
            ),
        })
    }
}
