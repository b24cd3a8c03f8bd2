//! Money: charges, payment intents, refunds, fees, transfers, balances.

use crate::registry::Registry;

/// Behaviours of this part.
pub(crate) fn register(_registry: &mut Registry) {}
