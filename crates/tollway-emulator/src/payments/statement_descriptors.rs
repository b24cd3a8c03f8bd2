//! Statement descriptors: the text on the payer's bank statement.
//!
//! See <https://docs.stripe.com/get-started/account/statement-descriptors>.

use serde_json::Value;

use crate::account_summary::AccountSummary;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;

/// The most characters of a descriptor.
const MAX_LENGTH: usize = 22;

/// Checks the length and the characters of the descriptors of a request.
pub(super) fn check(params: &Params) -> Result<(), ApiError> {
    for (name, minimum) in [
        ("statement_descriptor", 5),
        ("statement_descriptor_suffix", 1),
    ] {
        let Some(text) = params.text(name).filter(|text| !text.is_empty()) else {
            continue;
        };
        let length = text.chars().count();
        if length > MAX_LENGTH || length < minimum {
            let message = format!(
                "The {name} must have between {minimum} and {MAX_LENGTH} characters, not {length}."
            );
            return Err(ApiError::invalid_param(name, message));
        }
        if text.contains(['<', '>', '"', '\'', '*', '\\']) {
            let message = format!("The {name} must not contain any of < > \\ ' \" *.");
            return Err(ApiError::invalid_param(name, message));
        }
        if !text.chars().any(char::is_alphabetic) {
            let message = format!("The {name} must contain at minimum one letter.");
            return Err(ApiError::invalid_param(name, message));
        }
    }
    Ok(())
}

/// `calculated_statement_descriptor`: the descriptor of the payment, or the account's prefix with the suffix of the payment.
pub(super) fn calculated_descriptor(
    ctx: &Ctx<'_>,
    fields: &serde_json::Map<String, Value>,
) -> String {
    let own = fields.get("statement_descriptor").and_then(Value::as_str);
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        return own.to_uppercase();
    }
    let account = AccountSummary::of(ctx).unwrap_or_default();
    let prefix = account.statement_descriptor().unwrap_or("TOLLWAY");
    let suffix = fields
        .get("statement_descriptor_suffix")
        .and_then(Value::as_str);
    let whole = match suffix.filter(|suffix| !suffix.is_empty()) {
        Some(suffix) => format!("{prefix}* {suffix}"),
        None => prefix.to_owned(),
    };
    whole.to_uppercase().chars().take(MAX_LENGTH).collect()
}
