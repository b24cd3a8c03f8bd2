//! The invoice object: how it is stored, and the members that several modules read or write.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;

pub(crate) const INVOICE: &str = "invoice";

/// Seconds until a draft is finalized automatically.
pub(super) const DRAFT_SECONDS: i64 = 3600;

/// Finalizes a draft invoice, or collects an open one.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AdvanceInvoice {
    pub(super) invoice: String,
}

/// The id of the subscription that an invoice bills; empty for other invoices.
pub(super) fn subscription_of(invoice: &Value) -> String {
    let details = &invoice["parent"]["subscription_details"];
    details["subscription"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

pub(super) fn require_draft(invoice: &Value) -> Result<(), ApiError> {
    if invoice["status"] == "draft" {
        return Ok(());
    }
    let message = "Invalid invoice: This invoice is no longer editable";
    Err(ApiError::invalid_request(message).code("invoice_not_editable"))
}

/// Stores a changed invoice and emits `invoice.updated`.
pub(super) fn save_changed_invoice(ctx: &mut Ctx<'_>, before: &Value, after: &Value) {
    ctx.update(INVOICE, after);
    let previous = previous_attributes(before, after);
    if !previous.is_empty() {
        ctx.emit("invoice.updated", after, Some(Value::Object(previous)));
    }
}

/// Stops an invoice from being finalized or collected automatically.
pub(super) fn stop_automatic_collection(ctx: &mut Ctx<'_>, mut invoice: Value) {
    invoice["auto_advance"] = false.into();
    invoice["automatically_finalizes_at"] = Value::Null;
    invoice["next_payment_attempt"] = Value::Null;
    ctx.update(INVOICE, &invoice);
}
