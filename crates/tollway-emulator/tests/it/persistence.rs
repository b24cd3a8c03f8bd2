//! The data file: every confirmed change survives a restart or a crash.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use tollway_emulator::{BuildError, Clock, DataError, Emulator};

use crate::client::{START, caller};

/// Tells the process that [`killed_at_any_moment`] starts which file to write to.
const DATA: &str = "TOLLWAY_TEST_DATA";

fn start(path: &Path) -> Emulator {
    Emulator::builder()
        .clock(Clock::manual(START))
        .seed(7)
        .data(path)
        .build()
        .unwrap()
}

#[tokio::test]
async fn everything_answered_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    let (kept, replayed) = {
        let emulator = start(&path);
        let api = caller(&emulator, "sk_test_a");
        let kept = api
            .post("/v1/customers", "email=a@b.c&metadata[k]=v")
            .await
            .ok();
        let gone = api.post("/v1/customers", "").await.ok()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        api.delete(&format!("/v1/customers/{gone}")).await.ok();
        let settings = json!({"test": {"client_id": "ca_kept"}}).to_string();
        api.call("POST", "/_tollway/worlds/a", &settings)
            .send()
            .await
            .ok();
        let once = api
            .call("POST", "/v1/products", "name=x")
            .header("idempotency-key", "k")
            .send()
            .await;
        (kept, once.body)
    };
    let emulator = start(&path);
    let api = caller(&emulator, "sk_test_a");
    let path_of_kept = format!("/v1/customers/{}", kept["id"].as_str().unwrap());
    assert_eq!(api.get(&path_of_kept, "").await.ok(), kept);
    assert_eq!(
        api.get("/v1/customers", "").await.ok()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        emulator
            .engine()
            .worlds()
            .of_client_id("ca_kept")
            .unwrap()
            .0
            .name()
            .as_ref(),
        "a"
    );
    let again = api
        .call("POST", "/v1/products", "name=x")
        .header("idempotency-key", "k")
        .send()
        .await;
    assert_eq!(
        (again.header("idempotent-replayed"), &again.body),
        (Some("true"), &replayed)
    );
    let fresh = api.post("/v1/customers", "").await.ok();
    assert_ne!(fresh["id"], kept["id"]);
    let page = api.get("/v1/customers", "").await.ok();
    assert_eq!(page["data"][0]["id"], fresh["id"]);
}

#[tokio::test]
async fn a_reset_and_the_clock_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    {
        let emulator = Emulator::builder().data(&path).build().unwrap();
        for key in ["sk_test_a", "sk_test_b"] {
            caller(&emulator, key).post("/v1/customers", "").await.ok();
        }
        let control = caller(&emulator, "");
        control
            .call("POST", "/_tollway/reset", "{\"world\":\"a\"}")
            .send()
            .await
            .ok();
        control
            .call(
                "POST",
                "/_tollway/clock",
                "{\"freeze\":true,\"set\":4102444800}",
            )
            .send()
            .await
            .ok();
    }
    let emulator = Emulator::builder().data(&path).build().unwrap();
    assert_eq!(emulator.clock().now(), 4_102_444_800);
    let count = async |key: &str| {
        caller(&emulator, key).get("/v1/customers", "").await.ok()["data"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((count("sk_test_a").await, count("sk_test_b").await), (0, 1));
}

#[tokio::test]
async fn starting_again_and_again_does_not_grow_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    let mut sizes = Vec::new();
    for round in 0..4 {
        let emulator = start(&path);
        sizes.push(std::fs::metadata(&path).unwrap().len());
        let api = caller(&emulator, "sk_test_a");
        if round == 0 {
            api.post("/v1/coupons", "id=C&percent_off=1").await.ok();
        }
        for number in 0..50 {
            api.post(
                "/v1/tax/settings",
                &format!("defaults[tax_code]=txcd_{number}"),
            )
            .await
            .ok();
        }
    }
    // Events add up, superseded states do not.
    assert!(sizes[3] < sizes[1] * 4, "{sizes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_served_is_written_anew_before_it_fills_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.data");
    let emulator = start(&path);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = emulator.clone();
    let serving = tokio::spawn(async move { server.serve(listener, std::future::pending()).await });
    let api = caller(&emulator, "sk_test_a");
    let mut kept = Vec::new();
    let (mut largest, mut shrank) = (0, false);
    for number in 0..500 {
        let name = format!("{number} {}", "x".repeat(1_000_000));
        let change = json!({ "business_name": name }).to_string();
        let changed = api.post("/_tollway/worlds/a", &change).await.ok();
        assert_eq!(changed["platform"]["business_name"], name);
        kept.push(api.post("/v1/customers", "").await.ok()["id"].clone());
        let size = std::fs::metadata(&path).unwrap().len();
        shrank = size < largest;
        largest = largest.max(size);
        if shrank {
            break;
        }
    }
    assert!(shrank, "{largest} bytes");
    serving.abort();
    serving.await.unwrap_err();
    drop((api, emulator));
    let again = start(&path);
    let api = caller(&again, "sk_test_a");
    for id in kept {
        let id = id.as_str().unwrap();
        assert_eq!(
            api.get(&format!("/v1/customers/{id}"), "").await.status,
            200
        );
    }
}

