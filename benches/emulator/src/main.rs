//! The emulator beside its peers: start, memory, requests a second and the slowest hundredth of them.
//!
//! ```text
//! emulator-bench TOLLWAY LOCALSTRIPE NODE STATEFUL_MOCK    one table of all of them and of the limit
//! emulator-bench limit PORT                                the limit: axum that answers ready-made bytes
//! ```
//!
//! Server and load share the machine, so a figure is what a test suite on this machine would see, not what the server could do
//! alone. Every contender gets the same requests over the same number of connections, one after the other.

mod contender;
mod limit;
mod load;

use std::time::Duration;

use contender::{Contender, Running};
use load::{Measured, Request};

/// Connections that ask at the same time, one request after the other each.
const CONNECTIONS: usize = 32;

/// How long each kind of request is asked for.
const SPELL: Duration = Duration::from_secs(4);

/// Customers that are there when pages are read.
const STOCK: usize = 300;

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["limit", port] => limit::serve(port.parse().expect("a port")).await,
        [tollway, localstripe, node, stateful_mock] => {
            let contenders = contender::all(tollway, localstripe, node, stateful_mock);
            compare(&contenders).await;
        }
        _ => {
            eprintln!("usage: emulator-bench TOLLWAY LOCALSTRIPE NODE STATEFUL_MOCK");
            std::process::exit(2);
        }
    }
}

async fn compare(contenders: &[Contender]) {
    println!(
        "{:<22} {:>9} {:>8}   {:>18}   {:>18}   {:>18}   {:>9}",
        "", "start", "idle", "POST a customer", "GET a customer", "page of 100", "after"
    );
    for contender in contenders {
        match measure(contender).await {
            Ok(line) => println!("{:<22} {line}", contender.name),
            Err(reason) => println!("{:<22} could not be measured: {reason}", contender.name),
        }
    }
    println!(
        "requests a second, and the time within which 99 of 100 were answered; {CONNECTIONS} connections"
    );
}

async fn measure(contender: &Contender) -> Result<String, String> {
    let running = Running::start(contender).await?;
    let port = running.port();
    let idle = running.memory();
    let post = Request::post(
        "/v1/customers",
        "name=Ann&email=ann%40example.com&metadata[order]=1",
    );
    let mut made = String::new();
    for _ in 0..STOCK {
        made = load::once(port, &post).await?;
    }
    let id = made
        .split_once("\"id\"")
        .and_then(|(_, rest)| rest.split('"').nth(1))
        .ok_or_else(|| format!("no id in {made}"))?;
    let get = Request::get(&format!("/v1/customers/{id}"));
    let page = Request::get("/v1/customers?limit=100");
    let mut cells = Vec::new();
    // Reading first: writing makes the store larger.
    for request in [&get, &page, &post] {
        cells.push(load::spell(port, request, CONNECTIONS, SPELL).await?);
    }
    let cell = |measured: &Measured| {
        let p99 = measured.slowest_hundredth.as_secs_f64() * 1000.0;
        format!("{:>9.0}/s {p99:>5.1} ms", measured.per_second)
    };
    Ok(format!(
        "{:>6.0} ms {idle:>5.1} MB   {}   {}   {}   {:>6.1} MB",
        running.started_in().as_secs_f64() * 1000.0,
        cell(&cells[2]),
        cell(&cells[0]),
        cell(&cells[1]),
        running.memory(),
    ))
}
