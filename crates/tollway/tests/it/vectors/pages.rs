//! pagination, pagination_scope

use std::sync::Arc;

use serde_json::Value as Json;
use tollway::request::Verb;
use tollway::testing::{StubRequest, StubTransport};
use tollway::{Client, Error};

use super::headers::{apply, configure, expect};
use super::{VECTORS, id, pairs, params, run};
use crate::support::stubbed;

struct Walk {
    yielded: Vec<String>,
    error: Option<Error>,
    requests: Vec<StubRequest>,
}

/// Serves the vector's pages in order and walks the list to its end.
async fn walk(client: &Client, stub: &StubTransport, vector: &Json) -> Walk {
    for page in vector["pages"].as_array().unwrap() {
        stub.push_json(200, page.to_string());
    }
    let mut request = client
        .request(Verb::Get, vector["path"].as_str().unwrap())
        .params(params(vector, "params"));
    if vector["request"].is_object() {
        request = apply(request, &vector["request"]);
    }
    let mut items = request.auto_paging::<tollway::Json>();
    let mut walk = Walk {
        yielded: Vec::new(),
        error: None,
        requests: Vec::new(),
    };
    while let Some(item) = items.next().await {
        match item {
            Ok(item) => walk
                .yielded
                .push(item.get("id").unwrap().as_str().unwrap().to_owned()),
            Err(error) => walk.error = Some(error),
        }
    }
    walk.requests = stub.requests();
    walk
}

#[tokio::test]
async fn lists_are_paged_by_their_cursors() {
    let mut walks = Vec::new();
    for vector in VECTORS["pagination"].as_array().unwrap() {
        let stub = Arc::new(StubTransport::new());
        walks.push(walk(&stubbed(&stub).build().unwrap(), &stub, vector).await);
    }
    let at = std::cell::Cell::new(0);
    run("pagination", |vector| {
        let walk = &walks[at.replace(at.get() + 1)];
        let yields: Vec<&str> = vector["yields"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Json::as_str)
            .collect();
        assert_eq!(walk.yielded, yields, "{}", id(vector));
        assert_eq!(
            walk.error.is_some(),
            vector["error_after"].is_string(),
            "{}: {:?}",
            id(vector),
            walk.error
        );
        let requests = vector["requests"].as_array().unwrap();
        assert_eq!(walk.requests.len(), requests.len(), "{}", id(vector));
        for (sent, expected) in walk.requests.iter().zip(requests) {
            assert_eq!(
                sent.path(),
                vector["path"].as_str().unwrap(),
                "{}",
                id(vector)
            );
            assert_eq!(sent.query(), pairs(expected), "{}", id(vector));
        }
    });
}

#[tokio::test]
async fn later_pages_act_for_the_same_account() {
    let mut walks = Vec::new();
    for vector in VECTORS["pagination_scope"].as_array().unwrap() {
        let stub = Arc::new(StubTransport::new());
        let client = configure(stubbed(&stub), &vector["client"])
            .build()
            .unwrap();
        walks.push(walk(&client, &stub, vector).await);
    }
    let at = std::cell::Cell::new(0);
    run("pagination_scope", |vector| {
        let walk = &walks[at.replace(at.get() + 1)];
        assert_eq!(
            walk.requests.len(),
            vector["pages"].as_array().unwrap().len(),
            "{}",
            id(vector)
        );
        for sent in &walk.requests {
            expect(sent, &vector["headers_on_every_page"], id(vector));
        }
    });
}
