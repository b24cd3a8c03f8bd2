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

/// What a bank debit is told of the account: the name of each part, and what it is called.
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

/// What the customer pays with.
#[derive(Debug, Clone, Default)]
pub(super) enum PaymentSelection {
    #[default]
    None,
    Card(EnteredCard),
    /// A payment method of the customer, by id.
    Saved(String),
    /// A method that is no card, and what it was told.
    Other(String, Map<String, Value>),
}

impl PaymentSelection {
    /// The payment method, made now unless it is kept.
    pub(super) fn method(
        &self,
        ctx: &mut Ctx<'_>,
        billing: &Value,
    ) -> Result<Option<String>, ApiError> {
        Ok(match self {
            Self::None => None,
            Self::Card(card) => Some(card.keep(ctx, billing)?),
            Self::Saved(id) => Some(id.clone()),
            Self::Other(kind, told) => {
                let told = Value::Object(told.clone());
                let made = non_card::create(ctx, kind, &told, billing, &Map::new())?;
                Some(text(&made, "id").to_owned())
            }
        })
    }
}

/// The kinds of payment method that a session takes, the first one being meant if none is named.
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

/// What the accounts of these kinds are spec for.
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

/// The cards of a session's customer that may be shown again.
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

/// Reads what was chosen and told; none if something is missing, which is said.
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
    let mut told = Map::new();
    for (name, label) in bank_account_fields(&[kind.to_owned()]) {
        match form_value(form, name) {
            Some(typed) => drop(told.insert(name.to_owned(), typed.replace(' ', "").into())),
            None => drop(errors.insert(name.to_owned(), format!("{label} is required."))),
        }
    }
    if kind == "us_bank_account" {
        told.insert("account_holder_type".into(), "individual".into());
    }
    PaymentSelection::Other(kind.to_owned(), told)
}

/// `payment_method_options` of a session's payment: on its page an account is verified at once, unless the session says how.
pub(super) fn intent_options(given: &Value, kinds: &[String]) -> Value {
    let mut options = given.as_object().cloned().unwrap_or_default();
    for kind in ["acss_debit", "us_bank_account"] {
        let named = kinds.iter().any(|it| it == kind);
        if named && !options.contains_key(kind) {
            options.insert(kind.to_owned(), json!({"verification_method": "instant"}));
        }
    }
    Value::Object(options)
}

/// A kind as people call it.
pub(super) fn type_label(kind: &str) -> String {
    let known = json!({
        "card": "Card", "us_bank_account": "US bank account", "sepa_debit": "SEPA debit", "bacs_debit": "Bacs debit",
        "ideal": "iDEAL", "paypal": "PayPal", "eps": "EPS", "p24": "Przelewy24", "blik": "BLIK",
    });
    if let Some(label) = known[kind].as_str() {
        return label.to_owned();
    }
    let mut words = kind.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}
