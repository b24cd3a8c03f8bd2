//! The invoices of a subscription: licensed items in advance, metered items in arrears, and pending invoice items.

use serde_json::{Value, json};

use crate::billing::invoice_lines::{LineOrigin, NewLine};
use crate::billing::invoices::draft::{self, NewInvoice};
use crate::billing::invoices::payments;
use crate::billing::pending_items::{self, PendingItems};
use crate::billing::period::Cycle;
use crate::billing::subscriptions::record::{SUBSCRIPTION, period_end, status, subscription_items};
use crate::billing::subscriptions::threshold_usage;
use crate::billing::{discounts, line_descriptions, meters, prices};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::json::{list, number, text};

/// The contents of a subscription's invoice.
pub(super) struct SubscriptionBill {
    pub(super) reason: &'static str,
    /// The time that is paid in advance; none if only usage is billed.
    pub(super) ahead: Option<(i64, i64)>,
    /// The end of the period that contains `ahead`.
    pub(super) end: i64,
    /// The time whose usage is billed.
    pub(super) behind: Option<(i64, i64)>,
    pub(super) free: bool,
    pub(super) auto_advance: bool,
}

impl SubscriptionBill {
    /// A bill of a whole period in advance.
    pub(super) fn of_period(reason: &'static str, period: (i64, i64)) -> Self {
        Self {
            reason,
            ahead: Some(period),
            end: period.1,
            behind: None,
            free: false,
            auto_advance: true,
        }
    }
}

/// Drafts an invoice of a subscription with its pending items.
pub(super) fn draft_bill(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    bill: &SubscriptionBill,
) -> Result<Value, ApiError> {
    let lines = bill_lines(ctx, subscription, bill);
    let new = invoice_of_bill(subscription, bill, lines);
    let pull = PendingItems::OfSubscription(text(subscription, "id"));
    let invoice = draft::create_draft(ctx, new, pull)?;
    save_subscription_split(ctx, subscription, &invoice);
    Ok(invoice)
}

pub(super) fn invoice_of_bill<'s>(
    subscription: &'s Value,
    bill: &SubscriptionBill,
    lines: Vec<NewLine>,
) -> NewInvoice<'s> {
    NewInvoice {
        customer: text(subscription, "customer"),
        currency: text(subscription, "currency"),
        reason: bill.reason,
        subscription: Some(subscription),
        period: bill.behind.or(bill.ahead).unwrap_or((bill.end, bill.end)),
        collection_method: text(subscription, "collection_method"),
        days_until_due: subscription["days_until_due"].as_i64(),
        auto_advance: bill.auto_advance,
        discounts: list(subscription, "discounts").to_vec(),
        lines,
    }
}

/// The lines of each item: licensed items for the time ahead, metered items for their usage; one line for each tier.
pub(super) fn bill_lines(
    ctx: &Ctx<'_>,
    subscription: &Value,
    bill: &SubscriptionBill,
) -> Vec<NewLine> {
    let cycle = Cycle::of(subscription);
    let mut lines = Vec::new();
    for item in subscription_items(subscription) {
        let price = &item["price"];
        let metered = prices::is_metered(price);
        let Some(time) = (if metered {
            bill.behind.or(bill.ahead)
        } else {
            bill.ahead
        }) else {
            continue;
        };
        let quantity = match bill.behind {
            _ if !metered => item["quantity"].as_i64().unwrap_or(1),
            Some(time) => {
                meters::metered_quantity(ctx, price, text(subscription, "customer"), time)
            }
            None => 0,
        };
        let parts = if bill.free {
            prices::free_part(quantity)
        } else if metered {
            let billed = threshold_usage::billed_quantity(ctx, subscription, &item, time.0);
            prices::remaining_parts(price, billed, quantity)
        } else {
            prices::price_parts(price, quantity)
        };
        for part in parts {
            let amount = match &cycle {
                // A period that an anchor or an end shortens costs its share.
                Some(cycle) if !metered => cycle.share(part.amount, time, bill.end),
                _ if quantity == 0 => 0,
                _ => part.amount,
            };
            let mut shown = price.clone();
            if let Some(each) = &part.each {
                shown["unit_amount_decimal"] = each.as_str().into();
            }
            lines.push(NewLine {
                amount,
                description: Some(if status(subscription) == "trialing" {
                    let name = line_descriptions::product_name(ctx, price).unwrap_or_default();
                    format!("Trial period for {name}")
                } else {
                    line_descriptions::recurring_description(ctx, price, &part)
                }),
                period: time,
                quantity: part.quantity,
                price: Some(shown),
                origin: LineOrigin::Item {
                    subscription: text(subscription, "id").to_owned(),
                    item: text(&item, "id").to_owned(),
                },
                metadata: item["metadata"].clone(),
                discountable: true,
                discounts: list(&item, "discounts").to_vec(),
                tax_rates: list(&item, "tax_rates").to_vec(),
            });
        }
    }
    lines
}