#[test]
fn an_unusable_file_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foreign");
    std::fs::write(&path, "SQLite format 3").unwrap();
    let error = Emulator::builder().data(&path).build().unwrap_err();
    assert!(
        matches!(error, BuildError::Data(DataError::Foreign(_))),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("is not a data file of the emulator")
    );
}

/// Makes customers without end and prints each one's id once it was answered.
#[tokio::test]
#[ignore = "is the process that killed_at_any_moment starts and kills"]
async fn writer() {
    let path = std::env::var(DATA).expect("the file to write to, in the environment");
    let emulator = Emulator::builder().data(path).build().unwrap();
    let api = caller(&emulator, "sk_test_a");
    loop {
        let customer = api.post("/v1/customers", "metadata[k]=v").await.ok();
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nanswered {}", customer["id"].as_str().unwrap()).unwrap();
        out.flush().unwrap();
    }
}

/// How often the process is killed, and how often before it starts with an empty file again.
const KILLS: usize = 100;
const IN_A_ROW: usize = 10;

#[tokio::test]
async fn killed_at_any_moment() {
    for row in 0..KILLS / IN_A_ROW {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("emulator.data");
        let mut answered = BTreeSet::new();
        for round in 0..IN_A_ROW {
            // From the first write on, at ever other moments.
            answered.extend(killed_after(&path, 1 + (row * IN_A_ROW + round) % 8));
        }
        let emulator = Emulator::builder().data(&path).build().unwrap();
        let api = caller(&emulator, "sk_test_a");
        assert!(answered.len() >= IN_A_ROW);
        for id in &answered {
            let customer = api.get(&format!("/v1/customers/{id}"), "").await.ok();
            assert_eq!(customer["metadata"]["k"], "v");
        }
    }
}

/// Starts a process that writes, kills it after some answers, and gives the ids it had answered.
fn killed_after(path: &Path, answers: usize) -> Vec<String> {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "persistence::writer", "--ignored", "--nocapture"])
        .env(DATA, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut ids = lines.filter_map(|line| line.strip_prefix("answered ").map(str::to_owned));
    let mut answered: Vec<_> = ids.by_ref().take(answers).collect();
    process.kill().unwrap();
    process.wait().unwrap();
    // What it had answered before it died, and nobody had read yet.
    answered.extend(ids);
    answered
}

/// What the committed data file holds: it was written when private records had no format number yet.
mod first_format {
    pub(super) const KEY: &str = "sk_test_fixture";
    pub(super) const CUSTOMER: &str = "cus_vmwmOY10fw3cNZ";
    pub(super) const ACCOUNT: &str = "acct_1ZSQAgHPFigAQWZmy";
    pub(super) const ACCESS_TOKEN: &str = "sk_test_lKsinf681PDNOx8MAxo2UiR9jisSnMqx";
    pub(super) const RESTRICTED_KEY: &str = "rk_test_fixture";
}

/// An emulator on a copy of the committed data file.
fn first_format_emulator(folder: &tempfile::TempDir) -> Emulator {
    let path = folder.path().join("emulator.data");
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/format-1.data");
    std::fs::copy(committed, &path).unwrap();
    start(&path)
}

