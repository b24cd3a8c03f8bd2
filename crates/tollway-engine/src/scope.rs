//! Whose data a request sees: a mode and an account within a world.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Test or live; objects never cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// `sk_test_…`, development client ids.
    Test,
    /// `sk_live_…`, production client ids.
    Live,
}

impl Mode {
    /// Both.
    pub const ALL: [Mode; 2] = [Mode::Test, Mode::Live];

    /// `livemode` as objects have it.
    #[must_use]
    pub fn is_live(self) -> bool {
        self == Self::Live
    }

    /// The mode with this `livemode`.
    #[must_use]
    pub fn from_livemode(livemode: bool) -> Self {
        if livemode { Self::Live } else { Self::Test }
    }

    /// `test` or `live`, the word in keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }

    /// The other mode.
    #[must_use]
    pub fn other(self) -> Self {
        Self::from_livemode(!self.is_live())
    }

    /// 0 for test mode, 1 for live mode.
    pub fn index(self) -> usize {
        usize::from(self.is_live())
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One account's data in one mode. The world is the one whose lock is held.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Test or live.
    pub mode: Mode,
    /// `acct_…`: the platform itself or a connected account.
    pub account: Arc<str>,
}

impl Scope {
    /// The scope of an account.
    pub fn new(mode: Mode, account: impl Into<Arc<str>>) -> Self {
        Self {
            mode,
            account: account.into(),
        }
    }

    /// The same account's scope in another mode.
    #[must_use]
    pub fn in_mode(&self, mode: Mode) -> Self {
        Self {
            mode,
            account: Arc::clone(&self.account),
        }
    }

    /// Another account's scope in the same mode.
    #[must_use]
    pub fn for_account(&self, account: impl Into<Arc<str>>) -> Self {
        Self {
            mode: self.mode,
            account: account.into(),
        }
    }

    /// `livemode` of objects made here.
    #[must_use]
    pub fn livemode(&self) -> bool {
        self.mode.is_live()
    }
}
