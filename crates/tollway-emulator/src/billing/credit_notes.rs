//! Credit notes: they reduce an open invoice, or give money of a paid one back.
//!
//! ```text
//! credit_notes.create ─▶ before payment: less of what is left │ after: refund, credit balance, or out of band
//! ```
//!
//! See <https://docs.stripe.com/invoicing/credit-notes>.

use serde_json::{Map, Value, json};

use crate::billing::invoice_record::{self, INVOICE};
use crate::billing::invoices::payments;
use crate::billing::{customer_balance, discounts, invoice_lines, taxes};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::fees::proportional;
use crate::generic::GenericCtx as _;
use crate::json::{extend, list, number, text};
use crate::params::Params;
use crate::registry::Registry;
use crate::test_clocks;

const CREDIT_NOTE: &str = "credit_note";

const CREDIT_NOTE_LINE: &str = "credit_note_line_item";

pub(super) fn register(registry: &mut Registry) {
    registry.add("credit_notes.create", create);
    registry.add("credit_notes.preview", preview);
    registry.add("credit_notes.preview_lines.list", preview_lines);
    registry.add("credit_notes.void_credit_note", void);
}

/// `POST /v1/credit_notes`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    issue_credit_note(ctx, params).map(|(note, _)| note)
}

/// `GET /v1/credit_notes/preview`: issues a credit note and undoes it.
fn preview(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let issued = issue_credit_note(ctx, params);
    ctx.undo();
    issued.map(|(note, _)| note)
}

fn preview_lines(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let issued = issue_credit_note(ctx, params);
    ctx.undo();
    issued.map(|(_, lines)| {
        json!({"object": "list", "data": lines, "has_more": false, "url": "/v1/credit_notes/preview/lines"})
    })
}

fn issue_credit_note(ctx: &mut Ctx<'_>, params: &Params) -> Result<(Value, Vec<Value>), ApiError> {
    let id = params
        .text("invoice")
        .ok_or_else(|| ApiError::missing_parameter("invoice"))?;
    let invoice = ctx.referenced(INVOICE, id, "invoice")?;
    if !matches!(text(&invoice, "status"), "open" | "paid" | "uncollectible") {
        let message = format!(
            "You can only create credit notes for finalized invoices: this one is {}.",
            text(&invoice, "status")
        );
        return Err(ApiError::invalid_param("invoice", message));
    }
    let now = test_clocks::customer_now(ctx, text(&invoice, "customer"));
    let mut ctx = ctx.at(now);
    let ctx = &mut ctx;
    let lines = credit_note_lines(ctx, params, &invoice)?;
    let mut note = build_credit_note(ctx, params, &invoice, &lines);
    let total = number(&note, "total");
    check_credit_total(&invoice, total)?;
    let before_payment = match text(&invoice, "status") {
        "open" => total.min(number(&invoice, "amount_remaining")),
        _ => 0,
    };
    let after_payment = total - before_payment;
    note["pre_payment_amount"] = before_payment.into();
    note["post_payment_amount"] = after_payment.into();
    note["type"] = match (before_payment, after_payment) {
        (_, 0) => "pre_payment",
        (0, _) => "post_payment",
        _ => "mixed",
    }
    .into();
    give_back_paid_amount(ctx, params, &invoice, &mut note, after_payment)?;
    let (scope, note_id) = (ctx.scope.clone(), text(&note, "id").to_owned());
    for line in lines.iter().rev() {
        ctx.world
            .store
            .insert_under(&scope, CREDIT_NOTE_LINE, Some(&note_id), line, now);
    }
    ctx.insert(CREDIT_NOTE, &note);
    reduce_invoice(ctx, &invoice, before_payment, after_payment)?;
    ctx.emit("credit_note.created", &note, None);
    Ok((note, lines))
}

fn check_credit_total(invoice: &Value, total: i64) -> Result<(), ApiError> {
    let credited = number(invoice, "pre_payment_credit_notes_amount")
        + number(invoice, "post_payment_credit_notes_amount");
    let most = number(invoice, "total") - credited;
    let message = if total <= 0 {
        "A credit note must credit something: its total must be greater than zero.".to_owned()
    } else if total > most {
        format!(
            "The credit note's total ({total}) is greater than what is left to credit of the invoice ({most})."
        )
    } else {
        return Ok(());
    };
    Err(ApiError::invalid_param("amount", message))
}

