//! Subscriptions: created, renewed, changed, past due, ended.
//!
//! ```text
//! trialing ─▶ active ⇄ past_due ─▶ canceled
//! incomplete ─▲   └ 23 h ─▶ incomplete_expired
//! ```
//!
//! From the top down: [`lifecycle`], [`update`] and [`create`] handle requests; [`renew`], [`invoice_outcomes`] and
//! [`thresholds`] react to time, payments and usage; [`pending_updates`], [`payment_methods`], [`collect`], [`ending`],
//! [`params`], [`item_params`], [`bills`] and [`threshold_usage`] are shared steps; [`record`] is the stored object.

pub(crate) mod bills;
mod collect;
pub(crate) mod create;
pub(crate) mod ending;
mod invoice_outcomes;
mod item_params;
pub(crate) mod lifecycle;
mod params;
pub(crate) mod payment_methods;
mod pending_updates;
mod record;
pub(crate) mod renew;
mod threshold_usage;
mod thresholds;
pub(crate) mod update;

use self::record::AdvanceSubscription;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add_task::<AdvanceSubscription>();
    invoice_outcomes::register(registry);
    lifecycle::register(registry);
    payment_methods::register(registry);
    thresholds::register(registry);
    registry.add("subscriptions.create", create::create);
    registry.add("subscriptions.update", update::update);
}
