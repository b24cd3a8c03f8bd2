//! Billing: prices, invoices and subscriptions, on the emulator's clock or on a test clock.
//!
//! ```text
//! subscriptions ─ a period ends ─▶ invoices (draft ─ 1 h ─▶ open ─ PaymentIntent ─▶ paid │ retried ─▶ past_due ─▶ canceled)
//!       ▲ test clocks                  ▲ invoice lines, pending items, discounts, tax rates
//! ```
//!
//! Quotes, previews, credit notes and schedules use subscriptions and invoices. Subscriptions use invoices; invoices notify
//! subscriptions of their outcome. See <https://docs.stripe.com/billing/subscriptions/overview> and
//! <https://docs.stripe.com/billing/testing/test-clocks>.

pub(crate) mod cart;
mod coupons;
mod credit_notes;
mod customer_balance;
mod customer_deletion;
pub(crate) mod discounts;
mod invoice_items;
pub(crate) mod invoice_lines;
mod invoice_preview;
pub(crate) mod invoice_record;
mod invoice_status;
pub(crate) mod invoices;
mod line_descriptions;
mod meters;
pub(crate) mod pending_items;
mod period;
pub(crate) mod prices;
mod products;
mod promotion_codes;
mod proration;
mod quote_pdf;
mod quotes;
mod schedules;
mod subscription_items;
pub(crate) mod subscriptions;
pub(crate) mod taxes;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add_reply("quotes.pdf", quote_pdf::download);
    coupons::register(registry);
    credit_notes::register(registry);
    customer_balance::register(registry);
    customer_deletion::register(registry);
    invoice_items::register(registry);
    invoice_preview::register(registry);
    invoices::register(registry);
    meters::register(registry);
    prices::register(registry);
    products::register(registry);
    promotion_codes::register(registry);
    quotes::register(registry);
    schedules::register(registry);
    subscription_items::register(registry);
    subscriptions::register(registry);
}
