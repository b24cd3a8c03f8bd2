//! The records of `/v2` beside the accounts and persons of `/v1`, which are the truth for all that both have.
//!
//! [`fields`] maps the members; [`requirements`] the requirements; [`account_record`] and [`person_record`] store the records and
//! emit their thin events.

pub(super) mod account_record;
pub(super) mod fields;
pub(super) mod person_record;
mod requirements;

pub(super) use self::account_record::{remove_account_record, sync_account};
pub(super) use self::person_record::{remove_person_record, sync_person};
