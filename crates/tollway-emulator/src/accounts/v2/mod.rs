//! `/v2/core/accounts` and their persons: the accounts of `/v1/accounts`, described by their configurations.
//!
//! An account that can take or receive money has a counterpart in `/v1`. A change through `/v2` is translated and applied to that
//! counterpart, and [`v2_records`](super::v2_records) then updates the record. An account that is only a customer has no
//! counterpart.

mod accounts;
mod persons;
mod tokens;

use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    accounts::register(registry);
    persons::register(registry);
    tokens::register(registry);
}
