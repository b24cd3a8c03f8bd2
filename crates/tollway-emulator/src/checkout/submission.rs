//! A submitted page, read and checked.
//!
//! Stable input names for scripts: `email`, `number`, `exp` (`12 / 34`), `cvc`, `name`, `phone`, `line1`, `city`, `postal_code`,
//! `country`, the same with the prefix `shipping_`, `shipping_rate`, `terms`, `promotions`, `custom_<key>`, `quantity_1` …,
//! `amount`, `save`, `optional_1` (adds an optional item), `optional_quantity_1`, `business_name`, `individual_name`, `tax_id`,
//! `tax_id_type`, `payment_method` (a saved card), `payment_method_type` and the fields of its account (`account_number`, `iban` …).
//! For a card only `number` is required; an input that a browser sends empty is an error.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::checkout::buyer::{self, Buyer};
use crate::checkout::form::{Form, FormErrors, form_value};
use crate::checkout::form_spec::{CartChanges, FormSpec, dropdown_options};
use crate::checkout::optional_items;
use crate::checkout::payment_options::{self, PaymentSelection};
use crate::checkout::session_record::known_email;
use crate::currency;

/// The answers of the customer.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) phone: Option<String>,
    /// The billing address, or null.
    pub(super) address: Value,
    /// `shipping_details`, or null.
    pub(super) shipping: Value,
    pub(super) shipping_rate: Option<String>,
    pub(super) custom: BTreeMap<String, String>,
    pub(super) terms: bool,
    pub(super) promotions: bool,
    /// The payment method; `None` only if the session needs no payment.
    pub(super) payment: PaymentSelection,
    /// Whether to save the card.
    pub(super) save: bool,
    pub(super) buyer: Buyer,
    /// Quantities, amount and optional items.
    pub(super) cart_changes: CartChanges,
}

/// Reads the answers.
///
/// # Errors
/// The error messages by input.
pub(super) fn read_answers(
    session: &Value,
    form: &Form,
    spec: &FormSpec,
    now: i64,
) -> Result<Answers, FormErrors> {
    let mut errors = FormErrors::new();
    let mut needed = |name: &str, label: &str| {
        let text = form_value(form, name);
        if text.is_none() {
            errors.insert(name.to_owned(), format!("{label} is required."));
        }
        text.map(str::to_owned)
    };
    let provided = known_email(session);
    let email = match provided {
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
        read_address(form, "")
    } else if form_value(form, "postal_code").is_some() || form_value(form, "country").is_some() {
        read_address(form, "")
    } else {
        Value::Null
    };
    let shipping = if session["shipping_address_collection"].is_object() {
        let name = needed("shipping_name", "A name");
        needed("shipping_line1", "An address");
        needed("shipping_country", "A country");
        json!({"address": read_address(form, "shipping_"), "name": name})
    } else {
        Value::Null
    };
    let mut custom = BTreeMap::new();
    for field in session["custom_fields"].as_array().into_iter().flatten() {
        let key = field["key"].as_str().unwrap_or_default();
        let name = format!("custom_{key}");
        let label = field["label"]["custom"].as_str().unwrap_or(key);
        let text = if field["optional"] == true {
            form_value(form, &name).map(str::to_owned)
        } else {
            needed(&name, label)
        };
        custom.extend(text.map(|text| (key.to_owned(), text)));
    }
    let terms = form_value(form, "terms").is_some();
    if session["consent_collection"]["terms_of_service"] == "required" && !terms {
        errors.insert(
            "terms".to_owned(),
            "Accept the terms of service to continue.".to_owned(),
        );
    }
    if email.as_ref().is_some_and(|email| !email.contains('@')) {
        errors.insert("email".to_owned(), "Your email is invalid.".to_owned());
    }
    let payment = payment_options::read_selection(
        form,
        &spec.payment_method_types,
        &spec.saved_cards,
        now,
        &mut errors,
    );
    if spec.needs_payment && errors.is_empty() && matches!(payment, PaymentSelection::None) {
        errors.insert(
            "number".to_owned(),
            "Your card number is incomplete.".to_owned(),
        );
    } else if spec.needs_payment
        && matches!(payment, PaymentSelection::None)
        && !errors.contains_key("payment_method")
    {
        let missing = "Your card number is incomplete.".to_owned();
        errors.entry("number".to_owned()).or_insert(missing);
    }
    let country = [&shipping["address"], &billing];
    let country = country
        .iter()
        .find_map(|address| address["country"].as_str());
    let buyer = buyer::read_buyer(session, form, spec, country, &mut errors);
    let cart_changes = read_cart_changes(form, spec, &mut errors);
    check_custom_fields(session, &custom, &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Answers {
        email,
        name: form_value(form, "name").map(str::to_owned),
        phone,
        address: billing,
        shipping,
        shipping_rate: form_value(form, "shipping_rate").map(str::to_owned),
        custom,
        terms,
        promotions: form_value(form, "promotions").is_some(),
        payment,
        save: form_value(form, "save").is_some(),
        buyer,
        cart_changes,
    })
}

