//! The scenarios of the script. Each reports its steps and fails at the first one that does not hold.

pub(super) mod callback;
pub(super) mod charge;
pub(super) mod connect;
pub(super) mod disconnect;
pub(super) mod reconnect;
pub(super) mod refusals;
pub(super) mod restart;
