//! The history: who did what and when. Entries are only appended.

use std::fmt;

use super::names::stored_names;
use crate::outcome::Outcome;
use crate::realm::Realm;
use crate::time::Millis;

/// Who caused a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Actor {
    /// The person in the browser that came with a signed link.
    Seller,
    /// A person who is logged in to the operator pages.
    Operator,
    /// The host application, by the library.
    Host,
    /// Stripe, by a webhook.
    Stripe,
    /// The platform's background worker.
    Worker,
}

stored_names!(Actor {
    Seller = "seller",
    Operator = "operator",
    Host = "host",
    Stripe = "stripe",
    Worker = "worker",
});

/// Who caused a change, when, and from which address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditStamp {
    /// When the change was made.
    pub at: Millis,
    /// Who made it.
    pub actor: Actor,
    /// The IP address of the request, if the change came over the web.
    pub address: Option<String>,
}

impl AuditStamp {
    /// A change by `actor` at a time.
    pub fn new(at: Millis, actor: Actor, address: Option<String>) -> Self {
        Self { at, actor, address }
    }
}

/// What happened to a tenant's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HistoryAction {
    /// An account was connected.
    Connected,
    /// The same account was connected again.
    Reconnected,
    /// Another account took the place of the former one.
    Replaced,
    /// The test credentials of a live connection were recorded.
    Paired,
    /// Stripe gives no test credentials for a live connection.
    NotPaired,
    /// A connection ended.
    Disconnected,
    /// An attempt ended without a connection.
    AttemptEnded(Outcome),
}

impl HistoryAction {
    const WITHOUT_OUTCOME: [Self; 6] = [
        Self::Connected,
        Self::Reconnected,
        Self::Replaced,
        Self::Paired,
        Self::NotPaired,
        Self::Disconnected,
    ];

    /// The name in the database; that of the outcome if an attempt ended.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Reconnected => "reconnected",
            Self::Replaced => "replaced",
            Self::Paired => "paired",
            Self::NotPaired => "not_paired",
            Self::Disconnected => "disconnected",
            Self::AttemptEnded(outcome) => outcome.as_str(),
        }
    }

    /// Reads a name from the database. `None`: this version knows no such action.
    pub fn parse(name: &str) -> Option<Self> {
        Self::WITHOUT_OUTCOME
            .into_iter()
            .find(|action| action.as_str() == name)
            .or_else(|| Outcome::parse(name).map(Self::AttemptEnded))
    }
}

impl fmt::Display for HistoryAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An entry to append to the history. The store makes its id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewHistoryEntry {
    /// Platform and mode.
    pub realm: Realm,
    /// The tenant.
    pub tenant: Option<String>,
    /// The account.
    pub account: Option<String>,
    /// What happened.
    pub action: HistoryAction,
    /// Who caused it, when, from where.
    pub stamp: AuditStamp,
    /// Details for people. Never a secret.
    pub detail: Option<String>,
}

impl NewHistoryEntry {
    /// An entry about no tenant and no account: set the fields that apply.
    pub fn new(realm: Realm, action: HistoryAction, stamp: AuditStamp) -> Self {
        Self {
            realm,
            tenant: None,
            account: None,
            action,
            stamp,
            detail: None,
        }
    }
}

/// One entry of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// `his_…`
    pub id: String,
    /// Platform and mode.
    pub realm: Realm,
    /// The tenant.
    pub tenant: Option<String>,
    /// The account.
    pub account: Option<String>,
    /// What happened.
    pub action: HistoryAction,
    /// Who caused it, when, from where.
    pub stamp: AuditStamp,
    /// Details for people. Never a secret.
    pub detail: Option<String>,
}

impl HistoryEntry {
    /// A stored entry.
    pub fn new(id: impl Into<String>, new: NewHistoryEntry) -> Self {
        Self {
            id: id.into(),
            realm: new.realm,
            tenant: new.tenant,
            account: new.account,
            action: new.action,
            stamp: new.stamp,
            detail: new.detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actions_name_reads_back() {
        let ended = Outcome::ALL
            .iter()
            .filter(|outcome| **outcome != Outcome::Connected)
            .map(|outcome| HistoryAction::AttemptEnded(*outcome));
        for action in HistoryAction::WITHOUT_OUTCOME.into_iter().chain(ended) {
            assert_eq!(HistoryAction::parse(action.as_str()), Some(action));
        }
        assert_eq!(HistoryAction::parse("tested"), None);
    }
}