/// Reads quantities, amount and optional items. Missing inputs change nothing.
pub(super) fn read_cart_changes(
    form: &Form,
    spec: &FormSpec,
    errors: &mut FormErrors,
) -> CartChanges {
    let mut chosen = CartChanges {
        optional: optional_items::read_selected_offers(form, &spec.offers, errors),
        ..CartChanges::default()
    };
    for adjustable in &spec.quantities {
        let name = adjustable.name();
        let Some(typed) = form_value(form, &name) else {
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
    let Some(free) = &spec.custom_amount else {
        return chosen;
    };
    match form_value(form, "amount").map(|typed| currency::parse(typed, &free.currency)) {
        None if free.preset.is_some() => chosen.amount = free.preset,
        Some(Some(amount)) if (free.least..=free.most).contains(&amount) => {
            chosen.amount = Some(amount);
        }
        Some(Some(_)) => {
            let range = [free.least, free.most].map(|it| currency::format(it, &free.currency));
            let message = match free.most {
                i64::MAX => format!("At least {}, please.", range[0]),
                _ => format!("From {} to {}, please.", range[0], range[1]),
            };
            errors.insert("amount".to_owned(), message);
        }
        None | Some(None) => {
            errors.insert("amount".to_owned(), "Type an amount, as 10.00.".to_owned());
        }
    }
    chosen
}

/// Checks the lengths, digits and options of custom fields.
fn check_custom_fields(
    session: &Value,
    custom: &BTreeMap<String, String>,
    errors: &mut FormErrors,
) {
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
        } else if kind == "dropdown" && !dropdown_options(field).iter().any(|it| it.value == *text)
        {
            Some("Choose one of the options.".to_owned())
        } else {
            None
        };
        errors.extend(wrong.map(|message| (format!("custom_{key}"), message)));
    }
}

fn read_address(form: &Form, prefix: &str) -> Value {
    let at = |name: &str| form_value(form, &format!("{prefix}{name}"));
    json!({
        "city": at("city"), "country": at("country").map(str::to_ascii_uppercase), "line1": at("line1"), "line2": at("line2"),
        "postal_code": at("postal_code"), "state": at("state"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::form_spec::{AdjustableQuantity, CustomAmount};
    use crate::checkout::inputs::page_inputs;

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
        let mut errors = FormErrors::new();
        let read =
            crate::checkout::card::EnteredCard::read(&form(&typed), 1_790_000_000, &mut errors);
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
        let shown = page_inputs(&session, &sent, &errors, &spec());
        assert!(shown.iter().filter(|input| input.error.is_some()).count() == errors.len());
    }

    fn read_errors(session: &Value, form: &Form) -> FormErrors {
        read_answers(session, form, &spec(), 1_790_000_000).unwrap_err()
    }

    fn spec() -> FormSpec {
        FormSpec {
            needs_payment: true,
            payment_method_types: vec!["card".to_owned()],
            ..FormSpec::default()
        }
    }

    #[test]
    fn amounts_and_quantities_have_limits() {
        let spec = FormSpec {
            quantities: vec![AdjustableQuantity {
                index: 0,
                label: "Bread".to_owned(),
                quantity: 2,
                least: 1,
                most: 5,
            }],
            custom_amount: Some(CustomAmount {
                currency: "usd".to_owned(),
                preset: None,
                least: 500,
                most: 10_000,
            }),
            ..FormSpec::default()
        };
        let result = |quantity: &str, amount: &str| {
            let mut errors = FormErrors::new();
            let sent = form(&[("quantity_1", quantity), ("amount", amount)]);
            let chosen = read_cart_changes(&sent, &spec, &mut errors);
            (chosen.quantities, chosen.amount, errors.len())
        };
        assert_eq!(result("5", "7.50"), (vec![(0, 5)], Some(750), 0));
        assert_eq!(result("", "100"), (vec![], Some(10_000), 0));
        assert_eq!(result("6", "4.99"), (vec![], None, 2));
        assert_eq!(result("one", "ten"), (vec![], None, 2));
        assert_eq!(result("1", ""), (vec![(0, 1)], None, 1));
    }
}
