//! errors, oauth_errors

use std::sync::Arc;

use serde_json::Value as Json;
use tollway::request::Verb;
use tollway::testing::{StubResponse, StubTransport};
use tollway::{Error, ErrorKind};

use super::{VECTORS, id, run};
use crate::support::stubbed;

async fn errors_of(group: &str) -> Vec<Error> {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).max_retries(0).build().unwrap();
    let mut out = Vec::new();
    for vector in VECTORS[group].as_array().unwrap() {
        let status = vector["status"].as_u64().unwrap().try_into().unwrap();
        let mut answer = StubResponse::json(status, vector["body"].as_str().unwrap().to_owned());
        for (name, value) in vector["headers"].as_object().into_iter().flatten() {
            answer = answer.header(name, value.as_str().unwrap());
        }
        stub.push(answer);
        let path = match (group, vector["api"].as_str()) {
            ("oauth_errors", _) => "/oauth/token",
            (_, Some("v2")) => "/v2/core/accounts",
            _ => "/v1/customers",
        };
        out.push(
            client
                .request(Verb::Post, path)
                .send::<Json>()
                .await
                .expect_err(vector["id"].as_str().unwrap()),
        );
    }
    out
}

/// The text form of one of the fields the vectors name.
fn field(error: &Error, name: &str) -> Json {
    let text = match name {
        "http_status" => return error.status().into(),
        "code" => error.code(),
        "param" => error.param(),
        "message" => Some(error.message()).filter(|message| !message.is_empty()),
        "request_id" => error.request_id(),
        "decline_code" => error.decline_code(),
        "charge" => error.charge(),
        "user_message" => error.user_message(),
        other => return error.field(other).cloned().unwrap_or_default(),
    };
    text.into()
}

#[tokio::test]
async fn error_responses_have_their_kind_and_members() {
    let errors = errors_of("errors").await;
    let at = std::cell::Cell::new(0);
    run("errors", |vector| {
        let error = &errors[at.replace(at.get() + 1)];
        assert_eq!(
            error.kind().as_str(),
            vector["kind"].as_str().unwrap(),
            "{}",
            id(vector)
        );
        for (name, value) in vector["fields"].as_object().unwrap() {
            assert_eq!(&field(error, name), value, "{} {name}", id(vector));
        }
        assert_eq!(
            error.raw_body(),
            vector["body"].as_str().unwrap(),
            "{}",
            id(vector)
        );
    });
}

#[tokio::test]
async fn oauth_error_responses_have_their_kind_and_code() {
    let errors = errors_of("oauth_errors").await;
    let at = std::cell::Cell::new(0);
    run("oauth_errors", |vector| {
        let error = &errors[at.replace(at.get() + 1)];
        assert!(
            matches!(error.kind(), ErrorKind::OAuth(_)),
            "{}",
            id(vector)
        );
        assert_eq!(
            error.kind().as_str(),
            vector["kind"].as_str().unwrap(),
            "{}",
            id(vector)
        );
        assert_eq!(
            error.message(),
            vector["message"].as_str().unwrap(),
            "{}",
            id(vector)
        );
        assert_eq!(
            u64::from(error.status().unwrap()),
            vector["status"].as_u64().unwrap(),
            "{}",
            id(vector)
        );
    });
}
