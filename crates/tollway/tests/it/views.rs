//! Views: what they read, what they make of surprises, and whether the types fit Stripe's own sample objects.

use std::sync::Arc;

use tollway::api::{self, Charge, ChargeStatus, Customer, CustomerSource, PaymentIntent};
use tollway::testing::StubTransport;
use tollway::{CheckError, Json, List, View, view};

use crate::support::{pairs, stubbed};

const FIXTURES: &str = include_str!("../data/fixtures3.json");

fn fixtures() -> Vec<(String, Json)> {
    let all = Json::parse(FIXTURES).unwrap();
    let resources = all.get("resources").unwrap();
    resources
        .members()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A sample, brought up to the description: members that came after the sample was made are null.
fn fixture(name: &str) -> serde_json::Value {
    let all: serde_json::Value = serde_json::from_str(FIXTURES).unwrap();
    let mut sample = all["resources"][name].clone();
    let newer: &[&str] = match name {
        "charge" => &["/payment_method_details/card/electronic_commerce_indicator"],
        "payment_intent" => &["/allowed_payment_method_types", "/payment_record"],
        _ => &[],
    };
    for pointer in newer {
        let (owner, member) = pointer.rsplit_once('/').unwrap();
        sample.pointer_mut(owner).unwrap()[member] = serde_json::Value::Null;
    }
    sample
}

fn as_view<T: View>(value: &serde_json::Value) -> T {
    T::from_json(Json::parse(value.to_string()).unwrap())
}

fn paths(verdict: Result<(), CheckError>) -> Vec<String> {
    match verdict {
        Ok(()) => Vec::new(),
        Err(error) => error
            .mismatches()
            .iter()
            .map(|mismatch| mismatch.path().to_owned())
            .collect(),
    }
}

#[test]
fn a_charge_reads_as_what_stripe_sent() {
    let charge: Charge = as_view(&fixture("charge"));
    assert_eq!(charge.object(), "charge");
    assert_eq!(charge.amount(), 100);
    assert_eq!(charge.currency(), "usd");
    assert_eq!(charge.status(), ChargeStatus::Succeeded);
    assert!(charge.paid());
    assert!(charge.created().unix_seconds() > 1_000_000_000);
    assert_eq!(charge.application_fee_amount(), None);
    let billing = charge.billing_details();
    assert_eq!(billing.email(), None);
    assert!(billing.address().is_some());
    assert_eq!(charge.metadata().len(), 0);
    assert_eq!(
        charge.refunds().map(|refunds| refunds.has_more()),
        Some(false)
    );
}

/// Row 1: a 2xx answer with a null or an odd type is still a success, and the rest of it is readable.
#[tokio::test]
async fn a_field_of_another_type_never_fails_a_payment() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).build().unwrap();
    for odd in [
        serde_json::json!(null),
        serde_json::json!("12"),
        serde_json::json!({"a": [1]}),
        serde_json::json!(1.5),
    ] {
        let mut body = fixture("charge");
        body["amount"] = odd;
        stub.push_json(200, body.to_string());
        let charge = client
            .charges()
            .create()
            .amount(100)
            .currency("usd")
            .send()
            .await
            .unwrap();
        assert_eq!(charge.amount(), 0);
        assert_eq!(charge.id(), body["id"].as_str().unwrap());
        assert_eq!(charge.status(), ChargeStatus::Succeeded);
        assert_eq!(paths(charge.check()), ["amount"]);
        assert_eq!(
            charge.last_response().map(tollway::ResponseMeta::status),
            Some(200)
        );
    }
}

