//! Checkout: a page on which a customer pays, subscribes, or saves a card.
//!
//! ```text
//! sessions.create ─▶ open ─ page: Pay ─▶ PaymentIntent │ Subscription │ SetupIntent ─ succeeded ─▶ complete
//!                      │ expire, or the clock ─▶ expired      └ declined: the page shows why and takes another card
//! ```
//!
//! From the top down:
//! - [`page`]: the routes and the page; its template is `checkout.html`, its context [`page_context`].
//! - [`pay`]: from answers to a payment; [`outcome`]: what the payment does to the session; [`subscription`] of a session.
//! - [`links`]: payment links; [`session`]: the operations on sessions; [`session_invoice`]: its paid invoice.
//! - [`submission`]: the submitted answers; [`inputs`]: the inputs of the page; [`optional_items`], [`buyer`],
//!   [`payment_options`], [`card`]: parts of both; [`form_spec`], [`form`]: their types.
//! - [`totals`], [`shipping`], [`checks`]: amounts and parameters.
//! - [`state`], [`session_record`]: what is stored.
//!
//! See <https://docs.stripe.com/payments/checkout>.

mod buyer;
pub(crate) mod card;
mod checks;
mod form;
mod form_spec;
mod inputs;
mod links;
mod optional_items;
mod outcome;
pub(crate) mod page;
pub(crate) mod page_context;
mod pay;
mod payment_options;
mod session;
mod session_invoice;
mod session_record;
mod shipping;
mod state;
mod submission;
mod subscription;
mod totals;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.listen(outcome::on_payment);
    registry.listen(outcome::on_setup_success);
    registry.listen(page::on_return_url_query);
    session::register(registry);
    links::register(registry);
}
