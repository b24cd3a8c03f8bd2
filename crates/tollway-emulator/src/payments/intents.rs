//! What PaymentIntents and SetupIntents have in common: their status, their `next_action` and their return to
//! `requires_payment_method`.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;

/// The object type of PaymentIntents.
pub(crate) const PAYMENT_INTENT: &str = "payment_intent";
/// The object type of SetupIntents.
pub(crate) const SETUP_INTENT: &str = "setup_intent";

/// The status of an intent.
pub(super) fn status(intent: &Value) -> &str {
    intent["status"].as_str().unwrap_or_default()
}

/// The error for a PaymentIntent whose status does not allow the operation; `participle` is what could not be done.
pub(super) fn unexpected_payment_status(intent: &Value, participle: &str) -> ApiError {
    let message = format!(
        "This PaymentIntent could not be {participle} because it has a status of {}.",
        status(intent)
    );
    ApiError::invalid_request(message)
        .code("payment_intent_unexpected_state")
        .with(PAYMENT_INTENT, intent.clone())
}

/// The error for a SetupIntent whose status does not allow the operation; `participle` is what could not be done.
pub(super) fn unexpected_setup_status(intent: &Value, participle: &str) -> ApiError {
    let message = format!(
        "This SetupIntent could not be {participle} because it has a status of {}.",
        status(intent)
    );
    ApiError::invalid_request(message)
        .code("setup_intent_unexpected_state")
        .with(SETUP_INTENT, intent.clone())
}

/// Which members and events of an intent report a failure.
pub(super) struct FailureFields {
    pub(super) object_type: &'static str,
    /// The member that holds the error.
    pub(super) error: &'static str,
    /// The event of the failure.
    pub(super) event: &'static str,
}

impl FailureFields {
    /// Stores the error in an intent that returned to `requires_payment_method` and emits the event. Returns the error with the
    /// payment method that failed.
    pub(super) fn record_failure(
        &self,
        ctx: &mut Ctx<'_>,
        intent: &mut Value,
        mut error: ApiError,
    ) -> ApiError {
        let method = intent["payment_method"].as_str().unwrap_or_default();
        if let Some(method) = ctx.get("payment_method", method) {
            error = error.with("payment_method", method);
        }
        intent[self.error] = error.to_json()["error"].take();
        intent["next_action"] = Value::Null;
        intent["payment_method"] = Value::Null;
        ctx.update(self.object_type, intent);
        ctx.emit(self.event, intent, None);
        error
    }
}

/// The address of the page on which the payer of an intent acts.
pub(super) fn action_page_url(ctx: &Ctx<'_>, intent: &str) -> String {
    format!("{}/_tollway/authenticate/{intent}", ctx.request.base_url)
}

/// The `next_action` of an intent: a redirect if the request has a `return_url`, or else a script of the shop's page.
pub(super) fn authentication_action(
    ctx: &Ctx<'_>,
    intent: &str,
    return_url: Option<&str>,
) -> Value {
    let url = action_page_url(ctx, intent);
    match return_url {
        Some(return_url) => json!({
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": return_url, "url": url},
        }),
        None => json!({
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url},
        }),
    }
}

/// `request_three_d_secure` of `any` or `challenge` requires authentication for every card.
pub(super) fn requests_authentication(intent: &Value) -> bool {
    let request = &intent["payment_method_options"]["card"]["request_three_d_secure"];
    matches!(request.as_str(), Some("any" | "challenge"))
}

/// Whether the payment is captured by a later request.
pub(super) fn is_captured_manually(intent: &Value, kind: &str) -> bool {
    intent["capture_method"] == "manual"
        || intent["payment_method_options"][kind]["capture_method"] == "manual"
}
