//! Queries: a path's own and the caller's made one, instants in either dialect, keys of metadata removed.

use std::sync::Arc;

use tollway::request::Verb;
use tollway::testing::StubTransport;
use tollway::{Json, RangeQuery};

use crate::support::{pairs, stubbed};

#[tokio::test]
async fn a_raw_path_with_a_query_is_joined_with_the_parameters() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).build().unwrap();
    let queries = [
        // The caller's parameters win, and nothing is expanded twice.
        (
            "/v1/charges?limit=1&expand[]=data.customer&expand[]=data.invoice&created[gte]=5",
            pairs([
                ("created[gte]", "5"),
                ("limit", "3"),
                ("expand[0]", "data.customer"),
                ("expand[1]", "data.invoice"),
                ("expand[2]", "data.refunds"),
            ]),
        ),
        (
            "/v1/charges",
            pairs([
                ("limit", "3"),
                ("expand[0]", "data.invoice"),
                ("expand[1]", "data.refunds"),
            ]),
        ),
    ];
    for (path, expected) in queries {
        stub.push_json(200, "{}");
        let request = client
            .request(Verb::Get, path)
            .param("limit", 3)
            .expand(["data.invoice", "data.refunds"]);
        request.send::<Json>().await.unwrap();
        let sent = stub.requests().pop().unwrap();
        assert_eq!(sent.path(), "/v1/charges");
        let (mut query, mut expected) = (sent.query(), expected);
        query.sort();
        expected.sort();
        assert_eq!(query, expected);
    }

    // Without parameters the query is Stripe's own affair.
    stub.push_json(200, "{}");
    let request = client.request(Verb::Get, "/v1/charges?expand[]=data.customer");
    request.send::<Json>().await.unwrap();
    let sent = stub.requests().pop().unwrap();
    assert_eq!(sent.query(), pairs([("expand[]", "data.customer")]));
}

#[tokio::test]
async fn instants_are_numbers_in_v1_and_texts_in_v2() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).build().unwrap();
    let since = RangeQuery::new().gte(1_700_000_000);

    stub.push_json(200, r#"{"object": "list", "data": []}"#);
    let charges = client.charges().list().created(since.clone());
    charges.send().await.unwrap();
    stub.push_json(200, r#"{"data": []}"#);
    let transfers = client.v2().money_management().inbound_transfers().list();
    transfers.created(since).send().await.unwrap();

    let requests = stub.requests();
    assert_eq!(requests[0].query(), pairs([("created[gte]", "1700000000")]));
    assert_eq!(
        requests[1].query(),
        pairs([("created[gte]", "2023-11-14T22:13:20Z")])
    );
}

#[tokio::test]
async fn a_key_of_v2_metadata_is_removed() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).build().unwrap();
    stub.push_json(200, "{}");
    client
        .v2()
        .core()
        .accounts()
        .update("acct_1")
        .metadata([("order", Some("6735")), ("draft", None)])
        .send()
        .await
        .unwrap();
    assert_eq!(
        stub.requests()[0].json(),
        serde_json::json!({"metadata": {"draft": null, "order": "6735"}})
    );
}
