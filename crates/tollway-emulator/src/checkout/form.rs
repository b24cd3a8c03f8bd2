//! A submitted form of a page, and the errors of its inputs.

use std::collections::BTreeMap;

/// A submitted form, by input name.
pub(crate) type Form = BTreeMap<String, String>;

/// Error messages by input name.
pub(crate) type FormErrors = BTreeMap<String, String>;

/// The trimmed value of an input; none if it is empty.
pub(super) fn form_value<'f>(form: &'f Form, name: &str) -> Option<&'f str> {
    form.get(name)
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
}
