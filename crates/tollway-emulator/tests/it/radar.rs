//! Radar's value lists.

use serde_json::Value;

use crate::client::{caller, emulator, id};

#[tokio::test]
async fn value_list_contains_its_newest_items() {
    let api = caller(&emulator(), "sk_test_products");
    let list = api
        .post(
            "/v1/radar/value_lists",
            "alias=bad&name=Bad&item_type=email",
        )
        .await
        .ok();
    assert_eq!(list["list_items"]["data"], Value::Array(Vec::new()));
    let again = api
        .post("/v1/radar/value_lists", "alias=bad&name=Bad")
        .await;
    assert_eq!(again.error().3, "alias");
    let items = "/v1/radar/value_list_items";
    let add = |value: &str| format!("value_list={}&value={value}", id(&list));
    let item = api.post(items, &add("a@b.example")).await.ok();
    for bad in ["nobody", "a@b.example"] {
        assert_eq!(api.post(items, &add(bad)).await.error().3, "value", "{bad}");
    }
    let path = format!("/v1/radar/value_lists/{}", id(&list));
    let shown = api.get(&path, "").await.ok();
    assert_eq!(shown["list_items"]["data"][0]["value"], "a@b.example");
    api.delete(&format!("{items}/{}", id(&item))).await.ok();
    assert_eq!(
        api.get(&path, "").await.ok()["list_items"]["data"],
        Value::Array(Vec::new())
    );
    let item = api.post(items, &add("c@d.example")).await.ok();
    api.delete(&path).await.ok();
    assert_eq!(
        api.get(&format!("{items}/{}", id(&item)), "")
            .await
            .error()
            .0,
        404
    );
}
