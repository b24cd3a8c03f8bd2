//! `/v2/core/accounts` and their persons: the same accounts as `/v1/accounts` has, described by what they are configured for.
//!
//! ```text
//! POST /v2/core/accounts ─▶ accounts ─▶ fields (what it comes to in /v1) ─▶ the account of /v1, judged as any other
//! every change in /v1    ─▶ mirror   ─▶ fields (what it comes to in /v2) ─▶ the record of /v2, and its thin events
//! ```
//!
//! An account that can take or receive money has a twin in `/v1`, which is the truth for all that both describe; what only `/v2`
//! knows is kept in its record. An account that is merely a customer is known to `/v2` alone.

mod accounts;
mod fields;
mod mirror;
mod persons;
mod requirements;
mod tokens;

pub(crate) use self::mirror::{account as mirror, forget};
pub(crate) use self::persons::{forget as forget_person, mirror as mirror_person};
use crate::generic::synth::rfc3339;
use crate::registry::Registry;

/// The record type of accounts.
const ACCOUNT: &str = "v2.core.account";

/// The record type of persons.
const PERSON: &str = "v2.core.account_person";

pub(crate) fn register(registry: &mut Registry) {
    accounts::register(registry);
    persons::register(registry);
    tokens::register(registry);
}

/// A unix time as v2 writes it.
pub(crate) fn instant(seconds: i64) -> serde_json::Value {
    rfc3339(seconds).into()
}
