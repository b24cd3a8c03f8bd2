//! Generic objects: create, retrieve, update, delete, expand, errors.

use serde_json::json;

use crate::client::{START, caller, emulator};

#[tokio::test]
async fn a_customers_life() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let form = "email=ann@example.com&metadata[a]=1&metadata[b]=2&shipping[name]=Ann&shipping[address][city]=Bern&description=x";
    let made = api.post("/v1/customers", form).await;
    assert_eq!(made.header("stripe-version"), Some("2026-10-28.endive"));
    assert!(made.header("request-id").unwrap().starts_with("req_"));
    assert!(made.body.starts_with("{\"id\":\"cus_"), "{}", made.body);
    let made = made.ok();
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["object"], "customer");
    assert_eq!(made["created"], START);
    assert_eq!(made["shipping"]["address"]["city"], "Bern");
    assert_eq!(made["metadata"], json!({"a": "1", "b": "2"}));
    let path = format!("/v1/customers/{id}");
    assert_eq!(api.get(&path, "").await.ok(), made);

    let changed = api
        .post(
            &path,
            "metadata[a]=&metadata[c]=3&description=&email=ann2@example.com",
        )
        .await
        .ok();
    assert_eq!(changed["metadata"], json!({"b": "2", "c": "3"}));
    assert_eq!(changed["description"], json!(null));
    assert_eq!(changed["shipping"]["name"], "Ann");
    assert_eq!(
        api.post(&path, "metadata=&shipping=").await.ok()["metadata"],
        json!({})
    );

    let deleted = api.delete(&path).await.ok();
    assert_eq!(
        deleted,
        json!({"id": id, "object": "customer", "deleted": true})
    );
    assert_eq!(api.get(&path, "").await.ok(), deleted);
    assert_eq!(api.post(&path, "email=x@y.z").await.error().0, 404);
    assert_eq!(api.delete(&path).await.error().0, 404);
}

#[tokio::test]
async fn changes_make_events() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let id = api.post("/v1/customers", "email=a@b.c").await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    api.post(&format!("/v1/customers/{id}"), "email=d@e.f")
        .await
        .ok();
    api.post(&format!("/v1/customers/{id}"), "email=d@e.f")
        .await
        .ok();
    api.delete(&format!("/v1/customers/{id}")).await.ok();
    let events = api.get("/v1/events", "").await.ok();
    let types: Vec<_> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        ["customer.deleted", "customer.updated", "customer.created"]
    );
    assert_eq!(
        events["data"][1]["data"]["previous_attributes"],
        json!({"email": "a@b.c"})
    );
    assert!(
        events["data"][0]["request"]["id"]
            .as_str()
            .unwrap()
            .starts_with("req_")
    );
}

#[tokio::test]
async fn errors_are_stripes() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let missing = api.get("/v1/customers/cus_x", "").await;
    assert_eq!(
        missing.error(),
        (404, "No such customer: 'cus_x'", "resource_missing", "id")
    );
    assert_eq!(
        missing.json()["error"]["doc_url"],
        "https://stripe.com/docs/error-codes/resource-missing"
    );
    assert!(
        missing.json()["error"]["request_log_url"]
            .as_str()
            .unwrap()
            .contains("/_tollway/requests/req_")
    );
    let unknown = api.get("/v1/unicorns", "").await;
    assert!(
        unknown
            .error()
            .1
            .starts_with("Unrecognized request URL (GET: /v1/unicorns)."),
        "{}",
        unknown.body
    );
    let reference = api.post("/v1/subscriptions", "customer=cus_x").await;
    assert_eq!(
        reference.error(),
        (
            400,
            "No such customer: 'cus_x'",
            "resource_missing",
            "customer"
        )
    );
    let method = api.call("PATCH", "/v1/customers", "").send().await;
    assert_eq!(method.error().0, 404);
    let json = api
        .call("POST", "/v1/customers", "{}")
        .header("content-type", "application/json")
        .send()
        .await;
    assert_eq!(json.error().0, 400);
    let version = api
        .call("GET", "/v1/customers", "")
        .header("stripe-version", "yesterday")
        .send()
        .await;
    assert_eq!(version.error().0, 400);
    let old = api
        .call("GET", "/v1/customers", "")
        .header("stripe-version", "2019-12-03; beta=v1")
        .send()
        .await;
    assert_eq!(old.header("stripe-version"), Some("2019-12-03; beta=v1"));
}

