//! Empty: only what it depends on is measured.
