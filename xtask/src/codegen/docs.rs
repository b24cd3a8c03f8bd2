//! What the documentation of a generated item says: facts of the description in our own words, and where Stripe explains
//! the item.

use tollway_spec::{Field, Shape};

use super::names::words;

const SITE: &str = "https://docs.stripe.com/api";

/// Where Stripe documents an object, or with a path the part of it: `charges`, `charge`, `billing_details-address`.
pub(super) fn object_url(service: &str, object: &str, path: &[String]) -> String {
    let page = format!("{SITE}/{}/object", service.replace('.', "/"));
    if path.is_empty() {
        page
    } else {
        format!(
            "{page}#{}_object-{}",
            object.replace('.', "_"),
            path.join("-")
        )
    }
}

/// Where Stripe documents a method.
pub(super) fn method_url(service: &str, method: &str) -> String {
    format!("{SITE}/{}/{method}", service.replace('.', "/"))
}

/// The sentence about a field that is read.
pub(super) fn read(field: &Field, siblings: &[Field]) -> String {
    let mut text = about(field, siblings);
    if let Shape::Expandable { .. } = field.shape {
        text.push_str(" An id, or the object itself when `expand` asks for it.");
    }
    match (field.required, field.nullable) {
        (true, false) => {}
        (true, true) => text.push_str(" `None` when null."),
        (false, false) => text.push_str(" `None` when absent."),
        (false, true) => text.push_str(" `None` when absent or null."),
    }
    if field.deprecated {
        text.push_str(" Stripe advises against it.");
    }
    text
}

/// The sentence about a parameter that is set.
pub(super) fn write(field: &Field, siblings: &[Field]) -> String {
    let mut text = about(field, siblings);
    if field.deprecated {
        text.push_str(" Stripe advises against it.");
    }
    text
}

fn about(field: &Field, siblings: &[Field]) -> String {
    let name = words(&field.name);
    let known = match (field.name.as_str(), &field.shape) {
        ("id", Shape::String) => Some("The object's id.".to_owned()),
        ("object", Shape::Const(value)) => Some(format!("The object's type, `{value}`.")),
        ("metadata", Shape::Map(_)) => Some("Key-value pairs of your own.".to_owned()),
        ("livemode", _) => {
            Some("Whether the object lives in live mode rather than test mode.".to_owned())
        }
        ("deleted", _) => Some("Whether the object has been deleted.".to_owned()),
        ("limit", Shape::Integer) => Some("The size of a page.".to_owned()),
        ("starting_after", _) => Some("The id after which the page begins.".to_owned()),
        ("ending_before", _) => Some("The id before which the page ends.".to_owned()),
        _ => None,
    };
    known.unwrap_or_else(|| format!("{name}{}.", unit(field, siblings)))
}

fn unit(field: &Field, siblings: &[Field]) -> String {
    let is_money = |name: &str| {
        name == "amount"
            || name.ends_with("_amount")
            || name.starts_with("amount_") && !name.ends_with("_percent")
    };
    match &field.shape {
        Shape::Integer
            if is_money(&field.name)
                && siblings.iter().any(|sibling| sibling.name == "currency") =>
        {
            ", in the smallest unit of `currency`".to_owned()
        }
        Shape::Currency => ": three-letter ISO code in lower case".to_owned(),
        Shape::UnixTime => ", in seconds since the Unix epoch".to_owned(),
        Shape::DateTime => ", as RFC 3339 text".to_owned(),
        Shape::Decimal => ", as a decimal number".to_owned(),
        Shape::Boolean => ": true or false".to_owned(),
        Shape::Const(value) => format!(": always `{value}`"),
        Shape::Any => ": free JSON".to_owned(),
        Shape::Array(_) => ", as a list".to_owned(),
        Shape::List(_) => ", as a list of which this is the first page".to_owned(),
        Shape::Map(_) => ", by key".to_owned(),
        _ => String::new(),
    }
}
