//! Microdeposits: a bank account is verified by the amounts of two small deposits, or by the code beside them.
//!
//! The values are those of Stripe's test mode (<https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment#test-integration>):
//! `amounts` 32 and 45 or `SM11AA` are right, 10 and 11 or `SM33CC` are one attempt too many, 40 and 41 or `SM44DD` come too late.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::durations::DAY_SECONDS;
use crate::error::ApiError;
use crate::fees::midnight;
use crate::params::Params;
use crate::payment_methods::non_card::is_unverified;
use crate::payments::intents::{SETUP_INTENT, action_page_url, status};

/// The type of `next_action` that waits for a verification.
pub(in crate::payments) const ACTION: &str = "verify_with_microdeposits";

/// Whether the payment method's bank account must be verified before `intent` can use it.
pub(in crate::payments) fn are_required(
    ctx: &Ctx<'_>,
    intent: &Value,
    method: &Value,
) -> Result<bool, ApiError> {
    let kind = method["type"].as_str().unwrap_or_default();
    let verification = intent["payment_method_options"][kind]["verification_method"].as_str();
    let uses_microdeposits = match (kind, verification) {
        (_, Some("instant")) => false,
        ("us_bank_account", _) | ("acss_debit", Some("microdeposits")) => true,
        _ => false,
    };
    let id = method["id"].as_str().unwrap_or_default();
    Ok(uses_microdeposits && is_unverified(ctx, id)?)
}

/// Sends the deposits for an intent that requires action: it waits for their amounts.
pub(in crate::payments) fn send_deposits(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    object_type: &str,
) -> Value {
    let id = intent["id"].as_str().unwrap_or_default();
    intent["next_action"] = json!({
        "type": ACTION,
        ACTION: {
            "arrival_date": midnight(ctx.now() + DAY_SECONDS),
            "hosted_verification_url": action_page_url(ctx, id),
            "microdeposit_type": "descriptor_code",
        },
    });
    ctx.update(object_type, &intent);
    intent
}

/// The intent of a request, if it waits for a verification.
pub(in crate::payments) fn find_waiting_intent(
    ctx: &Ctx<'_>,
    object_type: &str,
    params: &Params,
) -> Result<Value, ApiError> {
    let intent = ctx.required(object_type, params.path("intent"))?;
    if intent["next_action"]["type"] == ACTION {
        return Ok(intent);
    }
    let (name, code) = if object_type == SETUP_INTENT {
        ("SetupIntent", "setup_intent_unexpected_state")
    } else {
        ("PaymentIntent", "payment_intent_unexpected_state")
    };
    let message = format!(
        "This {name} does not wait for microdeposits to be verified: its status is {}.",
        status(&intent)
    );
    Err(ApiError::invalid_request(message)
        .code(code)
        .with(object_type, intent))
}

/// Compares the amounts or the code of a request with those of the deposits.
pub(in crate::payments) fn check_amounts_or_code(params: &Params) -> Result<(), ApiError> {
    let error = |message: &str, code| Err(ApiError::invalid_request(message).code(code));
    let amounts = params.at("amounts").and_then(Value::as_array);
    let code = match (amounts, params.text("descriptor_code")) {
        (Some(_), Some(_)) => {
            let message = "Pass either amounts or descriptor_code, not both.";
            return Err(ApiError::invalid_request(message));
        }
        (Some(amounts), None) => {
            let mut cents: Vec<i64> = amounts.iter().filter_map(Value::as_i64).collect();
            cents.sort_unstable();
            match cents[..] {
                [32, 45] => return Ok(()),
                [10, 11] => "SM33CC",
                [40, 41] => "SM44DD",
                [_, _] => {
                    return error(
                        "The amounts provided do not match the amounts that were sent to the bank account.",
                        "payment_method_microdeposit_verification_amounts_mismatch",
                    );
                }
                _ => {
                    return error(
                        "You must provide exactly two positive amounts.",
                        "payment_method_microdeposit_verification_amounts_invalid",
                    );
                }
            }
        }
        (None, Some("SM11AA")) => return Ok(()),
        (None, Some(code)) => code,
        (None, None) => return Err(ApiError::missing_parameter("amounts")),
    };
    match code {
        "SM33CC" => error(
            "You have exceeded the number of allowed verification attempts.",
            "payment_method_microdeposit_verification_attempts_exceeded",
        ),
        "SM44DD" => error(
            "The microdeposits were not verified in time: the payment method has to be set up anew.",
            "payment_method_microdeposit_verification_timeout",
        ),
        _ => error(
            "The descriptor code provided does not match the one on the bank statement.",
            "payment_method_microdeposit_verification_descriptor_code_mismatch",
        ),
    }
}

/// The error of an intent whose microdeposits were not verified.
pub(in crate::payments) fn verification_failure() -> ApiError {
    let message = "The microdeposits could not be verified. Provide another PaymentMethod.";
    ApiError::invalid_request(message)
        .code("payment_method_microdeposit_verification_attempts_exceeded")
}