/// Row 2: every single required field may be missing; the others stay readable and the verdict names the path.
#[test]
fn a_missing_field_leaves_the_rest_readable() {
    for name in ["charge", "payment_intent"] {
        let whole = fixture(name);
        let required = whole
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>();
        let mut named = 0;
        for missing in required {
            let mut object = whole.clone();
            object.as_object_mut().unwrap().remove(&missing);
            let json = Json::parse(object.to_string()).unwrap();
            let missed = paths(view::check(name, &json).unwrap());
            assert!(
                missed.is_empty() || missed == [missing.clone()],
                "{name}.{missing}: {missed:?}"
            );
            named += missed.len();
            let (amount, id) = if name == "charge" {
                let charge = Charge::from_json(json);
                (charge.amount(), charge.id().to_owned())
            } else {
                let intent = PaymentIntent::from_json(json);
                (intent.amount(), intent.id().to_owned())
            };
            assert_eq!(
                amount,
                if missing == "amount" {
                    0
                } else {
                    whole["amount"].as_i64().unwrap()
                }
            );
            assert_eq!(
                id,
                if missing == "id" {
                    ""
                } else {
                    whole["id"].as_str().unwrap()
                }
            );
        }
        assert!(named > 20, "{name}: only {named} fields are required");
    }
}

/// Row 3: one odd item in a list of a hundred.
#[test]
fn an_item_of_another_type_leaves_the_others_readable() {
    let mut items = vec![fixture("charge"); 100];
    items[41] = serde_json::json!({"object": 7});
    items[42] = serde_json::json!("not an object");
    let page = serde_json::json!({"object": "list", "data": items, "has_more": false, "url": "/v1/charges"});
    let list: List<Charge> = as_view(&page);
    assert_eq!(list.data().len(), 100);
    assert_eq!(
        list.iter().filter(|charge| charge.amount() == 100).count(),
        98
    );
    let missed = paths(list.check());
    assert!(
        missed
            .iter()
            .all(|path| path.starts_with("data[41]") || path.starts_with("data[42]")),
        "{missed:?}"
    );
    assert!(!missed.is_empty());
}

/// Row 4: an object that a union does not know.
#[test]
fn a_source_of_an_unknown_type_is_readable() {
    let mut charge = fixture("charge");
    charge["source"] =
        serde_json::json!({"id": "src_9", "object": "wallet_of_2030", "shiny": true});
    let charge: Charge = as_view(&charge);
    let source = charge.source().unwrap();
    assert!(matches!(source, CustomerSource::Unknown(_)));
    assert_eq!(source.id(), "src_9");
    assert_eq!(
        source.get("shiny").and_then(|shiny| shiny.as_bool()),
        Some(true)
    );
    assert_eq!(charge.amount(), 100);

    let mut known = fixture("charge");
    known["source"] = fixture("card");
    let known: Charge = as_view(&known);
    assert!(matches!(known.source(), Some(CustomerSource::Card(card)) if card.last4() == "4242"));
}

/// Row 6: what an event carries is readable when a field is gone, of another type or of another API version.
#[test]
fn the_object_of_an_event_is_readable_in_any_version() {
    let event: api::Event = as_view(&serde_json::json!({
        "id": "evt_1", "object": "event", "type": "charge.from.the.future", "api_version": "2011-01-01",
        "data": {"object": {"object": "charge", "id": "ch_1", "amount": "text"}},
    }));
    assert_eq!(event.id(), "evt_1");
    assert_eq!(event.type_().as_str(), "charge.from.the.future");
    let object = event
        .json()
        .get("data")
        .and_then(|data| data.get("object"))
        .unwrap();
    let charge = Charge::from_json(object);
    assert_eq!(charge.id(), "ch_1");
    assert_eq!(charge.amount(), 0);
}

/// Row 19: everything Stripe sent is reachable, exactly as it was sent.
#[test]
fn json_is_lossless_and_unknown_fields_are_readable() {
    let text = r#"{ "id": "ch_1", "object": "charge", "amount": 9007199254740993, "new": {"deep": [1.10, 1e3]} }"#;
    let charge = Charge::from_json(Json::parse(text).unwrap());
    assert_eq!(charge.json().text(), text);
    assert_eq!(charge.amount(), 9_007_199_254_740_993);
    assert_eq!(
        charge.get("new").unwrap().text(),
        r#"{"deep": [1.10, 1e3]}"#
    );
    let back: serde_json::Value =
        serde_json::from_str(&serde_json::to_string(&charge).unwrap()).unwrap();
    assert_eq!(back["amount"], 9_007_199_254_740_993_i64);
    assert_eq!(back["new"]["deep"][1], 1000.0);
}

