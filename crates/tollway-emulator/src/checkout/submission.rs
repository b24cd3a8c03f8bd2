//! What was typed into the page, read and checked.
//!
//! Names that scripts may rely on: `email`, `number`, `exp` (`12 / 34`), `cvc`, `name`, `phone`, `line1`, `city`, `postal_code`, `country`,
//! the same with `shipping_` before, `shipping_rate`, `terms`, `promotions`, `custom_<key>`, `quantity_1` …, `amount`, `save`,
//! `optional_1` (adds an optional item), `optional_quantity_1`, `business_name`, `individual_name`, `tax_id`, `tax_id_type`,
//! `payment_method` (a card that is kept), `payment_method_type` and what its account is asked for (`account_number`, `iban` …). Of a card only `number` must be sent; what a
//! browser's form sends empty is asked for again.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::checkout::buyer::{self, Buyer};
use crate::checkout::inputs::{Asked, known_email, options};
use crate::checkout::methods::{self, Means};
use crate::checkout::optional_items;
use crate::currency;

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
    pub(super) promotions: bool,
    /// Nothing if nothing is to be paid and nothing was given.
    pub(super) means: Means,
    /// May a new card be shown again?
    pub(super) save: bool,
    pub(super) buyer: Buyer,
    /// How much of what.
    pub(super) chosen: Chosen,
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
    asked: &Asked,
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
    let means = methods::read(form, &asked.kinds, &asked.kept, now, &mut errors);
    if asked.pays && errors.is_empty() && matches!(means, Means::Nothing) {
        errors.insert(
            "number".to_owned(),
            "Your card number is incomplete.".to_owned(),
        );
    } else if asked.pays
        && matches!(means, Means::Nothing)
        && !errors.contains_key("payment_method")
    {
        let missing = "Your card number is incomplete.".to_owned();
        errors.entry("number".to_owned()).or_insert(missing);
    }
    let country = [&shipping["address"], &billing];
    let country = country
        .iter()
        .find_map(|address| address["country"].as_str());
    let buyer = buyer::read(session, form, asked, country, &mut errors);
    let chosen = choose(form, asked, &mut errors);
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
        promotions: given(form, "promotions").is_some(),
        means,
        save: given(form, "save").is_some(),
        buyer,
        chosen,
    })
}

/// How much of what the customer wants.
#[derive(Debug, Clone, Default)]
pub(super) struct Chosen {
    /// How many of which item, by its place.
    pub(super) quantities: Vec<(usize, i64)>,
    /// The amount of an item whose price is free.
    pub(super) amount: Option<i64>,
    /// Optional items that were taken, by place, and how many of each.
    pub(super) optional: Vec<(usize, i64)>,
}

/// Reads quantities and an amount; what is not sent stays as it is.
pub(super) fn choose(form: &Form, asked: &Asked, errors: &mut Errors) -> Chosen {
    let mut chosen = Chosen {
        optional: optional_items::choose(form, &asked.offers, errors),
        ..Chosen::default()
    };
    for adjustable in &asked.quantities {
        let name = adjustable.name();
        let Some(typed) = given(form, &name) else {
            continue;
        };
        match typed.parse() {
            Ok(quantity) if (adjustable.least..=adjustable.most).contains(&quantity) => {
                chosen.quantities.push((adjustable.index, quantity));
            }
            _ => {
                let (least, most) = (adjustable.least, adjustable.most);
                errors.insert(name, format!("A number from {least} to {most}, please."));
            }
        }
    }
    let Some(free) = &asked.amount else {
        return chosen;
    };
    match given(form, "amount").map(|typed| currency::parse(typed, &free.currency)) {
        None if free.preset.is_some() => chosen.amount = free.preset,
        Some(Some(amount)) if (free.least..=free.most).contains(&amount) => {
            chosen.amount = Some(amount);
        }
        Some(Some(_)) => {
            let range = [free.least, free.most].map(|it| currency::format(it, &free.currency));
            let said = match free.most {
                i64::MAX => format!("At least {}, please.", range[0]),
                _ => format!("From {} to {}, please.", range[0], range[1]),
            };
            errors.insert("amount".to_owned(), said);
        }
        None | Some(None) => {
            errors.insert("amount".to_owned(), "Type an amount, as 10.00.".to_owned());
        }
    }
    chosen
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
    use super::*;
    use crate::checkout::inputs::{Adjustable, FreeAmount, inputs};

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
        let read = crate::checkout::card::Card::read(&form(&typed), 1_790_000_000, &mut errors);
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
        let shown = inputs(&session, &sent, &errors, &asked());
        assert!(shown.iter().filter(|input| input.error.is_some()).count() == errors.len());
    }

    fn read_errors(session: &Value, form: &Form) -> Errors {
        read(session, form, &asked(), 1_790_000_000).unwrap_err()
    }

    fn asked() -> Asked {
        Asked {
            pays: true,
            kinds: vec!["card".to_owned()],
            ..Asked::default()
        }
    }

    #[test]
    fn amounts_and_quantities_have_limits() {
        let asked = Asked {
            quantities: vec![Adjustable {
                index: 0,
                label: "Bread".to_owned(),
                quantity: 2,
                least: 1,
                most: 5,
            }],
            amount: Some(FreeAmount {
                currency: "usd".to_owned(),
                preset: None,
                least: 500,
                most: 10_000,
            }),
            ..Asked::default()
        };
        let said = |quantity: &str, amount: &str| {
            let mut errors = Errors::new();
            let sent = form(&[("quantity_1", quantity), ("amount", amount)]);
            let chosen = choose(&sent, &asked, &mut errors);
            (chosen.quantities, chosen.amount, errors.len())
        };
        assert_eq!(said("5", "7.50"), (vec![(0, 5)], Some(750), 0));
        assert_eq!(said("", "100"), (vec![], Some(10_000), 0));
        assert_eq!(said("6", "4.99"), (vec![], None, 2));
        assert_eq!(said("one", "ten"), (vec![], None, 2));
        assert_eq!(said("1", ""), (vec![(0, 1)], None, 1));
    }
}
