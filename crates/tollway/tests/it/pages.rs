//! Going on from pages that are already here, cursors that can be stored, and searches by POST.

use std::sync::Arc;

use tollway::page::Cursor;
use tollway::request::Verb;
use tollway::testing::StubTransport;
use tollway::{Client, ErrorKind, Json};

use crate::support::{pairs, stubbed};

fn client() -> (Client, Arc<StubTransport>) {
    let stub = Arc::new(StubTransport::new());
    (stubbed(&stub).max_retries(0).build().unwrap(), stub)
}

fn ids(items: &[Json]) -> Vec<String> {
    let id = |item: &Json| item.get("id").unwrap().as_str().unwrap().to_owned();
    items.iter().map(id).collect()
}

#[tokio::test]
async fn a_nested_list_is_paged_at_its_own_url_for_the_same_account() {
    let (client, stub) = client();
    stub.push_json(
        200,
        r#"{"id": "ch_1", "refunds": {"object": "list", "data": [{"id": "re_1"}, {"id": "re_2"}],
            "has_more": true, "url": "/v1/charges/ch_1/refunds"}}"#,
    );
    stub.push_json(
        200,
        r#"{"object": "list", "data": [{"id": "re_3"}], "has_more": false}"#,
    );

    let call = client
        .charges()
        .retrieve("ch_1")
        .stripe_version("2025-01-27.acacia");
    let charge = call.stripe_account("acct_1").send().await.unwrap();
    // The client acts for another account: the list is still read for the account that it came from.
    let refunds = charge
        .refunds()
        .unwrap()
        .auto_paging(&client.for_account("acct_other"));
    let all = refunds.collect_up_to(10).await.unwrap();

    assert_eq!(
        all.iter().map(|refund| refund.id()).collect::<Vec<_>>(),
        ["re_1", "re_2", "re_3"]
    );
    let second = &stub.requests()[1];
    assert_eq!(second.path(), "/v1/charges/ch_1/refunds");
    assert_eq!(second.query(), pairs([("starting_after", "re_2")]));
    assert_eq!(second.header("stripe-account"), Some("acct_1"));
    assert_eq!(second.header("stripe-version"), Some("2025-01-27.acacia"));
}

#[tokio::test]
async fn a_list_of_the_keys_owner_is_not_paged_for_an_account() {
    let (client, stub) = client();
    let page = r#"{"object": "list", "data": [{"id": "cus_1"}], "has_more": true, "url": "/v1/customers"}"#;
    stub.push_json(200, page);
    stub.push_json(200, r#"{"object": "list", "data": [], "has_more": false}"#);
    let page = client
        .customers()
        .list()
        .email("a@b.example")
        .limit(1)
        .expand(["data.sources"])
        .send()
        .await
        .unwrap();
    page.auto_paging(&client.for_account("acct_1"))
        .collect_up_to(10)
        .await
        .unwrap();

    let second = &stub.requests()[1];
    assert_eq!(second.header("stripe-account"), None);
    let mut query = second.query();
    query.sort();
    let expected = [
        ("email", "a@b.example"),
        ("expand[0]", "data.sources"),
        ("limit", "1"),
        ("starting_after", "cus_1"),
    ];
    assert_eq!(query, pairs(expected));
}

#[tokio::test]
async fn a_whole_nested_list_asks_for_nothing() {
    let (client, stub) = client();
    stub.push_json(
        200,
        r#"{"id": "ch_1", "refunds": {"object": "list", "data": [{"id": "re_1"}], "has_more": false, "url": "/v1/x"}}"#,
    );
    let charge = client.charges().retrieve("ch_1").send().await.unwrap();
    let all = charge
        .refunds()
        .unwrap()
        .auto_paging(&client)
        .collect_up_to(10)
        .await
        .unwrap();
    assert_eq!((all.len(), stub.requests().len()), (1, 1));
}

#[tokio::test]
async fn a_nested_list_cannot_lead_to_another_host() {
    let (client, stub) = client();
    stub.push_json(
        200,
        r#"{"id": "ch_1", "refunds": {"object": "list", "data": [{"id": "re_1"}], "has_more": true,
            "url": "@evil.example/v1/refunds"}}"#,
    );
    let charge = client.charges().retrieve("ch_1").send().await.unwrap();
    let error = charge
        .refunds()
        .unwrap()
        .auto_paging(&client)
        .collect_up_to(10)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), stub.requests().len()),
        (ErrorKind::InvalidInput, 1)
    );
}

