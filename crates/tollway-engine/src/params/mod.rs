//! Parameters: read from a form, multipart or JSON body into one bounded tree, then checked against the description.
//!
//! [`Params`] is what handlers see, after the check: integers are numbers, booleans are booleans, and what the
//! caller cleared (`""` in `/v1`, `null` in `/v2`) is `null`.

mod check;
mod form;
pub mod former;
pub mod multipart;
mod tree;

use serde_json::{Map, Value};

pub use self::check::check;
pub use self::form::{Pair, PairValue, pairs, to_form, tree};
pub use self::tree::Tree;
pub use self::tree::Upload;

/// The parameters of a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params {
    path: Vec<(String, String)>,
    values: Map<String, Value>,
    expand: Vec<String>,
    files: Vec<Upload>,
}

impl Params {
    /// Parameters from ready values, for handlers that call one another.
    #[must_use]
    pub fn new(path: Vec<(String, String)>, values: Map<String, Value>) -> Self {
        Self {
            path,
            values,
            expand: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Parameters from a checked request; `expand` is taken out of the values.
    pub fn checked(path: Vec<(String, String)>, checked: check::Checked) -> Self {
        let check::Checked { mut values, files } = checked;
        let expand = match values.remove("expand") {
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(|item| item.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        };
        Self {
            path,
            values,
            expand,
            files,
        }
    }

    /// The file sent as this parameter.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&Upload> {
        let number = usize::try_from(self.values.get(name)?.as_u64()?).ok()?;
        self.files.get(number)
    }

    /// The part of the path in `{name}`; empty if the operation has none of that name.
    #[must_use]
    pub fn path(&self, name: &str) -> &str {
        self.path
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// All parts of the path, in order.
    #[must_use]
    pub fn path_parts(&self) -> &[(String, String)] {
        &self.path
    }

    /// Top-level parameters.
    #[must_use]
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    /// Top-level parameters, to change.
    pub fn values_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.values
    }

    /// What to expand, as `customer` or `data.customer`.
    #[must_use]
    pub fn expand(&self) -> &[String] {
        &self.expand
    }

    /// A parameter by its dotted path, `transfer_data.destination`; null if the caller cleared it, none if it was not sent.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Value> {
        let (first, rest) = path
            .split_once('.')
            .map_or((path, None), |(first, rest)| (first, Some(rest)));
        let value = self.values.get(first)?;
        rest.map_or(Some(value), |rest| {
            rest.split('.')
                .try_fold(value, |value, name| value.get(name))
        })
    }

    /// A text parameter; none if absent or cleared.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.at(path)?.as_str()
    }

    /// An integer parameter.
    #[must_use]
    pub fn int(&self, path: &str) -> Option<i64> {
        self.at(path)?.as_i64()
    }

    /// A boolean parameter.
    #[must_use]
    pub fn bool(&self, path: &str) -> Option<bool> {
        self.at(path)?.as_bool()
    }

    /// An object parameter.
    #[must_use]
    pub fn map(&self, path: &str) -> Option<&Map<String, Value>> {
        self.at(path)?.as_object()
    }

    /// A list parameter; empty if absent.
    #[must_use]
    pub fn list(&self, path: &str) -> &[Value] {
        self.at(path)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    /// Whether the parameter was sent, cleared ones included.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.at(path).is_some()
    }

    /// Whether the caller cleared the parameter.
    #[must_use]
    pub fn cleared(&self, path: &str) -> bool {
        self.at(path).is_some_and(Value::is_null)
    }
}
