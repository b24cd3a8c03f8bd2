//! Enums: one type for one set of words; a resource that has the same words as another has its own name for the type.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::names::{pascal, variant};
use super::plan::{Part, Plan};
use super::same::{Definition, NAME, Named, is_v2};

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
    let api = if is_v2(owner) { "v2" } else { "v1" };
    let scope = format!("{group} {api}");
    if let Some(known) = plan.taken.known_enum(&scope, &sorted) {
        return known.to_owned();
    }
    let field = pascal(field);
    let long = format!("{owner}{field}");
    let name = plan.taken.claim(&[long.clone(), format!("{long}Value")]);
    plan.taken.remember_enum(&scope, &sorted, &name);
    let about = format!(
        "The values of `{}`, first of all in [`{owner}`](crate::api::{owner})",
        super::names::snake(&field)
    );
    push(plan, group, &name, about, url, values);
    name
}

/// Writes an enum, or an alias of the one that has the same values, and makes it the enum of these values in its API
/// version.
pub(super) fn push(
    plan: &mut Plan<'_>,
    group: &str,
    name: &str,
    about: String,
    url: &str,
    values: &[String],
) {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let body = format!("open_enum {}", sorted.join(" "));
    plan.same.add(name, &body, || definition(values));
    let named = Named {
        name: name.to_owned(),
        about,
        url: url.to_owned(),
    };
    plan.push_named(group, Part::Enums, named);
}

fn definition(values: &[String]) -> Definition {
    let mut inside = format!("    {NAME} {{\n");
    let mut taken = vec!["Unknown".to_owned()];
    let mut seen = HashSet::from(["unknown"]);
    let words = values.iter().filter(|value| seen.insert(value.as_str()));
    for (at, value) in words.enumerate() {
        let mut variant = variant(value);
        while taken.contains(&variant) {
            variant.push('_');
        }
        let _ = writeln!(
            inside,
            "        /// `{value}`\n        {at} {variant} = \"{value}\","
        );
        taken.push(variant);
    }
    inside.push_str("    }\n");
    Definition {
        kind: "open_enum!",
        inside,
        after: String::new(),
    }
}
