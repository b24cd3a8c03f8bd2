//! `tollway listen` and `tollway trigger` against a running emulator.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tollway::{
    Client,
    request::{RequestBuilder, Verb},
};

use crate::program::{Service, failure, success, tollway};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// `tollway listen` with its lines; killed when dropped.
struct Listening {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Listening {
    fn start(url: &str, args: &[&str]) -> Self {
        let mut child = tollway(["listen", "--api-base", url])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let (sender, lines) = mpsc::channel();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let out = sender.clone();
        thread::spawn(move || pass_lines(stdout.expect("stdout is piped"), &out));
        thread::spawn(move || pass_lines(stderr.expect("stderr is piped"), &sender));
        Self { child, lines }
    }

    /// The next line that has this in it.
    fn line(&self, wanted: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no line with {wanted}"));
            if line.contains(wanted) {
                return line;
            }
        }
    }

    fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let kill = std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status();
        assert!(kill.expect("kill runs").success());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn pass_lines(from: impl std::io::Read, to: &mpsc::Sender<String>) {
    for line in BufReader::new(from).lines().map_while(Result::ok) {
        if to.send(line).is_err() {
            return;
        }
    }
}

/// A webhook handler that answers everything with this status, and what it was sent.
fn handler(status: u16) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let place = format!("{}/hook", listener.local_addr().expect("an address"));
    let (sender, requests) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let request = read_request(&stream);
            let answer =
                format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            (&stream).write_all(answer.as_bytes()).ok();
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    (place, requests)
}

fn read_request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok();
    head + "\r\n" + &String::from_utf8_lossy(&body)
}

#[test]
fn what_happens_is_passed_on_signed_and_taken_away_at_the_end() {
    let emulator = Service::start(["emulator", "--port", "0"]);
    let (place, requests) = handler(200);
    let listening = Listening::start(
        &emulator.url,
        &[
            "--forward-to",
            &place,
            "--events",
            "charge.succeeded,customer.created",
            "--headers",
            "X-Tenant: 7, X-Shop: a",
        ],
    );
    let ready = listening.line("whsec_");
    let secret = success(["listen", "--api-base", &emulator.url, "--print-secret"]);
    assert!(ready.ends_with(secret.trim()), "{ready}");

    let said = success(["trigger", "charge.succeeded", "--api-base", &emulator.url]);
    assert!(said.starts_with("charge: POST /v1/charges ch_"), "{said}");
    let request = requests.recv_timeout(PATIENCE).expect("a delivery");
    let (head, body) = request.split_once("\r\n\r\n").expect("a head and a body");
    let lower = head.to_ascii_lowercase();
    assert!(
        lower.contains("x-tenant: 7") && lower.contains("x-shop: a"),
        "{head}"
    );
    let header = |name: &str| {
        head.lines()
            .find_map(|line| {
                let (found, value) = line.split_once(':')?;
                found
                    .eq_ignore_ascii_case(name)
                    .then(|| value.trim().to_owned())
            })
            .unwrap_or_default()
    };
    let event = tollway::webhook::construct_event(body, &header("stripe-signature"), secret.trim());
    assert_eq!(
        event.expect("the signature is right").type_(),
        "charge.succeeded".into()
    );
    listening.line("--> charge.succeeded [evt_");
    listening.line("<-- [200] POST http");

    assert_eq!(listening.terminate(), Some(0));
    assert_eq!(
        list(&emulator.url, "/v1/webhook_endpoints")["data"],
        json!([])
    );
}

#[test]
fn events_of_connected_accounts_have_a_place_of_their_own() {
    let emulator = Service::start(["emulator", "--port", "0"]);
    let (own, own_requests) = handler(200);
    let (theirs, requests) = handler(200);
    let listening = Listening::start(
        &emulator.url,
        &["-f", &own, "-c", &theirs, "-e", "customer.created"],
    );
    listening.line("whsec_");
    let account = post(&emulator.url, "/v1/accounts", "type", "express");
    let account = account["id"].as_str().expect("an account");
    let trigger = ["trigger", "customer.created", "--api-base", &emulator.url];
    success(trigger.iter().chain(&["--stripe-account", account]));
    let request = requests.recv_timeout(PATIENCE).expect("a delivery");
    assert!(request.contains(account), "{request}");
    listening.line(&format!("--> customer.created of {account} [evt_"));
    assert!(own_requests.try_recv().is_err());
}

