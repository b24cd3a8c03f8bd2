//! `POST /v1/tax/transactions/create_reversal`: reverses a transaction, wholly or in part.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::fees::proportional;
use crate::params::Params;
use crate::tax::transactions::{
    TAX_TRANSACTION, TRANSACTION_LINE, request_metadata, save_transaction, unique_reference,
};
use crate::world::PrivateRecord;

/// The reversed amounts of a line, or of the shipping of a transaction.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct ReversedAmounts {
    amount: i64,
    tax: i64,
}

impl PrivateRecord for ReversedAmounts {
    const TYPE: &'static str = "_tax_reversed";
}

/// A line of a transaction, or its shipping, and what can still be reversed.
struct ReversiblePart {
    /// The id of the line, or that of the transaction for its shipping.
    id: String,
    object: Value,
    left: ReversedAmounts,
    /// Reversed now; positive.
    back: ReversedAmounts,
}

impl ReversiblePart {
    fn of(ctx: &Ctx<'_>, id: &str, object: &Value) -> Self {
        let before: Option<ReversedAmounts> = ctx.world.load_or_fail(&ctx.scope, id);
        let before = before.unwrap_or_default();
        let number = |name: &str| object[name].as_i64().unwrap_or(0);
        Self {
            id: id.to_owned(),
            object: object.clone(),
            left: ReversedAmounts {
                amount: number("amount") - before.amount,
                tax: number("amount_tax") - before.tax,
            },
            back: ReversedAmounts::default(),
        }
    }

    /// What the customer paid for the rest, including tax.
    fn paid(&self) -> i64 {
        let inside = self.object["tax_behavior"] == "inclusive";
        self.left.amount + if inside { 0 } else { self.left.tax }
    }

    /// Reverses `amount` and `amount_tax` of a request, which are negative there.
    fn give(&mut self, requested: &Value, param: &str) -> Result<(), ApiError> {
        let number = |name: &str| -requested[name].as_i64().unwrap_or(0);
        let back = ReversedAmounts {
            amount: number("amount"),
            tax: number("amount_tax"),
        };
        for (name, back, left) in [
            ("amount", back.amount, self.left.amount),
            ("amount_tax", back.tax, self.left.tax),
        ] {
            if back < 0 || back > left {
                let message =
                    format!("The reversal must be negative, and not below what is left: -{left}.");
                return Err(ApiError::invalid_param(
                    &format!("{param}[{name}]"),
                    message,
                ));
            }
        }
        self.back = back;
        Ok(())
    }
}

pub(super) fn create_reversal(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.text("original_transaction").unwrap_or_default();
    let original = ctx.referenced(TAX_TRANSACTION, id, "original_transaction")?;
    if original["type"] != "transaction" {
        let message =
            format!("{id} is a reversal itself: reverse the transaction that it reverses.");
        return Err(ApiError::invalid_param("original_transaction", message));
    }
    let reference = unique_reference(ctx, params)?;
    let lines = original["line_items"]["data"].as_array();
    let mut parts: Vec<ReversiblePart> = lines
        .into_iter()
        .flatten()
        .map(|line| ReversiblePart::of(ctx, line["id"].as_str().unwrap_or_default(), line))
        .collect();
    let shipping = &original["shipping_cost"];
    parts.extend(
        shipping
            .is_object()
            .then(|| ReversiblePart::of(ctx, id, shipping)),
    );
    if params.text("mode") == Some("full") {
        reverse_all(&mut parts)?;
    } else if let Some(flat) = params.int("flat_amount") {
        reverse_flat_amount(&mut parts, -flat)?;
    } else {
        reverse_requested_parts(&mut parts, params, id)?;
    }
    let (mut reversed, mut shipped) = (Vec::new(), Value::Null);
    for part in &parts {
        if part.back.amount == 0 && part.back.tax == 0 {
            continue;
        }
        save_reversed(ctx, part)?;
        let mut object = part.object.clone();
        object["amount"] = (-part.back.amount).into();
        object["amount_tax"] = (-part.back.tax).into();
        if part.id == id {
            if let Some(members) = object.as_object_mut() {
                members.remove("tax_breakdown");
            }
            shipped = object;
            continue;
        }
        let named = params
            .list("line_items")
            .iter()
            .find(|it| it["original_line_item"] == *part.id);
        if let Some(named) = named {
            object["reference"] = named["reference"].clone();
            if let Some(quantity) = named["quantity"].as_i64() {
                object["quantity"] = quantity.into();
            }
        }
        object["metadata"] = named
            .and_then(|it| it["metadata"].as_object())
            .cloned()
            .unwrap_or_default()
            .into();
        object["reversal"] = json!({"original_line_item": part.id});
        object["type"] = "reversal".into();
        object["object"] = TRANSACTION_LINE.into();
        reversed.push(object);
    }
    let mut reversal = json!({
        "customer": original["customer"],
        "customer_details": original["customer_details"],
        "currency": original["currency"],
        "ship_from_details": original["ship_from_details"],
        "shipping_cost": shipped,
        "tax_date": original["tax_date"],
        "metadata": request_metadata(params),
        "posted_at": ctx.now(),
        "reference": reference,
        "reversal": {"original_transaction": id},
        "type": "reversal",
    });
    save_transaction(ctx, &mut reversal, reversed);
    Ok(reversal)
}

