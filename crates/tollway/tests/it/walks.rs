//! Lists page by page, and v2 lists backward.

use std::sync::Arc;

use tollway::testing::StubTransport;

use crate::support::{pairs, stubbed};

#[tokio::test]
async fn a_list_comes_page_by_page() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).build().unwrap();
    stub.push_json(
        200,
        r#"{"object": "list", "has_more": true, "data": [{"id": "cus_1"}, {"id": "cus_2"}]}"#,
    );
    stub.push_json(
        200,
        r#"{"object": "list", "has_more": false, "data": [{"id": "cus_3"}]}"#,
    );
    let mut pages = client
        .customers()
        .list()
        .limit(2)
        .stripe_account("acct_1")
        .pages();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert_eq!(page.last_response().unwrap().status(), 200);
        seen.push(page.iter().map(|c| c.id().to_owned()).collect::<Vec<_>>());
    }
    assert_eq!(seen, [vec!["cus_1", "cus_2"], vec!["cus_3"]]);
    let second = &stub.requests()[1];
    assert_eq!(
        second.query(),
        pairs([("limit", "2"), ("starting_after", "cus_2")])
    );
    assert_eq!(second.header("stripe-account"), Some("acct_1"));
}

#[tokio::test]
async fn a_page_that_fails_is_the_last_item() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).max_retries(0).build().unwrap();
    stub.push_json(
        200,
        r#"{"object": "search_result", "has_more": true, "next_page": "p2", "data": []}"#,
    );
    stub.push_json(500, r#"{"error": {"message": "no"}}"#);
    let mut pages = client.charges().search("amount>1").pages();
    assert!(pages.next().await.unwrap().unwrap().is_empty());
    assert!(pages.next().await.unwrap().is_err());
    assert!(pages.next().await.is_none());
    assert_eq!(stub.requests()[1].query()[1], ("page".into(), "p2".into()));
}

#[tokio::test]
async fn a_v2_list_is_walked_backward() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).build().unwrap();
    stub.push_json(
        200,
        r#"{"data": [{"id": "acct_3"}, {"id": "acct_4"}], "next_page_url": "/v2/core/accounts?page=p3",
            "previous_page_url": "/v2/core/accounts?page=p1&limit=2"}"#,
    );
    stub.push_json(
        200,
        r#"{"data": [{"id": "acct_1"}, {"id": "acct_2"}], "next_page_url": "/v2/core/accounts?page=p2",
            "previous_page_url": null}"#,
    );
    let accounts = client.v2().core().accounts().list().page("p2");
    let page = accounts.stripe_context("acct_0").send().await.unwrap();
    let walk = page.auto_paging_backward(&client);
    let ids: Vec<String> = walk
        .collect_up_to(10)
        .await
        .unwrap()
        .iter()
        .map(|account| account.id().to_owned())
        .collect();
    assert_eq!(ids, ["acct_4", "acct_3", "acct_2", "acct_1"]);
    let second = &stub.requests()[1];
    assert_eq!(second.query(), pairs([("page", "p1"), ("limit", "2")]));
    assert_eq!(second.header("stripe-context"), Some("acct_0"));

    // A list of one page turns round, too.
    stub.push_json(200, r#"{"data": [{"id": "acct_1"}, {"id": "acct_2"}]}"#);
    let page = client.v2().core().accounts().list().send().await.unwrap();
    let walk = page.auto_paging_backward(&client);
    let all = walk.collect_up_to(10).await.unwrap();
    assert_eq!((all[0].id(), all.len()), ("acct_2", 2));
}
