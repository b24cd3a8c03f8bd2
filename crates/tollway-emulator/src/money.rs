//! Amounts of money in a currency, and the amounts that requests name, checked against Stripe's bounds.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::currency;
use crate::error::ApiError;
use crate::params::Params;

/// The largest amount of a request, in the currency's smallest unit: eight digits.
const MAX_AMOUNT: i64 = 99_999_999;

/// A currency code: three lower-case letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Currency([u8; 3]);

impl Currency {
    /// The currency of a code; none if the code is not three letters.
    pub(crate) fn parse(code: &str) -> Option<Self> {
        let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(u8::is_ascii_alphabetic)
            .then(|| Self(letters.map(|letter| letter.to_ascii_lowercase())))
    }

    /// The currency of a code that is stored or configured.
    ///
    /// # Errors
    /// A 500 if the code is not three letters.
    pub(crate) fn of_stored(code: &str) -> Result<Self, ApiError> {
        Self::parse(code).ok_or_else(|| {
            ApiError::internal(format!(
                "'{code}' is not a currency: a currency has three letters."
            ))
        })
    }

    /// The code.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An amount in a currency's smallest unit; negative when money leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Money {
    pub(crate) amount: i64,
    pub(crate) currency: Currency,
}

impl Money {
    pub(crate) const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Another amount in the same currency.
    pub(crate) const fn with_amount(self, amount: i64) -> Self {
        Self { amount, ..self }
    }

    /// The same amount in the other direction.
    ///
    /// # Errors
    /// A 500 if it overflows.
    pub(crate) fn negated(self) -> Result<Self, ApiError> {
        let amount = self.amount.checked_neg();
        amount
            .map(|amount| self.with_amount(amount))
            .ok_or_else(|| self.overflow())
    }

    /// This money without an amount in the same currency.
    ///
    /// # Errors
    /// A 500 if it overflows.
    pub(crate) fn less(self, amount: i64) -> Result<Self, ApiError> {
        let rest = self.amount.checked_sub(amount);
        rest.map(|rest| self.with_amount(rest))
            .ok_or_else(|| self.overflow())
    }

    fn overflow(self) -> ApiError {
        ApiError::internal(format!(
            "An amount of {} overflows at {}.",
            self.currency, self.amount
        ))
    }
}

/// `amount` and `currency` of a request: at least the smallest payment of the currency.
pub(crate) fn payment_money(params: &Params) -> Result<Money, ApiError> {
    let money = money_param(params)?;
    currency::check_amount(money.amount, money.currency.as_str(), "amount")?;
    Ok(money)
}

/// `amount` and `currency` of a request.
pub(crate) fn money_param(params: &Params) -> Result<Money, ApiError> {
    let amount = params
        .int("amount")
        .ok_or_else(|| ApiError::missing_parameter("amount"))?;
    let currency = currency_param(params)?;
    check_amount(amount, "amount")?;
    Ok(Money::new(amount, currency))
}

/// `currency` of a request.
pub(crate) fn currency_param(params: &Params) -> Result<Currency, ApiError> {
    let code = params
        .text("currency")
        .ok_or_else(|| ApiError::missing_parameter("currency"))?;
    parse_currency(code, "currency")
}

/// The currency that the parameter `param` names.
pub(crate) fn parse_currency(code: &str, param: &str) -> Result<Currency, ApiError> {
    let code = code.to_ascii_lowercase();
    currency::check(&code, param)?;
    Currency::of_stored(&code)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_three_letters_in_lower_case() {
        assert_eq!(Currency::parse("EUR").unwrap().as_str(), "eur");
        for code in ["", "eu", "euro", "e1r", "é€"] {
            assert_eq!(Currency::parse(code), None, "{code}");
            assert_eq!(Currency::of_stored(code).unwrap_err().status, 500);
        }
    }

    #[test]
    fn amounts_do_not_overflow() {
        let money = |amount| Money::new(amount, Currency::parse("usd").unwrap());
        assert_eq!(money(5).less(7).unwrap(), money(-2));
        assert_eq!(money(5).negated().unwrap(), money(-5));
        assert_eq!(money(i64::MIN).negated().unwrap_err().status, 500);
        assert_eq!(money(i64::MIN).less(1).unwrap_err().status, 500);
    }

    #[test]
    fn an_amount_is_from_one_to_eight_digits() {
        for (amount, valid) in [
            (0, false),
            (1, true),
            (99_999_999, true),
            (100_000_000, false),
        ] {
            assert_eq!(check_amount(amount, "amount").is_ok(), valid, "{amount}");
        }
    }
}
