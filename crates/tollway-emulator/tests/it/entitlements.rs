//! Active entitlements of customers.

use serde_json::Value;

use crate::client::{caller, emulator, id};

#[tokio::test]
async fn subscriptions_entitle_to_the_features_of_their_products() {
    let api = caller(&emulator(), "sk_test_products");
    let feature = api
        .post("/v1/entitlements/features", "name=Export&lookup_key=export")
        .await
        .ok();
    let product = api.post("/v1/products", "name=Pro").await.ok();
    let path = format!("/v1/products/{}/features", id(&product));
    api.post(&path, &format!("entitlement_feature={}", id(&feature)))
        .await
        .ok();
    let price = format!(
        "product={}&unit_amount=500&currency=usd&recurring[interval]=month",
        id(&product)
    );
    let price = api.post("/v1/prices", &price).await.ok();
    let customer =
        "payment_method=pm_card_visa&invoice_settings[default_payment_method]=pm_card_visa";
    let customer = api.post("/v1/customers", customer).await.ok();
    let of = format!("customer={}", id(&customer));
    let active = "/v1/entitlements/active_entitlements";
    assert_eq!(
        api.get(active, &of).await.ok()["data"],
        Value::Array(Vec::new())
    );
    let subscription = format!("{of}&items[0][price]={}", id(&price));
    let subscription = api.post("/v1/subscriptions", &subscription).await.ok();
    let entitled = api.get(active, &of).await.ok();
    assert_eq!(entitled["data"][0]["lookup_key"], "export");
    let one = api
        .get(
            &format!("{active}/{}", id(&entitled["data"][0])),
            "expand[]=feature",
        )
        .await
        .ok();
    assert_eq!(one["feature"]["name"], "Export");
    api.delete(&format!("/v1/subscriptions/{}", id(&subscription)))
        .await
        .ok();
    assert_eq!(
        api.get(active, &of).await.ok()["data"],
        Value::Array(Vec::new())
    );
}
