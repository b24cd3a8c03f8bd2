//! The inputs of a form, which `inputs.html` renders.

use std::collections::BTreeMap;

use serde::Serialize;

/// An input of a form.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Input {
    /// The name it is sent by, and its id with dashes.
    pub name: String,
    /// The id of its control.
    pub id: String,
    /// Its label.
    pub label: String,
    /// `text`, `email`, `tel`, `numeric`, `select` or `checkbox`.
    pub kind: String,
    /// The value of `autocomplete`.
    pub autocomplete: String,
    /// The value it shows.
    pub value: String,
    /// What a `select` offers.
    pub options: Vec<Choose>,
    /// A sentence below it; may be empty.
    pub hint: String,
    /// Whether it must be filled in.
    pub required: bool,
    /// Whether it cannot be changed.
    pub readonly: bool,
    /// What is wrong with the value that was sent.
    pub error: Option<String>,
}

impl Input {
    /// An empty input.
    pub fn new(name: &str, label: &str, kind: &str, autocomplete: &str) -> Self {
        Self {
            id: name.replace('_', "-"),
            name: name.to_owned(),
            label: label.to_owned(),
            kind: kind.to_owned(),
            autocomplete: autocomplete.to_owned(),
            ..Self::default()
        }
    }

    /// The same input, which must be filled in.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Shows again what was typed, and what is wrong with it. A security code is never shown again.
    pub fn fill(&mut self, form: &BTreeMap<String, String>, errors: &BTreeMap<String, String>) {
        if let Some(typed) = form.get(&self.name).filter(|_| self.name != "cvc") {
            self.value.clone_from(typed);
        }
        self.error = errors.get(&self.name).cloned();
    }
}

/// One of the values of an [`Input`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choose {
    /// The value that is sent.
    pub value: String,
    /// Its label.
    pub label: String,
}

impl Choose {
    /// A value that is its own label.
    pub fn plain(value: &str) -> Self {
        Self {
            value: value.to_owned(),
            label: value.to_owned(),
        }
    }
}
