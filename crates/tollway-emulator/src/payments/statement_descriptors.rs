//! Statement descriptors: what the payer reads on the statement of their bank.
//!
//! See <https://docs.stripe.com/get-started/account/statement-descriptors>.

use serde_json::Value;

use crate::account_summary::AccountSummary;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;

/// Letters of a descriptor.
const LENGTH: usize = 22;

/// Are the descriptors of a request such as banks print?
pub(crate) fn check(params: &Params) -> Result<(), ApiError> {
    for (name, least) in [
        ("statement_descriptor", 5),
        ("statement_descriptor_suffix", 1),
    ] {
        let Some(text) = params.text(name).filter(|text| !text.is_empty()) else {
            continue;
        };
        let length = text.chars().count();
        if length > LENGTH || length < least {
            let message = format!(
                "The {name} must have between {least} and {LENGTH} characters, not {length}."
            );
            return Err(ApiError::invalid_param(name, message));
        }
        if text.contains(['<', '>', '"', '\'', '*', '\\']) {
            let message = format!("The {name} must not contain any of < > \\ ' \" *.");
            return Err(ApiError::invalid_param(name, message));
        }
        if !text.chars().any(char::is_alphabetic) {
            let message = format!("The {name} must contain at least one letter.");
            return Err(ApiError::invalid_param(name, message));
        }
    }
    Ok(())
}

/// What is printed for a payment that says this of it: its own descriptor, or the account's prefix with its suffix.
pub(crate) fn calculated(ctx: &Ctx<'_>, said: &serde_json::Map<String, Value>) -> String {
    let own = said.get("statement_descriptor").and_then(Value::as_str);
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        return own.to_uppercase();
    }
    let account = AccountSummary::of(ctx).unwrap_or_default();
    let prefix = account.statement_descriptor().unwrap_or("TOLLWAY");
    let suffix = said
        .get("statement_descriptor_suffix")
        .and_then(Value::as_str);
    let whole = match suffix.filter(|suffix| !suffix.is_empty()) {
        Some(suffix) => format!("{prefix}* {suffix}"),
        None => prefix.to_owned(),
    };
    whole.to_uppercase().chars().take(LENGTH).collect()
}
