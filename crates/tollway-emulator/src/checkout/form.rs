//! A submitted form of a page, and the errors of its inputs.

use std::collections::BTreeMap;

/// A form as it was sent.
pub(crate) type Form = BTreeMap<String, String>;

/// What is wrong with which input, by its name.
pub(crate) type FormErrors = BTreeMap<String, String>;

/// What was typed into an input, if anything was.
pub(super) fn form_value<'f>(form: &'f Form, name: &str) -> Option<&'f str> {
    form.get(name)
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
}
