//! Tax: calculated by place and registration, sold, and given back.

use serde_json::{Value, json};

use crate::client::id;
use crate::marketplace::{Marketplace, with};

async fn register(shop: &Marketplace, form: &[(&str, &str)]) -> Value {
    let form = with(&[("active_from", "now")], form);
    shop.post("/v1/tax/registrations", &form).await.ok()
}

/// A calculation for a customer in this place: two lines of 1000 and 500, the second with the tax inside.
async fn calculate(shop: &Marketplace, place: &[(&str, &str)], changes: &[(&str, &str)]) -> Value {
    let form = [
        ("currency", "eur"),
        ("line_items[0][amount]", "1000"),
        ("line_items[0][reference]", "bread"),
        ("line_items[1][amount]", "500"),
        ("line_items[1][reference]", "cake"),
        ("line_items[1][tax_behavior]", "inclusive"),
        ("customer_details[address_source]", "billing"),
    ];
    let form = with(&with(&form, place), changes);
    shop.post("/v1/tax/calculations", &form).await.json()
}

const GERMANY: &[(&str, &str)] = &[("customer_details[address][country]", "DE")];
const FRANCE: &[(&str, &str)] = &[("customer_details[address][country]", "FR")];

fn sums(calculation: &Value) -> [i64; 3] {
    [
        "amount_total",
        "tax_amount_exclusive",
        "tax_amount_inclusive",
    ]
    .map(|name| calculation[name].as_i64().unwrap())
}

#[tokio::test]
async fn tax_is_calculated_where_the_account_is_registered() {
    let shop = Marketplace::with_seller().await;
    let form = [("head_office[address][country]", "IE")];
    let settings = shop.post("/v1/tax/settings", &form).await.ok();
    assert_eq!(
        [&settings["status"], &settings["defaults"]["provider"]],
        ["active", "stripe"]
    );
    assert_eq!(shop.get("/v1/tax/settings").await, settings);
    let none = calculate(&shop, GERMANY, &[]).await;
    assert_eq!(sums(&none), [1500, 0, 0]);
    assert_eq!(
        none["tax_breakdown"][0]["taxability_reason"],
        "not_collecting"
    );

    let german = [
        ("country", "DE"),
        ("country_options[de][type]", "standard"),
        (
            "country_options[de][standard][place_of_supply_scheme]",
            "standard",
        ),
    ];
    let registration = register(&shop, &german).await;
    assert_eq!(registration["status"], "active");
    let some = calculate(&shop, GERMANY, &[]).await;
    assert_eq!(sums(&some), [1690, 190, 80]);
    let row = &some["tax_breakdown"][0];
    assert_eq!(
        (
            &row["amount"],
            &row["tax_rate_details"]["percentage_decimal"],
            &row["taxable_amount"]
        ),
        (&json!(190), &json!("19.0"), &json!(1000))
    );
    let lines = format!("/v1/tax/calculations/{}/line_items", id(&some));
    let lines = shop.get(&lines).await;
    assert_eq!(lines["data"].as_array().unwrap().len(), 2);
    assert_eq!(sums(&calculate(&shop, FRANCE, &[]).await), [1500, 0, 0]);
    let whole = [
        ("country", "IE"),
        ("country_options[ie][type]", "oss_union"),
    ];
    register(&shop, &whole).await;
    assert_eq!(sums(&calculate(&shop, FRANCE, &[]).await), [1700, 200, 83]);

    for (changes, reason) in [
        (
            ("customer_details[taxability_override]", "customer_exempt"),
            "customer_exempt",
        ),
        (
            ("customer_details[taxability_override]", "reverse_charge"),
            "reverse_charge",
        ),
    ] {
        let free = calculate(&shop, FRANCE, &[changes]).await;
        assert_eq!(sums(&free), [1500, 0, 0]);
        assert_eq!(free["tax_breakdown"][0]["taxability_reason"], reason);
    }
    let business = [
        ("customer_details[tax_ids][0][type]", "eu_vat"),
        ("customer_details[tax_ids][0][value]", "FRAB123456789"),
    ];
    let free = calculate(&shop, FRANCE, &business).await;
    let reason = &free["tax_breakdown"][0]["taxability_reason"];
    assert_eq!(*reason, "reverse_charge");
    let ended = format!("/v1/tax/registrations/{}", id(&registration));
    let ended = shop.post(&ended, &[("expires_at", "now")]).await.ok();
    assert_eq!(ended["status"], "expired");
}

#[tokio::test]
async fn states_have_rates_and_addresses_must_say_which() {
    let shop = Marketplace::with_seller().await;
    let form = [
        ("country", "US"),
        ("country_options[us][state]", "CA"),
        ("country_options[us][type]", "state_sales_tax"),
    ];
    register(&shop, &form).await;
    let by_code = [
        ("customer_details[address][country]", "US"),
        ("customer_details[address][postal_code]", "94105"),
        ("currency", "usd"),
    ];
    let taxed = calculate(&shop, &by_code, &[]).await;
    assert_eq!(sums(&taxed), [1573, 73, 34]);
    assert_eq!(taxed["tax_breakdown"][0]["tax_rate_details"]["state"], "CA");
    let seattle = [
        ("customer_details[address][country]", "US"),
        ("customer_details[address][state]", "WA"),
    ];
    assert_eq!(sums(&calculate(&shop, &seattle, &[]).await), [1500, 0, 0]);
    let nowhere = [("customer_details[address][country]", "US")];
    let refused = calculate(&shop, &nowhere, &[]).await;
    assert_eq!(refused["error"]["code"], "customer_tax_location_invalid");
}

