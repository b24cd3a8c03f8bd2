//! How an emulator is set up.

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
        }
    }
}
