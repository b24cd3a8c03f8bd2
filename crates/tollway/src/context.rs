//! `Stripe-Context`: a path from the owner of the key to the account a call acts in.
//! <https://docs.stripe.com/context>

use std::fmt;

/// An immutable path such as `org_1/acct_2`. Pass its text to
/// [`Client::with_context`](crate::Client::with_context). An empty context is the key's owner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct StripeContext(Vec<String>);

/// Why a context cannot be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContextError {
    /// The segment is blank.
    BlankSegment,
    /// An empty context has no parent.
    Empty,
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BlankSegment => "a context segment is blank: pass an id like acct_1",
            Self::Empty => "the context is empty and has no parent",
        })
    }
}

impl std::error::Error for ContextError {}

impl StripeContext {
    /// Reads a path; the empty text is the empty context.
    pub fn parse(text: &str) -> Self {
        Self(
            text.split('/')
                .filter(|segment| !segment.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Returns this context with one more segment.
    ///
    /// # Errors
    /// When the segment is blank.
    pub fn push(&self, segment: &str) -> Result<Self, ContextError> {
        if segment.trim().is_empty() {
            return Err(ContextError::BlankSegment);
        }
        let mut segments = self.0.clone();
        segments.push(segment.to_owned());
        Ok(Self(segments))
    }

    /// Returns this context without its last segment.
    ///
    /// # Errors
    /// When this one is empty.
    pub fn pop(&self) -> Result<Self, ContextError> {
        let (_, parent) = self.0.split_last().ok_or(ContextError::Empty)?;
        Ok(Self(parent.to_vec()))
    }

    /// The segments, from the outermost to the innermost.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// Whether this is the empty context, which means the owner of the key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for StripeContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}
