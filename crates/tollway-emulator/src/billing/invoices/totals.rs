//! The totals of an invoice: lines, less discounts, with taxes, less the credit of the customer.

use serde_json::Value;

use crate::billing::invoice_lines::{self, InvoiceLine};
use crate::billing::{discounts, taxes};
use crate::ctx::Ctx;
use crate::currency;
use crate::json::{list, number, text};
use crate::tax::due;

/// Recalculates a stored invoice, and stores its changed lines.
pub(super) fn recalculate_invoice(ctx: &mut Ctx<'_>, invoice: &mut Value) {
    let mut lines = invoice_lines::load_lines(ctx, text(invoice, "id"));
    let before = lines.clone();
    calculate_invoice(ctx, invoice, &mut lines);
    save_automatic_tax_rates(ctx, invoice, &lines);
    for (before, after) in before.iter().zip(&lines) {
        if before.line != after.line {
            ctx.update("line_item", &after.line);
        }
    }
}

/// Calculates an invoice from its lines, and writes discounts and taxes into the lines.
pub(super) fn calculate_invoice(ctx: &Ctx<'_>, invoice: &mut Value, lines: &mut [InvoiceLine]) {
    let subtotal: i64 = lines
        .iter()
        .map(|invoice_line| number(&invoice_line.line, "amount"))
        .sum();
    let off = discounts::apply_discounts(ctx, invoice, lines);
    let exempt = text(invoice, "customer_tax_exempt").to_owned();
    let defaults = list(invoice, "default_tax_rates").to_vec();
    let (mut all, mut inside_before) = (Vec::new(), 0);
    for invoice_line in lines.iter_mut() {
        let InvoiceLine {
            line,
            tax_rates,
            tax_amounts,
        } = invoice_line;
        let automatic = automatic_tax_rates(ctx, invoice, line);
        let rates = if !tax_rates.is_empty() {
            &*tax_rates
        } else if defaults.is_empty() {
            &automatic
        } else {
            &defaults
        };
        let amount = number(line, "amount");
        let taxed = match tax_amounts.as_slice() {
            [] => taxes::calculate_taxes(amount - discounts::line_discount(line), rates, &exempt),
            given => given.iter().map(taxes::manual_tax).collect(),
        };
        line["taxes"] = taxed.iter().map(taxes::Tax::shown).collect();
        inside_before += match tax_amounts.as_slice() {
            [] => sum_of_taxes(&taxes::calculate_taxes(amount, rates, &exempt), true),
            _ => sum_of_taxes(&taxed, true),
        };
        all.extend(taxed);
    }
    let total = subtotal - off + sum_of_taxes(&all, false);
    let taxes: i64 = all.iter().map(|tax| tax.amount).sum();
    invoice["subtotal"] = subtotal.into();
    invoice["subtotal_excluding_tax"] = (subtotal - inside_before).into();
    invoice["total"] = total.into();
    invoice["total_excluding_tax"] = (total - taxes).into();
    invoice["total_taxes"] = taxes::merge_by_rate(all)
        .iter()
        .map(taxes::Tax::shown)
        .collect();
    if invoice["automatic_tax"]["enabled"] == true {
        let has_country = invoice["customer_address"]["country"].is_string();
        let status = if has_country {
            "complete"
        } else {
            "requires_location_inputs"
        };
        invoice["automatic_tax"]["status"] = status.into();
    }
    let due = amount_due(
        total + number(invoice, "starting_balance"),
        text(invoice, "currency"),
    );
    invoice["amount_due"] = due.into();
    invoice["amount_remaining"] = due.into();
    invoice["amount_paid"] = 0.into();
    let shown: Vec<Value> = lines
        .iter()
        .map(|invoice_line| invoice_line.line.clone())
        .collect();
    invoice_lines::embed_lines(invoice, &shown);
}

/// The tax rates that `automatic_tax` applies to a line, by the customer's address and the price's tax behavior.
fn automatic_tax_rates(ctx: &Ctx<'_>, invoice: &Value, line: &Value) -> Vec<Value> {
    if invoice["automatic_tax"]["enabled"] != true {
        return Vec::new();
    }
    let shipped = &invoice["customer_shipping"]["address"];
    let address = if shipped["country"].is_string() {
        shipped
    } else {
        &invoice["customer_address"]
    };
    let price = ctx.get("price", text(&line["pricing"]["price_details"], "price"));
    let inclusive = price.is_some_and(|price| price["tax_behavior"] == "inclusive");
    Vec::from_iter(due::automatic_tax_rate(ctx, address, inclusive))
}

/// Stores the tax rates that `automatic_tax` applies.
fn save_automatic_tax_rates(ctx: &mut Ctx<'_>, invoice: &Value, lines: &[InvoiceLine]) {
    for invoice_line in lines {
        for rate in automatic_tax_rates(ctx, invoice, &invoice_line.line) {
            due::save_automatic_tax_rate(ctx, &rate);
        }
    }
}

/// The amount due: zero if the customer has credit, and zero below the smallest charge. The balance carries the rest
/// to the next invoice.
fn amount_due(owed: i64, currency: &str) -> i64 {
    let small = currency::check_amount(owed, currency, "amount");
    let too_small = small.is_err_and(|error| error.get("code") == Some("amount_too_small"));
    if owed <= 0 || too_small { 0 } else { owed }
}

fn sum_of_taxes(taxes: &[taxes::Tax], inclusive: bool) -> i64 {
    let these = taxes.iter().filter(|tax| tax.inclusive() == inclusive);
    these.map(|tax| tax.amount).sum()
}
