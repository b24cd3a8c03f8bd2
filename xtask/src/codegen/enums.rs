//! Enums: one type for one set of words; a resource that has the same words as another has its own name for the type.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::names::{pascal, variant};
use super::plan::{Part, Plan};
use super::same;

/// From this size on, one set of words has one name for the whole API: currencies, countries, payment methods.
const SHARED_FROM: usize = 16;

const SHARED: &str = "shared";

/// The type for these values, written when it is new.
pub(super) fn named(
    plan: &mut Plan<'_>,
    group: &str,
    owner: &str,
    field: &str,
    url: &str,
    values: &[String],
) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let shared = sorted.len() >= SHARED_FROM;
    let group = if shared { SHARED } else { group };
    if let Some(known) = plan.taken.known_enum(group, &sorted) {
        return known.to_owned();
    }
    let field = pascal(field);
    let long = format!("{owner}{field}");
    let name = plan.taken.claim(&[long.clone(), format!("{long}Value")]);
    plan.taken.remember_enum(group, &sorted, &name);
    let about = format!(
        "The values of `{}`, first of all in [`{owner}`](crate::api::{owner})",
        super::names::snake(&field)
    );
    let known = plan.taken.known_enum(SHARED, &sorted).map(str::to_owned);
    let code = match known {
        Some(known) if known != name => {
            plan.same.alias(&name, &known);
            let about = format!("{about}: the same as [`{known}`](crate::api::{known}).");
            same::alias(&about, url, &name, &known)
        }
        _ => {
            plan.taken.remember_enum(SHARED, &sorted, &name);
            code(&name, &format!("{about}."), url, values)
        }
    };
    plan.push(group, Part::Words, code);
    name
}

/// Makes a type that was written already the one for these values, wherever they occur.
pub(super) fn remember_shared(plan: &mut Plan<'_>, name: &str, values: &[String]) {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    plan.taken.remember_enum(SHARED, &sorted, name);
}

/// The text of an enum.
pub(super) fn code(name: &str, about: &str, url: &str, values: &[String]) -> String {
    let mut code = format!("words! {{\n    /// {about}\n    ///\n    /// <{url}>\n    {name} {{\n");
    let mut taken = vec!["Unknown".to_owned()];
    let mut seen = HashSet::from(["unknown"]);
    let words = values.iter().filter(|value| seen.insert(value.as_str()));
    for (at, value) in words.enumerate() {
        let mut variant = variant(value);
        while taken.contains(&variant) {
            variant.push('_');
        }
        let _ = writeln!(
            code,
            "        /// `{value}`\n        {at} {variant} = \"{value}\","
        );
        taken.push(variant);
    }
    code.push_str("    }\n}\n\n");
    code
}
