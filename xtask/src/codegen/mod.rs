//! `cargo xtask codegen`: from the API description to the files made from it.
//!
//! [`generate`] turns a description into file contents, all in memory; [`main`] writes them, or with `--check` compares
//! them with what is there. The same description always gives the same bytes.

mod arguments;
mod checks;
mod coverage_tests;
mod docs;
mod enums;
mod events;
mod generated_mark;
mod layout;
mod names;
mod plan;
mod requests;
mod same;
mod services;
#[cfg(test)]
mod tests;
mod views;

pub(crate) use self::names::ident;
pub(crate) use self::plan::NO_VIEW;
pub(crate) use self::requests::facts;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tollway_spec::{CatalogFiles, Spec};

/// Why a chore stopped, in one sentence.
type Error = Box<dyn std::error::Error>;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Compare with the files that are there instead of writing; fails on any difference.
    #[arg(long)]
    pub(crate) check: bool,
    /// The API description.
    #[arg(long, value_name = "FILE", default_value = "openapi/stripe.spec3.json")]
    pub(crate) spec: PathBuf,
    /// Where to write: the root of the repository, or a folder that gets the same layout.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
}

/// Contents by path, relative to the root of the repository.
pub(crate) type Files = BTreeMap<String, String>;

/// Folders of which every file is generated: what is not made any more is removed.
const OWNED: &[&str] = &[
    "crates/tollway-engine/src/spec",
    coverage_tests::FOLDER,
    layout::API,
];

pub(crate) fn main(args: &Args) -> Result<(), String> {
    run(args).map_err(|error| error.to_string())
}

fn run(args: &Args) -> Result<(), Error> {
    let text = fs::read_to_string(&args.spec)
        .map_err(|error| format!("cannot read {}: {error}", args.spec.display()))?;
    let files = generate(&Spec::read(&text)?)?;
    if args.check {
        check(&files, &args.out)
    } else {
        write(&files, &args.out)
    }
}

/// Everything that is made from a description.
pub(crate) fn generate(spec: &Spec) -> Result<Files, Error> {
    let mut plan = plan::Plan::new(spec);
    events::emit_all(&mut plan);
    views::emit_all(&mut plan);
    services::emit_all(&mut plan);
    let mut files = layout::files(plan.finished_chunks());
    files.extend(plan.coverage_tests.files());
    let mut files = layout::format(files)?;
    files.insert(format!("{}/check.txt", layout::API), checks::table(spec));
    let catalog = CatalogFiles::write(spec)?;
    let emulator = "crates/tollway-engine/src/spec";
    files.insert(format!("{emulator}/operations.jsonl"), catalog.operations);
    files.insert(format!("{emulator}/objects.jsonl"), catalog.objects);
    files.insert(format!("{emulator}/meta.jsonl"), catalog.meta);
    files.insert(format!("{emulator}/index.txt"), catalog.index);
    Ok(files)
}

fn write(files: &Files, out: &Path) -> Result<(), Error> {
    let mut changed = 0;
    for (name, contents) in files {
        let path = out.join(name);
        if fs::read(&path).is_ok_and(|old| old == contents.as_bytes()) {
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, contents)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        changed += 1;
    }
    let stale = stale(files, out)?;
    for name in &stale {
        fs::remove_file(out.join(name))?;
    }
    println!(
        "{} files generated, {changed} changed, {} removed",
        files.len(),
        stale.len()
    );
    Ok(())
}

fn check(files: &Files, out: &Path) -> Result<(), Error> {
    let mut different: Vec<String> = files
        .iter()
        .filter(|(name, contents)| {
            fs::read(out.join(name)).map_or(true, |old| old != contents.as_bytes())
        })
        .map(|(name, _)| name.clone())
        .collect();
    different.extend(stale(files, out)?);
    if different.is_empty() {
        println!("{} generated files are fresh", files.len());
        return Ok(());
    }
    different.sort_unstable();
    Err(format!(
        "not what the description gives; run `cargo xtask codegen`: {}",
        different.join(", ")
    )
    .into())
}

/// Files in the owned folders that nothing generates.
fn stale(files: &Files, out: &Path) -> Result<Vec<String>, Error> {
    let mut stale = Vec::new();
    let mut folders: Vec<String> = OWNED.iter().map(|folder| (*folder).to_owned()).collect();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(out.join(&folder)) else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                folders.push(name);
            } else if !files.contains_key(&name)
                && Path::new(&name)
                    .extension()
                    .is_some_and(|kind| kind == "rs" || kind == "jsonl")
            {
                stale.push(name);
            }
        }
    }
    Ok(stale)
}
