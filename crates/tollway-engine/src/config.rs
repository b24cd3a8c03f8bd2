//! How an emulator is set up.

use std::collections::BTreeMap;

/// Settings that hold for every world.
#[derive(Debug, Clone)]
pub struct Config {
    /// Refuse what zero configuration allows: unclaimed client ids, and redirect URIs that are not configured.
    pub strict: bool,
    /// Answer for objects nobody made too, as stripe-mock does: what is named is made first, and nothing is refused
    /// for its state. Parameters are checked all the same.
    pub mock: bool,
    /// The API version of objects and of requests that name none.
    pub api_version: String,
    /// How many requests the log remembers.
    pub log_capacity: usize,
    /// Largest request body, in bytes.
    pub body_limit: usize,
    /// Stripe's share of a card payment in hundredths of a percent: 290 is 2.9 %.
    pub fee_basis_points: u16,
    /// What Stripe takes of each card payment besides, in hundredths of the currency's unit (cents); in currencies without
    /// decimals in whole units.
    pub fee_fixed: u16,
    /// What payments by other methods cost, by `type` of the payment method, where it differs from the built-in prices: those of
    /// debits, vouchers and bank transfers; anything else costs as much as a card. `instant_payout` is what an instant payout costs:
    /// one percent, at least 50 cents, unless it is set.
    pub method_fees: BTreeMap<String, MethodFee>,
}

/// What Stripe takes of a payment by some method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodFee {
    /// Hundredths of a percent: 80 is 0.8 %.
    pub basis_points: u16,
    /// Added to each payment, in hundredths of the currency's unit.
    pub fixed: u16,
    /// Never more than this, in hundredths of the currency's unit.
    pub cap: Option<u32>,
}

impl MethodFee {
    /// A share, a fixed part, and perhaps a cap.
    #[must_use]
    pub const fn new(basis_points: u16, fixed: u16, cap: Option<u32>) -> Self {
        Self {
            basis_points,
            fixed,
            cap,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            strict: false,
            mock: false,
            api_version: "2026-10-28.endive".into(),
            log_capacity: 1000,
            body_limit: 16 * 1024 * 1024,
            fee_basis_points: 290,
            fee_fixed: 30,
            method_fees: BTreeMap::new(),
        }
    }
}
