//! The check on small sample crates.

use std::fs;
use std::path::Path;

use super::check::check_crate;

/// A crate with these files below `src`, checked with this list; one line for each violation.
fn violations(list: &str, files: &[(&str, &str)]) -> Vec<String> {
    let root = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = root.path().join("sample/src").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    fs::write(root.path().join("sample.txt"), list).expect("a list");
    let found = check_crate(
        root.path(),
        &root.path().join("sample"),
        Path::new("sample.txt"),
    )
    .expect("a verdict");
    found.iter().map(ToString::to_string).collect()
}

const ROOT: (&str, &str) = ("lib.rs", "mod upper;\nmod lower;\n");
const LIST: &str = "upper\nlower\n";

fn one(list: &str, files: &[(&str, &str)]) -> String {
    let found = violations(list, files);
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap_or_default()
}

#[test]
fn a_downward_use_passes() {
    let files = [
        ROOT,
        ("upper.rs", "use crate::lower::Thing;\nfn f(_: Thing) {}"),
        ("lower.rs", "pub struct Thing;"),
    ];
    assert_eq!(violations(LIST, &files), Vec::<String>::new());
}

#[test]
fn an_upward_use_fails_with_file_line_and_reason() {
    let files = [
        ROOT,
        ("upper.rs", "pub struct Thing;"),
        (
            "lower.rs",
            "//! Docs.\n\nuse crate::{\n    upper::Thing,\n};",
        ),
    ];
    assert_eq!(
        one(LIST, &files),
        "sample/src/lower.rs:4: `lower` uses `upper` by `crate::upper::Thing`, but that is a higher layer (sample.txt)"
    );
}

#[test]
fn an_upward_path_in_code_fails_without_a_use() {
    for body in [
        "fn f() {\n    crate::upper::run();\n}",
        "fn f() {\n    super::upper::run();\n}",
        "fn f() {\n    println!(\"{}\", crate::upper::run());\n}",
        "\nfn f(_: Vec<crate::upper::Thing>) {}",
        "\nstruct S { #[serde(with = \"crate::upper\")] a: u8 }",
        "macro_rules! m { () => {\n    $crate::upper::run() } }",
        "macro_rules! m { () => {\n    struct S(pub (crate::upper::Thing)); } }",
        "fn f() {\n    use super::upper::run;\n}",
    ] {
        let files = [
            ROOT,
            ("upper.rs", "pub struct Thing;\npub fn run() {}"),
            ("lower.rs", body),
        ];
        let found = one(LIST, &files);
        assert!(
            found.starts_with("sample/src/lower.rs:2: `lower` uses `upper`"),
            "{body}: {found}"
        );
    }
}

#[test]
fn modules_of_one_layer_do_not_use_each_other() {
    let files = [
        ROOT,
        ("upper.rs", "use crate::lower::Thing;"),
        ("lower.rs", "pub struct Thing;"),
    ];
    let found = one("upper lower\n", &files);
    assert!(
        found.contains("`upper` uses `lower`") && found.contains("both are in one layer"),
        "{found}"
    );
}

#[test]
fn a_reexport_at_the_root_is_no_way_around() {
    for root in [
        "mod upper;\nmod lower;\npub use upper::Thing;",
        "mod upper;\nmod lower;\npub use upper::*;",
    ] {
        let files = [
            ("lib.rs", root),
            ("upper.rs", "pub struct Thing;"),
            ("lower.rs", "use crate::Thing;"),
        ];
        let found = one(LIST, &files);
        assert!(
            found.contains("lower.rs:1: `lower` uses `upper` by `crate::Thing`"),
            "{root}: {found}"
        );
    }
}

#[test]
fn a_renamed_reexport_and_a_glob_of_the_root_are_no_way_around() {
    let upper = ("upper.rs", "pub struct Thing;");
    let renamed = (
        "lib.rs",
        "mod upper;\nmod lower;\npub(crate) use self::upper::Thing as Renamed;",
    );
    let found = one(
        LIST,
        &[renamed, upper, ("lower.rs", "fn f(_: super::Renamed) {}")],
    );
    assert!(
        found.contains("`lower` uses `upper` by `crate::Renamed`"),
        "{found}"
    );
    let found = one(
        LIST,
        &[
            renamed,
            upper,
            ("lower.rs", "use super::*;\n\nfn f(_: Renamed) {}"),
        ],
    );
    assert!(
        found.starts_with("sample/src/lower.rs:3: `lower` uses `upper`"),
        "{found}"
    );
}

#[test]
fn a_reexport_from_below_is_no_use_of_the_root() {
    let root = ("lib.rs", "mod upper;\nmod lower;\npub use lower::Thing;");
    let files = [
        root,
        ("upper.rs", "use crate::Thing;"),
        ("lower.rs", "pub struct Thing;"),
    ];
    assert_eq!(violations(LIST, &files), Vec::<String>::new());
}