#[tokio::test]
async fn actions_of_rare_objects_change_them() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let form = "registration_code=simulated-wpe";
    let reader = api.post("/v1/terminal/readers", form).await.ok();
    assert_eq!(reader["status"], "online");
    let path = format!("/v1/terminal/readers/{}", reader["id"].as_str().unwrap());
    let form = "amount=1000&currency=usd&allowed_payment_method_types[]=card_present";
    let intent = api.post("/v1/payment_intents", form).await.ok();
    let intent = intent["id"].as_str().unwrap();
    let busy = api
        .post(
            &format!("{path}/process_payment_intent"),
            &format!("payment_intent={intent}"),
        )
        .await
        .ok();
    assert_eq!(busy["action"]["status"], "in_progress");
    assert_eq!(
        busy["action"]["process_payment_intent"]["payment_intent"],
        intent
    );
    let path = format!(
        "/v1/test_helpers/terminal/readers/{}",
        reader["id"].as_str().unwrap()
    );
    let done = api
        .post(&format!("{path}/present_payment_method"), "")
        .await
        .ok();
    assert_eq!(done["action"]["status"], "succeeded");
    let events = api
        .get("/v1/events", "type=terminal.reader.action_succeeded")
        .await
        .ok();
    assert_eq!(events["data"][0]["data"]["object"]["id"], reader["id"]);
}

#[tokio::test]
async fn a_product_may_come_with_its_price() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let form = "name=Gold&default_price_data[currency]=usd&default_price_data[unit_amount]=900\
                &default_price_data[recurring][interval]=month&expand[]=default_price";
    let product = api.post("/v1/products", form).await.ok();
    let price = &product["default_price"];
    assert_eq!(price["unit_amount"], 900);
    assert_eq!(price["recurring"]["interval"], "month");
    assert_eq!(price["product"], product["id"]);
}

#[tokio::test]
async fn expand_replaces_ids_by_objects() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let customer = api.post("/v1/customers", "email=a@b.c").await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let product = api.post("/v1/products", "name=Gold").await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let price = api
        .post(
            "/v1/prices",
            &format!("currency=usd&unit_amount=500&product={product}"),
        )
        .await
        .ok();
    let price = price["id"].as_str().unwrap().to_owned();
    let expanded = api
        .get(&format!("/v1/prices/{price}"), "expand[]=product")
        .await
        .ok();
    assert_eq!(expanded["product"]["name"], "Gold");
    let page = api.get("/v1/prices", "expand[]=data.product").await.ok();
    assert_eq!(page["data"][0]["product"]["id"], product.as_str());
    let invoice = api
        .post(
            "/v1/invoices",
            &format!("customer={customer}&expand[]=customer"),
        )
        .await
        .ok();
    assert_eq!(invoice["customer"]["email"], "a@b.c");
    let refused = api
        .get(&format!("/v1/prices/{price}"), "expand[]=nickname")
        .await;
    assert_eq!(
        refused.error().1,
        "This property cannot be expanded (nickname)."
    );
    let hint = api.get("/v1/prices", "expand[]=product").await;
    assert!(hint.error().1.contains("'data.product'"), "{}", hint.body);
    let deep = api.get("/v1/prices", "expand[]=data.a.b.c.d.e").await;
    assert!(
        deep.error().1.contains("more than 4 levels"),
        "{}",
        deep.body
    );
    let lists = api
        .get(
            &format!("/v1/customers/{customer}"),
            "expand[]=subscriptions",
        )
        .await
        .ok();
    assert_eq!(lists["subscriptions"]["object"], "list");
}

