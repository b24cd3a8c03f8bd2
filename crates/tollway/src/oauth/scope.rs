//! The scope of a connection.

use std::fmt;

/// The scope of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// The platform may read and act for the account.
    ReadWrite,
    /// The platform may only read. For extensions.
    ReadOnly,
    /// The scope of the connection of an Express account.
    Express,
    /// The scope of the tokens of a Stripe App.
    StripeApps,
    /// A scope that this version of the crate does not know.
    Other(String),
}

impl Scope {
    /// The scope as Stripe writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::ReadWrite => "read_write",
            Self::ReadOnly => "read_only",
            Self::Express => "express",
            Self::StripeApps => "stripe_apps",
            Self::Other(text) => text,
        }
    }
}

impl From<&str> for Scope {
    fn from(text: &str) -> Self {
        match text {
            "read_write" => Self::ReadWrite,
            "read_only" => Self::ReadOnly,
            "express" => Self::Express,
            "stripe_apps" => Self::StripeApps,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
