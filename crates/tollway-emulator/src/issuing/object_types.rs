//! The types of the objects of Issuing.

pub(super) const AUTHORIZATION: &str = "issuing.authorization";
pub(super) const CARD: &str = "issuing.card";
pub(super) const CARDHOLDER: &str = "issuing.cardholder";
pub(super) const DISPUTE: &str = "issuing.dispute";
pub(super) const TRANSACTION: &str = "issuing.transaction";
