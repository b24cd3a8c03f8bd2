//! Bad input gets one clear sentence and exit code 1, and nothing half-written.

use std::{fs, path::Path};

use tempfile::TempDir;

use crate::program::{failure, taken_port, tollway};

/// A configuration that is good but for what a test breaks. `{db}` is where its database goes.
const CONFIG: &str = r#"
listen = "127.0.0.1:0"
database = "{db}"
sealing_keys = ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]
[platforms.shop]
name = "Shop"
[platforms.shop.test]
client_id = "ca_123"
secret_key = "sk_test_123"
"#;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Writes the configuration with one thing changed, and gives its path.
fn config(folder: &Path, from: &str, to: &str) -> String {
    let text = CONFIG.replace("{db}", &folder.join("platform.db").display().to_string());
    assert!(text.contains(from), "the configuration has {from}");
    let file = folder.join("platform.toml");
    fs::write(&file, text.replacen(from, to, 1)).expect("a file");
    file.display().to_string()
}

fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word:?} is missing in: {said}");
    }
}

#[test]
fn wrong_usage_ends_with_two_and_says_how_it_works() {
    let output = tollway(["emulator", "--prot", "1"])
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(2));
    says(
        &String::from_utf8_lossy(&output.stderr),
        &["--prot", "--port"],
    );
}

#[test]
fn a_seed_that_cannot_be_played_is_named() {
    let folder = folder();
    let file = folder.path().join("seed.toml").display().to_string();
    says(&failure(["emulator", "--seed", &file]), &[&file, "--seed"]);
    fs::write(&file, "[[world]]").expect("a file");
    says(
        &failure(["emulator", "--seed", &file]),
        &[&file, "unknown field `world`"],
    );
    let refused = "[[worlds]]\nkey = \"sk_test_1\"\n[[worlds.requests]]\npost = \"/v1/customer\"\n";
    fs::write(&file, refused).expect("a file");
    says(
        &failure(["emulator", "--port", "0", "--seed", &file]),
        &[&file, "sk_test_1", "POST /v1/customer was refused with 404"],
    );
}

#[test]
fn a_port_in_use_is_named() {
    let (_listener, port) = taken_port();
    let said = failure(["emulator", "--port", &port.to_string()]);
    says(&said, &[&port.to_string(), "in use", "--port"]);
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn the_platforms_port_in_use_is_named() {
    let folder = folder();
    let (_listener, port) = taken_port();
    let config = config(folder.path(), "127.0.0.1:0", &format!("127.0.0.1:{port}"));
    says(
        &failure(["platform", "--config", &config]),
        &[&port.to_string(), "in use", "listen"],
    );
}

#[test]
fn an_address_of_another_machine_is_refused() {
    says(
        &failure(["emulator", "--port", "0", "--host", "192.0.2.1"]),
        &["192.0.2.1", "--host"],
    );
}

#[test]
fn a_data_file_that_cannot_be_written_is_named() {
    let folder = folder();
    fs::write(folder.path().join("file"), "not a folder").expect("a file");
    let data = folder.path().join("file/stripe.db").display().to_string();
    says(
        &failure(["emulator", "--port", "0", "--data", &data]),
        &[&data],
    );
}

#[test]
fn a_data_folder_that_cannot_be_used_is_named() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "not a folder").expect("a file");
    let inside = file.join("demo").display().to_string();
    for mode in [
        &["demo", "--data", &inside][..],
        &["demo", "--script", "--data", &inside],
    ] {
        says(&failure(mode), &[&inside, "--data"]);
    }
    assert_eq!(
        fs::read_to_string(&file).expect("the file is there"),
        "not a folder"
    );
}

#[test]
fn corrupt_emulator_data_is_refused_and_left_alone() {
    let folder = folder();
    let data = folder.path().join("stripe.db");
    fs::write(&data, [0x5a; 4096]).expect("a file");
    let name = data.display().to_string();
    says(
        &failure(["emulator", "--port", "0", "--data", &name]),
        &[&name],
    );
    assert_eq!(fs::read(&data).expect("the file is there"), [0x5a; 4096]);
}

#[test]
fn a_corrupt_platform_database_is_refused_and_left_alone() {
    let folder = folder();
    let config = config(folder.path(), "ca_123", "ca_123");
    let database = folder.path().join("platform.db");
    fs::write(&database, [0x5a; 4096]).expect("a file");
    says(
        &failure(["platform", "--config", &config]),
        &[&database.display().to_string()],
    );
    assert_eq!(
        fs::read(&database).expect("the file is there"),
        [0x5a; 4096]
    );
}

#[test]
fn a_database_in_a_folder_that_is_not_there_is_named() {
    let folder = folder();
    let config = config(folder.path(), "platform.db", "nowhere/platform.db");
    says(&failure(["platform", "--config", &config]), &["nowhere"]);
}

#[test]
fn a_missing_configuration_is_named() {
    says(
        &failure(["platform", "--config", "/nowhere/platform.toml"]),
        &["/nowhere/platform.toml"],
    );
    says(
        &failure(["platform"]),
        &["sealing_keys", "platforms", "config default"],
    );
}

#[test]
fn an_unknown_field_is_named() {
    let folder = folder();
    let config = config(
        folder.path(),
        "name = \"Shop\"",
        "name = \"Shop\"\ncolour = \"green\"",
    );
    for command in [
        &["platform", "--config", &config][..],
        &["platform", "config", "check", "--config", &config],
    ] {
        says(&failure(command), &["platforms.shop", "colour"]);
    }
    assert!(
        !folder.path().join("platform.db").exists(),
        "nothing is made for a bad configuration"
    );
}

#[test]
fn a_malformed_key_is_named_and_not_repeated() {
    let folder = folder();
    let config = config(folder.path(), "sk_test_123", "pk_test_oops");
    let said = failure(["platform", "--config", &config]);
    says(&said, &["platforms.shop.test.secret_key", "sk_test_"]);
    assert!(!said.contains("oops"), "{said}");
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    let folder = folder();
    let config = config(folder.path(), "[platforms.shop]", "[platforms.shop");
    says(
        &failure(["platform", "config", "check", "--config", &config]),
        &["line 5", "TOML"],
    );
}

#[test]
fn a_bad_log_filter_is_named() {
    says(
        &failure(["emulator", "--port", "0", "--log", "loud=very"]),
        &["loud=very", "--log info"],
    );
}