/// The lines of a request: parts of the invoice's lines or custom lines; one line if the request has an `amount`.
fn credit_note_lines(
    ctx: &mut Ctx<'_>,
    params: &Params,
    invoice: &Value,
) -> Result<Vec<Value>, ApiError> {
    let requested = params.list("lines");
    match params.int("amount") {
        None if requested.is_empty() => {
            let message = "One of amount, lines, or shipping_cost must be provided.";
            return Err(ApiError::invalid_request(message).code("parameter_missing"));
        }
        Some(amount) if requested.is_empty() => {
            let line = json!({"amount": amount, "type": "custom_line_item"});
            return Ok(vec![build_credit_line(ctx, line, None)]);
        }
        _ => {}
    }
    let of_invoice = invoice_lines::line_items(ctx, text(invoice, "id"));
    let mut lines = Vec::with_capacity(requested.len());
    for (index, requested) in requested.iter().enumerate() {
        let param = format!("lines[{index}]");
        let quantity = requested["quantity"].as_i64();
        let requested_amount = requested["amount"].as_i64().or_else(|| {
            let each = requested["unit_amount"].as_i64()?;
            Some(each * quantity.unwrap_or(1))
        });
        if requested["type"] == "custom_line_item" {
            let amount = requested_amount
                .ok_or_else(|| ApiError::missing_parameter(&format!("{param}[unit_amount]")))?;
            let rates = taxes::load_tax_rates(
                ctx,
                list(requested, "tax_rates"),
                &format!("{param}[tax_rates]"),
            )?;
            let taxed =
                taxes::calculate_taxes(amount, &rates, text(invoice, "customer_tax_exempt"));
            let line = json!({
                "amount": amount, "description": requested["description"], "quantity": quantity.unwrap_or(1),
                "tax_rates": rates, "taxes": taxed.iter().map(taxes::Tax::shown).collect::<Vec<_>>(),
                "type": "custom_line_item", "unit_amount": requested["unit_amount"],
            });
            lines.push(build_credit_line(ctx, line, None));
            continue;
        }
        let name = text(requested, "invoice_line_item");
        let of_line = of_invoice.iter().find(|line| line["id"] == name);
        let of_line = of_line.ok_or_else(|| {
            let param = format!("{param}[invoice_line_item]");
            ApiError::no_such_reference("invoice line item", name, &param)
        })?;
        let whole = number(of_line, "amount");
        let units = of_line["quantity"].as_i64().unwrap_or(1).max(1);
        let amount = requested_amount.or_else(|| Some(proportional(whole, quantity?, units)));
        let amount = amount.unwrap_or(whole);
        if amount > whole {
            let message =
                format!("The line of the invoice comes to {whole}: no more of it can be credited.");
            return Err(ApiError::invalid_param(
                &format!("{param}[amount]"),
                message,
            ));
        }
        lines.push(credit_of_line(ctx, of_line, amount, quantity));
    }
    Ok(lines)
}

/// A credit of a part of an invoice line, with the same part of its discounts and taxes.
fn credit_of_line(ctx: &mut Ctx<'_>, line: &Value, amount: i64, quantity: Option<i64>) -> Value {
    let whole = number(line, "amount");
    let part = |of: &Value| {
        let mut part = of.clone();
        for name in ["amount", "taxable_amount"] {
            if part[name].is_i64() {
                part[name] = proportional(number(of, name), amount, whole).into();
            }
        }
        part
    };
    let taxes: Vec<Value> = list(line, "taxes").iter().map(part).collect();
    let off: Vec<Value> = list(line, "discount_amounts").iter().map(part).collect();
    let credit = json!({
        "amount": amount, "description": line["description"], "discount_amounts": off,
        "quantity": quantity.or(line["quantity"].as_i64()), "taxes": taxes, "type": "invoice_line_item",
    });
    build_credit_line(ctx, credit, line["id"].as_str())
}

