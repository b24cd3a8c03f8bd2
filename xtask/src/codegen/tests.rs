//! What is generated: always the same, from old descriptions too, and what is committed.

use std::collections::HashSet;

use tollway_spec::Spec;

use super::plan::NO_VIEW;
use super::{check, generate, write};
use crate::run::root;

const CURRENT: &str = "openapi/stripe.spec3.json";
const OLDER: &str = "crates/tollway-spec/tests/data/older.spec3.json";

fn is_rust(name: &str) -> bool {
    std::path::Path::new(name)
        .extension()
        .is_some_and(|kind| kind == "rs")
}

fn read(path: &str) -> Spec {
    Spec::read(&std::fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

#[test]
fn a_second_run_gives_the_same_bytes_and_they_are_the_committed_ones() {
    let first = generate(&read(CURRENT)).unwrap();
    assert_eq!(first, generate(&read(CURRENT)).unwrap());
    check(&first, &root()).unwrap();
}

#[test]
fn an_older_description_generates() {
    let files = generate(&read(OLDER)).unwrap();
    let charges = files
        .iter()
        .find(|(name, _)| name.contains("/api/charge"))
        .map(|(_, code)| code.as_str());
    assert!(charges.unwrap().starts_with("// @generated"));
    let all: String = files.values().map(String::as_str).collect();
    for item in [
        "ChargeCreate, ChargeCreateEndpoint =>",
        "pub fn charges(&self)",
        "pub fn capture(&self, charge: &str)",
        "\"charge.succeeded\"",
    ] {
        assert!(all.contains(item), "{item} is not generated");
    }
}

#[test]
fn every_file_is_marked_and_of_a_readable_length() {
    for (name, code) in generate(&read(CURRENT)).unwrap() {
        assert!(
            code.lines()
                .next()
                .unwrap_or_default()
                .contains("@generated"),
            "{name} has no mark"
        );
        assert!(
            !is_rust(&name) || code.lines().count() <= 1_500,
            "{name} has {} lines",
            code.lines().count()
        );
    }
}

#[test]
fn every_operation_and_object_has_its_item() {
    let spec = read(CURRENT);
    let code: String = generate(&spec)
        .unwrap()
        .iter()
        .filter(|(name, _)| is_rust(name))
        .map(|(_, code)| code.as_str())
        .collect();
    let quoted: HashSet<&str> = code.split('"').collect();
    for operation in spec
        .operations
        .iter()
        .filter(|operation| operation.service != "oauth")
    {
        let name = format!("{}.{}", operation.service, operation.method);
        assert!(quoted.contains(name.as_str()), "{name} has no request");
    }
    for object in spec
        .objects
        .iter()
        .filter(|object| !NO_VIEW.contains(&object.name.as_str()))
    {
        assert!(
            quoted.contains(object.name.as_str()),
            "{} has no view",
            object.name
        );
    }
}

#[test]
fn equal_parameters_are_one_type_with_every_name() {
    let files = generate(&read(CURRENT)).unwrap();
    let charges: String = files
        .iter()
        .filter(|(name, _)| name.contains("/api/charge/"))
        .map(|(_, code)| code.as_str())
        .collect();
    assert!(charges.contains("shipping: api::ChargeUpdateShipping)"));
    assert!(charges.contains("pub type ChargeUpdateShipping = api::"));
}

#[test]
fn check_names_what_differs() {
    let folder = std::env::temp_dir().join(format!("tollway-codegen-test-{}", std::process::id()));
    let files = [("crates/tollway/src/api/a.rs", "a"), ("b.txt", "b")];
    let files = files
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into();
    write(&files, &folder).unwrap();
    check(&files, &folder).unwrap();
    std::fs::write(folder.join("b.txt"), "other").unwrap();
    std::fs::write(folder.join("crates/tollway/src/api/stale.rs"), "left over").unwrap();
    let error = check(&files, &folder).unwrap_err().to_string();
    assert!(
        error.contains("b.txt") && error.contains("stale.rs") && !error.contains("a.rs,"),
        "{error}"
    );
    write(&files, &folder).unwrap();
    check(&files, &folder).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}