/// Row 22: a view is a few words, and reading a deep object needs next to no stack.
#[test]
fn views_are_small_and_need_little_stack() {
    assert!(size_of::<Charge>() <= 2 * size_of::<usize>());
    assert!(size_of::<List<Charge>>() <= 2 * size_of::<usize>());
    let page =
        serde_json::json!({"object": "list", "data": vec![fixture("charge"); 20]}).to_string();
    let reader = std::thread::Builder::new()
        .stack_size(64 * 1024)
        .spawn(move || {
            let list = List::<Charge>::from_json(Json::parse(page).unwrap());
            list.iter().map(|charge| charge.amount()).sum::<i64>()
        });
    assert_eq!(reader.unwrap().join().unwrap(), 2_000);
}

/// Row 23: going through a page moves handles on one buffer, not objects: each item's text is the page's own.
#[test]
fn items_of_a_page_share_its_buffer() {
    let page =
        serde_json::json!({"object": "list", "data": vec![fixture("charge"); 3]}).to_string();
    let list = List::<Charge>::from_json(Json::parse(page).unwrap());
    let whole = list.json().text();
    let whole = whole.as_bytes().as_ptr_range();
    for charge in &list {
        let text = charge.json().text();
        assert!(whole.contains(&text.as_bytes().as_ptr()));
    }
}

#[test]
fn open_enums_keep_unknown_values() {
    let new = ChargeStatus::from("teleported");
    assert_eq!(new.as_str(), "teleported");
    assert!(matches!(&new, ChargeStatus::Unknown(text) if &**text == "teleported"));
    assert_eq!(new.clone(), new);
    assert_eq!(ChargeStatus::from("failed"), ChargeStatus::Failed);
    assert_eq!(ChargeStatus::Failed.as_str(), "failed");
}

#[test]
fn expandables_give_the_id_in_either_case() {
    let mut charge = fixture("charge");
    charge["customer"] = serde_json::json!("cus_1");
    let id_only: Charge = as_view(&charge);
    let customer = id_only.customer().unwrap();
    assert_eq!((customer.id(), customer.is_expanded()), ("cus_1", false));
    assert!(customer.object().is_none());

    charge["customer"] = fixture("customer");
    let expanded: Charge = as_view(&charge);
    let customer = expanded.customer().unwrap();
    assert_eq!(customer.id(), fixture("customer")["id"].as_str().unwrap());
    assert_eq!(
        customer
            .object()
            .map(|customer| customer.object().to_owned())
            .as_deref(),
        Some("customer")
    );

    charge["customer"] = serde_json::json!({"id": "cus_1", "object": "customer", "deleted": true});
    let deleted: Charge = as_view(&charge);
    let customer = deleted.customer().unwrap();
    assert!(customer.is_deleted() && customer.is_expanded());
    assert_eq!(customer.id(), "cus_1");
    assert!(
        paths(deleted.check()).is_empty(),
        "{:?}",
        paths(deleted.check())
    );
}

#[test]
fn debug_never_prints_secrets() {
    let mut intent = fixture("payment_intent");
    intent["client_secret"] = serde_json::json!("pi_1_secret_2");
    let intent: PaymentIntent = as_view(&intent);
    let text = format!("{intent:?}");
    assert!(text.contains("[redacted]") && !text.contains("pi_1_secret_2"));
    assert_eq!(intent.client_secret(), Some("pi_1_secret_2"));
}

#[test]
fn metadata_and_instants_read() {
    let customer: Customer =
        as_view(&serde_json::json!({"metadata": {"order": "6735", "tier": "gold"}}));
    assert_eq!(
        customer
            .metadata()
            .and_then(|metadata| metadata.get("order")),
        Some("6735")
    );
    assert_eq!(
        customer.metadata().map(|metadata| metadata.iter().count()),
        Some(2)
    );

    let account: api::V2CoreAccount =
        as_view(&serde_json::json!({"created": "2026-10-28T12:00:00.123Z"}));
    assert_eq!(
        account
            .created()
            .timestamp()
            .map(tollway::Timestamp::unix_seconds),
        Some(1_793_188_800)
    );
    for odd in [
        "",
        "2026-10-28",
        "2026-13-28T12:00:00Z",
        "2026-10-28T12:00:00",
        "2026-10-28T12:00:00.Z",
        "é026-10-28T12:00:00Z",
    ] {
        let account: api::V2CoreAccount = as_view(&serde_json::json!({"created": odd}));
        assert!(account.created().timestamp().is_none(), "{odd}");
    }
}

