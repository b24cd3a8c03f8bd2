//! Billing: prices, invoices and subscriptions, on the emulator's clock or on a test clock.
//!
//! ```text
//! subscriptions ─ a period ends ─▶ invoices (draft ─ 1 h ─▶ open ─ PaymentIntent ─▶ paid │ tried again ─▶ past_due ─▶ canceled)
//!       ▲ clocks: whose time it is        ▲ lines: what is owed, discounts taken off
//! ```
//!
//! See <https://docs.stripe.com/billing/subscriptions/overview> and <https://docs.stripe.com/billing/testing/test-clocks>.

mod attach;
mod balance;
pub(crate) mod cart;
mod coupons;
mod credit_notes;
mod customer_deletion;
pub(crate) mod discounts;
pub(crate) mod invoice_items;
pub(crate) mod invoices;
mod line_descriptions;
mod line_edits;
mod lines;
mod meters;
mod payment;
mod period;
mod preview;
pub(crate) mod prices;
mod products;
mod promotion_codes;
mod proration;
pub(crate) mod quote_pdf;
mod quotes;
mod schedules;
mod subscription_items;
pub(crate) mod subscriptions;
pub(crate) mod taxes;

use serde_json::Value;

pub(crate) use self::payment::{failed, intent_of, succeeded};
pub(crate) use self::subscriptions::{
    cancel as cancel_subscription, create as subscribe, set_up, update as change_subscription,
};
use crate::ctx::Ctx;
use crate::registry::Registry;

/// The lines of an invoice, oldest first.
pub(crate) fn lines_of(ctx: &Ctx<'_>, invoice: &Value) -> Vec<Value> {
    let id = invoice["id"].as_str().unwrap_or_default();
    lines::of_invoice(ctx, id)
}

pub(crate) fn register(registry: &mut Registry) {
    attach::register(registry);
    balance::register(registry);
    coupons::register(registry);
    credit_notes::register(registry);
    customer_deletion::register(registry);
    invoice_items::register(registry);
    invoices::register(registry);
    line_edits::register(registry);
    meters::register(registry);
    preview::register(registry);
    prices::register(registry);
    products::register(registry);
    promotion_codes::register(registry);
    quotes::register(registry);
    schedules::register(registry);
    subscription_items::register(registry);
    subscriptions::register(registry);
}
