//! A card as a customer enters it on a page.

use serde_json::{Map, Value, json};

use crate::checkout::form::{Form, FormErrors, form_value};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::pages::Input;
use crate::payment_methods::operations as payment_methods;

/// The values of a card's inputs.
#[derive(Debug, Clone)]
pub(crate) struct EnteredCard {
    number: String,
    expires: Option<(i64, i64)>,
    cvc: Option<String>,
}

impl EnteredCard {
    /// Reads the inputs of a card; none without a number.
    pub(crate) fn read(form: &Form, now: i64, errors: &mut FormErrors) -> Option<Self> {
        let number = form_value(form, "number")?;
        let mut wrong = |name: &str, message: &str| {
            errors.insert(name.to_owned(), message.to_owned());
        };
        let expires = match form.get("exp").map(|text| parse_expiry(text)) {
            None => None,
            Some(Some(expires)) if expires < current_month(now) => {
                wrong("exp", "Your card's expiration date is in the past.");
                None
            }
            Some(Some((year, month))) => Some((month, year)),
            Some(None) => {
                wrong("exp", "Your card's expiration date is incomplete.");
                None
            }
        };
        let cvc = form.get("cvc").map(|text| text.trim().to_owned());
        let digits = |text: &String| {
            matches!(text.len(), 3 | 4) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if cvc.as_ref().is_some_and(|cvc| !digits(cvc)) {
            wrong("cvc", "Your card's security code is incomplete.");
        }
        Some(Self {
            number: number.to_owned(),
            expires,
            cvc,
        })
    }

    /// Creates a payment method of the card and returns its id.
    pub(crate) fn keep(&self, ctx: &mut Ctx<'_>, billing: &Value) -> Result<String, ApiError> {
        let mut card = json!({"number": self.number, "cvc": self.cvc});
        if let Some((month, year)) = self.expires {
            card["exp_month"] = month.into();
            card["exp_year"] = year.into();
        }
        let method = payment_methods::create_card(ctx, Some(&card), billing, &Map::new())?;
        Ok(method["id"].as_str().unwrap_or_default().to_owned())
    }
}

/// Parses `12 / 34`, `12/2034` or `1234` into year and month.
fn parse_expiry(text: &str) -> Option<(i64, i64)> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let (month, year) = digits.split_at_checked(digits.len().min(2))?;
    let month: i64 = month
        .parse()
        .ok()
        .filter(|month| (1..=12).contains(month))?;
    let year: i64 = match year.len() {
        2 => 2000 + year.parse::<i64>().ok()?,
        4 => year.parse().ok()?,
        _ => return None,
    };
    Some((year, month))
}

fn current_month(now: i64) -> (i64, i64) {
    jiff::Timestamp::from_second(now).map_or((0, 0), |now| {
        let day = now.to_zoned(jiff::tz::TimeZone::UTC);
        (i64::from(day.year()), i64::from(day.month()))
    })
}

/// The inputs of a card.
pub(crate) fn card_inputs() -> Vec<Input> {
    let hint = "A test card: 4242 4242 4242 4242 pays, 4000 0000 0000 9995 is declined, 4000 0027 6000 3184 asks the bank.";
    vec![
        Input {
            hint: hint.to_owned(),
            ..Input::new("number", "Card number", "numeric", "cc-number").required()
        },
        Input {
            hint: "Any month that is not over: 12 / 34".to_owned(),
            ..Input::new("exp", "Expiration", "numeric", "cc-exp").required()
        },
        Input::new("cvc", "Security code", "numeric", "cc-csc").required(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_read_as_people_type_it() {
        for text in ["12 / 34", "12/34", "1234", "12-2034"] {
            assert_eq!(parse_expiry(text), Some((2034, 12)), "{text}");
        }
        for text in ["", "1", "13 / 34", "12 / 3", "ab"] {
            assert_eq!(parse_expiry(text), None, "{text}");
        }
    }
}