#[test]
fn a_handler_that_is_not_there_or_refuses_is_told_of() {
    let emulator = Service::start(["emulator", "--port", "0"]);
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let nobody = free.local_addr().expect("an address").to_string();
    drop(free);
    let (place, _requests) = handler(500);
    let listening = Listening::start(&emulator.url, &["-f", &nobody, "-c", &place]);
    listening.line("whsec_");
    success(["trigger", "customer.created", "--api-base", &emulator.url]);
    let said = listening.line("could not be forwarded");
    assert!(said.contains("no server listens there; start it"), "{said}");
    // The emulator knows, and will try again.
    let deliveries = list(&emulator.url, "/_tollway/deliveries");
    assert_eq!(
        deliveries["deliveries"][0]["state"], "pending",
        "{deliveries}"
    );
    let account = post(&emulator.url, "/v1/accounts", "type", "express");
    let account = account["id"].as_str().expect("an account");
    let trigger = ["trigger", "product.created", "--api-base", &emulator.url];
    success(trigger.iter().chain(&["--stripe-account", account]));
    listening.line("<-- [500] POST http");
}

#[test]
fn events_can_be_printed_as_json() {
    let emulator = Service::start(["emulator", "--port", "0"]);
    let listening = Listening::start(&emulator.url, &["--format", "JSON", "--latest"]);
    // It says nothing before the first event, so its endpoints are waited for.
    while list(&emulator.url, "/v1/webhook_endpoints")["data"]
        .as_array()
        .is_none_or(|made| made.len() < 2)
    {}
    success(["trigger", "customer.created", "--api-base", &emulator.url]);
    let event: Value = serde_json::from_str(&listening.line("evt_")).expect("JSON");
    assert_eq!(event["type"], "customer.created");
}

#[test]
fn thin_events_have_a_place_of_their_own() {
    let emulator = Service::start(["emulator", "--port", "0"]);
    let (place, requests) = handler(200);
    let (connect_place, of_accounts) = handler(200);
    let listening = Listening::start(
        &emulator.url,
        &[
            "--thin-events",
            "v2.core.account.created,v1.customer.created",
            "--forward-thin-to",
            &place,
            "--forward-thin-connect-to",
            &connect_place,
            "--events",
            "charge.succeeded",
        ],
    );
    let ready = listening.line("whsec_");
    let account = post(&emulator.url, "/v1/accounts", "type", "express");
    let account = account["id"].as_str().expect("an account");
    let request = requests.recv_timeout(PATIENCE).expect("a delivery");
    assert!(request.contains("v2.core.account.created"), "{request}");
    let (head, body) = request.split_once("\r\n\r\n").expect("a head and a body");
    let signature = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("stripe-signature")
            .then(|| value.trim())
    });
    let secret = ready.rsplit(' ').next().expect("a secret");
    tollway::webhook::verify(body, signature.expect("a signature"), secret)
        .expect("the signature is right");
    let trigger = ["trigger", "customer.created", "--api-base", &emulator.url];
    success(trigger.iter().chain(&["--stripe-account", account]));
    let request = of_accounts.recv_timeout(PATIENCE).expect("a delivery");
    assert!(request.contains("v1.customer.created"), "{request}");
    listening.line(&format!("--> v1.customer.created of {account} [evt_"));
    assert_eq!(listening.terminate(), Some(0));
    let left = list(&emulator.url, "/v2/core/event_destinations");
    assert_eq!(left["data"], json!([]));
    let wrong = tollway(["listen", "--forward-thin-to", "3000"]).output();
    assert_eq!(wrong.expect("it ends").status.code(), Some(2));
}

#[test]
fn a_certificate_nobody_vouches_for_is_taken_only_on_demand() {
    let emulator = Service::start(["emulator", "--port", "0"]);
    let folder = tempfile::tempdir().expect("a folder");
    let certificate = folder.path().join("stripe.pem");
    let certificate = certificate.to_str().expect("a path");
    // Any server with a certificate of its own will do as the handler.
    let secure = Service::start(["emulator", "--port", "0", "--tls", certificate]);
    let place = format!("{}/hook", secure.url);
    let careful = Listening::start(&emulator.url, &["-f", &place]);
    careful.line("whsec_");
    success(["trigger", "customer.created", "--api-base", &emulator.url]);
    careful.line("could not be forwarded");
    drop(careful);
    let careless = Listening::start(&emulator.url, &["-f", &place, "--skip-verify"]);
    careless.line("whsec_");
    success(["trigger", "customer.created", "--api-base", &emulator.url]);
    careless.line("<-- [404] POST https");
}