#[tokio::test]
async fn transitions_follow_their_table() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let customer = api.post("/v1/customers", "").await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let invoice = api
        .post("/v1/invoices", &format!("customer={customer}"))
        .await
        .ok();
    let path = format!("/v1/invoices/{}", invoice["id"].as_str().unwrap());
    assert_eq!(invoice["status"], "draft");
    assert_eq!(api.post(&format!("{path}/void"), "").await.error().0, 400);
    let owed = format!(
        "customer={customer}&amount=1000&currency=usd&invoice={}",
        invoice["id"].as_str().unwrap()
    );
    api.post("/v1/invoiceitems", &owed).await.ok();
    let open = api.post(&format!("{path}/finalize"), "").await.ok();
    assert_eq!(
        (&open["status"], &open["status_transitions"]["finalized_at"]),
        (&json!("open"), &json!(START))
    );
    assert_eq!(
        api.post(&format!("{path}/void"), "").await.ok()["status"],
        "void"
    );
    assert_eq!(api.post("/v1/invoices/in_x/pay", "").await.error().0, 404);
    let events = api.get("/v1/events", "type=invoice.voided").await.ok();
    assert_eq!(events["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn parts_belong_to_their_owner() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(
            api.post("/v1/customers", "").await.ok()["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let made = api
        .post(
            &format!("/v1/customers/{}/tax_ids", ids[0]),
            "type=eu_vat&value=DE123",
        )
        .await
        .ok();
    assert_eq!(made["customer"], ids[0].as_str());
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        api.get(&format!("/v1/customers/{}/tax_ids", ids[0]), "")
            .await
            .ok()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        api.get(&format!("/v1/customers/{}/tax_ids", ids[1]), "")
            .await
            .ok()["data"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    assert_eq!(
        api.get(&format!("/v1/customers/{}/tax_ids/{id}", ids[1]), "")
            .await
            .error()
            .0,
        404
    );
    assert_eq!(
        api.get("/v1/customers/cus_x/tax_ids", "").await.error().0,
        404
    );
}

#[tokio::test]
async fn a_coupon_takes_its_own_id_once() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    assert_eq!(
        api.post("/v1/coupons", "id=SUMMER&percent_off=10")
            .await
            .ok()["id"],
        "SUMMER"
    );
    assert_eq!(
        api.post("/v1/coupons", "id=SUMMER&percent_off=10")
            .await
            .error()
            .2,
        "resource_already_exists"
    );
}

#[tokio::test]
async fn v2_speaks_json() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let destination = r#"{"name":"n","type":"webhook_endpoint","event_payload":"thin","enabled_events":["v1.charge.succeeded"],"webhook_endpoint":{"url":"https://example.com"}}"#;
    let call = api
        .call("POST", "/v2/core/event_destinations", destination)
        .header("content-type", "application/json");
    let made = call.send().await.ok();
    assert_eq!(made["object"], "v2.core.event_destination");
    assert!(
        made["created"].as_str().unwrap().starts_with("2026-09-21T"),
        "{made}"
    );
    let page = api.get("/v2/core/event_destinations", "limit=1").await.ok();
    assert_eq!(page["data"][0]["id"], made["id"]);
    assert_eq!(page["next_page_url"], json!(null));
    let broken = api
        .call("POST", "/v2/core/event_destinations", "{")
        .header("content-type", "application/json")
        .send()
        .await;
    assert_eq!(broken.error().0, 400);
    let missing = api
        .call("POST", "/v2/core/event_destinations", "{}")
        .header("content-type", "application/json")
        .send()
        .await;
    assert_eq!(missing.error().2, "parameter_missing");
}

#[tokio::test]
async fn events_are_kept_for_thirty_days() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    api.post("/v1/customers", "").await.ok();
    let first = api.get("/v1/events", "").await.ok()["data"][0].clone();
    let path = format!("/v1/events/{}", first["id"].as_str().unwrap());
    let day = std::time::Duration::from_hours(24);
    for (days, status) in [(29, 200), (2, 404)] {
        emulator.clock().advance(day * days);
        api.post("/v1/customers", "").await.ok();
        assert_eq!(api.get(&path, "").await.status, status);
    }
}
