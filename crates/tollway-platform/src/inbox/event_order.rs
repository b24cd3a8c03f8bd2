//! The order of `account.updated`: Stripe delivers in any order, and an older state must never come after a newer one.
//!
//! The store hands out one such event of an account at a time. One that is older than what was worked on already is ignored;
//! one of the same second cannot be told by its time, so Stripe is asked for the account as it is now.

use crate::platform::Platform;
use crate::store::Delivery;
use crate::stripe::Undecided;

use super::worker::WorkError;

/// The events that are put in order.
pub(crate) const ORDERED: &str = "account.updated";

/// Where an event stands among those of its account.
pub(super) enum Order {
    /// Nothing newer was worked on.
    Newest,
    /// A newer one was, or access is gone; why it is ignored.
    Passed(String),
    /// Another one of the same second was: the account as Stripe has it now.
    Tie(serde_json::Value),
}

impl Platform {
    pub(super) async fn order_of(&self, delivery: &Delivery) -> Result<Order, WorkError> {
        let (Some(account), Some(made)) = (delivery.account.as_deref(), delivery.created_at) else {
            return Ok(Order::Newest);
        };
        if delivery.event_type != ORDERED {
            return Ok(Order::Newest);
        }
        let Some((newest, at)) = self.store().newest_done(delivery).await? else {
            return Ok(Order::Newest);
        };
        if at > made {
            let why = format!("older than {newest}, which was worked on before");
            return Ok(Order::Passed(why));
        }
        if at < made {
            return Ok(Order::Newest);
        }
        match self.inner().stripe.account(&delivery.realm, account).await {
            Ok(Some(now)) => Ok(Order::Tie(now)),
            Ok(None) => Ok(Order::Passed(
                "of the same second as another one, and access to the account is gone".to_owned(),
            )),
            Err(Undecided(why)) => Err(WorkError(format!(
                "Stripe could not be asked for the account as it is now: {why}"
            ))),
        }
    }
}
