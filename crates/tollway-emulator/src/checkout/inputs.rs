//! The inputs of the page: what the session asks the customer for.

use serde_json::Value;

use crate::billing::cart;
use crate::checkout::card::card_inputs;
use crate::checkout::optional_items::Offer;
use crate::checkout::pay::needs_payment;
use crate::checkout::state::hidden;
use crate::checkout::submission::{Errors, Form};
use crate::checkout::{buyer, methods, optional_items};
use crate::ctx::Ctx;
use crate::currency;
use crate::json::{number, text};
use crate::pages::{Choose, Input};

/// What the page asks for besides what the session itself says.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// Is anything to be paid, or kept to pay with later?
    pub(super) pays: bool,
    /// Kinds of payment method.
    pub(super) kinds: Vec<String>,
    /// Cards that may be chosen again.
    pub(super) kept: Vec<Choose>,
    /// May a new card be kept to be chosen again?
    pub(super) may_save: bool,
    pub(super) quantities: Vec<Adjustable>,
    pub(super) amount: Option<FreeAmount>,
    /// Optional items.
    pub(super) offers: Vec<Offer>,
    /// May a business tell its tax ID?
    pub(super) tax_id: bool,
}

/// An item whose quantity the customer may change.
#[derive(Debug, Clone)]
pub(super) struct Adjustable {
    pub(super) index: usize,
    pub(super) label: String,
    pub(super) quantity: i64,
    pub(super) least: i64,
    pub(super) most: i64,
}

impl Adjustable {
    /// `quantity_1` of the first item.
    pub(super) fn name(&self) -> String {
        format!("quantity_{}", self.index + 1)
    }
}

/// An amount that the customer chooses.
#[derive(Debug, Clone)]
pub(super) struct FreeAmount {
    pub(super) currency: String,
    pub(super) preset: Option<i64>,
    pub(super) least: i64,
    pub(super) most: i64,
}

/// The most of one item that Checkout lets a customer choose, unless the session says otherwise.
const MOST: i64 = 99;

impl Asked {
    /// What the page of a session asks for.
    pub(super) fn of(ctx: &Ctx<'_>, session: &Value) -> Self {
        let cart = cart::load_cart(ctx, text(session, "id"));
        let taken = hidden(ctx, text(session, "id")).taken;
        let adjustable = |(index, item): (usize, &Value)| {
            let limits = &item["adjustable_quantity"];
            // The quantity of an optional item is asked for beside its box.
            let optional = taken.values().any(|id| item["id"] == **id);
            (limits["enabled"] == true && !optional).then(|| Adjustable {
                index,
                label: text(item, "description").to_owned(),
                quantity: number(item, "quantity"),
                least: limits["minimum"].as_i64().unwrap_or(1),
                most: limits["maximum"].as_i64().unwrap_or(MOST),
            })
        };
        let amount = cart.custom_unit_amount().map(|custom| FreeAmount {
            currency: cart.currency.clone(),
            preset: custom["preset"].as_i64(),
            least: custom["minimum"].as_i64().unwrap_or(1),
            most: custom["maximum"].as_i64().unwrap_or(i64::MAX),
        });
        let options = &session["saved_payment_method_options"];
        Self {
            pays: needs_payment(session) || amount.is_some(),
            kinds: methods::kinds(session),
            kept: methods::kept(ctx, session),
            may_save: options["payment_method_save"] == "enabled" && session["mode"] == "payment",
            quantities: cart
                .items
                .iter()
                .enumerate()
                .filter_map(adjustable)
                .collect(),
            amount,
            offers: optional_items::offers(ctx, session, &cart, &taken),
            tax_id: buyer::asks_for_tax_id(ctx, session),
        }
    }
}

/// What the customer pays with is asked for if there is something to pay, or a card to be kept.
fn payment_inputs(asked: &Asked) -> Vec<Input> {
    let mut inputs = Vec::new();
    if !asked.kept.is_empty() {
        let mut options = asked.kept.clone();
        options.push(Choose {
            value: String::new(),
            label: "Another card".to_owned(),
        });
        inputs.push(Input {
            options,
            ..Input::new("payment_method", "Pay with", "select", "off")
        });
    }
    let others = asked.kinds.iter().any(|kind| kind != "card");
    if asked.kinds.len() > 1 {
        let options = asked.kinds.iter().map(|kind| Choose {
            value: kind.clone(),
            label: methods::label(kind),
        });
        inputs.push(Input {
            options: options.collect(),
            ..Input::new("payment_method_type", "Way to pay", "select", "off")
        });
    }
    if asked.kinds.iter().any(|kind| kind == "card") {
        let mut card = card_inputs();
        card.push(Input::new("name", "Name on the card", "text", "cc-name"));
        for input in &mut card {
            input.required &= !others && asked.kept.is_empty();
        }
        inputs.extend(card);
        if asked.may_save {
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
    for (name, label) in methods::account_parts(&asked.kinds) {
        let mut input = Input::new(name, label, "text", "off");
        input.required = asked.kinds.len() == 1;
        inputs.push(input);
    }
    inputs
}

/// The inputs of the page, with what was typed and what is wrong with it.
pub(super) fn inputs(session: &Value, form: &Form, errors: &Errors, asked: &Asked) -> Vec<Input> {
    let mut inputs = Vec::new();
    for adjustable in &asked.quantities {
        let label = format!("Quantity: {}", adjustable.label);
        inputs.push(Input {
            value: adjustable.quantity.to_string(),
            ..Input::new(&adjustable.name(), &label, "numeric", "off").required()
        });
    }
    if let Some(free) = &asked.amount {
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
    inputs.extend(optional_items::inputs(&asked.offers, form));
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
    let located = inputs.iter().any(|input| input.id.ends_with("country"));
    inputs.extend(buyer::inputs(session, asked, located));
    if asked.pays {
        inputs.extend(payment_inputs(asked));
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