#[tokio::test]
async fn a_walk_that_broke_goes_on_where_it_was() {
    let (client, stub) = client();
    stub.push_json(
        200,
        r#"{"object": "list", "data": [{"id": "cus_1"}, {"id": "cus_2"}], "has_more": true}"#,
    );
    stub.push_json(500, r#"{"error": {"type": "api_error"}}"#);
    let mut walk = client
        .request(Verb::Get, "/v1/customers")
        .param("limit", 2)
        .auto_paging::<Json>();
    assert!(walk.cursor().is_none());
    let mut seen = Vec::new();
    while let Some(Ok(item)) = walk.next().await {
        seen.push(item);
    }
    let stored = walk.cursor().unwrap().to_string();

    stub.push_json(
        200,
        r#"{"object": "list", "data": [{"id": "cus_3"}], "has_more": false}"#,
    );
    let cursor: Cursor = stored.parse().unwrap();
    let again = client
        .request(Verb::Get, "/v1/customers")
        .param("limit", 2)
        .auto_paging::<Json>();
    let again = again.resume(&cursor);
    assert_eq!(again.cursor(), Some(cursor.clone()));
    seen.extend(again.collect_up_to(10).await.unwrap());

    assert_eq!(ids(&seen), ["cus_1", "cus_2", "cus_3"]);
    assert_eq!(
        stub.requests()[2].query(),
        pairs([("limit", "2"), ("starting_after", "cus_2")])
    );
}

#[tokio::test]
async fn a_backward_walk_goes_on_backward() {
    let (client, stub) = client();
    let list = || {
        client
            .request(Verb::Get, "/v1/customers")
            .param("ending_before", "cus_9")
    };
    stub.push_json(
        200,
        r#"{"object": "list", "data": [{"id": "cus_7"}, {"id": "cus_8"}], "has_more": true}"#,
    );
    let mut walk = list().auto_paging::<Json>();
    assert_eq!(ids(&[walk.next().await.unwrap().unwrap()]), ["cus_8"]);
    let cursor = walk.cursor().unwrap();

    stub.push_json(
        200,
        r#"{"object": "list", "data": [{"id": "cus_7"}], "has_more": false}"#,
    );
    let rest = list()
        .auto_paging::<Json>()
        .resume(&cursor)
        .collect_up_to(10)
        .await
        .unwrap();
    assert_eq!(ids(&rest), ["cus_7"]);
    assert_eq!(
        stub.requests()[1].query(),
        pairs([("ending_before", "cus_8")])
    );
}

#[tokio::test]
async fn a_search_goes_on_in_the_middle_of_its_page() {
    let (client, stub) = client();
    let search = || {
        client
            .request(Verb::Get, "/v1/customers/search")
            .param("query", "x")
            .auto_paging::<Json>()
    };
    let first = r#"{"object": "search_result", "data": [{"id": "a"}], "has_more": true, "next_page": "tok"}"#;
    let second =
        r#"{"object": "search_result", "data": [{"id": "b"}, {"id": "c"}], "has_more": false}"#;
    stub.push_json(200, first);
    stub.push_json(200, second);
    let mut walk = search();
    walk.next().await.unwrap().unwrap();
    walk.next().await.unwrap().unwrap();
    let cursor = walk.cursor().unwrap();

    stub.push_json(200, second);
    let rest = search().resume(&cursor).collect_up_to(10).await.unwrap();
    assert_eq!(ids(&rest), ["c"]);
    assert_eq!(
        stub.requests()[2].query(),
        pairs([("query", "x"), ("page", "tok")])
    );
}

#[tokio::test]
async fn a_v2_list_goes_on_at_its_page_and_no_other_lists() {
    let (client, stub) = client();
    let list = |path: &str| {
        client
            .request(Verb::Get, path)
            .param("limit", 2)
            .auto_paging::<Json>()
    };
    stub.push_json(
        200,
        r#"{"data": [{"id": "a"}], "next_page_url": "/v2/core/accounts?page=p2"}"#,
    );
    let second = r#"{"data": [{"id": "b"}, {"id": "c"}], "next_page_url": null}"#;
    stub.push_json(200, second);
    let mut walk = list("/v2/core/accounts");
    walk.next().await.unwrap().unwrap();
    walk.next().await.unwrap().unwrap();
    let cursor = walk.cursor().unwrap();

    stub.push_json(200, second);
    let rest = list("/v2/core/accounts")
        .resume(&cursor)
        .collect_up_to(10)
        .await
        .unwrap();
    assert_eq!(ids(&rest), ["c"]);
    assert_eq!(stub.requests()[2].query(), pairs([("page", "p2")]));

    let error = list("/v2/core/events")
        .resume(&cursor)
        .collect_up_to(10)
        .await
        .unwrap_err();
    assert!(error.message().contains("another list"), "{error}");
    assert_eq!(stub.requests().len(), 3);
}

#[tokio::test]
async fn a_v2_search_is_posted_again_for_each_page() {
    let (client, stub) = client();
    stub.push_json(
        200,
        r#"{"data": [{"id": "a"}], "next_page_url": "/v2/core/things/search?page=p2&limit=1"}"#,
    );
    stub.push_json(200, r#"{"data": [{"id": "b"}], "next_page_url": null}"#);
    let search = client
        .request(Verb::Post, "/v2/core/things/search")
        .param("filter[name]", "x")
        .param("limit", 1)
        .idempotency_key("first");
    let all = search
        .auto_paging::<Json>()
        .collect_up_to(10)
        .await
        .unwrap();

    assert_eq!(ids(&all), ["a", "b"]);
    let requests = stub.requests();
    assert_eq!(requests[0].query(), pairs([("limit", "1")]));
    assert_eq!(requests[1].query(), pairs([("page", "p2"), ("limit", "1")]));
    for request in &requests {
        assert_eq!(request.method(), "POST");
        assert_eq!(request.json(), serde_json::json!({"filter": {"name": "x"}}));
    }
    // One key on two pages would answer the second with the first.
    assert_eq!(requests[0].header("idempotency-key"), Some("first"));
    assert_ne!(requests[1].header("idempotency-key"), Some("first"));
}

#[tokio::test]
async fn metadata_that_stripe_refuses_is_not_sent() {
    let (client, stub) = client();
    let long = "x".repeat(501);
    let refused = client
        .customers()
        .create()
        .metadata([("note", long.as_str())])
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    assert!(refused.message().contains("`note`"), "{refused}");
    assert!(stub.requests().is_empty());
}