#[test]
fn what_the_root_defines_is_above_all_unless_the_list_says_otherwise() {
    let root = (
        "lib.rs",
        "mod upper;\nmod lower;\npub use upper::run;\npub struct Thing;",
    );
    let files = [
        root,
        ("upper.rs", "pub fn run() {}"),
        ("lower.rs", "use crate::Thing;"),
    ];
    let found = one(LIST, &files);
    assert!(found.contains("`lower` uses `the crate's root`"), "{found}");
    assert_eq!(
        violations("upper\nlower\nself\n", &files),
        Vec::<String>::new()
    );
    let uses_module = (
        "lib.rs",
        "mod upper;\nmod lower;\npub struct Thing;\nfn f() {\n    upper::run();\n}",
    );
    let found = one("upper\nlower\nself\n", &[uses_module, files[1], files[2]]);
    assert!(
        found.contains("lib.rs:5: `the crate's root` uses `upper`"),
        "{found}"
    );
}

#[test]
fn a_folder_has_an_order_of_its_own() {
    let files = [
        ("lib.rs", "mod folder;"),
        ("folder/mod.rs", "mod first;\nmod second;"),
        ("folder/first.rs", "pub fn run() {}"),
        ("folder/second.rs", "use super::first::run;"),
    ];
    let found = one("folder\n[folder]\nfirst\nsecond\n", &files);
    assert!(
        found.starts_with("sample/src/folder/second.rs:1: `folder::second` uses `folder::first`"),
        "{found}"
    );
    assert_eq!(
        violations("folder\n[folder]\nsecond\nfirst\n", &files),
        Vec::<String>::new()
    );
    assert_eq!(violations("folder\n", &files), Vec::<String>::new());
}

#[test]
fn a_folder_without_an_order_has_no_circle() {
    let files = [
        ("lib.rs", "mod folder;"),
        ("folder/mod.rs", "mod first;\nmod second;\nmod third;"),
        ("folder/first.rs", "use super::second::run;"),
        ("folder/second.rs", "use super::third::run;"),
        ("folder/third.rs", "use super::first::run;"),
    ];
    let found = violations("folder\n", &files);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found[0]
            .contains("first.rs:1: `folder::first` uses `folder::second`, which leads back to it"),
        "{found:?}"
    );
}

#[test]
fn an_unlisted_module_and_a_listed_one_that_is_missing_are_errors() {
    let files = [ROOT, ("upper.rs", ""), ("lower.rs", "")];
    let found = one("upper\n", &files);
    assert_eq!(
        found,
        "sample/src/lower.rs:1: module `lower` is in no layer: add it to sample.txt"
    );
    let found = one("upper\nlower\ngone\n", &files);
    assert_eq!(found, "sample.txt:3: there is no module `gone`");
}

#[test]
fn code_for_tests_is_exempt() {
    let lower = "
#[cfg(test)]
use crate::upper::run;
#[cfg(all(test, unix))]
mod tests {
    use crate::upper::run;
}
#[cfg(test)]
mod more;
struct S;
impl S {
    #[cfg(test)]
    fn f() { crate::upper::run() }
}
#[test]
fn t() { crate::upper::run() }
";
    let files = [
        ROOT,
        ("upper.rs", "pub fn run() {}"),
        ("lower.rs", lower),
        ("lower/more.rs", "use crate::upper::run;"),
    ];
    assert_eq!(violations(LIST, &files), Vec::<String>::new());
    let found = one(
        LIST,
        &[
            ROOT,
            ("upper.rs", "pub fn run() {}"),
            ("lower.rs", "#[cfg(not(test))]\nuse crate::upper::run;"),
        ],
    );
    assert!(found.contains("lower.rs:2"), "{found}");
}

#[test]
fn a_macro_called_by_name_alone_counts_as_a_use() {
    let files = [
        ("lib.rs", "#[macro_use]\nmod upper;\nmod lower;"),
        ("upper.rs", "macro_rules! word { () => {} }"),
        ("lower.rs", "fn f() {\n    word!();\n}"),
    ];
    let found = one(LIST, &files);
    assert!(
        found.starts_with("sample/src/lower.rs:2: `lower` uses `upper`"),
        "{found}"
    );
}

#[test]
fn who_may_see_an_item_is_no_use_of_that_module() {
    let files = [
        ("lib.rs", "mod upper;\nmod lower;"),
        ("upper.rs", ""),
        (
            "lower.rs",
            "pub(in crate::lower) fn f() {}\npub(super) fn g() {}\n/// [`crate::upper`]\npub fn h() {}\n\
             macro_rules! m { () => { pub(crate) fn i() {} pub(in crate::lower) fn j() {} } }",
        ),
    ];
    assert_eq!(violations(LIST, &files), Vec::<String>::new());
}
