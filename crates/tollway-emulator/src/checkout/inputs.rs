//! The inputs of the page of a session.

use serde_json::Value;

use crate::billing::cart;
use crate::checkout::card::card_inputs;
use crate::checkout::form::{Form, FormErrors};
use crate::checkout::form_spec::{AdjustableQuantity, CustomAmount, FormSpec, dropdown_options};
use crate::checkout::session_record::{known_email, needs_payment};
use crate::checkout::state::load_state;
use crate::checkout::{buyer, optional_items, payment_options};
use crate::ctx::Ctx;
use crate::currency;
use crate::json::{number, text};
use crate::pages::{Choose, Input};

/// The default greatest quantity of an adjustable item.
const DEFAULT_MAX_QUANTITY: i64 = 99;

impl FormSpec {
    /// The form of a session's page.
    pub(super) fn of_session(ctx: &Ctx<'_>, session: &Value) -> Self {
        let cart = cart::load_cart(ctx, text(session, "id"));
        let taken = load_state(ctx, text(session, "id")).taken;
        let adjustable = |(index, item): (usize, &Value)| {
            let limits = &item["adjustable_quantity"];
            // The quantity input of an optional item is beside its checkbox.
            let optional = taken.values().any(|id| item["id"] == **id);
            (limits["enabled"] == true && !optional).then(|| AdjustableQuantity {
                index,
                label: text(item, "description").to_owned(),
                quantity: number(item, "quantity"),
                least: limits["minimum"].as_i64().unwrap_or(1),
                most: limits["maximum"].as_i64().unwrap_or(DEFAULT_MAX_QUANTITY),
            })
        };
        let amount = cart.custom_unit_amount().map(|custom| CustomAmount {
            currency: cart.currency.clone(),
            preset: custom["preset"].as_i64(),
            least: custom["minimum"].as_i64().unwrap_or(1),
            most: custom["maximum"].as_i64().unwrap_or(i64::MAX),
        });
        let options = &session["saved_payment_method_options"];
        Self {
            needs_payment: needs_payment(session) || amount.is_some(),
            payment_method_types: payment_options::payment_method_types(session),
            saved_cards: payment_options::saved_cards(ctx, session),
            may_save: options["payment_method_save"] == "enabled" && session["mode"] == "payment",
            quantities: cart
                .items
                .iter()
                .enumerate()
                .filter_map(adjustable)
                .collect(),
            custom_amount: amount,
            offers: optional_items::optional_offers(ctx, session, &cart, &taken),
            collects_tax_id: buyer::collects_tax_id(ctx, session),
        }
    }
}

/// The inputs for the payment.
fn payment_inputs(spec: &FormSpec) -> Vec<Input> {
    let mut inputs = Vec::new();
    if !spec.saved_cards.is_empty() {
        let mut options = spec.saved_cards.clone();
        options.push(Choose {
            value: String::new(),
            label: "Another card".to_owned(),
        });
        inputs.push(Input {
            options,
            ..Input::new("payment_method", "Pay with", "select", "off")
        });
    }
    let others = spec.payment_method_types.iter().any(|kind| kind != "card");
    if spec.payment_method_types.len() > 1 {
        let options = spec.payment_method_types.iter().map(|kind| Choose {
            value: kind.clone(),
            label: payment_options::type_label(kind),
        });
        inputs.push(Input {
            options: options.collect(),
            ..Input::new("payment_method_type", "Way to pay", "select", "off")
        });
    }
    if spec.payment_method_types.iter().any(|kind| kind == "card") {
        let mut card = card_inputs();
        card.push(Input::new("name", "Name on the card", "text", "cc-name"));
        for input in &mut card {
            input.required &= !others && spec.saved_cards.is_empty();
        }
        inputs.extend(card);
        if spec.may_save {
            inputs.push(Input::new(
                "save",
                "Keep this card for next time",
                "checkbox",
                "off",
            ));
        }
    } else {
        inputs.push(Input::new("name", "Name", "text", "name"));
    }
    for (name, label) in payment_options::bank_account_fields(&spec.payment_method_types) {
        let mut input = Input::new(name, label, "text", "off");
        input.required = spec.payment_method_types.len() == 1;
        inputs.push(input);
    }
    inputs
}

/// The inputs of the page, with submitted values and errors.
pub(super) fn page_inputs(
    session: &Value,
    form: &Form,
    errors: &FormErrors,
    spec: &FormSpec,
) -> Vec<Input> {
    let mut inputs = Vec::new();
    for adjustable in &spec.quantities {
        let label = format!("Quantity: {}", adjustable.label);
        inputs.push(Input {
            value: adjustable.quantity.to_string(),
            ..Input::new(&adjustable.name(), &label, "numeric", "off").required()
        });
    }
    if let Some(free) = &spec.custom_amount {
        let preset = free
            .preset
            .map(|preset| currency::plain(preset, &free.currency));
        inputs.push(Input {
            value: preset.unwrap_or_default(),
            ..Input::new(
                "amount",
                &format!("Amount ({})", free.currency),
                "text",
                "off",
            )
            .required()
        });
    }
    inputs.extend(optional_items::offer_inputs(&spec.offers, form));
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
        input.options = dropdown_options(field);
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
    let located = inputs.iter().any(|input| input.id.ends_with("country"));
    inputs.extend(buyer::buyer_inputs(session, spec, located));
    if spec.needs_payment {
        inputs.extend(payment_inputs(spec));
    }
    if session["consent_collection"]["promotions"] == "auto" {
        let label = "Send me news and offers";
        inputs.push(Input::new("promotions", label, "checkbox", "off"));
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
