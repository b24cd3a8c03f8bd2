//! Tax transactions: a calculation that was charged.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::store::Query;
use crate::tax::calculations;

pub(super) const TAX_TRANSACTION: &str = "tax.transaction";

pub(super) const TRANSACTION_LINE: &str = "tax.transaction_line_item";

const CALCULATION: &str = "tax.calculation";

pub(super) fn create_transaction(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.text("calculation").unwrap_or_default();
    let calculation = ctx.referenced(CALCULATION, id, "calculation")?;
    if calculation["expires_at"]
        .as_i64()
        .is_some_and(|at| at <= ctx.now())
    {
        let message = format!("The tax calculation {id} has expired: calculate the tax again.");
        return Err(ApiError::invalid_param("calculation", message).code("resource_missing"));
    }
    let reference = unique_reference(ctx, params)?;
    // Oldest first, in the order of the request.
    let lines = ctx.all_under(calculations::CALCULATION_LINE, id);
    let lines = lines
        .iter()
        .rev()
        .map(|line| {
            let mut sold = line.clone();
            sold["reversal"] = Value::Null;
            sold["type"] = "transaction".into();
            sold
        })
        .collect();
    let mut transaction = json!({
        "customer": calculation["customer"],
        "customer_details": calculation["customer_details"],
        "currency": calculation["currency"],
        "ship_from_details": calculation["ship_from_details"],
        "shipping_cost": calculation["shipping_cost"],
        "tax_date": calculation["tax_date"],
        "metadata": request_metadata(params),
        "posted_at": params.int("posted_at").unwrap_or(ctx.now()),
        "reference": reference,
        "reversal": null,
        "type": "transaction",
    });
    save_transaction(ctx, &mut transaction, lines);
    Ok(transaction)
}

/// The `metadata` of a request.
pub(super) fn request_metadata(params: &Params) -> Value {
    params.map("metadata").cloned().unwrap_or_default().into()
}

/// The `reference` of a request, unique in the account.
pub(super) fn unique_reference<'p>(ctx: &Ctx<'_>, params: &'p Params) -> Result<&'p str, ApiError> {
    let reference = params.text("reference").unwrap_or_default();
    let same = Query {
        limit: 1,
        filters: &[("reference", reference)],
        ..Query::default()
    };
    let page = ctx.world.store.list(&ctx.scope, TAX_TRANSACTION, &same);
    if page.is_ok_and(|page| !page.records.is_empty()) {
        let message = format!(
            "A tax transaction with the reference {reference} already exists: give each its own."
        );
        return Err(ApiError::invalid_param("reference", message).code("resource_already_exists"));
    }
    Ok(reference)
}

/// Gives a transaction and its lines ids, and stores them.
pub(super) fn save_transaction(ctx: &mut Ctx<'_>, transaction: &mut Value, lines: Vec<Value>) {
    let id = ctx.new_id(TAX_TRANSACTION);
    let (scope, now, livemode) = (ctx.scope.clone(), ctx.now(), ctx.scope.livemode());
    let mut stored = Vec::with_capacity(lines.len());
    for mut line in lines {
        line["id"] = ctx.new_id(TRANSACTION_LINE).into();
        line["object"] = TRANSACTION_LINE.into();
        line["livemode"] = livemode.into();
        if let Some(members) = line.as_object_mut() {
            members.remove("tax_breakdown");
            members.remove("performance_location");
        }
        ctx.world
            .store
            .insert_under(&scope, TRANSACTION_LINE, Some(&id), &line, now);
        stored.push(line);
    }
    transaction["line_items"] = json!({
        "object": "list", "data": stored, "has_more": false, "url": format!("/v1/tax/transactions/{id}/line_items"),
    });
    transaction["id"] = id.into();
    transaction["object"] = TAX_TRANSACTION.into();
    transaction["created"] = now.into();
    transaction["livemode"] = livemode.into();
    ctx.insert(TAX_TRANSACTION, transaction);
}
