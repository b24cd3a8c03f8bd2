//! Pages, cursors, ranges, filters and search.

use serde_json::Value;

use crate::client::{START, caller, emulator};

fn ids(page: &Value) -> Vec<String> {
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn pages_cover_everything_once() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let mut made = Vec::new();
    for number in 0..25 {
        made.push(
            api.post("/v1/customers", &format!("email=c{number}@x.y"))
                .await
                .ok()["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
        emulator.clock().advance(std::time::Duration::from_secs(1));
    }
    made.reverse();
    let first = api.get("/v1/customers", "").await.ok();
    assert_eq!(
        (ids(&first).len(), &first["has_more"], &first["url"]),
        (10, &true.into(), &"/v1/customers".into())
    );
    let mut seen = Vec::new();
    let mut query = "limit=7".to_owned();
    loop {
        let page = api.get("/v1/customers", &query).await.ok();
        seen.extend(ids(&page));
        if page["has_more"] == false {
            break;
        }
        query = format!("limit=7&starting_after={}", seen.last().unwrap());
    }
    assert_eq!(seen, made);
    let back = api
        .get(
            "/v1/customers",
            &format!("limit=3&ending_before={}", made[10]),
        )
        .await
        .ok();
    assert_eq!(ids(&back), made[7..10]);
    let range = format!(
        "limit=100&created[gte]={}&created[lt]={}",
        START + 3,
        START + 6
    );
    assert_eq!(ids(&api.get("/v1/customers", &range).await.ok()).len(), 3);
    assert_eq!(
        ids(&api.get("/v1/customers", "email=c7@x.y").await.ok()),
        [made[17].clone()]
    );
}

#[tokio::test]
async fn limits_and_cursors_are_checked() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    for (query, param) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("starting_after=cus_x", "starting_after"),
        ("ending_before=cus_x", "ending_before"),
    ] {
        let answer = api.get("/v1/customers", query).await;
        assert_eq!(
            (answer.error().0, answer.error().3),
            (400, param),
            "{query}"
        );
    }
}

#[tokio::test]
async fn lists_filter_by_fields() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let product = api.post("/v1/products", "name=A").await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (currency, active) in [("usd", "true"), ("eur", "true"), ("usd", "false")] {
        let form = format!(
            "currency={currency}&unit_amount=1&product={product}&active={active}&lookup_key=k_{currency}_{active}"
        );
        api.post("/v1/prices", &form).await.ok();
    }
    let count = async |query: &str| ids(&api.get("/v1/prices", query).await.ok()).len();
    assert_eq!(count("currency=usd").await, 2);
    assert_eq!(count("currency=usd&active=true").await, 1);
    assert_eq!(count(&format!("product={product}")).await, 3);
    assert_eq!(count("product=prod_x").await, 0);
    assert_eq!(
        count("lookup_keys[]=k_usd_true&lookup_keys[]=k_eur_true").await,
        2
    );
}

#[tokio::test]
async fn search_pages_on() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    for number in 0..5 {
        api.post(
            "/v1/customers",
            &format!("name=Ann {number}&metadata[odd]={}", number % 2),
        )
        .await
        .ok();
    }
    let found = api
        .get(
            "/v1/customers/search",
            "query=name~'ann' AND metadata['odd']:'0'&limit=2"
                .replace(' ', "%20")
                .as_str(),
        )
        .await
        .ok();
    assert_eq!(
        (
            found["object"].as_str(),
            ids(&found).len(),
            &found["has_more"]
        ),
        (Some("search_result"), 2, &true.into())
    );
    let next = found["next_page"].as_str().unwrap();
    assert_eq!(found.get("total_count"), None);
    let query = format!(
        "query=name~'ann'%20AND%20metadata['odd']:'0'&limit=2&page={next}&expand[]=total_count"
    );
    let rest = api.get("/v1/customers/search", &query).await.ok();
    assert_eq!((ids(&rest).len(), &rest["has_more"]), (1, &false.into()));
    assert_eq!(rest["total_count"], 3);
    assert_eq!(
        api.get("/v1/customers/search", "query=nonsense")
            .await
            .error()
            .3,
        "query"
    );
}