/// Stripe's own sample objects fit the types. The samples are of an older API version than the description, so what does
/// not fit is listed here; a new entry means that reading got worse or the description moved.
#[test]
fn stripes_sample_objects_fit() {
    let mut surprises = Vec::new();
    let mut known = 0;
    for (name, object) in fixtures() {
        let Some(verdict) = view::check(&name, &object) else {
            surprises.push(format!("{name}: not in the description"));
            continue;
        };
        known += 1;
        let mut missed = paths(verdict);
        missed.sort();
        missed.dedup();
        if !missed.is_empty() {
            surprises.push(format!("{name}: {}", missed.join(", ")));
        }
    }
    assert!(
        known > 150,
        "only {known} of the samples are in the description"
    );
    let listed: Vec<&str> = include_str!("../data/sample_surprises.txt")
        .lines()
        .collect();
    assert_eq!(surprises, listed);
}

#[tokio::test]
async fn requests_take_required_things_first_and_send_what_was_set() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).build().unwrap();
    stub.push_json(200, fixture("transfer").to_string());
    let transfer = client
        .transfers()
        .create("usd", "acct_1")
        .amount(400)
        .metadata([("order", "1")])
        .send()
        .await
        .unwrap();
    assert_eq!(transfer.object(), "transfer");
    let request = &stub.requests()[0];
    assert_eq!(
        (request.method(), request.path()),
        ("POST", "/v1/transfers")
    );
    assert_eq!(
        request.form(),
        pairs([
            ("currency", "usd"),
            ("destination", "acct_1"),
            ("amount", "400"),
            ("metadata[order]", "1")
        ])
    );

    stub.push_json(200, fixture("charge").to_string());
    let address = api::ChargeUpdateShippingAddress::new()
        .city("Kyiv")
        .country("UA");
    client
        .charges()
        .update("ch_1")
        .clear_metadata()
        .shipping(api::ChargeUpdateShipping::new(address, "Jenny"))
        .expand(["customer"])
        .send()
        .await
        .unwrap();
    let request = &stub.requests()[1];
    assert_eq!(request.path(), "/v1/charges/ch_1");
    assert_eq!(
        request.form(),
        pairs([
            ("metadata", ""),
            ("shipping[address][city]", "Kyiv"),
            ("shipping[address][country]", "UA"),
            ("shipping[name]", "Jenny"),
            ("expand[0]", "customer"),
        ])
    );

    stub.push_json(
        200,
        r#"{"object": "list", "data": [], "has_more": false, "url": "/v1/charges"}"#,
    );
    client
        .charges()
        .list()
        .created(tollway::RangeQuery::new().gte(5).lt(9))
        .limit(3)
        .await
        .unwrap();
    assert_eq!(
        stub.requests()[2].query(),
        pairs([("created[gte]", "5"), ("created[lt]", "9"), ("limit", "3")])
    );
}

#[test]
fn an_open_enum_is_a_map_key_prints_parses_and_serializes_as_its_text() {
    use tollway::api::ChargeStatus;

    let unknown: ChargeStatus = "brand_new".parse().unwrap();
    let statuses = [ChargeStatus::Succeeded, unknown, ChargeStatus::Failed];
    let sorted: std::collections::BTreeSet<_> = statuses.iter().collect();
    let texts: Vec<String> = sorted.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["brand_new", "failed", "succeeded"]);
    let hashed: std::collections::HashSet<_> = statuses.iter().cloned().collect();
    assert!(hashed.contains(&ChargeStatus::from("brand_new")) && hashed.len() == 3);
    assert_eq!(format!("{:>10}|", ChargeStatus::Failed), "    failed|");
    assert_eq!(
        serde_json::to_string(&statuses).unwrap(),
        r#"["succeeded","brand_new","failed"]"#
    );
}
