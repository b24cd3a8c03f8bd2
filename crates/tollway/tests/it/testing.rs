//! The helpers for tests, tested: what they accept, what they refuse and in which words.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::json;
use tollway::api;
use tollway::params::Upload;
use tollway::request::Verb;
use tollway::testing::{
    Expectation, Recorder, Replay, StubResponse, StubTransport, sample, sample_with,
};
use tollway::transport::TransportErrorKind;
use tollway::{Client, ErrorKind, Json};

/// What dropping this says, if it panics.
fn last_words<T>(value: T) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(|| drop(value))).err()?;
    Some(*panic.downcast::<String>().expect("a panic with a text"))
}

async fn charge(client: &Client, amount: i64) -> Result<Json, tollway::Error> {
    let request = client.request(Verb::Post, "/v1/charges");
    request.param("amount", amount).send().await
}

#[tokio::test]
async fn met_expectations_are_silent() {
    let stub = Arc::new(StubTransport::new());
    let expected = Expectation::post("/v1/charges").param("amount", "5");
    stub.expect(
        expected
            .header("stripe-account", "acct_1")
            .times(2)
            .respond_json(200, r#"{"id": "ch_1"}"#),
    );
    stub.expect(Expectation::get("/v1/charges/{charge}").no_header("stripe-account"));
    let client = stub.client().build().unwrap();
    let seller = client.for_account("acct_1");
    for _ in 0..2 {
        let made = charge(&seller, 5).await.unwrap();
        assert_eq!(made.get("id").unwrap().as_str(), Some("ch_1"));
    }
    client.charges().retrieve("ch_1").send().await.unwrap();
    drop((client, seller));
    assert_eq!(last_words(Arc::into_inner(stub)), None);
}

#[tokio::test]
async fn a_missing_request_and_a_surprising_one_fail_the_test_with_what_differs() {
    let stub = Arc::new(StubTransport::new());
    let expected = Expectation::post("/v1/charges").param("amount", "5");
    stub.expect(expected.header("stripe-account", "acct_1"));
    let client = stub.client().build().unwrap();
    let error = charge(&client, 6).await.unwrap_err();
    let surprise = "POST /v1/charges with amount=6 was not expected: amount is `6` instead of `5`; \
                    the header stripe-account is missing instead of `acct_1`";
    assert_eq!(error.message(), surprise);
    assert_eq!(
        stub.requests().len(),
        1,
        "a mistake in a test is not retried"
    );
    drop(client);
    let words = last_words(Arc::into_inner(stub)).unwrap();
    assert_eq!(
        words,
        format!("POST /v1/charges with amount=5 was expected once and came never\n{surprise}")
    );
}

#[tokio::test]
async fn a_request_that_comes_too_often_is_told() {
    let stub = Arc::new(StubTransport::new());
    stub.expect(Expectation::post("/v1/charges"));
    let client = stub.client().build().unwrap();
    charge(&client, 5).await.unwrap();
    let error = charge(&client, 5).await.unwrap_err();
    assert!(
        error
            .message()
            .ends_with("it was expected once and came before"),
        "{error}"
    );
    let words = catch_unwind(AssertUnwindSafe(|| stub.verify())).unwrap_err();
    assert!(words.downcast::<String>().unwrap().contains("came before"));
    // Once said is enough.
    stub.verify();
}

#[tokio::test]
async fn tests_side_by_side_see_only_their_own_stub() {
    let tests = (0..20).map(|at| async move {
        let stub = Arc::new(StubTransport::new());
        stub.expect(
            Expectation::post("/v1/charges")
                .param("amount", &at.to_string())
                .respond_json(200, format!(r#"{{"id": "ch_{at}"}}"#)),
        );
        let client = stub.client().build().unwrap();
        tokio::task::yield_now().await;
        let made = charge(&client, at).await.unwrap();
        assert_eq!(made.get("id").unwrap().as_str(), Some(&*format!("ch_{at}")));
    });
    futures_util::future::join_all(tests).await;
}

/// A client whose answers are recorded: a charge, a declined one, a PDF, an upload, a broken connection.
fn recorded() -> (Arc<Recorder>, Client) {
    let real = StubTransport::responding(|request| match request.path() {
        "/v1/charges" if request.form()[0].1 == "6" => StubResponse::json(
            402,
            r#"{"error": {"type": "card_error", "code": "card_declined"}}"#,
        )
        .header("Request-Id", "req_1"),
        "/v1/charges" => StubResponse::json(
            200,
            r#"{"id": "ch_1", "receipt_email": "jenny@example.com"}"#,
        )
        .header("Set-Cookie", "private=1"),
        "/v1/pdf" => StubResponse::json(200, vec![0xff_u8, 0x00, 0x25]),
        "/v1/payment_intents" => {
            StubResponse::json(200, r#"{"id": "pi_1", "client_secret": "pi_1_secret_abc"}"#)
        }
        "/v1/files" => StubResponse::json(200, r#"{"id": "file_1"}"#),
        _ => StubResponse::Fail(TransportErrorKind::Timeout),
    });
    let recorder = Arc::new(Recorder::new(Arc::new(real)).redact("receipt_email"));
    let client = client_on(recorder.clone());
    (recorder, client)
}

fn client_on(transport: Arc<dyn tollway::transport::Transport>) -> Client {
    let builder = Client::builder("sk_test_private").transport(transport);
    builder.max_retries(0).build().unwrap()
}

/// The program that is recorded and replayed; says what it saw.
async fn program(client: &Client) -> Vec<String> {
    let mut seen = Vec::new();
    let made = charge(client, 5).await.unwrap();
    seen.push(made.get("id").unwrap().text().into_owned());
    let declined = charge(client, 6).await.unwrap_err();
    seen.push(format!("{} {:?}", declined.kind(), declined.request_id()));
    let pdf = client
        .request(Verb::Get, "/v1/pdf")
        .send::<tollway::response::Response>();
    seen.push(format!("{:?}", pdf.await.unwrap().body()));
    let intent = client
        .request(Verb::Post, "/v1/payment_intents")
        .send::<Json>()
        .await
        .unwrap();
    let secret = intent.get("client_secret").unwrap();
    let again = client.request(Verb::Post, "/v1/charges").param("amount", 7);
    again
        .param("client_secret", secret.as_str().unwrap())
        .send::<Json>()
        .await
        .unwrap();
    let upload = client.files().create(
        Upload::new("a.png", vec![1, 2, 3]),
        "identity_document".into(),
    );
    seen.push(upload.send().await.unwrap().id().to_owned());
    let lost = client
        .request(Verb::Get, "/v1/lost")
        .send::<Json>()
        .await
        .unwrap_err();
    seen.push(format!("{} {}", lost.kind(), lost.is_timeout()));
    seen
}

#[tokio::test]
async fn a_recording_replays_what_was_seen_and_holds_no_secret() {
    let (recorder, client) = recorded();
    let first = program(&client).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    recorder.save(file.path()).unwrap();

    let text = std::fs::read_to_string(file.path()).unwrap();
    for private in [
        "sk_test_private",
        "_secret_abc",
        "jenny",
        "private=1",
        "user-agent",
    ] {
        assert!(
            !text.contains(private),
            "{private} is in the recording:\n{text}"
        );
    }
    let replay = Arc::new(Replay::load(file.path()).unwrap());
    assert_eq!(program(&client_on(replay.clone())).await, first);
    assert_eq!(last_words(Arc::into_inner(replay)), None);
}

#[tokio::test]
async fn a_request_that_was_not_recorded_is_told_what_differs() {
    let (recorder, client) = recorded();
    charge(&client, 5).await.unwrap();
    let replay = Arc::new(Replay::from_json(&recorder.to_json()).unwrap());
    let client = client_on(replay.clone());
    let request = client
        .request(Verb::Post, "/v1/charges")
        .param("amount", 50)
        .param("currency", "usd");
    let error = request.send::<Json>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(!error.may_have_taken_effect());
    assert!(
        error
            .to_string()
            .contains("amount is `50` instead of `5`; currency is `usd` and should be absent"),
        "{error}"
    );
    charge(&client, 5).await.unwrap();
    let error = charge(&client, 5).await.unwrap_err();
    assert!(error.to_string().contains("used up"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_never_asked_for_fails_the_test() {
    let (recorder, client) = recorded();
    charge(&client, 5).await.unwrap();
    let replay = Replay::from_json(&recorder.to_json()).unwrap();
    assert_eq!(
        last_words(replay).as_deref(),
        Some("POST /v1/charges with amount=5 was recorded and never sent")
    );
}

#[test]
fn what_is_no_recording_is_refused_in_a_sentence() {
    for (text, why) in [
        ("{", "not JSON"),
        ("{}", "not a recording"),
        (
            r#"{"tollway_recording": 1, "exchanges": [{}]}"#,
            "exchange 0",
        ),
    ] {
        let error = Replay::from_json(text).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    let error = Replay::load("/no/such/file.json").unwrap_err();
    assert!(error.to_string().contains("/no/such/file.json"), "{error}");
}

#[test]
fn samples_are_typed_whole_and_can_be_changed() {
    let account = sample::<api::Account>();
    assert_eq!((account.id(), account.object()), ("acct_sample", "account"));
    assert!(account.check().is_ok());
    assert_eq!(account.charges_enabled(), Some(false));
    let transfer = sample::<api::Transfer>();
    assert_eq!(transfer.reversals().data().len(), 0);
    let v2 = sample::<api::V2CoreAccount>();
    assert!(v2.check().is_ok(), "{:?}", v2.check());
    let changed =
        sample_with::<api::Customer>(json!({"email": "a@b.c", "metadata": {"order": "7"}}));
    assert_eq!(changed.email(), Some("a@b.c"));
    assert!(changed.check().is_ok());
}
