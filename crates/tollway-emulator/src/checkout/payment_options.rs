//! How a session can be paid: a new card, a saved card, a bank account, or a redirect.

use serde_json::{Map, Value, json};

use crate::checkout::card::EnteredCard;
use crate::checkout::form::{Form, FormErrors, form_value};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::json::{list, text};
use crate::pages::Choose;
use crate::payment_methods::instrument;
use crate::payment_methods::non_card;

/// The bank account inputs of each debit type: name and label.
const BANK_ACCOUNT_FIELDS: &[(&str, &[(&str, &str)])] = &[
    (
        "acss_debit",
        &[
            ("institution_number", "Institution number"),
            ("transit_number", "Transit number"),
            ("account_number", "Account number"),
        ],
    ),
    (
        "au_becs_debit",
        &[
            ("bsb_number", "BSB number"),
            ("account_number", "Account number"),
        ],
    ),
    (
        "bacs_debit",
        &[
            ("sort_code", "Sort code"),
            ("account_number", "Account number"),
        ],
    ),
    (
        "nz_bank_account",
        &[
            ("bank_code", "Bank code"),
            ("branch_code", "Branch code"),
            ("account_number", "Account number"),
            ("suffix", "Suffix"),
        ],
    ),
    ("sepa_debit", &[("iban", "IBAN")]),
    (
        "us_bank_account",
        &[
            ("routing_number", "Routing number"),
            ("account_number", "Account number"),
        ],
    ),
];

/// The payment method of a submitted form.
#[derive(Debug, Clone, Default)]
pub(super) enum PaymentSelection {
    #[default]
    None,
    Card(EnteredCard),
    /// The id of a saved payment method.
    Saved(String),
    /// Another type of payment method, and its fields.
    Other(String, Map<String, Value>),
}

impl PaymentSelection {
    /// The id of the payment method; creates it unless it is saved.
    pub(super) fn method(
        &self,
        ctx: &mut Ctx<'_>,
        billing: &Value,
    ) -> Result<Option<String>, ApiError> {
        Ok(match self {
            Self::None => None,
            Self::Card(card) => Some(card.keep(ctx, billing)?),
            Self::Saved(id) => Some(id.clone()),
            Self::Other(kind, fields) => {
                let fields = Value::Object(fields.clone());
                let created = non_card::create(ctx, kind, &fields, billing, &Map::new())?;
                Some(text(&created, "id").to_owned())
            }
        })
    }
}

/// The types of payment methods of a session. The first is the default.
pub(super) fn payment_method_types(session: &Value) -> Vec<String> {
    let all = list(session, "payment_method_types").iter();
    let all: Vec<String> = all
        .filter_map(|kind| kind.as_str().map(str::to_owned))
        .collect();
    if all.is_empty() || session["mode"] == "setup" {
        return vec!["card".to_owned()];
    }
    all
}

/// The bank account inputs of these types.
pub(super) fn bank_account_fields(kinds: &[String]) -> Vec<(&'static str, &'static str)> {
    let mut parts = Vec::new();
    for (kind, spec) in BANK_ACCOUNT_FIELDS {
        if kinds.iter().any(|it| it == kind) {
            parts.extend(
                spec.iter()
                    .filter(|part| !parts.contains(*part))
                    .copied()
                    .collect::<Vec<_>>(),
            );
        }
    }
    parts
}

/// The customer's saved cards that the session can show.
pub(super) fn saved_cards(ctx: &Ctx<'_>, session: &Value) -> Vec<Choose> {
    let Some(customer) = session["customer"].as_str() else {
        return Vec::new();
    };
    let options = &session["saved_payment_method_options"];
    let filters = list(options, "allow_redisplay_filters");
    let shown = |method: &Value| {
        let allowed = method["allow_redisplay"].as_str().unwrap_or("unspecified");
        match filters {
            [] => allowed == "always",
            filters => filters.iter().any(|filter| filter == allowed),
        }
    };
    let methods = ctx.all_with("payment_method", "customer", customer);
    methods
        .into_iter()
        .filter(|method| method["type"] == "card" && shown(method))
        .filter(|method| instrument::has_card(ctx, text(method, "id")))
        .map(|method| Choose {
            label: format!(
                "{} ending in {}",
                text(&method["card"], "brand"),
                text(&method["card"], "last4")
            ),
            value: text(&method, "id").to_owned(),
        })
        .collect()
}

/// Reads the payment method of a form. Missing fields are errors.
pub(super) fn read_selection(
    form: &Form,
    kinds: &[String],
    kept: &[Choose],
    now: i64,
    errors: &mut FormErrors,
) -> PaymentSelection {
    if let Some(id) = form_value(form, "payment_method") {
        if kept.iter().any(|it| it.value == id) {
            return PaymentSelection::Saved(id.to_owned());
        }
        errors.insert(
            "payment_method".to_owned(),
            "Choose one of the cards, or type another one.".to_owned(),
        );
        return PaymentSelection::None;
    }
    let first = kinds.first().map_or("card", String::as_str);
    let kind = form_value(form, "payment_method_type").unwrap_or(first);
    if !kinds.iter().any(|it| it == kind) {
        errors.insert(
            "payment_method_type".to_owned(),
            "Choose one of the ways to pay.".to_owned(),
        );
        return PaymentSelection::None;
    }
    if kind == "card" {
        return EnteredCard::read(form, now, errors)
            .map_or(PaymentSelection::None, PaymentSelection::Card);
    }
    let mut fields = Map::new();
    for (name, label) in bank_account_fields(&[kind.to_owned()]) {
        match form_value(form, name) {
            Some(typed) => drop(fields.insert(name.to_owned(), typed.replace(' ', "").into())),
            None => drop(errors.insert(name.to_owned(), format!("{label} is required."))),
        }
    }
    if kind == "us_bank_account" {
        fields.insert("account_holder_type".into(), "individual".into());
    }
    PaymentSelection::Other(kind.to_owned(), fields)
}

/// `payment_method_options` of a session's payment. By default the page verifies bank accounts instantly.
pub(super) fn intent_options(requested: &Value, kinds: &[String]) -> Value {
    let mut options = requested.as_object().cloned().unwrap_or_default();
    for kind in ["acss_debit", "us_bank_account"] {
        let named = kinds.iter().any(|it| it == kind);
        if named && !options.contains_key(kind) {
            options.insert(kind.to_owned(), json!({"verification_method": "instant"}));
        }
    }
    Value::Object(options)
}

/// The display name of a payment method type.
pub(super) fn type_label(kind: &str) -> String {
    let labels = json!({
        "card": "Card", "us_bank_account": "US bank account", "sepa_debit": "SEPA debit", "bacs_debit": "Bacs debit",
        "ideal": "iDEAL", "paypal": "PayPal", "eps": "EPS", "p24": "Przelewy24", "blik": "BLIK",
    });
    if let Some(label) = labels[kind].as_str() {
        return label.to_owned();
    }
    let mut words = kind.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}
