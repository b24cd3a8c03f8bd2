//! The inputs of a form, which `inputs.html` renders.

use std::collections::BTreeMap;

use serde::Serialize;

/// An input of a form.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Input {
    /// The name it is sent by, and its id with dashes.
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) label: String,
    /// `text`, `email`, `tel`, `numeric`, `select` or `checkbox`.
    pub(crate) kind: String,
    pub(crate) autocomplete: String,
    pub(crate) value: String,
    /// What a `select` offers.
    pub(crate) options: Vec<Choose>,
    pub(crate) hint: String,
    pub(crate) required: bool,
    pub(crate) readonly: bool,
    pub(crate) error: Option<String>,
}

impl Input {
    pub(crate) fn new(name: &str, label: &str, kind: &str, autocomplete: &str) -> Self {
        Self {
            id: name.replace('_', "-"),
            name: name.to_owned(),
            label: label.to_owned(),
            kind: kind.to_owned(),
            autocomplete: autocomplete.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Shows again what was typed, and what is wrong with it. A security code is never shown again.
    pub(crate) fn fill(
        &mut self,
        form: &BTreeMap<String, String>,
        errors: &BTreeMap<String, String>,
    ) {
        if let Some(typed) = form.get(&self.name).filter(|_| self.name != "cvc") {
            self.value.clone_from(typed);
        }
        self.error = errors.get(&self.name).cloned();
    }
}

/// One of the values of an [`Input`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Choose {
    pub(crate) value: String,
    pub(crate) label: String,
}

impl Choose {
    /// A value that is its own label.
    pub(crate) fn plain(value: &str) -> Self {
        Self {
            value: value.to_owned(),
            label: value.to_owned(),
        }
    }
}
