//! Every operation of the description through the SDK against the emulator, and every field of every answer.
//!
//! `generated` calls each service path with typed parameters made from the description, and reads each accessor; here the
//! calls are made and counted. The emulator answers as a mock does, so that objects in paths need not exist.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]

mod call;
mod comparison;
mod generated;

use std::collections::BTreeSet;

use tollway::{Client, Json};
use tollway_emulator::{Clock, Emulator};

use self::call::{Set, Verdict};

/// Stripe's own sample objects, which are of a few API versions earlier.
const SAMPLES: &str = include_str!("../../../../crates/tollway/tests/data/fixtures3.json");

fn emulator() -> Emulator {
    let builder = Emulator::builder().clock(Clock::manual(1_700_000_000));
    builder.seed(1).mock(true).build().unwrap()
}

fn client(emulator: &Emulator) -> Client {
    let builder = Client::builder("sk_test_every").transport(emulator.transport());
    builder.client_id("ca_every").build().unwrap()
}

#[tokio::test]
async fn every_operation_is_called_and_every_field_is_read() {
    let emulator = emulator();
    let client = client(&emulator);
    let mut called = BTreeSet::new();
    let mut fields = BTreeSet::new();
    let mut faults = Vec::new();
    for begin in generated::table::calls() {
        for set in [Set::Required, Set::One, Set::All] {
            let call = begin(&client, set);
            let name = call.name;
            match call.answer.await {
                Ok(Verdict {
                    faults: found,
                    fields: there,
                }) => {
                    faults.extend(found.iter().map(|fault| format!("{name} ({set:?}){fault}")));
                    fields.extend(there);
                }
                Err(error) => faults.push(format!("{name} ({set:?}): {error}")),
            }
            called.insert(name.to_owned());
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
    let coverage = tollway_emulator::coverage(emulator.engine());
    let described: BTreeSet<String> = coverage
        .into_iter()
        .map(|(_, _, name)| name)
        .filter(|name| !name.starts_with("oauth."))
        .collect();
    assert_eq!(called, described);
    assert!(fields.len() > 3_000, "only {} fields", fields.len());
    println!(
        "{} operations called three times each, {} fields read that were there",
        called.len(),
        fields.len()
    );
}

/// Whether the description fits them is for a test of the SDK's own to tell; here each accessor gives what is there.
#[test]
fn every_sample_object_is_read() {
    let samples = Json::parse(SAMPLES).unwrap().get("resources").unwrap();
    let mut read = 0;
    let mut fields = BTreeSet::new();
    let mut faults = Vec::new();
    for (name, sample) in samples.members() {
        let Some(verdict) = generated::table::read(name, &sample) else {
            continue;
        };
        read += 1;
        fields.extend(verdict.fields);
        faults.extend(verdict.faults.iter().map(|fault| format!("{name}{fault}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    println!("{read} sample objects, {} fields read", fields.len());
    assert!(read > 170 && fields.len() > 2_500);
}
