//! Why the demo failed, in one sentence.

use std::fmt;

/// A failure of the demo. Its text says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoError(String);

impl DemoError {
    pub(crate) fn new(sentence: impl fmt::Display) -> Self {
        Self(sentence.to_string())
    }
}

impl From<String> for DemoError {
    fn from(sentence: String) -> Self {
        Self(sentence)
    }
}

impl fmt::Display for DemoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DemoError {}
