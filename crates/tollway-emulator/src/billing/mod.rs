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
mod clocks;
mod coupons;
mod credit_notes;
mod discounts;
mod farewell;
mod for_checkout;
mod invoice_items;
mod invoices;
mod line_edits;
mod lines;
mod meters;
mod payment;
mod period;
mod preview;
mod prices;
mod products;
mod promotion_codes;
mod proration;
mod quote_paper;
mod quotes;
mod schedules;
mod subscription_items;
mod subscriptions;
mod taxes;
mod words;

use serde_json::Value;

pub(super) use self::clocks::{now_of as time_of_customer, time_of as time_of_clock};
pub(super) use self::discounts::amount_off as discount_of;
pub(super) use self::farewell::part_from;
pub(super) use self::for_checkout::{forget, invoice_for};
pub(super) use self::invoices::advance as advance_invoice;
pub(super) use self::payment::{failed, intent_of, succeeded};
pub(super) use self::prices::{cost as price_of, is_metered, named as named_price};
pub(crate) use self::quote_paper::of_quote;
pub(super) use self::quotes::expire as expire_quote;
pub(super) use self::schedules::step as step_schedule;
pub(super) use self::subscriptions::{
    cancel as cancel_subscription, catch_up, create as subscribe, set_up,
    update as change_subscription,
};
pub(super) use self::taxes::{Tax, named as named_tax_rates, on as taxes_on};
use crate::ctx::Ctx;
use crate::registry::Registry;

/// The lines of an invoice, oldest first.
pub(super) fn lines_of(ctx: &Ctx<'_>, invoice: &Value) -> Vec<Value> {
    let id = invoice["id"].as_str().unwrap_or_default();
    lines::of_invoice(ctx, id)
}

pub(super) fn register(registry: &mut Registry) {
    attach::register(registry);
    balance::register(registry);
    clocks::register(registry);
    coupons::register(registry);
    credit_notes::register(registry);
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
