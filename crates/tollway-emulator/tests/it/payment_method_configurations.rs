//! Payment method configurations.

use crate::client::{caller, emulator, id};

#[tokio::test]
async fn every_account_has_a_default_payment_method_configuration() {
    let api = caller(&emulator(), "sk_test_products");
    let path = "/v1/payment_method_configurations";
    let all = api.get(path, "").await.ok();
    let default = &all["data"][0];
    assert_eq!(
        (&default["is_default"], &default["card"]["available"]),
        (&true.into(), &true.into())
    );
    assert_eq!(
        api.get(path, "").await.ok()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let own = "name=Own&klarna[display_preference][preference]=on&card[display_preference][preference]=none";
    let own = api.post(path, own).await.ok();
    assert_eq!(
        (
            &own["klarna"]["available"],
            &own["card"]["display_preference"]["value"]
        ),
        (&true.into(), &"on".into())
    );
    let off = api
        .post(
            &format!("{path}/{}", id(&own)),
            "klarna[display_preference][preference]=off",
        )
        .await
        .ok();
    assert_eq!(
        (&off["klarna"]["available"], &off["card"]["available"]),
        (&false.into(), &true.into())
    );
}
