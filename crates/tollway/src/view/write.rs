//! Values of parameters, for generated setters.

use super::Timestamp;
use crate::params::{Params, Value};

/// A filter by a number or an instant: one value, or a range.
///
/// ```
/// use tollway::RangeQuery;
///
/// let yesterday = RangeQuery::new().gte(1_790_000_000).lt(1_790_086_400);
/// let exactly = RangeQuery::from(1_790_000_000);
/// # let _ = (yesterday, exactly);
/// ```
#[derive(Clone, Debug)]
pub struct RangeQuery(Value);

impl RangeQuery {
    /// A range without bounds.
    pub fn new() -> Self {
        Self(Value::Map(Params::new()))
    }

    /// Only what is greater.
    #[must_use]
    pub fn gt(self, bound: impl Into<Timestamp>) -> Self {
        self.bound("gt", bound.into())
    }

    /// Only what is greater or equal.
    #[must_use]
    pub fn gte(self, bound: impl Into<Timestamp>) -> Self {
        self.bound("gte", bound.into())
    }

    /// Only what is less.
    #[must_use]
    pub fn lt(self, bound: impl Into<Timestamp>) -> Self {
        self.bound("lt", bound.into())
    }

    /// Only what is less or equal.
    #[must_use]
    pub fn lte(self, bound: impl Into<Timestamp>) -> Self {
        self.bound("lte", bound.into())
    }

    fn bound(self, name: &'static str, bound: Timestamp) -> Self {
        let params = match self.0 {
            Value::Map(params) => params,
            // A single value becomes the range that begins with this bound.
            _ => Params::new(),
        };
        Self(Value::Map(params.with(name, bound)))
    }
}

impl Default for RangeQuery {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Into<Timestamp>> From<T> for RangeQuery {
    fn from(value: T) -> Self {
        Self(value.into().into())
    }
}

impl From<RangeQuery> for Value {
    fn from(range: RangeQuery) -> Self {
        range.0
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Self::Time(time.0)
    }
}

/// A value of API v2 metadata: a text, or nothing, which removes the key.
///
/// ```
/// # fn example(client: tollway::Client) {
/// let request = client.v2().core().accounts().update("acct_1").metadata([("order", Some("6735")), ("draft", None)]);
/// # drop(request);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TextOrNull(Value);

impl From<&str> for TextOrNull {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for TextOrNull {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl<T: Into<String>> From<Option<T>> for TextOrNull {
    fn from(text: Option<T>) -> Self {
        Self(text.map_or(Value::Clear, |text| Value::Str(text.into())))
    }
}

impl From<TextOrNull> for Value {
    fn from(text: TextOrNull) -> Self {
        text.0
    }
}

/// Which of the words a text is; a number that no word has if it is none of them.
pub(crate) fn place_of(text: &str, words: &[&str]) -> usize {
    words
        .iter()
        .position(|word| *word == text)
        .unwrap_or(usize::MAX)
}

/// Digits as a decimal.
pub(crate) fn decimal(digits: &str) -> Value {
    Value::Decimal(digits.to_owned())
}

/// A list of texts.
pub(crate) fn texts<I>(items: I) -> Value
where
    I: IntoIterator,
    I::Item: Into<String>,
{
    Value::List(
        items
            .into_iter()
            .map(|item| Value::Str(item.into()))
            .collect(),
    )
}

/// A list of anything else.
pub(crate) fn list<I>(items: I) -> Value
where
    I: IntoIterator,
    I::Item: Into<Value>,
{
    Value::List(items.into_iter().map(Into::into).collect())
}

/// Texts by key.
pub(crate) fn pairs<K, V, I>(pairs: I) -> Value
where
    K: Into<String>,
    V: Into<String>,
    I: IntoIterator<Item = (K, V)>,
{
    Value::Map(
        pairs
            .into_iter()
            .map(|(key, value)| (key.into(), Value::Str(value.into())))
            .collect(),
    )
}

/// Anything else by key.
pub(crate) fn entries<K, V, I>(entries: I) -> Value
where
    K: Into<String>,
    V: Into<Value>,
    I: IntoIterator<Item = (K, V)>,
{
    Value::Map(
        entries
            .into_iter()
            .map(|(key, value)| (key.into(), value))
            .collect(),
    )
}
