//! Enums: one type for one set of words within a resource.

use std::fmt::Write as _;

use super::names::{pascal, variant};
use super::plan::{Part, Plan};

/// From this size on, one set of words is one type for the whole API: currencies, countries, payment methods.
const SHARED_FROM: usize = 16;

/// The type for these values, written when it is new.
pub(super) fn named(
    plan: &mut Plan<'_>,
    group: &str,
    owner: &str,
    field: &str,
    values: &[String],
) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let shared = sorted.len() >= SHARED_FROM;
    let scope = if shared { "shared" } else { group };
    if let Some(known) = plan.taken.known_enum(scope, &sorted) {
        return known.to_owned();
    }
    let field = pascal(field);
    let long = format!("{owner}{field}");
    let name = plan.taken.claim(&[long.clone(), format!("{long}Value")]);
    plan.taken.remember_enum(scope, &sorted, &name);
    let code = code(
        &name,
        &format!(
            "The values of `{}`, first of all in [`{owner}`](crate::api::{owner}).",
            field_words(&field)
        ),
        values,
    );
    plan.push(if shared { "shared" } else { group }, Part::Words, code);
    name
}

/// Makes a type that was written already the one for these values, wherever they occur.
pub(super) fn remember_shared(plan: &mut Plan<'_>, name: &str, values: &[String]) {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    plan.taken.remember_enum("shared", &sorted, name);
}

/// The text of an enum.
pub(super) fn code(name: &str, about: &str, values: &[String]) -> String {
    let mut code = format!("words! {{\n    /// {about}\n    {name} {{\n");
    let mut taken = vec!["Unknown".to_owned()];
    for value in values.iter().filter(|value| value.as_str() != "unknown") {
        let mut variant = variant(value);
        while taken.contains(&variant) {
            variant.push('_');
        }
        let _ = writeln!(
            code,
            "        /// `{value}`\n        {variant} = \"{value}\","
        );
        taken.push(variant);
    }
    code.push_str("    }\n}\n\n");
    code
}

fn field_words(field: &str) -> String {
    super::names::snake(field)
}
