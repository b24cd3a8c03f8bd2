//! What a request sends: an ordered tree of names and values.
//!
//! Generated setters and [`RequestBuilder::param`](crate::request::RequestBuilder::param) put values in here;
//! [`wire::form`](crate::wire::form) and the encoder of JSON bodies turn the tree into bytes.
//! An absent parameter is simply not in the tree; [`ParamValue::Clear`] is the explicit «unset this field».

use std::borrow::Cow;
use std::fmt;

/// An ordered map of parameters.
///
/// ```
/// use tollway::params::Params;
///
/// let mut params = Params::new();
/// params.set("amount", 2000);
/// params.set_path("metadata[order]", "6735")?;
/// assert_eq!(tollway::wire::form::encode(&params)?, "amount=2000&metadata[order]=6735");
/// # Ok::<(), tollway::params::ParamError>(())
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Params {
    entries: Vec<(Cow<'static, str>, ParamValue)>,
}

/// One parameter's value.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum ParamValue {
    /// Text, sent as it is. An empty text is sent as an empty text.
    Str(String),
    /// A whole number.
    Int(i64),
    /// A whole number that does not fit [`ParamValue::Int`].
    UInt(u64),
    /// A whole number that API v2 carries as text, so that no digit is lost on the way (`"9007199254740993"`).
    IntText(i64),
    /// A floating point number, written with the fewest digits that read back the same and never with an exponent.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A decimal number as text: scale kept (`10.50`), an exponent written out.
    Decimal(String),
    /// An instant in unix seconds. Sent as the number by v1, as RFC 3339 text in v2 bodies.
    Time(i64),
    /// Named members: `shipping[address][city]`.
    Map(Params),
    /// A list: `items[0][price]`.
    List(Vec<ParamValue>),
    /// A file of an upload.
    File(Upload),
    /// Unset this field: an empty value in v1, `null` in v2.
    Clear,
}

/// A file to upload. <https://docs.stripe.com/file-upload>
#[derive(Clone, PartialEq, Eq)]
pub struct Upload {
    pub(crate) file_name: String,
    pub(crate) content_type: String,
    pub(crate) bytes: bytes::Bytes,
}

impl Upload {
    /// A file's name and content, of the type `application/octet-stream`.
    pub fn new(file_name: impl Into<String>, bytes: impl Into<bytes::Bytes>) -> Self {
        Self {
            file_name: file_name.into(),
            content_type: "application/octet-stream".to_owned(),
            bytes: bytes.into(),
        }
    }

    /// Its type, for example `application/pdf`.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = content_type.into();
        self
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload({} bytes)", self.bytes.len())
    }
}

/// A parameter that cannot be sent. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParamError {
    /// A name that is not of the form `name`, `name[member]`, `name[0]` or `name[]`.
    Name(String),
    /// A bracket inside a key would silently change the nesting, and Stripe refuses it in metadata keys.
    BracketInKey(String),
    /// The number is infinite or NaN.
    NotFinite(String),
    /// A [`ParamValue::Decimal`] whose text is not a decimal number.
    NotDecimal(String),
    /// A file can only be sent by the upload operations.
    FileOutsideUpload(String),
    /// A name leads through a value that has no members (`amount[x]` where `amount` is a number).
    NotAMap(String),
}

impl fmt::Display for ParamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(
                f,
                "`{name}` is not a parameter name: write `name`, `name[member]` or `name[0]`"
            ),
            Self::BracketInKey(key) => write!(
                f,
                "the key `{key}` contains a square bracket: Stripe reads brackets as nesting, so rename the key"
            ),
            Self::NotFinite(key) => write!(
                f,
                "`{key}` is not a finite number: send a number that has digits"
            ),
            Self::NotDecimal(key) => {
                write!(f, "`{key}` is not a decimal number: write it like 10.50")
            }
            Self::FileOutsideUpload(key) => write!(
                f,
                "`{key}` is a file, which only an upload can carry: upload it first and pass the file's id"
            ),
            Self::NotAMap(key) => write!(
                f,
                "`{key}` already holds a plain value and cannot have members"
            ),
        }
    }
}

impl std::error::Error for ParamError {}

