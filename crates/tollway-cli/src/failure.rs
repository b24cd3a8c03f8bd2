//! The failure of a command: one sentence that says what to do, on stderr, and a non-zero exit code.

use std::fmt;

/// The sentence on stderr.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure(String);

/// The result of a command.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure with this sentence.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl From<String> for Failure {
    fn from(sentence: String) -> Self {
        Self(sentence)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