fn build_credit_line(ctx: &mut Ctx<'_>, members: Value, of: Option<&str>) -> Value {
    let mut line = Value::Object(ctx.blank(CREDIT_NOTE_LINE));
    extend(&mut line, members);
    line["livemode"] = ctx.scope.livemode().into();
    line["discount_amount"] = discounts::line_discount(&line).into();
    match (of, line.as_object_mut()) {
        (Some(of), _) => line["invoice_line_item"] = of.into(),
        (None, Some(members)) => drop(members.remove("invoice_line_item")),
        (None, None) => {}
    }
    line
}

fn build_credit_note(
    ctx: &mut Ctx<'_>,
    params: &Params,
    invoice: &Value,
    lines: &[Value],
) -> Value {
    let sum = |name: &str| lines.iter().map(|line| number(line, name)).sum::<i64>();
    let of_taxes = |behavior: &str| {
        let all = lines.iter().flat_map(|line| list(line, "taxes"));
        let these = all.filter(|tax| tax["tax_behavior"] == behavior);
        these.map(|tax| number(tax, "amount")).sum::<i64>()
    };
    let (subtotal, off) = (sum("amount"), sum("discount_amount"));
    let total = subtotal - off + of_taxes("exclusive");
    let net = total - of_taxes("exclusive") - of_taxes("inclusive");
    let mut note = Value::Object(ctx.blank(CREDIT_NOTE));
    let id = text(&note, "id").to_owned();
    let number = count_credit_notes(ctx, text(invoice, "id")) + 1;
    let taxes: Vec<Value> = lines
        .iter()
        .flat_map(|line| list(line, "taxes").to_vec())
        .collect();
    let discounts: Vec<Value> = lines
        .iter()
        .flat_map(|line| list(line, "discount_amounts").to_vec())
        .collect();
    extend(
        &mut note,
        json!({
            "amount": total,
            "created": ctx.now(),
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "customer_balance_transaction": null,
            "discount_amount": off,
            "discount_amounts": discounts,
            "effective_at": params.int("effective_at").unwrap_or(ctx.now()),
            "invoice": invoice["id"],
            "lines": {
                "object": "list", "data": lines, "has_more": false, "url": format!("/v1/credit_notes/{id}/lines"),
            },
            "livemode": ctx.scope.livemode(),
            "memo": params.text("memo"),
            "metadata": params.map("metadata").cloned().unwrap_or_default(),
            "number": format!("{}-CN-{number:02}", text(invoice, "number")),
            "out_of_band_amount": params.int("out_of_band_amount"),
            "pdf": format!("{}/_tollway/credit_notes/{id}/pdf", ctx.request.base_url),
            "reason": params.text("reason"),
            "refunds": [],
            "status": "issued",
            "subtotal": subtotal,
            "subtotal_excluding_tax": subtotal - of_taxes("inclusive"),
            "total": total,
            "total_excluding_tax": net,
            "total_taxes": taxes,
        }),
    );
    note
}

fn count_credit_notes(ctx: &Ctx<'_>, invoice: &str) -> usize {
    ctx.all_with(CREDIT_NOTE, "invoice", invoice).len()
}

