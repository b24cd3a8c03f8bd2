//! What a store reports when it fails.

/// An error of the database behind a store.
type DatabaseError = Box<dyn std::error::Error + Send + Sync>;

/// A store operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database cannot be opened.
    #[error("the database {path} cannot be used: {reason}")]
    Open {
        /// The file.
        path: String,
        /// What is wrong and what to do.
        reason: String,
        /// The error of the database, if it reported one.
        #[source]
        source: Option<DatabaseError>,
    },
    /// A stored value is not one that this version writes.
    #[error(
        "the database holds a {what} that cannot be read ({value:?}): it was changed from outside, or by a newer version of this program"
    )]
    Unreadable {
        /// What the value stands for, such as `attempt status`.
        what: &'static str,
        /// The stored value.
        value: String,
    },
    /// The database failed; the source is its own error.
    #[error("the database failed: {0}")]
    Failed(#[source] DatabaseError),
}

impl StoreError {
    /// An error of the database behind a store, kept as the [source](std::error::Error::source).
    pub fn failed(source: impl Into<DatabaseError>) -> Self {
        Self::Failed(source.into())
    }

    /// A stored value that cannot be read. `what` names it, such as `attempt status`.
    pub fn unreadable(what: &'static str, value: impl Into<String>) -> Self {
        Self::Unreadable {
            what,
            value: value.into(),
        }
    }
}
