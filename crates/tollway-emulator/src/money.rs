//! The amounts and currencies that requests name, checked against Stripe's bounds.

use crate::currency;
use crate::error::ApiError;
use crate::params::Params;

/// The largest amount, in the currency's smallest unit: eight digits.
const MAX_AMOUNT: i64 = 99_999_999;

/// `amount` and `currency` of a request: at least the smallest payment of the currency.
pub(crate) fn payment_amount_and_currency(params: &Params) -> Result<(i64, String), ApiError> {
    let (amount, currency) = amount_and_currency(params)?;
    currency::check_amount(amount, &currency, "amount")?;
    Ok((amount, currency))
}

/// `amount` and `currency` of a request.
pub(crate) fn amount_and_currency(params: &Params) -> Result<(i64, String), ApiError> {
    let amount = params
        .int("amount")
        .ok_or_else(|| ApiError::missing_parameter("amount"))?;
    let currency = currency_param(params)?;
    check_amount(amount, "amount")?;
    Ok((amount, currency))
}

/// `currency` of a request, in lower case.
pub(crate) fn currency_param(params: &Params) -> Result<String, ApiError> {
    let currency = params
        .text("currency")
        .ok_or_else(|| ApiError::missing_parameter("currency"))?
        .to_ascii_lowercase();
    currency::check(&currency, "currency")?;
    Ok(currency)
}

/// Rejects an amount below 1 or above eight digits. `param` is the parameter that has it.
pub(crate) fn check_amount(amount: i64, param: &str) -> Result<(), ApiError> {
    if amount < 1 {
        let message = "This value must be greater than or equal to 1.";
        return Err(ApiError::invalid_param(param, message).code("parameter_invalid_integer"));
    }
    if amount > MAX_AMOUNT {
        let message = "Amount must be no more than 99999999 (eight digits).";
        return Err(ApiError::invalid_param(param, message).code("amount_too_large"));
    }
    Ok(())
}
