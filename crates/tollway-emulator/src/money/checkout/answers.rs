//! What the page asks the customer for, and what was typed.
//!
//! Names that scripts may rely on: `email`, `number`, `exp` (`12 / 34`), `cvc`, `name`, `phone`, `line1`, `city`, `postal_code`, `country`,
//! the same with `shipping_` before, `shipping_rate`, `terms`, `custom_<key>`. Of a card only `number` must be sent; what a
//! browser's form sends empty is asked for again.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::payment_methods;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::pages::{Choose, Input};

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

/// A card as it is typed.
#[derive(Debug, Clone)]
pub(in super::super) struct Card {
    number: String,
    expires: Option<(i64, i64)>,
    cvc: Option<String>,
}

impl Card {
    /// Reads the card's inputs; none if no number was given.
    pub(in super::super) fn read(form: &Form, now: i64, errors: &mut Errors) -> Option<Self> {
        let number = given(form, "number")?;
        let mut wrong = |name: &str, message: &str| {
            errors.insert(name.to_owned(), message.to_owned());
        };
        let expires = match form.get("exp").map(|text| expiry(text)) {
            None => None,
            Some(Some(expires)) if expires < this_month(now) => {
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

    /// Makes a payment method of it.
    pub(in super::super) fn keep(
        &self,
        ctx: &mut Ctx<'_>,
        billing: &Value,
    ) -> Result<String, ApiError> {
        let mut card = json!({"number": self.number, "cvc": self.cvc});
        if let Some((month, year)) = self.expires {
            card["exp_month"] = month.into();
            card["exp_year"] = year.into();
        }
        let method = payment_methods::of_card_params(ctx, Some(&card), billing, &Map::new())?;
        Ok(method["id"].as_str().unwrap_or_default().to_owned())
    }
}

/// `12 / 34`, `12/2034` or `1234` as year and month.
fn expiry(text: &str) -> Option<(i64, i64)> {
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

fn this_month(now: i64) -> (i64, i64) {
    jiff::Timestamp::from_second(now).map_or((0, 0), |now| {
        let day = now.to_zoned(jiff::tz::TimeZone::UTC);
        (i64::from(day.year()), i64::from(day.month()))
    })
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

fn options(field: &Value) -> Vec<Choose> {
    let all = field["dropdown"]["options"].as_array();
    let option = |it: &Value| Choose {
        value: it["value"].as_str().unwrap_or_default().to_owned(),
        label: it["label"].as_str().unwrap_or_default().to_owned(),
    };
    all.into_iter().flatten().map(option).collect()
}

fn address(form: &Form, prefix: &str) -> Value {
    let at = |name: &str| given(form, &format!("{prefix}{name}"));
    json!({
        "city": at("city"), "country": at("country").map(str::to_ascii_uppercase), "line1": at("line1"), "line2": at("line2"),
        "postal_code": at("postal_code"), "state": at("state"),
    })
}

/// The e-mail address that the platform said the customer has.
fn known_email(session: &Value) -> Option<&str> {
    session["customer_email"].as_str().or_else(|| {
        session["customer_details"]["email"]
            .as_str()
            .filter(|_| session["customer"].is_string())
    })
}

/// The inputs of the page, with what was typed and what is wrong with it.
pub(super) fn inputs(session: &Value, form: &Form, errors: &Errors, card: bool) -> Vec<Input> {
    let mut inputs = Vec::new();
    if let Some(email) = known_email(session) {
        inputs.push(Input {
            value: email.to_owned(),
            readonly: true,
            ..Input::new("email", "E-mail", "email", "email")
        });
    } else {
        inputs.push(Input::new("email", "E-mail", "email", "email").required());
    }
    if session["phone_number_collection"]["enabled"] == true {
        inputs.push(Input::new("phone", "Phone number", "tel", "tel").required());
    }
    if let Some(countries) = session["shipping_address_collection"]["allowed_countries"].as_array()
    {
        let countries = countries.iter().filter_map(Value::as_str);
        let countries: Vec<&str> = countries.collect();
        inputs.push(
            Input::new(
                "shipping_name",
                "Name of the recipient",
                "text",
                "shipping name",
            )
            .required(),
        );
        inputs.extend(address_inputs(
            "shipping_",
            "Shipping address: ",
            "shipping ",
            &countries,
        ));
    }
    let rates = session["shipping_options"].as_array();
    if rates.is_some_and(|rates| rates.len() > 1) {
        let option = |it: &Value| Choose {
            value: it["shipping_rate"].as_str().unwrap_or_default().to_owned(),
            label: it["label"].as_str().unwrap_or_default().to_owned(),
        };
        let options = rates.into_iter().flatten().map(option).collect();
        inputs.push(Input {
            options,
            ..Input::new("shipping_rate", "Shipping", "select", "off")
        });
    }
    for field in session["custom_fields"].as_array().into_iter().flatten() {
        let key = field["key"].as_str().unwrap_or_default();
        let kind = match field["type"].as_str() {
            Some("dropdown") => "select",
            Some("numeric") => "numeric",
            _ => "text",
        };
        let mut input = Input::new(
            &format!("custom_{key}"),
            field["label"]["custom"].as_str().unwrap_or(key),
            kind,
            "off",
        );
        input.options = options(field);
        input.required = field["optional"] != true;
        let preset = &field[field["type"].as_str().unwrap_or("text")]["default_value"];
        preset
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut input.value);
        inputs.push(input);
    }
    if session["billing_address_collection"] == "required" {
        inputs.extend(address_inputs("", "Billing address: ", "billing ", &[]));
    }
    if card {
        inputs.extend(card_inputs());
        inputs.push(Input::new("name", "Name on the card", "text", "cc-name"));
    }
    if session["consent_collection"]["terms_of_service"] == "required" {
        inputs.push(
            Input::new(
                "terms",
                "I agree to the terms of service",
                "checkbox",
                "off",
            )
            .required(),
        );
    }
    for input in &mut inputs {
        input.fill(form, errors);
    }
    inputs
}

fn address_inputs(prefix: &str, label: &str, complete: &str, countries: &[&str]) -> Vec<Input> {
    let parts = [
        ("line1", "street", "address-line1"),
        ("line2", "second line", "address-line2"),
        ("postal_code", "postal code", "postal-code"),
        ("city", "city", "address-level2"),
        ("state", "state or region", "address-level1"),
        ("country", "country, two letters", "country"),
    ];
    let input = |(name, word, auto): (&str, &str, &str)| {
        let kind = if name == "country" && !countries.is_empty() {
            "select"
        } else {
            "text"
        };
        let mut input = Input::new(
            &format!("{prefix}{name}"),
            &format!("{label}{word}"),
            kind,
            &format!("{complete}{auto}"),
        );
        input.required = matches!(name, "line1" | "country");
        if kind == "select" {
            input.options = countries.iter().map(|it| Choose::plain(it)).collect();
        }
        input
    };
    parts.into_iter().map(input).collect()
}

/// The inputs of a card.
pub(in super::super) fn card_inputs() -> Vec<Input> {
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

    fn form(pairs: &[(&str, &str)]) -> Form {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn a_card_is_read_as_people_type_it() {
        for text in ["12 / 34", "12/34", "1234", "12-2034"] {
            assert_eq!(expiry(text), Some((2034, 12)), "{text}");
        }
        for text in ["", "1", "13 / 34", "12 / 3", "ab"] {
            assert_eq!(expiry(text), None, "{text}");
        }
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