impl Params {
    /// Creates an empty tree.
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// Sets a parameter: replaces the value of the same name in set_at_path, or appends it.
    #[inline]
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<ParamValue>) {
        self.put(name.into(), value.into());
    }

    fn put(&mut self, name: Cow<'static, str>, value: ParamValue) {
        match self.slot(&name) {
            Some(slot) => *slot = value,
            None => self.entries.push((name, value)),
        }
    }

    /// Sets a parameter and returns the tree, as [`Params::set`].
    #[must_use]
    #[inline(never)]
    pub fn with(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<ParamValue>,
    ) -> Self {
        self.put(name.into(), value.into());
        self
    }

    #[inline(never)]
    pub(crate) fn with_str(mut self, name: &'static str, text: &str) -> Self {
        self.put(Cow::Borrowed(name), ParamValue::Str(text.to_owned()));
        self
    }

    #[inline(never)]
    pub(crate) fn with_int(mut self, name: &'static str, number: i64) -> Self {
        self.put(Cow::Borrowed(name), ParamValue::Int(number));
        self
    }

    #[inline(never)]
    pub(crate) fn with_bool(mut self, name: &'static str, flag: bool) -> Self {
        self.put(Cow::Borrowed(name), ParamValue::Bool(flag));
        self
    }

    /// Sets a parameter by its name on the wire: `metadata[order]`, `items[0][price]`, `expand[]`.
    ///
    /// # Errors
    /// When the name is malformed or leads through a plain value.
    pub fn set_path(&mut self, name: &str, value: impl Into<ParamValue>) -> Result<(), ParamError> {
        let keys = split_name(name)?;
        set_at_path(self, &keys, value.into(), name)
    }

    /// Appends an element to the list parameter `name`; creates the list if there is none.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<ParamValue>) {
        let (name, value) = (name.into(), value.into());
        match self.slot(&name) {
            Some(ParamValue::List(items)) => items.push(value),
            Some(slot) => *slot = ParamValue::List(vec![value]),
            None => self.entries.push((name, ParamValue::List(vec![value]))),
        }
    }

    /// Removes a parameter and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<ParamValue> {
        let at = self.entries.iter().position(|(key, _)| key == name)?;
        Some(self.entries.remove(at).1)
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&ParamValue> {
        self.entries
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of parameters on the outermost level.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The parameters in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ParamValue)> {
        self.entries
            .iter()
            .map(|(name, value)| (name.as_ref(), value))
    }

    fn slot(&mut self, name: &str) -> Option<&mut ParamValue> {
        self.entries
            .iter_mut()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    fn slot_or_insert(&mut self, name: &str, empty: ParamValue) -> &mut ParamValue {
        let at = self
            .entries
            .iter()
            .position(|(key, _)| key == name)
            .unwrap_or_else(|| {
                self.entries.push((Cow::Owned(name.to_owned()), empty));
                self.entries.len() - 1
            });
        &mut self.entries[at].1
    }
}

/// `a[b][0]` → `["a", "b", "0"]`; `a[]` ends with an empty key, which means «append».
fn split_name(name: &str) -> Result<Vec<&str>, ParamError> {
    let bad = || ParamError::Name(name.to_owned());
    let (head, mut rest) = name.find('[').map_or((name, ""), |at| name.split_at(at));
    if head.is_empty() || head.contains(']') {
        return Err(bad());
    }
    let mut keys = vec![head];
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').ok_or_else(bad)?;
        let end = inner.find(']').ok_or_else(bad)?;
        let key = &inner[..end];
        rest = &inner[end + 1..];
        if key.contains('[') || (key.is_empty() && !rest.is_empty()) {
            return Err(bad());
        }
        keys.push(key);
    }
    Ok(keys)
}

fn set_at_path(
    params: &mut Params,
    keys: &[&str],
    value: ParamValue,
    full: &str,
) -> Result<(), ParamError> {
    let (first, rest) = keys
        .split_first()
        .ok_or_else(|| ParamError::Name(full.to_owned()))?;
    let Some(next) = rest.first() else {
        params.put(Cow::Owned((*first).to_owned()), value);
        return Ok(());
    };
    let slot = params.slot_or_insert(first, empty_for(next));
    set_in_value(slot, rest, value, full)
}

