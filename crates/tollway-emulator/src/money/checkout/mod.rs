//! Checkout: a page on which a customer pays, subscribes, or leaves a card for later.
//!
//! ```text
//! sessions.create ─▶ open ─ page: Pay ─▶ PaymentIntent │ Subscription │ SetupIntent ─ succeeded ─▶ complete
//!                      │ expire, or the clock ─▶ expired      └ refused: the page says why and takes another card
//! ```
//!
//! - [`items`]: line items, discounts, what it all comes to. [`session`]: the object and what can be done to it.
//! - [`answers`]: what the page asks for, and what was typed. [`pay`]: from answers to money. [`page`]: HTTP.
//! - [`links`]: payment links, each visit a session of its own.
//!
//! See <https://docs.stripe.com/payments/checkout>.

mod answers;
mod items;
mod links;
mod page;
mod pay;
mod session;

pub(super) use self::answers::{Card, card_inputs};
pub(super) use self::page::{merchant, routes, way_back};
pub(super) use self::pay::{paid, set_up};
pub(super) use self::session::expire_by_itself;
use crate::registry::Registry;

const SESSION: &str = "checkout.session";

pub(super) fn register(registry: &mut Registry) {
    session::register(registry);
    links::register(registry);
}