/// Gives the paid part back: by refunds, as credit balance, or out of band.
fn give_back_paid_amount(
    ctx: &mut Ctx<'_>,
    params: &Params,
    invoice: &Value,
    note: &mut Value,
    after_payment: i64,
) -> Result<(), ApiError> {
    let part = |name: &str| params.int(name).unwrap_or(0);
    let linked = params.list("refunds");
    let mut refunds = Vec::new();
    for (index, requested) in linked.iter().enumerate() {
        let param = format!("refunds[{index}][refund]");
        let refund = ctx.referenced("refund", text(requested, "refund"), &param)?;
        let amount = requested["amount_refunded"].as_i64();
        refunds.push((
            text(&refund, "id").to_owned(),
            amount.unwrap_or_else(|| number(&refund, "amount")),
        ));
    }
    let refund = part("refund_amount");
    let sum = refund
        + part("credit_amount")
        + part("out_of_band_amount")
        + refunds.iter().map(|(_, amount)| amount).sum::<i64>();
    if sum != after_payment {
        let message = format!(
            "The sum of credit_amount, refund_amount, out_of_band_amount and refunds ({sum}) must equal what was paid of the credited \
             amount ({after_payment})."
        );
        return Err(ApiError::invalid_request(message));
    }
    if refund > 0 {
        let created = refund_invoice_payment(ctx, invoice, refund)?;
        refunds.push((text(&created, "id").to_owned(), refund));
    }
    note["refunds"] = refunds
        .iter()
        .map(|(id, amount)| {
            json!({"amount_refunded": amount, "payment_record_refund": null, "refund": id, "type": "refund"})
        })
        .collect();
    if part("credit_amount") > 0 {
        let transaction = customer_balance::credit_for_note(ctx, note, part("credit_amount"))?;
        note["customer_balance_transaction"] = transaction["id"].clone();
    }
    Ok(())
}

fn refund_invoice_payment(
    ctx: &mut Ctx<'_>,
    invoice: &Value,
    amount: i64,
) -> Result<Value, ApiError> {
    let intent = payments::payment_intent_of(invoice).filter(|_| invoice["status"] == "paid");
    let Some(intent) = intent else {
        let message = "This invoice was not paid by a charge: there is nothing to refund.";
        return Err(ApiError::invalid_param("refund_amount", message));
    };
    let mut form = Map::new();
    form.insert("payment_intent".into(), intent.into());
    form.insert("amount".into(), amount.into());
    ctx.call("refunds.create", &Params::new(Vec::new(), form))
}

/// Reduces the amount due of an invoice. An invoice with nothing left to pay is paid.
fn reduce_invoice(
    ctx: &mut Ctx<'_>,
    before: &Value,
    before_payment: i64,
    after_payment: i64,
) -> Result<(), ApiError> {
    let mut invoice = ctx.required(INVOICE, text(before, "id"))?;
    let before = invoice.clone();
    for (name, part) in [
        ("amount_due", -before_payment),
        ("amount_remaining", -before_payment),
        ("pre_payment_credit_notes_amount", before_payment),
        ("post_payment_credit_notes_amount", after_payment),
    ] {
        invoice[name] = (number(&invoice, name) + part).into();
    }
    if before_payment == 0 {
        invoice_record::save_changed_invoice(ctx, &before, &invoice);
        return Ok(());
    }
    if number(&invoice, "amount_remaining") == 0 {
        payments::cancel_payment_intent(ctx, &before, "void_invoice")?;
        let paid = number(&before, "amount_paid");
        payments::mark_paid(ctx, &before, invoice, paid)?;
        return Ok(());
    }
    payments::update_intent_amount(ctx, &invoice)?;
    invoice_record::save_changed_invoice(ctx, &before, &invoice);
    Ok(())
}

/// `POST /v1/credit_notes/{id}/void`: the invoice's amount due rises again.
fn void(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut note = ctx.required(CREDIT_NOTE, params.path("id"))?;
    let before = ctx.required(INVOICE, text(&note, "invoice"))?;
    if note["status"] != "issued" || before["status"] != "open" {
        let message = "You can only void credit notes that are issued, of invoices that are open.";
        return Err(ApiError::invalid_request(message));
    }
    let now = test_clocks::customer_now(ctx, text(&before, "customer"));
    let mut ctx = ctx.at(now);
    let mut invoice = before.clone();
    let back = number(&note, "pre_payment_amount");
    for (name, part) in [
        ("amount_due", back),
        ("amount_remaining", back),
        ("pre_payment_credit_notes_amount", -back),
    ] {
        invoice[name] = (number(&invoice, name) + part).into();
    }
    payments::update_intent_amount(&mut ctx, &invoice)?;
    invoice_record::save_changed_invoice(&mut ctx, &before, &invoice);
    note["status"] = "void".into();
    note["voided_at"] = now.into();
    ctx.update(CREDIT_NOTE, &note);
    ctx.emit("credit_note.voided", &note, None);
    Ok(note)
}