#[tokio::test]
async fn what_was_calculated_is_sold_and_given_back() {
    let shop = Marketplace::with_seller().await;
    let german = [("country", "DE"), ("country_options[de][type]", "standard")];
    register(&shop, &german).await;
    let shipping = [("shipping_cost[amount]", "100")];
    let calculation = calculate(&shop, GERMANY, &shipping).await;
    assert_eq!(sums(&calculation), [1809, 209, 80]);
    let path = "/v1/tax/transactions/create_from_calculation";
    let form = [("calculation", id(&calculation)), ("reference", "order_1")];
    let sold = shop.post(path, &form).await.ok();
    assert_eq!(sold["line_items"]["data"][0]["amount_tax"], 190);
    let again = shop.post(path, &form).await.json();
    assert_eq!(again["error"]["param"], "reference");

    let back = "/v1/tax/transactions/create_reversal";
    let form = [
        ("original_transaction", id(&sold)),
        ("reference", "refund_1"),
        ("mode", "partial"),
        ("flat_amount", "-904"),
    ];
    let half = shop.post(back, &form).await.ok();
    assert_eq!(
        (&half["type"], &half["reversal"]["original_transaction"]),
        (&json!("reversal"), &sold["id"])
    );
    let of = |transaction: &Value| -> i64 {
        let lines = transaction["line_items"]["data"].as_array().unwrap();
        let paid = |it: &Value| {
            let inside = it["tax_behavior"] == "inclusive";
            let tax = it["amount_tax"].as_i64().unwrap();
            it["amount"].as_i64().unwrap() + if inside { 0 } else { tax }
        };
        lines.iter().map(paid).sum::<i64>() + paid(&transaction["shipping_cost"])
    };
    assert_eq!(of(&half), -904);
    let full = with(&form[..2], &[("reference", "refund_2"), ("mode", "full")]);
    assert_eq!(
        shop.post(back, &full).await.json()["error"]["param"],
        "mode"
    );
    let rest = with(&form, &[("reference", "refund_3"), ("flat_amount", "-906")]);
    let refused = shop.post(back, &rest).await.json();
    assert_eq!(refused["error"]["param"], "flat_amount", "905 are left");
    let rest = with(&form, &[("reference", "refund_3"), ("flat_amount", "-905")]);
    assert_eq!(of(&shop.post(back, &rest).await.ok()), -905);

    let form = [("calculation", id(&calculation)), ("reference", "order_2")];
    let sold = shop.post(path, &form).await.ok();
    let line = id(&sold["line_items"]["data"][1]).to_owned();
    let form = [
        ("original_transaction", id(&sold)),
        ("reference", "refund_4"),
        ("mode", "partial"),
        ("line_items[0][original_line_item]", &line),
        ("line_items[0][reference]", "cake_back"),
        ("line_items[0][amount]", "-250"),
        ("line_items[0][amount_tax]", "-40"),
    ];
    let part = shop.post(back, &form).await.ok();
    let lines = part["line_items"]["data"].as_array().unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["reversal"]["original_line_item"], *line);
    let more = with(
        &form,
        &[("reference", "refund_5"), ("line_items[0][amount]", "-251")],
    );
    let refused = shop.post(back, &more).await.json();
    assert_eq!(refused["error"]["param"], "line_items[0][amount]");
}

#[tokio::test]
async fn invoices_and_checkout_take_it_by_themselves() {
    let shop = Marketplace::with_seller().await;
    let german = [("country", "DE"), ("country_options[de][type]", "standard")];
    register(&shop, &german).await;
    for (country, behavior, expected) in [
        ("DE", "exclusive", (1190, 190)),
        ("DE", "inclusive", (1000, 160)),
        ("FR", "exclusive", (1000, 0)),
    ] {
        let form = [("address[country]", country), ("email", "a@b.example")];
        let customer = shop.post("/v1/customers", &form).await.ok();
        let form = [
            ("currency", "eur"),
            ("unit_amount", "1000"),
            ("tax_behavior", behavior),
            ("product_data[name]", "Bread"),
        ];
        let price = shop.post("/v1/prices", &form).await.ok();
        let form = [
            ("customer", id(&customer)),
            ("automatic_tax[enabled]", "true"),
            ("currency", "eur"),
        ];
        let invoice = shop.post("/v1/invoices", &form).await.ok();
        let form = [
            ("customer", id(&customer)),
            ("invoice", id(&invoice)),
            ("pricing[price]", id(&price)),
        ];
        shop.post("/v1/invoiceitems", &form).await.ok();
        let path = format!("/v1/invoices/{}/finalize", id(&invoice));
        let done = shop.post(&path, &[]).await.ok();
        let taxes = done["total_taxes"].as_array().unwrap();
        let tax: i64 = taxes.iter().map(|it| it["amount"].as_i64().unwrap()).sum();
        assert_eq!(
            (done["total"].as_i64().unwrap(), tax),
            expected,
            "{country} {behavior}"
        );
        assert_eq!(done["automatic_tax"]["status"], "complete");
        for row in taxes {
            let rate = row["tax_rate_details"]["tax_rate"].as_str().unwrap();
            let rate = shop.get(&format!("/v1/tax_rates/{rate}")).await;
            assert_eq!(
                (&rate["percentage"], &rate["country"]),
                (&json!(19.0), &json!("DE"))
            );
        }
        let form = [
            ("customer", id(&customer)),
            ("mode", "payment"),
            ("automatic_tax[enabled]", "true"),
            ("line_items[0][price]", id(&price)),
            ("line_items[0][quantity]", "1"),
            ("success_url", "https://shop.example/done"),
        ];
        let session = shop.post("/v1/checkout/sessions", &form).await.ok();
        let total = session["amount_total"].as_i64().unwrap();
        let tax = session["total_details"]["amount_tax"].as_i64().unwrap();
        assert_eq!((total, tax), expected, "{country} {behavior}");
    }
}