#[tokio::test]
async fn a_data_file_of_the_first_format_is_opened() {
    use first_format::{ACCESS_TOKEN, ACCOUNT, CUSTOMER, KEY, RESTRICTED_KEY};
    let folder = tempfile::tempdir().unwrap();
    let emulator = first_format_emulator(&folder);
    let api = caller(&emulator, KEY);
    let balance = api.get("/v1/balance", "").await.ok();
    assert_eq!(balance["pending"][0]["amount"], 4925);
    let replayed = api
        .call("POST", "/v1/customers", "email=a%40b.c")
        .header("idempotency-key", "fixture-key")
        .send()
        .await;
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    assert_eq!(replayed.json()["id"], CUSTOMER);
    let worlds = api.get("/_tollway/worlds/fixture", "").await.ok();
    assert_eq!(worlds["platform"]["business_name"], "Fixture");
    let seller = caller(&emulator, ACCESS_TOKEN);
    assert_eq!(seller.get("/v1/account", "").await.ok()["id"], ACCOUNT);
    let restricted = caller(&emulator, RESTRICTED_KEY);
    let customer = format!("/v1/customers/{CUSTOMER}");
    restricted.get(&customer, "").await.ok();
    assert_eq!(restricted.get("/v1/charges", "").await.status, 403);
    let deliveries = api.get("/_tollway/deliveries", "").await.ok();
    assert_eq!(deliveries["deliveries"][0]["type"], "charge.succeeded");
    // What was scheduled then happens now.
    let topup_status = async || {
        let topups = api.get("/v1/topups", "").await.ok();
        topups["data"][0]["status"].clone()
    };
    assert_eq!(topup_status().await, "pending");
    emulator
        .clock()
        .advance(std::time::Duration::from_hours(10 * 24));
    assert_eq!(topup_status().await, "succeeded");
}

#[tokio::test]
async fn tokens_of_an_earlier_run_are_revoked_with_the_connection() {
    use first_format::{ACCESS_TOKEN, ACCOUNT, KEY};
    let folder = tempfile::tempdir().unwrap();
    let emulator = first_format_emulator(&folder);
    let seller = caller(&emulator, ACCESS_TOKEN);
    seller.get("/v1/account", "").await.ok();
    let parameters = format!("client_id=ca_fixture&stripe_user_id={ACCOUNT}");
    caller(&emulator, KEY)
        .post("/oauth/deauthorize", &parameters)
        .await
        .ok();
    assert_eq!(seller.get("/v1/account", "").await.status, 401);
    let world = emulator.engine().worlds().get("fixture").unwrap();
    let tokens = world.lock().tokens(tollway_emulator::Mode::Test);
    assert!(!tokens.is_empty() && tokens.iter().all(|(_, token)| token.revoked));
}

#[tokio::test]
async fn an_unreadable_private_record_fails_its_request_and_changes_nothing() {
    let emulator = crate::client::emulator();
    let api = caller(&emulator, "sk_test_a");
    let world = emulator.engine().worlds().open("a");
    let scope = world.lock().platform_scope(tollway_emulator::Mode::Test);
    let overwrite = |record_type: &'static str, id: &'static str, body: &'static [u8]| {
        let written = emulator
            .engine()
            .transact_internal(&world, scope.clone(), |ctx| {
                let store = &mut ctx.world.store;
                store.insert_raw(&scope, record_type, id, body.into(), START);
                Ok(())
            });
        written.unwrap();
    };
    let charge = "amount=500&currency=usd&source=tok_visa";
    api.post("/v1/charges", charge).await.ok();
    overwrite("_balance", "own", b"{\"funds\": \"of a later version\"}");
    let refused = api.post("/v1/charges", charge).await;
    let (status, message, _, _) = refused.error();
    assert_eq!(status, 500);
    assert!(message.contains("_balance"), "{message}");
    let charges = api.get("/v1/charges", "").await.ok();
    assert_eq!(charges["data"].as_array().unwrap().len(), 1);
    // A request that needs no such record is answered.
    api.post("/v1/customers", "").await.ok();
    let id = api
        .post(
            "/v1/webhook_endpoints",
            "url=http://x.example&enabled_events[0]=*",
        )
        .await
        .ok();
    let id: &'static str = id["id"].as_str().unwrap().to_owned().leak();
    overwrite("_webhook_endpoint", id, b"{\"_format\": 99}");
    let refused = api.post("/v1/customers", "").await;
    let (status, message, _, _) = refused.error();
    assert_eq!(status, 500);
    assert!(
        message.contains(&format!("_webhook_endpoint {id}")),
        "{message}"
    );
}
