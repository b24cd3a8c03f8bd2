//! The requests that cause each event, from `recipes.toml`.
//!
//! A step's `post`, `get` or `delete` is its path; `page` is the path of a page whose form is submitted as a browser does.
//! `${customer}` is the id in the response to the step `customer`, `${customer.x.0.y}` a member of it. Steps that several events
//! share are under `[shared]`, and `after` names them. `account` names the step that creates the connected account of the event.
//!
//! `synthetic_events.toml` has every other event of the API, each with the reason why no request causes it.

use std::collections::BTreeMap;

use serde_json::Value;
use tollway::request::Verb;
use toml::Table;

use crate::failure::{Failure, Outcome};

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) verb: Verb,
    pub(crate) path: String,
    /// In the order they are sent, as `a[b]` and text.
    pub(crate) params: Vec<(String, String)>,
    /// The expected status if it is not a success: 402 for a declined card, 303 for a page that redirects.
    pub(crate) expected_status: Option<u16>,
}

/// The requests that cause an event.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Recipe {
    /// In order.
    pub(crate) steps: Vec<Step>,
    /// The step that creates the connected account of the event; none for an event of the platform.
    pub(crate) account: Option<String>,
}

/// All recipes by event.
pub(crate) fn all() -> Outcome<BTreeMap<String, Recipe>> {
    read(include_str!("recipes.toml"))
        .map_err(|reason| Failure::new(format!("the recipes cannot be read: {reason}")))
}

fn read(text: &str) -> Result<BTreeMap<String, Recipe>, String> {
    let table: Table = text.parse().map_err(|error| format!("{error}"))?;
    let (shared, events) = (section(&table, "shared")?, section(&table, "events")?);
    let recipe = |(event, entry): (&String, &toml::Value)| {
        let account = entry.get("account").and_then(toml::Value::as_str);
        let recipe = Recipe {
            steps: steps(entry, shared)?,
            account: account.map(str::to_owned),
        };
        Ok((event.clone(), recipe))
    };
    events.iter().map(recipe).collect()
}

fn section<'t>(table: &'t Table, name: &str) -> Result<&'t Table, String> {
    table
        .get(name)
        .and_then(toml::Value::as_table)
        .ok_or_else(|| format!("[{name}] is missing"))
}

/// The steps of an entry, with the shared steps of its `after` first.
fn steps(entry: &toml::Value, shared: &Table) -> Result<Vec<Step>, String> {
    let mut recipe = Vec::new();
    if let Some(name) = entry.get("after").and_then(toml::Value::as_str) {
        let before = shared
            .get(name)
            .ok_or_else(|| format!("there are no shared steps {name}"))?;
        recipe.extend(steps(before, shared)?);
    }
    let own = entry.get("steps").and_then(toml::Value::as_array);
    for table in own.into_iter().flatten() {
        recipe.push(step(table)?);
    }
    if recipe.is_empty() {
        return Err(format!("no steps in {entry}"));
    }
    Ok(recipe)
}

fn step(table: &toml::Value) -> Result<Step, String> {
    let text = |name: &str| table.get(name).and_then(toml::Value::as_str);
    let verbs = [
        ("page", Verb::Post),
        ("post", Verb::Post),
        ("get", Verb::Get),
        ("delete", Verb::Delete),
    ];
    let (verb, path) = verbs
        .iter()
        .find_map(|(name, verb)| Some((*verb, text(name)?)))
        .ok_or_else(|| format!("no path in {table}"))?;
    let mut params = Vec::new();
    if let Some(value) = table.get("params") {
        flatten("", value, &mut params);
    }
    Ok(Step {
        name: text("name")
            .ok_or_else(|| format!("no name in {table}"))?
            .to_owned(),
        verb,
        path: path.to_owned(),
        params,
        expected_status: match table.get("fails").and_then(toml::Value::as_bool) {
            Some(true) => Some(402),
            _ => text("page").map(|_| 303),
        },
    })
}

