//! Types and helpers for parameter values, for generated setters.

use super::scalar::Timestamp;
use crate::params::{ParamValue, Params};

/// A filter by a number or a time: one value, or a range.
///
/// ```
/// use tollway::RangeQuery;
///
/// let yesterday = RangeQuery::new().gte(1_790_000_000).lt(1_790_086_400);
/// let exactly = RangeQuery::from(1_790_000_000);
/// # let _ = (yesterday, exactly);
/// ```
#[derive(Clone, Debug)]
pub struct RangeQuery(ParamValue);

impl RangeQuery {
    /// A range without bounds.
    pub fn new() -> Self {
        Self(ParamValue::Map(Params::new()))
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
            ParamValue::Map(params) => params,
            // A single value becomes the range that begins with this bound.
            _ => Params::new(),
        };
        Self(ParamValue::Map(params.with(name, bound)))
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

impl From<RangeQuery> for ParamValue {
    fn from(range: RangeQuery) -> Self {
        range.0
    }
}

impl From<Timestamp> for ParamValue {
    fn from(time: Timestamp) -> Self {
        Self::Time(time.0)
    }
}

/// A value of API v2 metadata: a text, or `None`, which removes the key.
///
/// ```
/// # fn example(client: tollway::Client) {
/// let request = client.v2().core().accounts().update("acct_1").metadata([("order", Some("6735")), ("draft", None)]);
/// # drop(request);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TextOrNull(ParamValue);

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
        Self(text.map_or(ParamValue::Clear, |text| ParamValue::Str(text.into())))
    }
}

impl From<TextOrNull> for ParamValue {
    fn from(text: TextOrNull) -> Self {
        text.0
    }
}

/// Returns the index of `text` in `words`, or `usize::MAX` if absent.
pub(crate) fn variant_index(text: &str, words: &[&str]) -> usize {
    words
        .iter()
        .position(|word| *word == text)
        .unwrap_or(usize::MAX)
}

/// Digits as a decimal.
pub(crate) fn decimal(digits: &str) -> ParamValue {
    ParamValue::Decimal(digits.to_owned())
}

/// A list of texts.
pub(crate) fn texts<I>(items: I) -> ParamValue
where
    I: IntoIterator,
    I::Item: Into<String>,
{
    ParamValue::List(
        items
            .into_iter()
            .map(|item| ParamValue::Str(item.into()))
            .collect(),
    )
}

/// A list of anything else.
pub(crate) fn list<I>(items: I) -> ParamValue
where
    I: IntoIterator,
    I::Item: Into<ParamValue>,
{
    ParamValue::List(items.into_iter().map(Into::into).collect())
}

/// Texts by key.
pub(crate) fn pairs<K, V, I>(pairs: I) -> ParamValue
where
    K: Into<String>,
    V: Into<String>,
    I: IntoIterator<Item = (K, V)>,
{
    ParamValue::Map(
        pairs
            .into_iter()
            .map(|(key, value)| (key.into(), ParamValue::Str(value.into())))
            .collect(),
    )
}

/// Anything else by key.
pub(crate) fn entries<K, V, I>(entries: I) -> ParamValue
where
    K: Into<String>,
    V: Into<ParamValue>,
    I: IntoIterator<Item = (K, V)>,
{
    ParamValue::Map(
        entries
            .into_iter()
            .map(|(key, value)| (key.into(), value))
            .collect(),
    )
}
