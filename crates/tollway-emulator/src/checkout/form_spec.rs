//! The inputs that the page of a session has, besides those that the session object describes.

use serde_json::Value;

use crate::pages::Choose;

/// The inputs of the page that depend on more than the session object.
#[derive(Debug, Clone, Default)]
pub(super) struct FormSpec {
    /// Whether the page has payment inputs.
    pub(super) needs_payment: bool,
    /// The types of payment methods that the session accepts.
    pub(super) payment_method_types: Vec<String>,
    /// The saved cards that the customer can select.
    pub(super) saved_cards: Vec<Choose>,
    /// Whether the customer can save a new card.
    pub(super) may_save: bool,
    pub(super) quantities: Vec<AdjustableQuantity>,
    pub(super) custom_amount: Option<CustomAmount>,
    /// The optional items of the session.
    pub(super) offers: Vec<OptionalOffer>,
    /// Whether the page has a tax ID input.
    pub(super) collects_tax_id: bool,
}

/// A line item with an adjustable quantity.
#[derive(Debug, Clone)]
pub(super) struct AdjustableQuantity {
    pub(super) index: usize,
    pub(super) label: String,
    pub(super) quantity: i64,
    pub(super) least: i64,
    pub(super) most: i64,
}

impl AdjustableQuantity {
    /// The name of its input: `quantity_1` for the first item.
    pub(super) fn name(&self) -> String {
        format!("quantity_{}", self.index + 1)
    }
}

/// An amount that the customer enters.
#[derive(Debug, Clone)]
pub(super) struct CustomAmount {
    pub(super) currency: String,
    pub(super) preset: Option<i64>,
    pub(super) least: i64,
    pub(super) most: i64,
}

/// An optional item on the page.
#[derive(Debug, Clone)]
pub(super) struct OptionalOffer {
    pub(super) index: usize,
    pub(super) label: String,
    /// The quantity in the cart, or the quantity that would be added.
    pub(super) quantity: i64,
    /// The smallest and the greatest quantity, if it is adjustable.
    pub(super) limits: Option<(i64, i64)>,
    pub(super) taken: bool,
}

impl OptionalOffer {
    /// The name of its checkbox: `optional_1` for the first item.
    pub(super) fn name(&self) -> String {
        format!("optional_{}", self.index + 1)
    }

    /// The name of its quantity input: `optional_quantity_1` for the first item.
    pub(super) fn quantity_name(&self) -> String {
        format!("optional_quantity_{}", self.index + 1)
    }
}

/// Changes of the cart that the customer submits.
#[derive(Debug, Clone, Default)]
pub(super) struct CartChanges {
    /// Quantities by the index of the line item.
    pub(super) quantities: Vec<(usize, i64)>,
    /// The amount that the customer entered.
    pub(super) amount: Option<i64>,
    /// Selected optional items: index and quantity.
    pub(super) optional: Vec<(usize, i64)>,
}

pub(super) fn dropdown_options(field: &Value) -> Vec<Choose> {
    let all = field["dropdown"]["options"].as_array();
    let option = |it: &Value| Choose {
        value: it["value"].as_str().unwrap_or_default().to_owned(),
        label: it["label"].as_str().unwrap_or_default().to_owned(),
    };
    all.into_iter().flatten().map(option).collect()
}
