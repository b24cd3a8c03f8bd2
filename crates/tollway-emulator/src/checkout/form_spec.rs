//! The inputs that the page of a session has, besides those that the session object describes.

use serde_json::Value;

use crate::pages::Choose;

/// What the page asks for besides what the session itself says.
#[derive(Debug, Clone, Default)]
pub(super) struct FormSpec {
    /// Is anything to be paid, or kept to pay with later?
    pub(super) needs_payment: bool,
    /// Kinds of payment method.
    pub(super) payment_method_types: Vec<String>,
    /// Cards that may be chosen again.
    pub(super) saved_cards: Vec<Choose>,
    /// May a new card be kept to be chosen again?
    pub(super) may_save: bool,
    pub(super) quantities: Vec<AdjustableQuantity>,
    pub(super) custom_amount: Option<CustomAmount>,
    /// Optional items.
    pub(super) offers: Vec<OptionalOffer>,
    /// May a business tell its tax ID?
    pub(super) collects_tax_id: bool,
}

/// An item whose quantity the customer may change.
#[derive(Debug, Clone)]
pub(super) struct AdjustableQuantity {
    pub(super) index: usize,
    pub(super) label: String,
    pub(super) quantity: i64,
    pub(super) least: i64,
    pub(super) most: i64,
}

impl AdjustableQuantity {
    /// `quantity_1` of the first item.
    pub(super) fn name(&self) -> String {
        format!("quantity_{}", self.index + 1)
    }
}

/// An amount that the customer chooses.
#[derive(Debug, Clone)]
pub(super) struct CustomAmount {
    pub(super) currency: String,
    pub(super) preset: Option<i64>,
    pub(super) least: i64,
    pub(super) most: i64,
}

/// An optional item as the page offers it.
#[derive(Debug, Clone)]
pub(super) struct OptionalOffer {
    pub(super) index: usize,
    pub(super) label: String,
    /// As many as there are in the order, or would be.
    pub(super) quantity: i64,
    /// The fewest and the most there may be, if the customer chooses how many.
    pub(super) limits: Option<(i64, i64)>,
    pub(super) taken: bool,
}

impl OptionalOffer {
    /// `optional_1` of the first item.
    pub(super) fn name(&self) -> String {
        format!("optional_{}", self.index + 1)
    }

    /// `optional_quantity_1` of the first item.
    pub(super) fn quantity_name(&self) -> String {
        format!("optional_quantity_{}", self.index + 1)
    }
}

/// How much of what the customer wants.
#[derive(Debug, Clone, Default)]
pub(super) struct CartChanges {
    /// How many of which item, by its place.
    pub(super) quantities: Vec<(usize, i64)>,
    /// The amount of an item whose price is free.
    pub(super) amount: Option<i64>,
    /// Optional items that were taken, by place, and how many of each.
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