fn flatten(name: &str, value: &toml::Value, into: &mut Vec<(String, String)>) {
    let inside = |key: &str| {
        if name.is_empty() {
            key.to_owned()
        } else {
            format!("{name}[{key}]")
        }
    };
    match value {
        toml::Value::Table(members) => members
            .iter()
            .for_each(|(key, value)| flatten(&inside(key), value, into)),
        toml::Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, value)| flatten(&inside(&index.to_string()), value, into)),
        toml::Value::String(text) => into.push((name.to_owned(), text.clone())),
        other => into.push((name.to_owned(), other.to_string())),
    }
}

/// Replaces each `${…}` in the text by a value from the responses to earlier steps.
pub(crate) fn fill_in(template: &str, responses: &[(String, Value)]) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let (reference, behind) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(before);
        text.push_str(&referenced_value(reference, responses));
        rest = behind;
    }
    text + rest
}

fn referenced_value(reference: &str, responses: &[(String, Value)]) -> String {
    let (step, path) = reference.split_once('.').unwrap_or((reference, "id"));
    let response = responses.iter().rev().find(|(name, _)| name == step);
    let value = response.and_then(|(_, response)| {
        path.split('.')
            .try_fold(response, |value, part| match value {
                Value::Array(items) => items.get(part.parse::<usize>().ok()?),
                other => other.get(part),
            })
    });
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_filled_in() {
        let answers = [(
            "sub".to_owned(),
            json!({"id": "sub_1", "items": {"data": [{"id": "si_1"}]}}),
        )];
        assert_eq!(
            fill_in("/v1/subscriptions/${sub}", &answers),
            "/v1/subscriptions/sub_1"
        );
        assert_eq!(fill_in("${sub.items.data.0.id}!", &answers), "si_1!");
        assert_eq!(fill_in("plain", &answers), "plain");
    }

    #[test]
    fn every_reference_names_an_earlier_step() {
        for (event, recipe) in all().unwrap() {
            let mut known: Vec<&str> = Vec::new();
            let names: Vec<&str> = recipe.steps.iter().map(|step| step.name.as_str()).collect();
            assert!(
                recipe
                    .account
                    .as_deref()
                    .is_none_or(|name| names.contains(&name)),
                "{event}"
            );
            for step in &recipe.steps {
                let texts = step
                    .params
                    .iter()
                    .map(|(_, value)| value)
                    .chain([&step.path]);
                for text in texts {
                    for reference in text.split("${").skip(1) {
                        let name = reference.split(['}', '.']).next().unwrap_or_default();
                        assert!(known.contains(&name), "{event}: {name}");
                    }
                }
                known.push(&step.name);
            }
        }
    }

    #[test]
    fn every_event_has_a_recipe_or_a_reason_why_not() {
        let synthetic: Table = include_str!("synthetic_events.toml").parse().unwrap();
        let mut without = Vec::new();
        for group in synthetic["because"].as_array().unwrap() {
            assert!(group["reason"].as_str().is_some_and(|text| text.len() > 20));
            let events = group["events"].as_array().unwrap();
            without.extend(
                events
                    .iter()
                    .map(|event| event.as_str().unwrap().to_owned()),
            );
        }
        let recipes = all().unwrap();
        for event in &without {
            assert!(
                !recipes.contains_key(event),
                "{event} has a recipe now: take it from synthetic_events.toml"
            );
        }
        without.extend(recipes.into_keys());
        without.sort();
        let emulator = tollway_emulator::Emulator::builder()
            .seed(1)
            .build()
            .unwrap();
        let described = &emulator.engine().description().catalog().events().v1;
        let mut known: Vec<String> = described.iter().map(|event| event.type_.clone()).collect();
        known.sort();
        assert_eq!(without, known);
    }

    #[test]
    fn what_is_wrong_in_a_recipe_is_said() {
        let said = |text| read(text).unwrap_err();
        assert_eq!(said("[events]"), "[shared] is missing");
        assert!(said("[shared]\n[events.a]\nsteps = []").starts_with("no steps"));
        assert_eq!(
            said("[shared]\n[events.a]\nafter = \"b\""),
            "there are no shared steps b"
        );
    }
}