/// Applies `application_fee_percent`, `transfer_data` and `on_behalf_of` of the subscription to the invoice.
fn save_subscription_split(ctx: &mut Ctx<'_>, subscription: &Value, invoice: &Value) {
    let due = number(invoice, "amount_due");
    let part = |percent: &Value| {
        let points = discounts::basis_points(percent.as_f64()?);
        Some(crate::fees::proportional(due, points, 10_000))
    };
    let data = subscription["transfer_data"].as_object().map(|data| {
        let mut to = json!({"destination": data.get("destination")});
        if let Some(amount) = data.get("amount_percent").and_then(part) {
            to["amount"] = amount.into();
        }
        to
    });
    let split = payments::InvoiceSplit {
        fee: part(&subscription["application_fee_percent"]),
        transfer_data: data,
        on_behalf_of: subscription["on_behalf_of"].as_str().map(str::to_owned),
    };
    if split.fee.is_some() || split.transfer_data.is_some() || split.on_behalf_of.is_some() {
        payments::save_invoice_split(ctx, invoice, &split);
    }
}

/// The next invoice of a subscription, without storing it.
pub(crate) fn upcoming_invoice(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    with_waiting: bool,
) -> Result<Value, ApiError> {
    let start = period_end(subscription).unwrap_or(ctx.now());
    let mut next = subscription.clone();
    if status(&next) == "trialing" {
        next["status"] = "active".into();
    }
    let bill = next_bill(subscription, start);
    let waiting = pending_items::pending_items(
        ctx,
        text(&next, "customer"),
        text(&next, "currency"),
        PendingItems::OfSubscription(text(&next, "id")),
    );
    let waiting = if with_waiting { waiting } else { Vec::new() };
    let mut then = ctx.at(start);
    let lines = bill_lines(&then, &next, &bill);
    let new = invoice_of_bill(&next, &bill, lines);
    let (invoice, _) = draft::compose_invoice(&mut then, new, &waiting)?;
    Ok(draft::as_upcoming_invoice(invoice))
}

/// The bill when a period of the subscription ends at `start`.
pub(super) fn next_bill(subscription: &Value, start: i64) -> SubscriptionBill {
    let until = Cycle::of(subscription).map_or(start, |cycle| cycle.end_after(start));
    let cancel = subscription["cancel_at"].as_i64();
    let paid_until = cancel.map_or(until, |at| at.clamp(start, until));
    let began = number(&subscription["items"]["data"][0], "current_period_start");
    let trialed = status(subscription) == "trialing";
    let ends = cancel.is_some_and(|at| at <= start);
    SubscriptionBill {
        reason: "subscription_cycle",
        ahead: (!ends).then_some((start, paid_until)),
        end: until,
        behind: (!trialed).then_some((began, start)),
        free: false,
        auto_advance: status(subscription) != "unpaid",
    }
}

/// Bills the remaining usage and pending items of an ended subscription. Returns the invoice, if there is one.
pub(super) fn bill_remaining_usage(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
) -> Result<Option<Value>, ApiError> {
    let now = ctx.now();
    let began = number(&subscription["items"]["data"][0], "current_period_start");
    let last = SubscriptionBill {
        reason: "subscription_cycle",
        ahead: None,
        end: now,
        behind: (status(subscription) != "trialing").then_some((began, now)),
        free: false,
        auto_advance: true,
    };
    let pull = PendingItems::OfSubscription(text(subscription, "id"));
    let (customer, currency) = (
        text(subscription, "customer"),
        text(subscription, "currency"),
    );
    let has_pending_items = !pending_items::pending_items(ctx, customer, currency, pull).is_empty();
    let used = bill_lines(ctx, subscription, &last);
    if !has_pending_items && used.iter().all(|line| line.amount == 0) {
        return Ok(None);
    }
    let invoice = draft_bill(ctx, subscription, &last)?;
    if let Some(mut over) = ctx.get(SUBSCRIPTION, text(subscription, "id")) {
        over["latest_invoice"] = invoice["id"].clone();
        ctx.update(SUBSCRIPTION, &over);
    }
    Ok(Some(invoice))
}
