//! Files that were damaged: named in one sentence, left as they are, never half-read.

use std::{fs, path::Path};

use tempfile::TempDir;
use tollway::Client;

use crate::program::{Service, failure, success, tollway};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A data file of the emulator with so many customers in it, and how long it was before the last one.
async fn data_file(file: &str, customers: usize) -> u64 {
    let service = Service::start(["emulator", "--port", "0", "--data", file]);
    let client = Client::builder("sk_test_123")
        .base_url(&service.url)
        .build()
        .expect("a client");
    let mut before_last = 0;
    for number in 0..customers {
        before_last = fs::metadata(file).expect("the data file").len();
        client
            .customers()
            .create()
            .name(&format!("Customer {number}"))
            .send()
            .await
            .expect("a customer");
    }
    drop(client);
    assert_eq!(service.terminate(), Some(0));
    before_last
}

/// Runs what must be refused because of a file: the sentence names it, and the file stays as it is.
fn refused_for(file: &Path, command: &[&str], words: &[&str]) {
    let before = fs::read(file).expect("the file is there");
    let said = failure(command);
    let name = file.display().to_string();
    for word in words.iter().copied().chain([name.as_str()]) {
        assert!(said.contains(word), "{word:?} is missing in: {said}");
    }
    let after = fs::read(file).expect("the file is still there");
    assert!(before == after, "{name} was changed");
}

#[tokio::test]
async fn damage_inside_the_emulators_data_is_refused_wherever_it_is() {
    let folder = folder();
    let path = folder.path().join("stripe.db");
    let file = path.display().to_string();
    let before_last = data_file(&file, 5).await;
    let whole = fs::read(&path).expect("the data file");
    let before_last = usize::try_from(before_last).expect("fits");
    // Right behind the file's first line is a length: made huge, it must not pass for a write that was cut off.
    for place in [12, whole.len() / 2, before_last - 1] {
        let mut damaged = whole.clone();
        damaged[place] ^= 0xff;
        fs::write(&path, damaged).expect("writes");
        refused_for(
            &path,
            &["emulator", "--port", "0", "--data", &file],
            &["damaged at byte", "restore it"],
        );
    }
}

#[tokio::test]
async fn a_write_that_was_cut_off_does_not_keep_the_emulator_from_starting() {
    let folder = folder();
    let path = folder.path().join("stripe.db");
    let file = path.display().to_string();
    data_file(&file, 5).await;
    let mut torn = fs::read(&path).expect("the data file");
    torn.truncate(torn.len() - 7);
    fs::write(&path, torn).expect("writes");
    let service = Service::start(["emulator", "--port", "0", "--data", &file]);
    let client = Client::builder("sk_test_123")
        .base_url(&service.url)
        .build()
        .expect("a client");
    let customers = client.customers().list().send().await.expect("a list");
    let names: Vec<_> = customers
        .iter()
        .map(|customer| customer.name().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        names,
        ["Customer 3", "Customer 2", "Customer 1", "Customer 0"]
    );
}

#[test]
fn a_demo_with_damaged_files_says_which() {
    let folder = folder();
    let data = folder.path().join("demo");
    let name = data.display().to_string();
    success(["demo", "--script", "--data", &name]);
    let config = data.join("platform.toml").display().to_string();
    // Opening and closing it once brings everything into the database's one file.
    success(["platform", "link", "--config", &config, "somebody"]);
    for (file, from, words) in [
        ("stripe.db", 0, "not a data file of the emulator"),
        ("stripe.db", 20, "damaged at byte"),
        ("platform.db", 0, "not an SQLite database"),
        ("platform.db", 4096, "damaged"),
        ("platform.toml", 0, "platform.toml"),
    ] {
        let path = data.join(file);
        let whole = fs::read(&path).expect("the file is there");
        let mut damaged = whole.clone();
        damaged[from..].fill(0x5a);
        // What was written last stays good, so that nothing looks cut off.
        let end = damaged.len();
        damaged[end - 200..].copy_from_slice(&whole[end - 200..]);
        fs::write(&path, damaged).expect("writes");
        refused_for(&path, &["demo", "--data", &name], &[words]);
        fs::write(&path, whole).expect("writes");
    }
}

#[test]
fn a_database_of_something_else_is_refused() {
    let folder = folder();
    let database = folder.path().join("platform.db");
    fs::write(&database, "-- not a database at all\n".repeat(500)).expect("writes");
    let config = folder.path().join("platform.toml");
    fs::write(
        &config,
        format!(
            "listen = \"127.0.0.1:0\"\ndatabase = \"{}\"\nsealing_keys = [\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"]\n\
             [platforms.shop]\nname = \"Shop\"\n[platforms.shop.test]\nclient_id = \"ca_1\"\nsecret_key = \"sk_test_1\"\n",
            database.display()
        ),
    )
    .expect("writes");
    let config = config.display().to_string();
    for command in [
        &["platform", "--config", &config][..],
        &["platform", "link", "--config", &config, "customer-42"],
    ] {
        refused_for(&database, command, &["not an SQLite database"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_no_file_is_no_data_file() {
    for place in ["/dev/full", "/proc/stripe.db"] {
        let said = failure(["emulator", "--port", "0", "--data", place]);
        assert!(said.contains(place), "{said}");
    }
}

#[test]
fn a_configuration_that_is_no_text_is_named() {
    let folder = folder();
    let file = folder.path().join("platform.toml");
    fs::write(&file, [0xff, 0xfe, 0x00]).expect("writes");
    let folder = folder.path().display().to_string();
    let file = file.display().to_string();
    for config in [&file, &folder] {
        let said = failure(["platform", "config", "check", "--config", config]);
        assert!(
            said.contains(config.as_str()) && said.contains("cannot be read"),
            "{said}"
        );
    }
}

#[test]
fn an_environment_variable_that_sets_nothing_is_named() {
    let output = tollway(["platform", "config", "check"])
        .env("TOLLWAY_PLATFORM__CONECT__STATE_MINUTES", "5")
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("TOLLWAY_PLATFORM__CONECT__STATE_MINUTES"),
        "{said}"
    );
}
