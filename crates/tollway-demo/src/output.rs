//! Printing to standard output.

use std::io::Write as _;

/// Flushes what was printed. A closed pipe is no failure of the demo.
pub(crate) fn flush() {
    std::io::stdout().flush().ok();
}
