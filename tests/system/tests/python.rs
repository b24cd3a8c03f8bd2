//! Stripe's official Python client: our story with it, and its own generated examples.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::external_client::{self, CLIENTS, Served, Story};

/// On two processors that do nothing else the examples take a minute.
const LONGEST: Duration = Duration::from_mins(15);

/// How many there are; asynchronous ones run once for each event loop that is installed.
const EXAMPLES: u32 = 1_465;

#[tokio::test]
#[ignore = "needs .venv with Stripe's Python client; run `cargo xtask test`"]
async fn the_official_python_client_walks_through_connect() {
    let python = format!("{CLIENTS}/../../.venv/bin/python");
    let story = Story::new("sk_test_python", "ca_python").await;
    let seen = story
        .run(&python, &format!("{CLIENTS}/python/story.py"))
        .await;
    let seen: serde_json::Value =
        serde_json::from_str(external_client::last_line(&seen)).expect("the last line is JSON");
    assert_eq!(seen["steps"], 25);
    assert_eq!(seen["declined"], "card_declined");
    assert_eq!(seen["unknown_parameter"], "colour");
    assert_eq!(seen["bad_code"], "invalid_grant");
    assert_eq!(seen["after_deauthorize"], "account_invalid");
    let text = |name: &str| seen[name].as_str().expect("a string");
    story.holds_fee(text("charge"), text("account")).await;
}

#[tokio::test]
#[ignore = "needs .venv with Stripe's Python client; run `cargo xtask test`"]
async fn the_documented_lines_start_an_emulator_in_a_python_test() {
    let mut python = Command::new(format!("{CLIENTS}/../../.venv/bin/python"));
    let then = r#"
print(client.v1.customers.create({"email": "jenny@example.com"}).id)
process.terminate()
assert process.wait(timeout=20) == 0
"#;
    let said = external_client::run_documented(python.arg("-"), "python", then).await;
    assert!(said.starts_with("cus_"), "{said}");
}

/// The version that `tests/clients/python/requirements.txt` pins.
fn pinned() -> String {
    let file = format!("{CLIENTS}/python/requirements.txt");
    let text = std::fs::read_to_string(file).expect("the requirements");
    let version = text.lines().find_map(|line| line.strip_prefix("stripe=="));
    version.expect("stripe is pinned").to_owned()
}

/// Every operation, with the parameters that Stripe's documentation calls it with: the client was written against stripe-mock.
#[tokio::test]
#[ignore = "needs the source of Stripe's Python client in .venv; run `cargo xtask test`"]
async fn the_clients_generated_examples_run_unchanged_in_stripe_mocks_place() {
    let venv = format!("{CLIENTS}/../../.venv");
    let emulator = tollway_emulator::Emulator::builder().mock(true);
    let served = Served::start(emulator.build().expect("an emulator")).await;
    let address = served.base.trim_start_matches("http://");
    let (host, port) = address.split_once(':').expect("a port");
    let mut pytest = Command::new(format!("{venv}/bin/python"));
    pytest
        .args([
            "-m",
            "pytest",
            "tests/test_generated_examples.py",
            "--quiet",
            "--tb=line",
        ])
        .args(["-p", "answered", "-p", "no:cacheprovider", "-o", "addopts="])
        .current_dir(format!("{venv}/source/stripe-{}", pinned()))
        .env("PYTHONPATH", format!("{CLIENTS}/python"))
        .envs([("STRIPE_MOCK_HOST", host), ("STRIPE_MOCK_PORT", port)])
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(LONGEST, pytest.output()).await;
    let output = output
        .expect("the examples end in time")
        .expect("Python starts: run `cargo xtask test`");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let last = external_client::last_line(&said);
    let passed = last
        .split(' ')
        .next()
        .and_then(|word| word.parse::<u32>().ok());
    assert!(passed.is_some_and(|passed| passed >= EXAMPLES), "{last}");
}
