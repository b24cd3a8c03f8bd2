//! Installing what is not Rust: a Python environment, Node packages, a browser.
//!
//! Everything is installed inside the repository (`.venv`, `tests/clients/node/node_modules`), except the browser, which is a
//! Debian package. A step prints nothing when there is nothing to install.

use std::{fs, path::PathBuf, process::Command};

use crate::run::{is_installed, root, run};

/// Creates `.venv` and installs the pinned packages of `requirements` (a path below the root) into it.
///
/// A copy of the file in `.venv` records what is installed; nothing is done while both are equal.
pub(crate) fn python(requirements: &str) -> Result<PathBuf, String> {
    let venv = root().join(".venv");
    let path = root().join(requirements);
    let stamp = venv.join(requirements.replace('/', "-"));
    let text = fs::read(&path).map_err(|error| format!("cannot read {requirements}: {error}"))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == text) {
        return Ok(venv);
    }
    if !venv.join("bin/python").exists() {
        run(Command::new("python3").args(["-m", "venv", ".venv"]))?;
    }
    run(Command::new(venv.join("bin/python")).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
        requirements,
    ]))?;
    fs::write(&stamp, text)
        .map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    Ok(venv)
}

/// Unpacks the source package of Stripe's Python client into `.venv/source/stripe-VERSION`, in the version that `requirements`
/// pins: it has the client's own tests, which the installed package has not.
pub(crate) fn python_source(requirements: &str) -> Result<(), String> {
    let venv = python(requirements)?;
    let text = fs::read_to_string(root().join(requirements))
        .map_err(|error| format!("cannot read {requirements}: {error}"))?;
    let version = text
        .lines()
        .find_map(|line| line.strip_prefix("stripe=="))
        .ok_or_else(|| format!("{requirements} does not pin stripe"))?;
    let (folder, python) = (venv.join("source"), venv.join("bin/python"));
    if folder.join(format!("stripe-{version}")).exists() {
        return Ok(());
    }
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["--no-deps", "--no-binary", "stripe", "--dest"])
        .arg(&folder)
        .arg(format!("stripe=={version}")))?;
    run(Command::new(&python)
        .args(["-m", "tarfile", "--extract"])
        .arg(folder.join(format!("stripe-{version}.tar.gz")))
        .arg(&folder))
}

/// Installs the locked Node packages of `folder` (a path below the root).
pub(crate) fn node(folder: &str) -> Result<(), String> {
    let folder = root().join(folder);
    let stamp = folder.join("node_modules/.installed-lock.json");
    let lock = fs::read(folder.join("package-lock.json")).map_err(|error| {
        format!(
            "cannot read package-lock.json in {}: {error}",
            folder.display()
        )
    })?;
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(Command::new("npm")
        .args(["ci", "--ignore-scripts", "--loglevel=error"])
        .current_dir(&folder))?;
    fs::write(&stamp, lock).map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

/// Installs the Debian packages of missing programs. Without root it fails and names the command.
///
/// `programs` pairs a program with its package.
pub(crate) fn debian(programs: &[(&str, &str)]) -> Result<(), String> {
    let missing: Vec<_> = programs
        .iter()
        .filter(|(program, _)| !is_installed(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    if !is_root() {
        return Err(format!(
            "missing: {packages}. Run `sudo apt-get install {packages}`, or leave its tests out with `--without`"
        ));
    }
    run(Command::new("apt-get").args(["update", "-qq"]))?;
    run(Command::new("apt-get")
        .args(["install", "--yes", "-qq", "--no-install-recommends"])
        .args(missing)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
