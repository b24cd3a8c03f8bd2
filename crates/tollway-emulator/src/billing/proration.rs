//! Proration: invoice items for the rest of a period when a subscription changes in the middle of it.

use serde_json::{Value, json};

use crate::billing::pending_items::{self, NewInvoiceItem};
use crate::billing::period::Cycle;
use crate::billing::{discounts, prices};
use crate::ctx::Ctx;
use crate::json::{list, number, text};

/// Creates the prorations of an item that changes from `before` to `after` at `at`: a credit for the unused time and a
/// debit for the remaining time. `before` is none for a new item, `after` for a removed one.
pub(super) fn prorate_change(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    before: Option<&Value>,
    after: Option<&Value>,
    at: i64,
) {
    if let Some(item) = before {
        prorate_rest_of_period(ctx, subscription, item, -1, at);
    }
    if let Some(item) = after {
        prorate_rest_of_period(ctx, subscription, item, 1, at);
    }
}

/// Creates a credit for the unused time of each item from `at` on.
pub(super) fn credit_unused_time(ctx: &mut Ctx<'_>, subscription: &Value, at: i64) {
    for item in list(&subscription["items"], "data") {
        prorate_rest_of_period(ctx, subscription, item, -1, at);
    }
}

/// Creates the proration of an item's period from `at` on.
fn prorate_rest_of_period(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    item: &Value,
    sign: i64,
    at: i64,
) {
    let end = number(item, "current_period_end");
    prorate_time(ctx, subscription, item, sign, (at, end));
}

/// Creates the credit (`sign` -1) or the debit (1) for a time within an item's period. Metered items have none.
pub(super) fn prorate_time(
    ctx: &mut Ctx<'_>,
    subscription: &Value,
    item: &Value,
    sign: i64,
    (from, to): (i64, i64),
) {
    let price = &item["price"];
    let Some(cycle) = Cycle::of(subscription).filter(|_| !prices::is_metered(price)) else {
        return;
    };
    let quantity = item["quantity"].as_i64().unwrap_or(1);
    let full = prices::cost(price, quantity);
    let all = list(&subscription["items"], "data").iter();
    let whole: i64 = all
        .map(|item| prices::cost(&item["price"], item["quantity"].as_i64().unwrap_or(1)))
        .sum();
    let net = full - discounts::discount_on_share(ctx, subscription, price, full, whole.max(full));
    let amount = sign * cycle.share(net, (from, to), number(item, "current_period_end"));
    let day = jiff::Timestamp::from_second(from).map_or_else(
        |_| String::new(),
        |from| from.strftime("%d %b %Y").to_string(),
    );
    let product = ctx.get("product", text(price, "product"));
    let name = product
        .as_ref()
        .and_then(|product| product["name"].as_str());
    let name = name.unwrap_or("the subscription");
    let words = if sign < 0 {
        "Unused time on"
    } else {
        "Remaining time on"
    };
    let new = NewInvoiceItem {
        customer: text(subscription, "customer"),
        currency: text(subscription, "currency"),
        amount,
        quantity,
        description: Some(match quantity {
            1 => format!("{words} {name} after {day}"),
            _ => format!("{words} {quantity} × {name} after {day}"),
        }),
        period: (from, to),
        price: Some(price),
        subscription: subscription["id"].as_str(),
        proration: true,
        discountable: false,
        discounts: Vec::new(),
        tax_rates: list(item, "tax_rates").to_vec(),
        metadata: json!({}),
    };
    pending_items::create_invoice_item(ctx, &new);
}
