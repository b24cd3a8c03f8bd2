//! [`Json`]: a handle on one value.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::error::JsonError;
use super::parse;
use super::tape::{Kind, Tape};
use crate::meta::ResponseMeta;

/// One value of a parsed JSON text: `null`, a boolean, a number, a string, an array or an object.
///
/// A handle of two machine words that keeps the whole text alive. Readers never fail: a value of another kind reads as
/// `None`.
///
/// ```
/// use tollway::Json;
///
/// let page = Json::parse(r#"{"data": [{"id": "ch_1", "amount": 1000}], "has_more": false}"#)?;
/// let first = page.get("data").and_then(|data| data.items().next()).unwrap();
/// assert_eq!(first.get("amount").and_then(|amount| amount.as_i64()), Some(1000));
/// assert_eq!(first.text(), r#"{"id": "ch_1", "amount": 1000}"#);
/// # Ok::<(), tollway::JsonError>(())
/// ```
#[derive(Clone)]
pub struct Json {
    pub(super) document: Arc<Document>,
    pub(super) index: u32,
}

/// A parsed text, and the response that it came in.
pub(super) struct Document {
    pub(super) tape: Tape,
    pub(super) meta: Option<Arc<ResponseMeta>>,
}

/// The kind of a [`Json`] value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JsonKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number of any form
    Number,
    /// A string
    String,
    /// An array
    Array,
    /// An object
    Object,
}

impl Json {
    /// Parses a text. It must be UTF-8, hold exactly one value, nest at most 128 deep and be
    /// smaller than 256 MiB.
    pub fn parse(text: impl Into<Bytes>) -> Result<Self, JsonError> {
        Self::parse_with(text.into(), None).map_err(|(error, _)| error)
    }

    /// Parses the body of a response and keeps its metadata. A body that is not JSON is returned with the reason.
    pub(crate) fn parse_with(
        text: Bytes,
        meta: Option<Arc<ResponseMeta>>,
    ) -> Result<Self, (JsonError, Bytes)> {
        // Takes the buffer over without a copy when it is not shared.
        let text = String::from_utf8(Vec::from(text)).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            (
                JsonError::new("the text is not UTF-8", at),
                error.into_bytes().into(),
            )
        })?;
        let tape = parse::parse(text).map_err(|(error, text)| (error, text.into()))?;
        Ok(Self {
            document: Arc::new(Document { tape, meta }),
            index: 0,
        })
    }

    /// The kind of this value.
    pub fn kind(&self) -> JsonKind {
        match self.word_kind() {
            Kind::Null => JsonKind::Null,
            Kind::False | Kind::True => JsonKind::Bool,
            Kind::Number => JsonKind::Number,
            Kind::Plain | Kind::Escaped => JsonKind::String,
            Kind::Array => JsonKind::Array,
            Kind::Object => JsonKind::Object,
        }
    }

    /// Whether this is `null`.
    #[inline]
    pub fn is_null(&self) -> bool {
        self.word_kind() == Kind::Null
    }

    /// The member of this name, if this is an object that has one. Of several members of one name
    /// the first.
    #[inline]
    pub fn get(&self, name: &str) -> Option<Self> {
        self.tape()
            .member(self.at(), name)
            .map(|index| self.with_index(index))
    }

    /// The text of a string, decoded.
    #[inline]
    pub fn as_str(&self) -> Option<&str> {
        match self.word_kind() {
            Kind::Plain | Kind::Escaped => Some(self.tape().scalar(self.at())),
            _ => None,
        }
    }

    /// A boolean.
    #[inline]
    pub fn as_bool(&self) -> Option<bool> {
        match self.word_kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// A whole number in range, parsed without a float. A number written with a point or an exponent is not whole.
    #[inline]
    pub fn as_i64(&self) -> Option<i64> {
        self.number_text()?.parse().ok()
    }

    /// A whole number that is not negative.
    #[inline]
    pub fn as_u64(&self) -> Option<u64> {
        self.number_text()?.parse().ok()
    }

    /// A number as the nearest float.
    #[inline]
    pub fn as_f64(&self) -> Option<f64> {
        self.number_text()?.parse().ok()
    }

    /// The digits of a number, exactly as Stripe wrote them.
    #[inline]
    pub fn number_text(&self) -> Option<&str> {
        (self.word_kind() == Kind::Number).then(|| self.tape().scalar(self.at()))
    }

    /// The number of items of an array or members of an object; 0 for anything else.
    pub fn len(&self) -> usize {
        match self.word_kind() {
            Kind::Array | Kind::Object => self.tape().words[self.at()].low(),
            _ => 0,
        }
    }

    /// Whether there are no items or members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of the value as Stripe sent it, white space included.
    pub fn text(&self) -> Cow<'_, str> {
        match self.tape().raw(self.at()) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(serde_json::Value::from(self.tape().scalar(self.at())).to_string()),
        }
    }

    /// Deserializes the value into a type of your own.
    pub fn to<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        match self.tape().raw(self.at()) {
            Some(text) => serde_json::from_str(text),
            None => T::deserialize(serde::de::value::StrDeserializer::<serde_json::Error>::new(
                self.tape().scalar(self.at()),
            )),
        }
    }

    /// The response that this value came in: status, headers, request id. `None` when it does not come from a response.
    pub fn last_response(&self) -> Option<&ResponseMeta> {
        self.document.meta.as_deref()
    }

    #[inline]
    pub(super) fn tape(&self) -> &Tape {
        &self.document.tape
    }

    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.index as usize
    }

    #[inline]
    pub(super) fn word_kind(&self) -> Kind {
        self.tape().words[self.at()].kind()
    }

    #[inline]
    pub(super) fn with_index(&self, index: usize) -> Self {
        // A text below 256 MiB has fewer words than that.
        #[expect(clippy::cast_possible_truncation, reason = "bounded by MAX_TEXT")]
        let index = index as u32;
        Self {
            document: Arc::clone(&self.document),
            index,
        }
    }
}

impl From<&serde_json::Value> for Json {
    /// Converts a value, for tests and for stored events.
    fn from(value: &serde_json::Value) -> Self {
        Self::parse(value.to_string()).unwrap_or_else(|_| {
            // Only a value nested deeper than 128 gets here.
            Self {
                document: Arc::new(Document {
                    tape: parse::null(),
                    meta: None,
                }),
                index: 0,
            }
        })
    }
}

impl fmt::Display for Json {
    /// Writes the text of the value, as [`Json::text`], secrets included.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}