#[test]
fn every_recipe_leads_to_its_event() {
    let emulator = Service::start(["emulator", "--port", "0"]);
    let events = success(["trigger", "--list"]);
    assert!(events.lines().count() > 80, "{events}");
    for event in events.lines() {
        let said = success(["trigger", event, "--api-base", &emulator.url]);
        assert!(said.contains(&format!("\n{event}: evt_")), "{said}");
    }
}

#[test]
fn events_without_a_recipe_are_made_up_and_others_refused() {
    let emulator = Service::start(["emulator", "--port", "0"]);
    let url = ["--api-base", emulator.url.as_str()];
    let said = success(["trigger", "issuing_dispute.closed"].iter().chain(&url));
    assert!(said.starts_with("issuing_dispute.closed: evt_"), "{said}");
    let event = list(&emulator.url, "/v1/events?type=issuing_dispute.closed");
    assert_eq!(
        event["data"][0]["data"]["object"]["object"],
        "issuing.dispute"
    );
    let said = failure(["trigger", "customer.vanished"].iter().chain(&url));
    assert!(
        said.contains("no event 'customer.vanished'. Did you mean 'customer."),
        "{said}"
    );
    assert!(said.contains("\n  payment_intent.succeeded\n"), "{said}");
    let said = failure(
        ["trigger", "customer.created", "--add", "charge:amount=1"]
            .iter()
            .chain(&url),
    );
    assert!(
        said.contains("has no step 'charge': it has customer"),
        "{said}"
    );
    let said = success(
        [
            "trigger",
            "customer.created",
            "--override",
            "customer:description=Bob",
            "--add",
            "customer:metadata.a=1",
        ]
        .iter()
        .chain(&url),
    );
    assert!(said.contains("customer.created: evt_"), "{said}");
    let newest = list(&emulator.url, "/v1/customers");
    assert_eq!(newest["data"][0]["description"], "Bob");
    assert_eq!(newest["data"][0]["metadata"], json!({"a": "1"}));
}

#[test]
fn an_event_is_looked_at_and_sent_again() {
    let emulator = Service::start(["emulator", "--port", "0"]);
    let url = ["--api-base", emulator.url.as_str()];
    let (place, requests) = handler(204);
    let address = format!("http://{place}");
    ask(&emulator.url, |client| {
        client
            .request(Verb::Post, "/v1/webhook_endpoints")
            .param("url", address)
            .param("enabled_events[0]", "customer.created")
    });
    let said = success(["trigger", "customer.created"].iter().chain(&url));
    let event = said.rsplit(' ').next().expect("an event").trim();
    requests.recv_timeout(PATIENCE).expect("a delivery");
    let said = success(["events", "resend", event].iter().chain(&url));
    assert!(said.ends_with("sent again to 1 endpoints\n"), "{said}");
    let again = requests.recv_timeout(PATIENCE).expect("a delivery");
    assert!(again.contains(event), "{again}");
    let said = success(["events", "deliveries", event].iter().chain(&url));
    assert!(
        said.contains("customer.created to we_") && said.contains(" [204] "),
        "{said}"
    );
    let said = failure(["events", "resend", "evt_none"].iter().chain(&url));
    assert!(said.contains("evt_none"), "{said}");
}

#[test]
fn an_emulator_that_is_not_there_is_named() {
    for command in ["listen", "trigger"] {
        let mut args = vec![command, "--api-base", "http://127.0.0.1:9"];
        if command == "trigger" {
            args.push("customer.created");
        }
        let said = failure(args);
        assert!(
            said.contains("no emulator answers at http://127.0.0.1:9: start `tollway emulator`"),
            "{said}"
        );
    }
    let wrong = tollway(["listen", "--forward-to", "ftp://x"])
        .output()
        .expect("it ends");
    assert_eq!(wrong.status.code(), Some(2));
}

/// What the emulator answers.
fn list(url: &str, path: &str) -> Value {
    ask(url, |client| client.request(Verb::Get, path))
}

fn post(url: &str, path: &str, name: &str, value: &str) -> Value {
    ask(url, |client| {
        client.request(Verb::Post, path).param(name, value)
    })
}

fn ask(url: &str, request: impl FnOnce(&Client) -> RequestBuilder) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let client = Client::builder("sk_test_123").base_url(url).build();
        let request = request(&client.expect("a client"));
        request.send().await.expect("an answer")
    })
}
