//! Pages of long lists.

use crate::realm::Realm;

/// Which rows of a list to read: newest first, at most `limit`, older than `before`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// Rows of this realm; `None` for all realms.
    pub realm: Option<Realm>,
    /// Only rows with an id below this one.
    pub before: Option<String>,
    /// The largest number of rows.
    pub limit: u32,
}

impl Page {
    /// The newest rows of all realms.
    pub const fn newest(limit: u32) -> Self {
        Self {
            realm: None,
            before: None,
            limit,
        }
    }

    /// Restricts the page to one realm.
    #[must_use]
    pub fn of(self, realm: Realm) -> Self {
        Self {
            realm: Some(realm),
            ..self
        }
    }

    /// Restricts the page to rows older than the row with this id.
    #[must_use]
    pub fn older_than(self, id: impl Into<String>) -> Self {
        Self {
            before: Some(id.into()),
            ..self
        }
    }
}
