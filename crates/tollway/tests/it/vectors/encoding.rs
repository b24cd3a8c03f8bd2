//! form_encoding, query_urls, path_escaping, request_path_guard

use std::sync::Arc;

use tollway::request::Verb;
use tollway::testing::{StubAnswer, StubTransport};
use tollway::wire::{form, path};

use super::{id, pairs, params, run};
use crate::support::stubbed;

#[test]
fn form_encoding() {
    run("form_encoding", |vector| {
        let encoded = form::encode(&params(vector, "input"))
            .unwrap_or_else(|error| panic!("{}: {error}", id(vector)));
        assert_eq!(
            encoded,
            vector["encoded"].as_str().unwrap(),
            "{}",
            id(vector)
        );
        assert_eq!(
            form::decode(&encoded),
            pairs(&vector["pairs"]),
            "{}",
            id(vector)
        );
    });
}

#[tokio::test]
async fn query_urls() {
    let stub = Arc::new(StubTransport::answering(|_| StubAnswer::json(200, "{}")));
    let client = stubbed(&stub).build().unwrap();
    let mut sent = Vec::new();
    for vector in super::VECTORS["query_urls"].as_array().unwrap() {
        let verb = match vector["method"].as_str().unwrap() {
            "GET" => Verb::Get,
            "DELETE" => Verb::Delete,
            other => panic!("unknown method {other}"),
        };
        let request = client.request(verb, vector["path"].as_str().unwrap());
        request
            .params(params(vector, "params"))
            .send::<()>()
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", id(vector)));
        sent.push(stub.requests().pop().unwrap());
    }
    let at = std::cell::Cell::new(0);
    run("query_urls", |vector| {
        let request = &sent[at.replace(at.get() + 1)];
        let url = request.url();
        assert_eq!(
            url,
            format!("https://api.stripe.com{}", vector["url"].as_str().unwrap()),
            "{}",
            id(vector)
        );
        assert_eq!(request.query(), pairs(&vector["pairs"]), "{}", id(vector));
        assert!(
            request.body().is_empty() && request.header("content-type").is_none(),
            "{}",
            id(vector)
        );
    });
}

#[test]
fn path_escaping() {
    run("path_escaping", |vector| {
        let args: Vec<String> = vector["args"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|arg| arg.as_str().map(str::to_owned))
            .collect();
        let path = path::expand(vector["template"].as_str().unwrap(), &args).ok();
        assert_eq!(path.as_deref(), vector["path"].as_str(), "{}", id(vector));
    });
}

#[test]
fn request_path_guard() {
    run("request_path_guard", |vector| {
        let accepted = path::guard(vector["path"].as_str().unwrap()).is_ok();
        assert_eq!(
            accepted,
            vector["accept"].as_bool().unwrap(),
            "{}",
            id(vector)
        );
    });
}

#[tokio::test]
async fn a_guarded_path_is_never_sent() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).build().unwrap();
    for path in [
        "@evil.example/v1/x",
        "//evil.example/v1/x",
        "https://evil.example/v1/x",
        "",
    ] {
        let error = client
            .request(Verb::Get, path)
            .send::<()>()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), tollway::ErrorKind::InvalidInput, "{path}");
    }
    assert!(stub.requests().is_empty());
}
