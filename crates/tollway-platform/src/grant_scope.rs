//! What a platform may do with a connected account.

use std::fmt;

use serde::Deserialize;

/// The scope of a connection, as requested from the seller and as granted by Stripe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GrantScope {
    /// The platform may read and act for the account: what platforms need.
    #[default]
    ReadWrite,
    /// The platform may only read: for extensions.
    ReadOnly,
}

impl GrantScope {
    /// Stripe's `scope`: `read_write` or `read_only`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadWrite => "read_write",
            Self::ReadOnly => "read_only",
        }
    }

    /// Reads Stripe's `scope`. Stripe's other scopes (such as `express`) let the platform act for the account, so every
    /// text but `read_only` is [`GrantScope::ReadWrite`].
    pub fn from_stripe(scope: &str) -> Self {
        if scope == Self::ReadOnly.as_str() {
            Self::ReadOnly
        } else {
            Self::ReadWrite
        }
    }

    /// Whether a granted scope allows everything that was requested.
    pub(crate) fn covers(self, requested: Self) -> bool {
        self == Self::ReadWrite || requested == Self::ReadOnly
    }
}

impl fmt::Display for GrantScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_only_does_not_cover_read_write() {
        let (read_write, read_only) = (GrantScope::ReadWrite, GrantScope::ReadOnly);
        assert!(read_write.covers(read_write) && read_write.covers(read_only));
        assert!(read_only.covers(read_only) && !read_only.covers(read_write));
    }

    #[test]
    fn only_read_only_is_read_as_less_than_read_write() {
        assert_eq!(GrantScope::from_stripe("read_only"), GrantScope::ReadOnly);
        for scope in ["read_write", "express", "stripe_apps"] {
            assert_eq!(GrantScope::from_stripe(scope), GrantScope::ReadWrite);
        }
    }
}
