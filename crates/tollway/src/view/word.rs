//! Enums of words that may grow.

/// An enum of Stripe's words. Stripe may add a word at any time, so each has a variant `Unknown` that keeps the text.
pub trait Word: Sized + Clone + 'static {
    /// The variant of a text; `Unknown` for a new one.
    fn from_text(text: &str) -> Self;

    /// The word as Stripe writes it.
    fn as_str(&self) -> &str;
}
