//! Money: charges, payment intents, refunds, fees, transfers, balances.

mod cards;
mod fees;
mod ledger;

use self::ledger::Balance;
use crate::registry::Registry;
use crate::scope::Scope;
use crate::world::WorldState;

const BALANCE: &str = "_balance";
const BALANCE_ID: &str = "balance";

/// Behaviours of this part.
pub(crate) fn register(_registry: &mut Registry) {}

/// What an account has, as its lines add up.
pub(crate) fn balance_of(world: &WorldState, scope: &Scope) -> Balance {
    world.typed(scope, BALANCE, BALANCE_ID).unwrap_or_default()
}
