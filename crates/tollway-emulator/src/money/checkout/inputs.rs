//! The inputs of the page: what the session asks the customer for.

use serde_json::Value;

use super::answers::{Errors, Form};
use super::card::card_inputs;
use crate::pages::{Choose, Input};

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

pub(super) fn options(field: &Value) -> Vec<Choose> {
    let all = field["dropdown"]["options"].as_array();
    let option = |it: &Value| Choose {
        value: it["value"].as_str().unwrap_or_default().to_owned(),
        label: it["label"].as_str().unwrap_or_default().to_owned(),
    };
    all.into_iter().flatten().map(option).collect()
}

/// The e-mail address that the platform said the customer has.
pub(super) fn known_email(session: &Value) -> Option<&str> {
    session["customer_email"].as_str().or_else(|| {
        session["customer_details"]["email"]
            .as_str()
            .filter(|_| session["customer"].is_string())
    })
}
