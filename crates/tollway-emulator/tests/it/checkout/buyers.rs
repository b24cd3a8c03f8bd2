//! Who buys: names of businesses and persons, and tax IDs, in the session and on the customer.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{GOOD, location, page_of, selling};
use crate::client::id;
use crate::marketplace::Marketplace;

const CARD: [(&str, &str); 2] = [("email", "j@x.example"), ("number", GOOD)];

fn with_card<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    CARD.iter().chain(more).copied().collect()
}

#[tokio::test]
async fn a_business_tells_its_tax_id_and_a_new_customer_has_it() {
    let shop = Marketplace::with_seller().await;
    let session = shop
        .session(&[
            ("tax_id_collection[enabled]", "true"),
            ("customer_creation", "always"),
        ])
        .await;
    assert_eq!(
        session["tax_id_collection"],
        json!({"enabled": true, "required": "never"})
    );
    let path = page_of(&session);
    let page = shop.open_page(&path).await;
    for input in ["business-name", "tax-id", "tax-id-type", "country"] {
        assert!(
            page.contains(&format!("<label for=\"{input}\">")),
            "{input} in {page}"
        );
    }
    // A tax ID that says nothing about its country needs one, and a name.
    let wrong = with_card(&[("tax_id", "12-3456789"), ("country", "US")]);
    let refused = shop.stripe.press(&path, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused
            .body
            .contains("aria-describedby=\"business-name-error\""),
        "{}",
        refused.body
    );
    let told = with_card(&[
        ("tax_id", "12-3456789"),
        ("country", "US"),
        ("business_name", "Bread Ltd"),
    ]);
    location(&shop.stripe.press(&path, &told).await);
    let done = shop.again(&session).await;
    let tax_ids = json!([{"type": "us_ein", "value": "12-3456789"}]);
    let details = &done["customer_details"];
    assert_eq!(
        (
            &details["tax_ids"],
            &details["name"],
            &details["business_name"]
        ),
        (&tax_ids, &"Bread Ltd".into(), &"Bread Ltd".into())
    );
    assert_eq!(done["collected_information"]["business_name"], "Bread Ltd");
    let customer = done["customer"].as_str().unwrap();
    let kept = shop.get(&format!("/v1/customers/{customer}/tax_ids")).await;
    assert_eq!(
        (&kept["data"][0]["type"], &kept["data"][0]["value"]),
        (&"us_ein".into(), &"12-3456789".into())
    );
    assert!(
        shop.event_types()
            .await
            .contains(&"customer.tax_id.created".to_owned())
    );
    let customer_object = shop.get(&format!("/v1/customers/{customer}")).await;
    assert_eq!(customer_object["name"], "Bread Ltd");

    // Who has one is not asked again.
    let again = shop
        .session(&[
            ("tax_id_collection[enabled]", "true"),
            ("customer", customer),
            ("customer_update[name]", "auto"),
        ])
        .await;
    assert_eq!(again["customer_details"]["tax_ids"], tax_ids);
    assert!(
        !shop
            .open_page(&page_of(&again))
            .await
            .contains("id=\"tax-id\"")
    );
    location(&shop.stripe.press(&page_of(&again), &CARD).await);
    assert_eq!(
        shop.again(&again).await["customer_details"]["tax_ids"],
        tax_ids
    );
    let kept = shop.get(&format!("/v1/customers/{customer}/tax_ids")).await;
    assert_eq!(kept["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_known_customer_must_be_allowed_to_change() {
    let shop = Marketplace::with_seller().await;
    let form = [("email", "j@x.example"), ("name", "Jenny")];
    let customer = shop.post("/v1/customers", &form).await.ok();
    let form = selling(&[
        ("customer", id(&customer)),
        ("tax_id_collection[enabled]", "true"),
    ]);
    let refused = shop.post("/v1/checkout/sessions", &form).await.json();
    let said = refused["error"]["message"].as_str().unwrap();
    assert!(
        said.contains("set `customer_update[name]` to `auto`"),
        "{said}"
    );
    let form = selling(&[("customer_update[name]", "auto")]);
    let refused = shop.post("/v1/checkout/sessions", &form).await.json();
    let said = refused["error"]["message"].as_str().unwrap();
    assert!(said.contains("can only be used with `customer`"), "{said}");

    let session = shop
        .session(&[
            ("customer", id(&customer)),
            ("tax_id_collection[enabled]", "true"),
            ("tax_id_collection[required]", "if_supported"),
            ("billing_address_collection", "required"),
            ("customer_update[name]", "auto"),
        ])
        .await;
    let path = page_of(&session);
    let at = [
        ("number", GOOD),
        ("line1", "Rue 1"),
        ("country", "FR"),
        ("business_name", "Pain SA"),
    ];
    let refused = shop.stripe.press(&path, &at).await;
    assert!(
        refused.body.contains("A tax ID is required."),
        "{}",
        refused.body
    );
    let mut form = at.to_vec();
    form.push(("tax_id", "FRAB123456789"));
    location(&shop.stripe.press(&path, &form).await);
    let changed = shop.get(&format!("/v1/customers/{}", id(&customer))).await;
    assert_eq!(
        (
            &changed["name"],
            &changed["business_name"],
            &changed["address"]
        ),
        (&"Pain SA".into(), &"Pain SA".into(), &Value::Null)
    );
    let kept = shop
        .get(&format!("/v1/customers/{}/tax_ids", id(&customer)))
        .await;
    assert_eq!(kept["data"][0]["type"], "eu_vat");
}

#[tokio::test]
async fn names_are_asked_for_as_the_session_says() {
    let shop = Marketplace::with_seller().await;
    let session = shop
        .session(&[
            ("name_collection[business][enabled]", "true"),
            ("name_collection[business][optional]", "true"),
            ("name_collection[individual][enabled]", "true"),
            ("customer_creation", "always"),
        ])
        .await;
    assert_eq!(
        session["name_collection"],
        json!({"business": {"enabled": true, "optional": true}, "individual": {"enabled": true, "optional": false}})
    );
    let path = page_of(&session);
    let page = shop.open_page(&path).await;
    assert!(
        page.contains("<label for=\"individual-name\">Full name</label>"),
        "{page}"
    );
    assert!(
        page.contains("Business name <span class=\"optional\">optional</span>"),
        "{page}"
    );
    let refused = shop.stripe.press(&path, &CARD).await;
    assert!(
        refused.body.contains("id=\"individual-name-error\""),
        "{}",
        refused.body
    );
    location(
        &shop
            .stripe
            .press(&path, &with_card(&[("individual_name", "Jenny Rosen")]))
            .await,
    );
    let done = shop.again(&session).await;
    assert_eq!(
        done["collected_information"],
        json!({"business_name": null, "individual_name": "Jenny Rosen", "shipping_details": null})
    );
    assert_eq!(done["customer_details"]["name"], "Jenny Rosen");
    let customer = format!("/v1/customers/{}", done["customer"].as_str().unwrap());
    assert_eq!(shop.get(&customer).await["individual_name"], "Jenny Rosen");
}
