//! Verifying a bank account: two small deposits are sent there, and whoever keeps it says their amounts, or the code beside them.
//!
//! The values are those of Stripe's test mode (<https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment#test-integration>):
//! `amounts` 32 and 45 or `SM11AA` are right, 10 and 11 or `SM33CC` are one attempt too many, 40 and 41 or `SM44DD` come too late.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::fees::{DAY, midnight};
use crate::params::Params;
use crate::payments::non_card::{Hidden, hidden, hide};
use crate::payments::payment_intents::{self, INTENT};
use crate::payments::setup_intents;
use crate::registry::Registry;

const SETUP: &str = "setup_intent";

pub(crate) fn register(registry: &mut Registry) {
    registry.add("payment_intents.verify_microdeposits", verify_payment);
    registry.add("setup_intents.verify_microdeposits", verify_setup);
}

/// Whether the account of a payment method has yet to be verified before `intent` can use it.
pub(crate) fn are_needed(ctx: &Ctx<'_>, intent: &Value, method: &Value) -> bool {
    let kind = method["type"].as_str().unwrap_or_default();
    let wish = intent["payment_method_options"][kind]["verification_method"].as_str();
    let asks = match (kind, wish) {
        (_, Some("instant")) => false,
        ("us_bank_account", _) | ("acss_debit", Some("microdeposits")) => true,
        _ => false,
    };
    let id = method["id"].as_str().unwrap_or_default();
    asks && hidden(ctx, id).is_some_and(|hidden| !hidden.verified)
}

/// The account of this payment method is known to be its owner's.
pub(super) fn trust(ctx: &mut Ctx<'_>, method: &str) {
    if let Some(known) = hidden(ctx, method) {
        let trusted = Hidden {
            verified: true,
            ..known
        };
        hide(ctx, method, &trusted);
    }
}

/// Sends the deposits: the intent waits for their amounts.
pub(crate) fn send(ctx: &mut Ctx<'_>, mut intent: Value, object_type: &str) -> Value {
    let id = intent["id"].as_str().unwrap_or_default();
    let page = format!("{}/_tollway/authenticate/{id}", ctx.request.base_url);
    intent["next_action"] = json!({
        "type": "verify_with_microdeposits",
        "verify_with_microdeposits": {
            "arrival_date": midnight(ctx.now() + DAY),
            "hosted_verification_url": page,
            "microdeposit_type": "descriptor_code",
        },
    });
    intent["status"] = "requires_action".into();
    ctx.update(object_type, &intent);
    intent
}

/// `POST /v1/payment_intents/{intent}/verify_microdeposits`.
fn verify_payment(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = waiting(ctx, INTENT, params)?;
    check(params)?;
    verified(ctx, intent)
}

/// `POST /v1/setup_intents/{intent}/verify_microdeposits`.
fn verify_setup(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = waiting(ctx, SETUP, params)?;
    check(params)?;
    verified(ctx, intent)
}

fn waiting(ctx: &Ctx<'_>, object_type: &str, params: &Params) -> Result<Value, ApiError> {
    let intent = ctx.required(object_type, params.path("intent"))?;
    if intent["next_action"]["type"] == "verify_with_microdeposits" {
        return Ok(intent);
    }
    let (name, code) = if object_type == SETUP {
        ("SetupIntent", "setup_intent_unexpected_state")
    } else {
        ("PaymentIntent", "payment_intent_unexpected_state")
    };
    let message = format!(
        "This {name} does not wait for microdeposits to be verified: its status is {}.",
        intent["status"].as_str().unwrap_or_default()
    );
    Err(ApiError::invalid_request(message)
        .code(code)
        .with(object_type, intent))
}

/// Is this what arrived at the bank?
fn check(params: &Params) -> Result<(), ApiError> {
    let error = |message: &str, code| Err(ApiError::invalid_request(message).code(code));
    let amounts = params.at("amounts").and_then(Value::as_array);
    let said = match (amounts, params.text("descriptor_code")) {
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
    match said {
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

/// The intent, of either kind, goes on with an account that is verified now.
pub(crate) fn verified(ctx: &mut Ctx<'_>, intent: Value) -> Result<Value, ApiError> {
    let method = intent["payment_method"].as_str().unwrap_or_default();
    trust(ctx, method);
    let method = ctx.required("payment_method", method)?;
    if intent["object"] == SETUP {
        let id = method["id"].as_str().unwrap_or_default();
        return setup_intents::succeed(ctx, intent, id, method["customer"].as_str());
    }
    crate::payments::non_card::verified(ctx, intent, &method)
}

/// Nobody could say the amounts.
pub(crate) fn fail(ctx: &mut Ctx<'_>, mut intent: Value) -> Value {
    let message = "The microdeposits could not be verified. Provide another PaymentMethod.";
    let error = ApiError::invalid_request(message)
        .code("payment_method_microdeposit_verification_attempts_exceeded");
    if intent["object"] == SETUP {
        setup_intents::fail(ctx, &mut intent, error);
    } else {
        payment_intents::back_to_payment_method(ctx, &mut intent, error);
    }
    intent
}
