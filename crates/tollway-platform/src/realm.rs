//! Which platform, and in which of its two modes: the pair that everything else is filed under.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Stripe's two worlds. Nothing crosses from one to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Play money: `sk_test_…` keys, the development client id.
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

    /// Stripe's `livemode`.
    pub const fn livemode(self) -> bool {
        matches!(self, Self::Live)
    }

    /// From Stripe's `livemode`.
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

/// Neither `test` nor `live`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mode is either `test` or `live`")]
pub struct UnknownMode;

/// One platform in one mode: what a client id, a secret key, an attempt and a connection belong to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
