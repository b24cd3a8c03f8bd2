//! A page of 100 charges, pretty-printed as Stripe sends it: decode it and read five fields of each.
//!
//! Prints each side's time as a ratio to a validating pass (`serde_json` into `IgnoredAny`) and
//! exits with 1 when a target is missed: at most 1.3 times that pass, at most 20 allocations, and
//! at least 5 times as fast as async-stripe in the same run.

use std::process::ExitCode;

use serde::de::IgnoredAny;
use tollway::api::Charge;
use tollway::{Json, List, View as _};
use tollway_benches::{Side, compare};

fn main() -> ExitCode {
    let charge: serde_json::Value = serde_json::from_str(include_str!("../../data/charge.json")).expect("the sample is JSON");
    let page = serde_json::json!({"object": "list", "data": vec![charge; 100], "has_more": false, "url": "/v1/charges"});
    let page = serde_json::to_string_pretty(&page).expect("a value can be written");
    println!("a page of 100 charges, {} bytes", page.len());

    let mut sides = [
        Side { name: "validating pass (serde_json, IgnoredAny)", work: Box::new(|| validate(&page)) },
        Side { name: "tollway", work: Box::new(|| tollway(&page)) },
        Side { name: "serde_json::Value", work: Box::new(|| value(&page)) },
        Side { name: "async-stripe 1.0.0-rc.10", work: Box::new(|| async_stripe(&page)) },
    ];
    let figures = compare(&mut sides, 400);
    let base = figures[0].median.as_secs_f64();
    println!("{:<44}{:>10}{:>9}{:>13}", "", "median", "ratio", "allocations");
    for figure in &figures {
        let ratio = figure.median.as_secs_f64() / base;
        println!("{:<44}{:>7} µs{ratio:>8.2}x{:>13}", figure.name, figure.median.as_micros(), figure.allocations);
    }
    let (ours, peer) = (&figures[1], &figures[3]);
    let ratio = ours.median.as_secs_f64() / base;
    let lead = peer.median.as_secs_f64() / ours.median.as_secs_f64();
    println!("tollway: {ratio:.2} x the validating pass (target 1.3), {} allocations (target 20), {lead:.1} x as fast as async-stripe (target 5)", ours.allocations);
    if ratio <= 1.3 && ours.allocations <= 20 && lead >= 5.0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn validate(page: &str) -> u64 {
    serde_json::from_str::<IgnoredAny>(page).expect("the page is JSON");
    page.len() as u64
}

fn tollway(page: &str) -> u64 {
    // An answer's body is a buffer of its own: the copy stands for reading it off the socket.
    let page = List::<Charge>::from_json(Json::parse(page.to_owned()).expect("the page is JSON"));
    let mut sum = 0;
    for charge in page.iter() {
        sum += charge.id().len() as u64 + charge.amount().unsigned_abs() + charge.currency().len() as u64;
        sum += charge.status().as_str().len() as u64 + charge.created().0.unsigned_abs();
    }
    sum
}

fn value(page: &str) -> u64 {
    let page: serde_json::Value = serde_json::from_str(page).expect("the page is JSON");
    let mut sum = 0;
    for charge in page["data"].as_array().expect("a page has data") {
        let text = |name: &str| charge[name].as_str().map_or(0, str::len) as u64;
        let number = |name: &str| charge[name].as_i64().unwrap_or_default().unsigned_abs();
        sum += text("id") + number("amount") + text("currency") + text("status") + number("created");
    }
    sum
}

fn async_stripe(page: &str) -> u64 {
    let page: stripe_types::List<stripe_shared::Charge> = miniserde::json::from_str(page).expect("async-stripe reads its own version's page");
    let mut sum = 0;
    for charge in &page.data {
        sum += charge.id.len() as u64 + charge.amount.unsigned_abs() + charge.currency.to_string().len() as u64;
        sum += charge.status.as_str().len() as u64 + charge.created.unsigned_abs();
    }
    sum
}
