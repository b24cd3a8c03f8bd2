//! Why a text is not JSON.

use std::fmt;

/// A text that is not JSON: what is wrong, and at which byte.
///
/// The text is not part of the error, so that logging an error cannot leak the content of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    problem: &'static str,
    offset: usize,
}

impl JsonError {
    pub(super) const fn new(problem: &'static str, offset: usize) -> Self {
        Self { problem, offset }
    }

    /// The offset of the problem in the text, in bytes.
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not JSON at byte {}: {}", self.offset, self.problem)
    }
}

impl std::error::Error for JsonError {}
