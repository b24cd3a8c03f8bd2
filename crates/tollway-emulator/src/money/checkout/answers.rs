//! What was typed into the page, read and checked.
//!
//! Names that scripts may rely on: `email`, `number`, `exp` (`12 / 34`), `cvc`, `name`, `phone`, `line1`, `city`, `postal_code`, `country`,
//! the same with `shipping_` before, `shipping_rate`, `terms`, `custom_<key>`. Of a card only `number` must be sent; what a
//! browser's form sends empty is asked for again.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::card::Card;
use super::inputs::{known_email, options};

/// A form as it was sent.
pub(super) type Form = BTreeMap<String, String>;
/// What is wrong with which input, by its name.
pub(super) type Errors = BTreeMap<String, String>;

/// What the customer told.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) phone: Option<String>,
    /// Billing address; null if none was given.
    pub(super) address: Value,
    /// `shipping_details`; null if none was asked for.
    pub(super) shipping: Value,
    pub(super) shipping_rate: Option<String>,
    pub(super) custom: BTreeMap<String, String>,
    pub(super) terms: bool,
    /// None if no card is needed and none was given.
    pub(super) card: Option<Card>,
}

/// What was typed into an input, if anything was.
pub(super) fn given<'f>(form: &'f Form, name: &str) -> Option<&'f str> {
    form.get(name)
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
}

/// Reads the answers; or what is wrong with them.
pub(super) fn read(
    session: &Value,
    form: &Form,
    needs_card: bool,
    now: i64,
) -> Result<Answers, Errors> {
    let mut errors = Errors::new();
    let mut needed = |name: &str, label: &str| {
        let text = given(form, name);
        if text.is_none() {
            errors.insert(name.to_owned(), format!("{label} is required."));
        }
        text.map(str::to_owned)
    };
    let known = known_email(session);
    let email = match known {
        Some(email) => Some(email.to_owned()),
        None => needed("email", "An e-mail address"),
    };
    let phone = if session["phone_number_collection"]["enabled"] == true {
        needed("phone", "A phone number")
    } else {
        None
    };
    let billing = if session["billing_address_collection"] == "required" {
        needed("line1", "An address");
        needed("country", "A country");
        address(form, "")
    } else if given(form, "postal_code").is_some() || given(form, "country").is_some() {
        address(form, "")
    } else {
        Value::Null
    };
    let shipping = if session["shipping_address_collection"].is_object() {
        let name = needed("shipping_name", "A name");
        needed("shipping_line1", "An address");
        needed("shipping_country", "A country");
        json!({"address": address(form, "shipping_"), "name": name})
    } else {
        Value::Null
    };
    let mut custom = BTreeMap::new();
    for field in session["custom_fields"].as_array().into_iter().flatten() {
        let key = field["key"].as_str().unwrap_or_default();
        let name = format!("custom_{key}");
        let label = field["label"]["custom"].as_str().unwrap_or(key);
        let text = if field["optional"] == true {
            given(form, &name).map(str::to_owned)
        } else {
            needed(&name, label)
        };
        custom.extend(text.map(|text| (key.to_owned(), text)));
    }
    let terms = given(form, "terms").is_some();
    if session["consent_collection"]["terms_of_service"] == "required" && !terms {
        errors.insert(
            "terms".to_owned(),
            "Accept the terms of service to continue.".to_owned(),
        );
    }
    if email.as_ref().is_some_and(|email| !email.contains('@')) {
        errors.insert("email".to_owned(), "Your email is invalid.".to_owned());
    }
    let card = Card::read(form, now, &mut errors);
    if needs_card && card.is_none() {
        errors.insert(
            "number".to_owned(),
            "Your card number is incomplete.".to_owned(),
        );
    }
    check_custom(session, &custom, &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Answers {
        email,
        name: given(form, "name").map(str::to_owned),
        phone,
        address: billing,
        shipping,
        shipping_rate: given(form, "shipping_rate").map(str::to_owned),
        custom,
        terms,
        card,
    })
}

/// Custom fields have lengths, digits only, or a choice of values.
fn check_custom(session: &Value, custom: &BTreeMap<String, String>, errors: &mut Errors) {
    for field in session["custom_fields"].as_array().into_iter().flatten() {
        let key = field["key"].as_str().unwrap_or_default();
        let Some(text) = custom.get(key) else {
            continue;
        };
        let kind = field["type"].as_str().unwrap_or("text");
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let limit = |name: &str| field[kind][name].as_i64();
        let wrong = if kind == "numeric" && !text.bytes().all(|byte| byte.is_ascii_digit()) {
            Some("Digits only, please.".to_owned())
        } else if let Some(least) = limit("minimum_length").filter(|least| length < *least) {
            Some(format!("At least {least} characters, please."))
        } else if let Some(most) = limit("maximum_length").filter(|most| length > *most) {
            Some(format!("At most {most} characters, please."))
        } else if kind == "dropdown" && !options(field).iter().any(|it| it.value == *text) {
            Some("Choose one of the options.".to_owned())
        } else {
            None
        };
        errors.extend(wrong.map(|message| (format!("custom_{key}"), message)));
    }
}

fn address(form: &Form, prefix: &str) -> Value {
    let at = |name: &str| given(form, &format!("{prefix}{name}"));
    json!({
        "city": at("city"), "country": at("country").map(str::to_ascii_uppercase), "line1": at("line1"), "line2": at("line2"),
        "postal_code": at("postal_code"), "state": at("state"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::inputs::inputs;
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Form {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn what_is_wrong_is_said_at_its_input() {
        let typed = [
            ("number", "4242424242424242"),
            ("exp", "01 / 20"),
            ("cvc", "12"),
        ];
        let mut errors = Errors::new();
        let read = Card::read(&form(&typed), 1_790_000_000, &mut errors);
        assert!(read.is_some());
        let wrong: Vec<&str> = errors.keys().map(String::as_str).collect();
        assert_eq!(wrong, ["cvc", "exp"]);
        let session = json!({
            "consent_collection": {"terms_of_service": "required"},
            "custom_fields": [
                {"key": "age", "type": "numeric", "optional": false, "label": {"custom": "Age"}, "numeric": {"maximum_length": 3}},
                {"key": "size", "type": "dropdown", "optional": true, "label": {"custom": "Size"},
                 "dropdown": {"options": [{"value": "s", "label": "Small"}]}},
            ],
            "shipping_address_collection": {"allowed_countries": ["DE"]},
        });
        let sent = form(&[
            ("email", "nobody"),
            ("custom_age", "old"),
            ("custom_size", "xl"),
        ]);
        let errors = read_errors(&session, &sent);
        let names = "custom_age custom_size email number shipping_country shipping_line1 shipping_name terms";
        assert_eq!(errors.keys().cloned().collect::<Vec<_>>().join(" "), names);
        let shown = inputs(&session, &sent, &errors, true);
        assert!(shown.iter().filter(|input| input.error.is_some()).count() == errors.len());
    }

    fn read_errors(session: &Value, form: &Form) -> Errors {
        read(session, form, true, 1_790_000_000).unwrap_err()
    }
}
