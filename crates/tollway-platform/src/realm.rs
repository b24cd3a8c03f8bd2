//! A platform in one of Stripe's two modes: the scope of every id, secret, attempt and connection.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Stripe's mode. Objects, keys and connections of one mode do not exist in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// No money moves: `sk_test_…` keys, the development client id.
    Test,
    /// Real money: `sk_live_…` keys, the production client id.
    Live,
}

impl Mode {
    /// `test` or `live`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }

    /// The value of Stripe's `livemode` in this mode.
    pub const fn livemode(self) -> bool {
        matches!(self, Self::Live)
    }

    /// The mode of an object with this `livemode`.
    pub const fn from_livemode(livemode: bool) -> Self {
        if livemode { Self::Live } else { Self::Test }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        match text {
            "test" => Ok(Self::Test),
            "live" => Ok(Self::Live),
            _ => Err(UnknownMode),
        }
    }
}

/// A text that is neither `test` nor `live`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mode is either `test` or `live`")]
#[non_exhaustive]
pub struct UnknownMode;

/// One platform in one mode. A client id, a secret key, an attempt and a connection each belong to one realm.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Realm {
    /// The platform's name in the configuration.
    pub platform: String,
    /// The mode.
    pub mode: Mode,
}

impl Realm {
    /// A platform in a mode.
    pub fn new(platform: impl Into<String>, mode: Mode) -> Self {
        Self {
            platform: platform.into(),
            mode,
        }
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.platform, self.mode)
    }
}

/// The configuration has no such realm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RealmError {
    /// The platform is not configured, or not in this mode.
    #[error("there is no platform {0} in the configuration: add [platforms.{platform}.{mode}]", platform = .0.platform, mode = .0.mode)]
    NotConfigured(Realm),
    /// Several platforms are configured, and none was named.
    #[error("several platforms are configured: name one with Platform::realm(name, mode)")]
    Ambiguous,
}