/// Reverses everything; fails if a part was reversed before.
fn reverse_all(parts: &mut [ReversiblePart]) -> Result<(), ApiError> {
    for part in parts {
        let number = |name: &str| part.object[name].as_i64().unwrap_or(0);
        if part.left.amount != number("amount") || part.left.tax != number("amount_tax") {
            let message = "A part of this transaction has been reversed already: reverse what is left with mode=partial.";
            return Err(ApiError::invalid_param("mode", message));
        }
        part.back = part.left;
    }
    Ok(())
}

/// Reverses the amount `flat`, taxes included, in proportion to what the customer paid for each part.
fn reverse_flat_amount(parts: &mut [ReversiblePart], flat: i64) -> Result<(), ApiError> {
    let whole: i64 = parts.iter().map(ReversiblePart::paid).sum();
    if flat < 1 || flat > whole {
        let message =
            format!("The flat amount must be negative, and not below what is left: -{whole}.");
        return Err(ApiError::invalid_param("flat_amount", message));
    }
    let (mut seen, mut reversed) = (0, 0);
    for part in parts {
        seen += part.paid();
        let share = proportional(flat, seen, whole) - reversed;
        reversed += share;
        let tax = proportional(part.left.tax, share, part.paid());
        let inside = part.object["tax_behavior"] == "inclusive";
        part.back = ReversedAmounts {
            amount: share - if inside { 0 } else { tax },
            tax,
        };
    }
    Ok(())
}

/// Reverses the lines and the shipping that the request names.
fn reverse_requested_parts(
    parts: &mut [ReversiblePart],
    params: &Params,
    transaction: &str,
) -> Result<(), ApiError> {
    let lines = params.list("line_items");
    let shipping = params.at("shipping_cost");
    if lines.is_empty() && shipping.is_none() {
        let message = "Say what is reversed: pass flat_amount, line_items or shipping_cost with mode=partial.";
        return Err(ApiError::invalid_param("mode", message).code("parameter_missing"));
    }
    for (index, amounts) in lines.iter().enumerate() {
        let id = amounts["original_line_item"].as_str().unwrap_or_default();
        let part = parts.iter_mut().find(|part| part.id == id);
        let param = format!("line_items[{index}]");
        let part = part.ok_or_else(|| {
            ApiError::no_such_reference("line item", id, &format!("{param}[original_line_item]"))
        })?;
        part.give(amounts, &param)?;
    }
    if let Some(amounts) = shipping {
        let part = parts.iter_mut().find(|part| part.id == transaction);
        let message = "The transaction has no shipping that could be reversed.";
        let part = part.ok_or_else(|| ApiError::invalid_param("shipping_cost", message))?;
        part.give(amounts, "shipping_cost")?;
    }
    Ok(())
}

fn save_reversed(ctx: &mut Ctx<'_>, part: &ReversiblePart) -> Result<(), ApiError> {
    let before = ctx.load::<ReversedAmounts>(&part.id)?.unwrap_or_default();
    let after = ReversedAmounts {
        amount: before.amount + part.back.amount,
        tax: before.tax + part.back.tax,
    };
    ctx.save(&part.id, &after);
    Ok(())
}
