//! The demo, by itself and for a person.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use crate::program::{failure, success, text, tollway};

#[test]
fn the_script_plays_the_whole_story() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("demo").display().to_string();
    let told = success(["demo", "--script", "--data", &data]);
    for part in [
        "flower-shop connects a new account through the pages",
        "a direct charge with an application fee",
        "the balances on both sides: seller +841 cents, platform +100 cents",
        "the same callback is opened again",
        "two callbacks race",
        "book-shop denies",
        "bike-shop comes back six minutes late",
        "a callback with a wrong state",
        "the callback in a foreign browser",
        "connects the same account again",
        "the signed webhook arrives",
        "Stripe says 403 account_invalid",
        "the platform disconnects coffee-bar by deauthorize",
        "both programs are killed",
        "all of them held.",
    ] {
        assert!(told.contains(part), "{part:?} is missing in:\n{told}");
    }
    let again = failure(["demo", "--script", "--data", &data]);
    assert!(again.contains("has a demo in it already"), "{again}");
}

#[test]
fn a_person_gets_addresses_and_ctrl_c_ends_it() {
    let mut child = tollway(["demo"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    let mut told = Vec::new();
    for line in lines.by_ref() {
        told.push(line.expect("text"));
        if told.last().is_some_and(|line| line.contains("Ctrl-C")) {
            break;
        }
    }
    let told = told.join("\n");
    for part in [
        "/connect/market?",
        "tenant=flower-shop",
        "/_tollway/console",
        "application_fee_amount=100",
    ] {
        assert!(told.contains(part), "{part:?} is missing in:\n{told}");
    }
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(sent.success());
    lines.by_ref().for_each(drop);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}
