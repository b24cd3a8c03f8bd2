//! `cargo xtask fuzz`: builds the targets in `fuzz/` and runs each for a limited time.
//!
//! Flags of the stable compiler add the coverage counters of libFuzzer, so neither a nightly compiler nor `cargo-fuzz` is
//! needed. There are no sanitizers: everything is safe Rust, where a mistake is a panic.

use std::{fs, process::Command};

use crate::run::{cargo, root, run};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The flags of `cargo fuzz run -s none`.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// The options of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these targets; all targets if none is named.
    targets: Vec<String>,
    /// How long each target runs.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    seconds: u32,
}

pub(crate) fn main(args: &Args) -> Result<(), String> {
    let all = targets()?;
    if let Some(unknown) = args.targets.iter().find(|name| !all.contains(name)) {
        return Err(format!(
            "there is no target {unknown}: the targets are {}",
            all.join(", ")
        ));
    }
    let chosen = if args.targets.is_empty() {
        &all
    } else {
        &args.targets
    };
    let folder = root().join("fuzz");
    run(cargo()
        .args(["build", "--release", "--locked", "--target", TARGET])
        .env("RUSTFLAGS", FLAGS)
        .current_dir(&folder))?;
    let target_folder =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| folder.join("target"), Into::into);
    for name in chosen {
        let corpus = folder.join("corpus").join(name);
        let artifacts = folder.join("artifacts").join(name);
        for output in [&corpus, &artifacts] {
            fs::create_dir_all(output).map_err(|error| format!("{}: {error}", output.display()))?;
        }
        run(
            Command::new(target_folder.join(TARGET).join("release").join(name))
                .arg(format!("-max_total_time={}", args.seconds))
                .args(["-timeout=10", "-print_final_stats=1", "-verbosity=0"])
                .arg(format!("-artifact_prefix={}/", artifacts.display()))
                .arg(corpus),
        )?;
    }
    Ok(())
}

/// The names of the targets, sorted.
fn targets() -> Result<Vec<String>, String> {
    let folder = root().join("fuzz/fuzz_targets");
    let entries =
        fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_named_in_the_manifest() {
        let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).expect("the manifest");
        let names = targets().expect("the targets");
        assert_eq!(names.len(), manifest.matches("[[bin]]").count());
        for name in names {
            assert!(
                manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")),
                "{name}"
            );
        }
    }
}