fn set_in_value(
    slot: &mut ParamValue,
    keys: &[&str],
    value: ParamValue,
    full: &str,
) -> Result<(), ParamError> {
    if matches!(slot, ParamValue::Clear) {
        *slot = empty_for(keys[0]);
    }
    match slot {
        ParamValue::Map(map) => set_at_path(map, keys, value, full),
        ParamValue::List(items) => {
            let at = if keys[0].is_empty() {
                items.len()
            } else {
                keys[0]
                    .parse()
                    .ok()
                    .filter(|at| *at <= items.len())
                    .ok_or_else(|| ParamError::Name(full.to_owned()))?
            };
            let rest = &keys[1..];
            if at == items.len() {
                items.push(
                    rest.first()
                        .map_or(ParamValue::Clear, |next| empty_for(next)),
                );
            }
            if rest.is_empty() {
                items[at] = value;
                Ok(())
            } else {
                set_in_value(&mut items[at], rest, value, full)
            }
        }
        _ => Err(ParamError::NotAMap(full.to_owned())),
    }
}

/// The empty container for the member `key`: a list for `0` and for an appended element, else a map.
fn empty_for(key: &str) -> ParamValue {
    if key.is_empty() || key == "0" {
        ParamValue::List(Vec::new())
    } else {
        ParamValue::Map(Params::new())
    }
}

// Values may be card numbers, codes and secrets, so only names are printed.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl fmt::Debug for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map(params) => params.fmt(f),
            Self::List(items) => f.debug_list().entries(items).finish(),
            Self::Clear => f.write_str("Clear"),
            _ => f.write_str("…"),
        }
    }
}

impl From<&str> for ParamValue {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<&String> for ParamValue {
    fn from(text: &String) -> Self {
        Self::Str(text.clone())
    }
}

impl From<i32> for ParamValue {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u32> for ParamValue {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<String> for ParamValue {
    fn from(text: String) -> Self {
        Self::Str(text)
    }
}

impl From<i64> for ParamValue {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u64> for ParamValue {
    fn from(number: u64) -> Self {
        Self::UInt(number)
    }
}

impl From<f64> for ParamValue {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for ParamValue {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<Upload> for ParamValue {
    fn from(file: Upload) -> Self {
        Self::File(file)
    }
}

impl From<Params> for ParamValue {
    fn from(params: Params) -> Self {
        Self::Map(params)
    }
}

impl<T: Into<ParamValue>> From<Vec<T>> for ParamValue {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<ParamValue> + Clone> From<&[T]> for ParamValue {
    fn from(items: &[T]) -> Self {
        Self::List(items.iter().cloned().map(Into::into).collect())
    }
}

impl<T: Into<ParamValue>, const N: usize> From<[T; N]> for ParamValue {
    fn from(items: [T; N]) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl IntoIterator for Params {
    type Item = (Cow<'static, str>, ParamValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<K: Into<Cow<'static, str>>, V: Into<ParamValue>> FromIterator<(K, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut params = Self::new();
        for (name, value) in pairs {
            params.set(name, value);
        }
        params
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<&str>, ParamError> {
        split_name(text)
    }

    #[test]
    fn names_split_at_brackets() {
        assert_eq!(names("a").unwrap(), ["a"]);
        assert_eq!(names("a[b][0][c]").unwrap(), ["a", "b", "0", "c"]);
        assert_eq!(names("expand[]").unwrap(), ["expand", ""]);
        for bad in [
            "", "[a]", "a[b", "a]b", "a[b]c", "a[[b]]", "a[][b]", "a[b]]",
        ] {
            assert!(names(bad).is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn a_path_joins_what_is_already_there() {
        let mut params = Params::new();
        params.set_path("items[0][price]", "p1").unwrap();
        params.set_path("items[0][quantity]", 2).unwrap();
        params.set_path("items[1][price]", "p2").unwrap();
        params.set_path("expand[]", "customer").unwrap();
        params.set_path("metadata[a]", "1").unwrap();
        assert_eq!(
            crate::wire::form::encode(&params).unwrap(),
            "items[0][price]=p1&items[0][quantity]=2&items[1][price]=p2&expand[0]=customer&metadata[a]=1"
        );
        assert!(matches!(
            params.set_path("items[7][price]", "x"),
            Err(ParamError::Name(_))
        ));
        params.set("amount", 5);
        assert!(matches!(
            params.set_path("amount[x]", "y"),
            Err(ParamError::NotAMap(_))
        ));
    }

    #[test]
    fn setting_twice_replaces_in_place() {
        let params = Params::new().with("a", 1).with("b", 2).with("a", 3);
        assert_eq!(crate::wire::form::encode(&params).unwrap(), "a=3&b=2");
    }

    #[test]
    fn debug_never_prints_values() {
        let params = Params::new().with("card", Params::new().with("number", "4242424242424242"));
        let text = format!("{params:?}");
        assert!(text.contains("number") && !text.contains("4242"), "{text}");
    }
}
