//! Disputes: a card holder disputes a charge, the account submits evidence, and the dispute is won or lost.
//!
//! ```text
//! needs_response ─ evidence ─▶ under_review ─ winning_evidence ─▶ won     (an inquiry has warning_… states, and no money moves)
//!       │ close, deadline                   └ losing_evidence ──▶ lost
//!       └────────────────────────────────────────────────────────▶ lost
//! ```
//!
//! A charge on one of the dispute cards is disputed at once. The dispute of a returned debit is lost at once. The value of
//! `evidence[uncategorized_text]` decides, as in Stripe's test mode: `winning_evidence`, `losing_evidence`, and for an inquiry
//! `escalate_inquiry_evidence`. With any other evidence the dispute stays under review. See <https://docs.stripe.com/testing#disputes>.

mod evidence;
mod funds;
mod opening;
mod refund_check;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    evidence::register(registry);
    opening::register(registry);
    refund_check::register(registry);
}
