//! form_encoding, query_urls, path_escaping, request_path_guard

use std::sync::Arc;

use tollway::request::{ApiMode, Encoding, Host, Operation, RequestBuilder, Verb};
use tollway::testing::{StubResponse, StubTransport};
use tollway::wire::form;
use tollway::{Client, ErrorKind};

use super::{id, pairs, params, query_pairs, run};
use crate::support::stubbed;

#[test]
fn forms_are_encoded_as_stripe_expects() {
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
            query_pairs(&encoded),
            pairs(&vector["pairs"]),
            "{}",
            id(vector)
        );
    });
}

#[tokio::test]
async fn queries_are_joined_to_their_paths() {
    let stub = Arc::new(StubTransport::responding(|_| StubResponse::json(200, "{}")));
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

/// The path that a request reaches the transport with; `None` when it is refused before.
fn sent_path(request: impl FnOnce(&Client) -> RequestBuilder) -> Option<String> {
    let stub = Arc::new(StubTransport::responding(|_| StubResponse::json(200, "{}")));
    let client = stubbed(&stub).build().unwrap();
    let outcome = tollway::blocking::wait(request(&client).send::<()>());
    match outcome {
        Ok(()) => Some(stub.requests()[0].path().to_owned()),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert!(stub.requests().is_empty());
            None
        }
    }
}

#[test]
fn ids_are_escaped_in_paths() {
    run("path_escaping", |vector| {
        let template = vector["template"].as_str().unwrap().to_owned();
        let operation = Operation::new(
            "vector",
            Verb::Get,
            String::leak(template),
            Host::Api,
            ApiMode::V1,
            Encoding::Form,
        );
        let operation: &'static Operation = Box::leak(Box::new(operation));
        let path = sent_path(|client| {
            let args = vector["args"].as_array().unwrap().iter();
            args.filter_map(|arg| arg.as_str())
                .fold(RequestBuilder::new(client, operation), |request, arg| {
                    request.path_arg(arg)
                })
        });
        assert_eq!(path.as_deref(), vector["path"].as_str(), "{}", id(vector));
    });
}

#[test]
fn paths_that_lead_to_another_host_are_refused() {
    run("request_path_guard", |vector| {
        let path = vector["path"].as_str().unwrap();
        let sent = sent_path(|client| client.request(Verb::Get, path));
        let accepted = vector["accept"].as_bool().unwrap();
        assert_eq!(sent.is_some(), accepted, "{}", id(vector));
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
