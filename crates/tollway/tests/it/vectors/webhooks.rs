//! webhook_verify, webhook_generate, events, api_version_compat

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use tollway::request::RequestBuilder;
use tollway::testing::{ManualClock, StubResponse, StubTransport};
use tollway::webhook::{self, Tolerance, Verifier, WebhookError};

use super::{VECTORS, headers, id, run};
use crate::support::stubbed;

fn verify(vector: &Json) -> Result<(), WebhookError> {
    let tolerance = match vector["tolerance"].as_u64().unwrap() {
        0 => Tolerance::Disabled,
        seconds => Tolerance::AtMost(Duration::from_secs(seconds)),
    };
    let clock = ManualClock::at(vector["now"].as_u64().unwrap());
    let verifier = Verifier::new(vector["secret"].as_str().unwrap())?
        .tolerance(tolerance)
        .clock(Arc::new(clock));
    verifier
        .verify(
            vector["payload"].as_str().unwrap(),
            vector["header"].as_str().unwrap(),
        )
        .map(drop)
}

#[test]
fn signatures_verify_or_say_why_not() {
    run("webhook_verify", |vector| {
        let result = verify(vector).err().map_or("ok", |error| error.code());
        assert_eq!(result, vector["result"].as_str().unwrap(), "{}", id(vector));
    });
}

#[test]
fn test_headers_verify() {
    run("webhook_generate", |vector| {
        let text = |name: &str| vector[name].as_str().unwrap();
        let header = webhook::test_header(
            text("payload"),
            text("secret"),
            vector["timestamp"].as_i64().unwrap(),
        );
        assert_eq!(header, text("header"), "{}", id(vector));
    });
}

fn text(object: &tollway::Json, name: &str) -> Option<String> {
    object.get(name)?.as_str().map(str::to_owned)
}

/// What parsing gave, in the words of the vectors.
fn parse(vector: &Json) -> Json {
    let payload = vector["payload"].as_str().unwrap();
    let header = webhook::test_header(payload, "whsec_1", 1_700_000_000);
    let verifier = Verifier::new("whsec_1")
        .unwrap()
        .clock(Arc::new(ManualClock::at(1_700_000_000)));
    let failed = |error: WebhookError| serde_json::json!({ "error": error.code() });
    match vector["function"].as_str().unwrap() {
        "construct_event" => match verifier.construct_event(payload, &header) {
            Ok(event) => serde_json::json!({
                "type": event.type_().as_str(), "account": event.account(),
                "data_object": {
                    "id": text(&event.data_object(), "id"), "object": text(&event.data_object(), "object"),
                },
            }),
            Err(error) => failed(error),
        },
        name => {
            let parsed = match name {
                "parse_event_notification" => verifier.parse_event_notification(payload, &header),
                "parse_event_notification_without_verification" => {
                    webhook::parse_event_notification_without_verification(payload)
                }
                other => panic!("unknown function {other}"),
            };
            match parsed {
                Ok(event) => serde_json::json!({
                    "type": event.type_(), "context": event.context(),
                    "known": event.type_().starts_with("v2."),
                    "related_object": event.related_object().map(|object| serde_json::json!({
                        "id": object.id(), "type": object.type_(), "url": object.url(),
                    })),
                }),
                Err(error) => failed(error),
            }
        }
    }
}

#[test]
fn events_parse_or_say_why_not() {
    run("events", |vector| {
        let parsed = parse(vector);
        for (name, value) in vector["result"].as_object().unwrap() {
            if !matches!(name.as_str(), "fetch_event" | "fetch_related" | "headers") {
                assert_eq!(&parsed[name], value, "{} {name}", id(vector));
            }
        }
    });
}

#[tokio::test]
async fn events_are_followed_up_in_their_context() {
    let stub = Arc::new(StubTransport::responding(|_| StubResponse::json(200, "{}")));
    let client = stubbed(&stub).stripe_account("acct_9").build().unwrap();
    for vector in VECTORS["events"].as_array().unwrap() {
        let result = &vector["result"];
        if result["fetch_event"].is_null() {
            continue;
        }
        let event = webhook::parse_event_notification_without_verification(
            vector["payload"].as_str().unwrap(),
        )
        .unwrap();
        let fetches: [(&str, RequestBuilder); 2] = [
            ("fetch_event", event.fetch_event(&client)),
            (
                "fetch_related",
                event.fetch_related_object(&client).unwrap(),
            ),
        ];
        for (name, request) in fetches {
            request.send::<()>().await.unwrap();
            let sent = stub.requests().pop().unwrap();
            assert_eq!(
                format!("{} {}", sent.method(), sent.path()),
                result[name].as_str().unwrap()
            );
            headers::expect(&sent, &result["headers"], id(vector));
            assert_eq!(sent.header("stripe-account"), None, "{}", id(vector));
        }
    }
    assert_eq!(stub.requests().len(), 2);
}

#[test]
fn versions_of_one_release_line_agree() {
    run("api_version_compat", |vector| {
        let text = |name: &str| vector[name].as_str().unwrap();
        let compatible = tollway::event::versions_agree(text("sdk"), text("event"));
        assert_eq!(
            compatible,
            vector["compatible"].as_bool().unwrap(),
            "{}",
            id(vector)
        );
    });
}
