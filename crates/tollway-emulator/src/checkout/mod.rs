//! Checkout: a page on which a customer pays, subscribes, or leaves a card for later.
//!
//! ```text
//! sessions.create ─▶ open ─ page: Pay ─▶ PaymentIntent │ Subscription │ SetupIntent ─ succeeded ─▶ complete
//!                      │ expire, or the clock ─▶ expired      └ refused: the page says why and takes another card
//! ```
//!
//! - [`session`]: the object and what can be done to it; [`checks`] on its parameters, [`hidden`] what it knows besides.
//! - [`billing::cart`](crate::billing::cart): the line items. [`totals`]: what it all comes to.
//! - [`inputs`]: what the page asks for; [`buyer`]: names and tax IDs; [`methods`]: what may be paid with. [`answers`] and [`card`]: what was typed.
//! - [`optional`]: what may be added to the order on the page.
//! - [`pay`]: from answers to money. [`outcome`]: what becomes of it.
//! - What a browser asks for is in [`page`].
//! - [`links`]: payment links, each visit a session of its own.
//!
//! See <https://docs.stripe.com/payments/checkout>.

mod buyer;
pub(crate) mod card;
mod checks;
mod inputs;
mod links;
mod methods;
mod optional_items;
mod outcome;
pub(crate) mod page;
pub(crate) mod page_context;
mod pay;
mod session;
mod session_invoice;
mod shipping;
mod state;
mod submission;
mod totals;

pub(crate) use self::outcome::{failed, paid, set_up};
pub(crate) use self::page::{routes, way_back};
use crate::registry::Registry;

const SESSION: &str = "checkout.session";

pub(crate) fn register(registry: &mut Registry) {
    session::register(registry);
    links::register(registry);
}
