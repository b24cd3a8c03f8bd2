//! Runs `tests/data/vectors.json`, group by group. Each group says how many vectors it ran, and the counts in the
//! file are checked, so that none is skipped by accident.

mod encoding;
mod errors;
mod headers;
mod json;
mod oauth;
mod pages;
mod retries;
mod webhooks;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value as Json;
use tollway::params::{ParamValue, Params};
use tollway::{Json as Ordered, JsonKind};

const TEXT: &str = include_str!("../../data/vectors.json");

static VECTORS: LazyLock<Json> =
    LazyLock::new(|| serde_json::from_str(TEXT).expect("the vectors are JSON"));

/// Runs every vector of a group and prints how many there were.
fn run(group: &str, check: impl Fn(&Json)) {
    let vectors = VECTORS[group].as_array().expect("a group is a list");
    let expected = VECTORS["counts"][group]
        .as_u64()
        .expect("every group is counted");
    assert_eq!(
        vectors.len() as u64,
        expected,
        "the group {group} is not whole"
    );
    for vector in vectors {
        check(vector);
    }
    println!("{group}: {} vectors ran", vectors.len());
}

/// A vector's id, for messages.
fn id(vector: &Json) -> &str {
    vector["id"].as_str().unwrap_or("?")
}

/// `[["a", "1"], …]` as pairs.
fn pairs(list: &Json) -> Vec<(String, String)> {
    let text = |value: &Json| value.as_str().expect("pairs are text").to_owned();
    list.as_array()
        .expect("pairs are a list")
        .iter()
        .map(|pair| (text(&pair[0]), text(&pair[1])))
        .collect()
}

/// The decoded pairs of a query or a form body.
fn query_pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

fn sorted(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.sort();
    pairs
}

/// Every vector by its id, with the members of objects in the order of the file: parameters are sent in the order they
/// were set.
static ORDERED: LazyLock<HashMap<String, Ordered>> = LazyLock::new(|| {
    let all = Ordered::parse(TEXT).expect("the vectors are JSON");
    let groups = all.members().flat_map(|(_, group)| group.items());
    groups
        .filter_map(|vector| Some((vector.get("id")?.as_str()?.to_owned(), vector)))
        .collect()
});

/// A vector's tagged input as parameters; absent members are left out.
fn params(vector: &Json, member: &str) -> Params {
    params_of(
        &ORDERED[id(vector)]
            .get(member)
            .expect("the vector has this member"),
    )
}

fn params_of(input: &Ordered) -> Params {
    input
        .members()
        .filter_map(|(name, value)| Some((name.to_owned(), value_of(&value)?)))
        .collect()
}

fn value_of(input: &Ordered) -> Option<ParamValue> {
    let text = |value: &Ordered| value.as_str().expect("the tag holds text").to_owned();
    if let Some((tag, value)) = input
        .members()
        .next()
        .filter(|(name, _)| name.starts_with('$'))
    {
        return match tag {
            "$omit" => None,
            "$clear" => Some(ParamValue::Clear),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the vector asks for flooring"
            )]
            "$time" => Some(ParamValue::Time(
                value.as_f64().expect("a number").floor() as i64
            )),
            "$decimal" => Some(ParamValue::Decimal(text(&value))),
            "$float" => Some(ParamValue::Float(value.as_f64().expect("a number"))),
            "$int64" => Some(ParamValue::IntText(
                text(&value).parse().expect("an integer"),
            )),
            other => panic!("unknown tag {other}"),
        };
    }
    Some(match input.kind() {
        JsonKind::Null => ParamValue::Clear,
        JsonKind::Bool => ParamValue::Bool(input.as_bool()?),
        JsonKind::Number => ParamValue::Int(input.as_i64().expect("whole numbers only")),
        JsonKind::String => ParamValue::Str(text(input)),
        JsonKind::Array => {
            ParamValue::List(input.items().filter_map(|item| value_of(&item)).collect())
        }
        JsonKind::Object => ParamValue::Map(params_of(input)),
        kind => panic!("JSON has no kind {kind:?}"),
    })
}
