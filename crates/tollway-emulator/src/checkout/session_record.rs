//! The `checkout.session` object: its type, and what several modules read from it.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::json::text;

pub(super) const SESSION: &str = "checkout.session";

/// Whether the page of a session with this `ui_mode` has its own URL.
pub(super) fn is_hosted(ui_mode: Option<&str>) -> bool {
    ui_mode.is_none_or(|mode| mode == "hosted_page")
}

/// `customer_details` of a customer.
pub(super) fn customer_details_of(customer: &Value) -> Value {
    json!({
        "address": customer["address"], "business_name": null, "email": customer["email"], "individual_name": null,
        "name": customer["name"], "phone": customer["phone"],
        "tax_exempt": customer["tax_exempt"].as_str().unwrap_or("none"), "tax_ids": [],
    })
}

pub(super) fn session_not_open(session: &Value, done: &str) -> ApiError {
    let message = format!(
        "Only Checkout Sessions with a status in [\"open\"] can be {done}. This Checkout Session has a status of {}.",
        text(session, "status")
    );
    ApiError::invalid_request(message)
}

/// Whether the session needs a payment method.
pub(super) fn needs_payment(session: &Value) -> bool {
    let free = session["amount_total"] == 0;
    match text(session, "mode") {
        "payment" => !free,
        "subscription" => !free || session["payment_method_collection"] != "if_required",
        _ => true,
    }
}

/// The e-mail address that the platform provided.
pub(super) fn known_email(session: &Value) -> Option<&str> {
    session["customer_email"].as_str().or_else(|| {
        session["customer_details"]["email"]
            .as_str()
            .filter(|_| session["customer"].is_string())
    })
}
