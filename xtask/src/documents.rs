//! Checks of the repository's documents.

use std::fs;

use crate::run::root;

/// The paths in backticks that begin with a folder of the repository. Placeholders such as `<crate>` are no paths.
fn paths(text: &str) -> Vec<&str> {
    const FOLDERS: [&str; 7] = [
        "benches/",
        "crates/",
        "docs/",
        "examples/",
        "openapi/",
        "tests/",
        "xtask/",
    ];
    let spans = text.split('`').skip(1).step_by(2);
    spans
        .filter(|span| FOLDERS.iter().any(|folder| span.starts_with(folder)))
        .filter(|span| !span.contains(['<', ' ', '*', '…']))
        .collect()
}

#[test]
fn every_path_in_the_contributors_documents_exists() {
    let mut missing = Vec::new();
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = fs::read_to_string(root().join(document)).expect("a document");
        let paths = paths(&text);
        let gone = paths.into_iter().filter(|path| !root().join(path).exists());
        missing.extend(gone.map(|path| format!("{document}: {path}")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn paths_are_found_between_backticks() {
    let text = "`crates/a/src/b.rs` and `cargo xtask` and `xtask/layers/<crate>.txt` and `docs`";
    assert_eq!(paths(text), ["crates/a/src/b.rs"]);
}
