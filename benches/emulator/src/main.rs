//! The emulator beside its peers: start, memory, requests a second and the slowest hundredth of them.
//!
//! ```text
//! emulator-bench TOLLWAY LOCALSTRIPE NODE STATEFUL_MOCK    one table of the limit and of all of them
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

/// Measures everybody, the limit first, and prints a table of Markdown with each one's share of the limit.
async fn compare(contenders: &[Contender]) {
    println!(
        "{CONNECTIONS} connections that ask one after the other; requests a second (share of the limit), the time within"
    );
    println!("which 99 of 100 were answered, and the server's processor time for one");
    println!();
    println!("| | start | idle | POST a customer | GET a customer | page of 100 | after |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let mut limit = None;
    for contender in contenders {
        match measure(contender).await {
            Ok(row) => {
                println!("| {} | {} |", contender.name, row.cells(limit.as_ref()));
                limit.get_or_insert(row);
            }
            Err(reason) => println!("| {} | could not be measured: {reason} |", contender.name),
        }
    }
}

/// What one contender showed.
struct Row {
    started_in: Duration,
    idle: f64,
    post: Measured,
    get: Measured,
    page: Measured,
    after: f64,
}

impl Row {
    fn cells(&self, limit: Option<&Self>) -> String {
        let kinds = [
            (&self.post, limit.map(|limit| &limit.post)),
            (&self.get, limit.map(|limit| &limit.get)),
            (&self.page, limit.map(|limit| &limit.page)),
        ];
        let kinds = kinds.map(|(measured, limit)| measured.cell(limit));
        format!(
            "{:.0} ms | {:.1} MB | {} | {:.1} MB",
            self.started_in.as_secs_f64() * 1000.0,
            self.idle,
            kinds.join(" | "),
            self.after
        )
    }
}

impl Measured {
    fn cell(&self, limit: Option<&Self>) -> String {
        let share = limit.map_or(1.0, |limit| self.per_second / limit.per_second);
        format!(
            "{:.0}/s ({:.0} %), {:.1} ms, {:.0} µs",
            self.per_second,
            share * 100.0,
            self.slowest_hundredth.as_secs_f64() * 1000.0,
            self.processor_time.as_secs_f64() * 1e6
        )
    }
}

async fn measure(contender: &Contender) -> Result<Row, String> {
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
    let spell = async |request: &Request| {
        let before = running.processor_time();
        let mut measured = load::spell(port, request, CONNECTIONS, SPELL).await?;
        measured.processor_time =
            running.processor_time().saturating_sub(before) / measured.count.max(1);
        Ok::<_, String>(measured)
    };
    // Reading first: writing makes the store larger.
    let (get, page, post) = (spell(&get).await?, spell(&page).await?, spell(&post).await?);
    Ok(Row {
        started_in: running.started_in(),
        idle,
        post,
        get,
        page,
        after: running.memory(),
    })
}
