//! v2_json, v2_response, multipart

use std::sync::Arc;

use tollway::params::{Params, Upload};
use tollway::request::{ApiMode, Encoding, Host, Operation, RequestBuilder, Verb};
use tollway::testing::{StubRequest, StubResponse, StubTransport};

use super::{id, params, run};
use crate::support::stubbed;

static UPLOAD: Operation = Operation::new(
    "vector",
    Verb::Post,
    "/v1/files",
    Host::Files,
    ApiMode::V1,
    Encoding::Multipart,
);

static V2_POST: Operation = Operation::new(
    "vector",
    Verb::Post,
    "/v2/things",
    Host::Api,
    ApiMode::V2,
    Encoding::Json,
);

/// The request that reaches the transport.
fn sent(operation: &'static Operation, params: Params) -> StubRequest {
    let stub = Arc::new(StubTransport::responding(|_| StubResponse::json(200, "{}")));
    let client = stubbed(&stub).build().unwrap();
    let request = RequestBuilder::new(&client, operation).params(params);
    tollway::blocking::wait(request.send::<()>()).unwrap();
    stub.requests().remove(0)
}

#[test]
fn v2_bodies_are_json() {
    run("v2_json", |vector| {
        let request = sent(&V2_POST, params(vector, "input"));
        let json: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(json, vector["json"], "{}", id(vector));
    });
}

#[test]
fn an_empty_body_is_an_empty_object() {
    assert_eq!(sent(&V2_POST, Params::new()).body().as_ref(), b"{}");
}

#[test]
fn v2_numbers_as_text_stay_exact() {
    run("v2_response", |vector| {
        let json = tollway::Json::parse(vector["json"].as_str().unwrap().to_owned()).unwrap();
        for (name, value) in vector["value"].as_object().unwrap() {
            let text = json
                .get(name)
                .and_then(|value| value.as_str().map(str::to_owned));
            // Both travel as text and stay exact: the integer fits, the decimal keeps its scale.
            let exact = value["$int64"].as_str().or(value["$decimal"].as_str());
            assert_eq!(text.as_deref(), exact, "{} {name}", id(vector));
        }
    });
}

#[test]
fn uploads_are_multipart_bodies() {
    run("multipart", |vector| {
        let mut params = Params::new();
        for part in vector["parts"].as_array().unwrap() {
            let name = part["name"].as_str().unwrap();
            match part["bytes_hex"].as_str() {
                Some(hex) => {
                    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
                    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
                    params
                        .set_path(name, Upload::new(part["filename"].as_str().unwrap(), bytes))
                        .unwrap();
                }
                None => params
                    .set_path(name, part["value"].as_str().unwrap())
                    .unwrap(),
            }
        }
        let request = sent(&UPLOAD, params);
        // The boundary is random: the vector's own takes its place.
        let content_type = request.header("content-type").unwrap();
        let (_, random) = content_type.split_once("boundary=").unwrap();
        let random = random.trim_matches('"');
        let boundary = vector["boundary"].as_str().unwrap();
        let body = String::from_utf8_lossy(request.body()).replace(random, boundary);
        assert_eq!(body, vector["body"].as_str().unwrap(), "{}", id(vector));
        assert_eq!(
            content_type.replace(random, boundary),
            vector["content_type"].as_str().unwrap(),
            "{}",
            id(vector)
        );
    });
}
