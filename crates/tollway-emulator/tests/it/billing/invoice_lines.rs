//! The lines of invoices: what they say, how a draft's are changed, and discounts and taxes of their own.

use serde_json::Value;

use super::Club;
use crate::client::id;

/// What the lines of an invoice say: description, quantity and amount.
fn said(invoice: &Value) -> Vec<(String, i64, i64)> {
    let lines = invoice["lines"]["data"].as_array().unwrap().iter();
    let said = lines.map(|line| {
        (
            line["description"].as_str().unwrap_or("").to_owned(),
            line["quantity"].as_i64().unwrap(),
            line["amount"].as_i64().unwrap(),
        )
    });
    said.collect()
}

fn line(text: &str, quantity: i64, amount: i64) -> (String, i64, i64) {
    (text.to_owned(), quantity, amount)
}

async fn draft(club: &Club) -> (Value, String) {
    let form = [("customer", club.customer.as_str()), ("currency", "usd")];
    let draft = club.shop.post("/v1/invoices", &form).await.ok();
    let path = format!("/v1/invoices/{}", id(&draft));
    (draft, path)
}

#[tokio::test]
async fn each_tier_that_is_reached_has_a_line() {
    let club = Club::open("pm_card_visa").await;
    let plain = club.subscribe(&[]).await;
    let invoice = club.latest(&plain).await;
    assert_eq!(
        said(&invoice),
        [line("1 × Bread club (at $20.00 / month)", 1, 2000)]
    );
    for (mode, expected) in [
        (
            "graduated",
            vec![
                line("5 seat × Seats (Tier 1 at $5.00 / month)", 5, 2500),
                line("Seats (Tier 1 at $9.00 / month)", 0, 900),
                line("3 seat × Seats (Tier 2 at $0.036 / month)", 3, 11),
            ],
        ),
        (
            "volume",
            vec![line("8 seat × Seats (Tier 2 at $0.036 / month)", 8, 29)],
        ),
    ] {
        let product = [("name", "Seats"), ("unit_label", "seat")];
        let product = club.shop.post("/v1/products", &product).await.ok();
        let form = [
            ("currency", "usd"),
            ("recurring[interval]", "month"),
            ("product", id(&product)),
            ("billing_scheme", "tiered"),
            ("tiers_mode", mode),
            ("tiers[0][up_to]", "5"),
            ("tiers[0][unit_amount]", "500"),
            ("tiers[0][flat_amount]", "900"),
            ("tiers[1][up_to]", "inf"),
            ("tiers[1][unit_amount_decimal]", "3.6"),
        ];
        let price = club.shop.post("/v1/prices", &form).await.ok();
        let form = [("items[0][price]", id(&price)), ("items[0][quantity]", "8")];
        let subscription = club.subscribe(&form).await;
        let invoice = club.latest(&subscription).await;
        assert_eq!(said(&invoice), expected, "{mode}");
        let sum: i64 = expected.iter().map(|line| line.2).sum();
        assert_eq!(invoice["subtotal"], sum);
        let last = expected.len() - 1;
        let pricing = &invoice["lines"]["data"][last]["pricing"];
        assert_eq!(pricing["unit_amount_decimal"], "3.6");
        assert_eq!(pricing["price_details"]["price"], price["id"]);
    }
}

#[tokio::test]
async fn the_lines_of_a_draft_change_and_their_items_with_them() {
    let club = Club::open("pm_card_visa").await;
    let shop = &club.shop;
    let (_, path) = draft(&club).await;
    let form = [
        ("lines[0][price_data][currency]", "usd"),
        ("lines[0][price_data][unit_amount]", "250"),
        ("lines[0][price_data][product_data][name]", "Cake"),
        ("lines[0][quantity]", "2"),
        ("lines[1][amount]", "300"),
        ("lines[1][description]", "Tea"),
        ("invoice_metadata[table]", "7"),
    ];
    let added = shop.post(&format!("{path}/add_lines"), &form).await.ok();
    assert_eq!(said(&added), [line("Cake", 2, 500), line("Tea", 1, 300)]);
    assert_eq!(added["metadata"]["table"], "7");
    let (cake, tea) = (
        id(&added["lines"]["data"][0]).to_owned(),
        id(&added["lines"]["data"][1]).to_owned(),
    );

    let rate = [
        ("display_name", "VAT"),
        ("percentage", "10"),
        ("inclusive", "false"),
    ];
    let rate = shop.post("/v1/tax_rates", &rate).await.ok();
    let form = [
        ("lines[0][id]", cake.as_str()),
        ("lines[0][quantity]", "4"),
        ("lines[0][tax_rates][0]", id(&rate)),
        ("lines[1][id]", tea.as_str()),
        ("lines[1][amount]", "450"),
        ("lines[1][description]", "Green tea"),
    ];
    let changed = shop.post(&format!("{path}/update_lines"), &form).await.ok();
    assert_eq!(
        said(&changed),
        [line("Cake", 4, 1000), line("Green tea", 1, 450)]
    );
    assert_eq!(
        (&changed["subtotal"], &changed["total"]),
        (&1450.into(), &1550.into())
    );
    let items = shop.get("/v1/invoiceitems").await["data"].clone();
    let amounts: Vec<i64> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["amount"].as_i64().unwrap())
        .collect();
    assert_eq!(amounts, [450, 1000]);

    // One line by itself; taxes may be worked out elsewhere.
    let one = format!("{path}/lines/{cake}");
    let form = [
        ("amount", "2000"),
        ("metadata[kind]", "sweet"),
        ("tax_amounts[0][amount]", "123"),
        ("tax_amounts[0][taxable_amount]", "2000"),
        ("tax_amounts[0][tax_rate_data][display_name]", "Sugar tax"),
        ("tax_amounts[0][tax_rate_data][inclusive]", "false"),
        ("tax_amounts[0][tax_rate_data][percentage]", "6.15"),
    ];
    let updated = shop.post(&one, &form).await.ok();
    assert_eq!(
        (&updated["object"], &updated["amount"], &updated["quantity"]),
        (&"line_item".into(), &2000.into(), &4.into())
    );
    assert_eq!(updated["metadata"]["kind"], "sweet");
    assert_eq!(updated["taxes"][0]["amount"], 123);
    let now = shop.get(&path).await;
    assert_eq!(
        (&now["subtotal"], &now["total"]),
        (&2450.into(), &2573.into())
    );
    let events = club.events("invoice").await;
    assert_eq!(events.last().unwrap(), "invoice.updated");

    let both = [("amount", "5"), ("quantity", "5")];
    let both = shop.post(&one, &both).await.json();
    assert_eq!(both["error"]["param"], "amount");
    let nobody = format!("{path}/lines/il_nobody");
    assert_eq!(shop.post(&nobody, &[("amount", "5")]).await.status, 404);
    let nobody = [("lines[0][id]", "il_nobody"), ("lines[0][amount]", "5")];
    let nobody = shop.post(&format!("{path}/update_lines"), &nobody).await;
    assert_eq!(nobody.json()["error"]["param"], "lines[0][id]");

    shop.post(&format!("{path}/finalize"), &[]).await.ok();
    let remove = [
        ("lines[0][id]", tea.as_str()),
        ("lines[0][behavior]", "delete"),
    ];
    let update = [("lines[0][id]", tea.as_str()), ("lines[0][amount]", "5")];
    for (path, form) in [
        (one.clone(), &[("amount", "5")][..]),
        (format!("{path}/add_lines"), &[("lines[0][amount]", "5")]),
        (format!("{path}/update_lines"), &update),
        (format!("{path}/remove_lines"), &remove),
    ] {
        let refused = shop.post(&path, form).await;
        assert_eq!(refused.status, 400, "{path}");
        let error = refused.json()["error"].clone();
        assert_eq!(error["code"], "invoice_not_editable");
        assert_eq!(
            error["message"],
            "Invalid invoice: This invoice is no longer editable"
        );
    }
    let fixed = shop.post(&path, &[("footer", "Thanks")]).await.json();
    assert_eq!(fixed["error"]["param"], "footer");
    let noted = shop.post(&path, &[("metadata[a]", "b")]).await.ok();
    assert_eq!(noted["metadata"]["a"], "b");
}

#[tokio::test]
async fn lines_have_discounts_of_their_own() {
    let club = Club::open("pm_card_visa").await;
    let shop = &club.shop;
    let half = [("percent_off", "50"), ("duration", "forever")];
    let half = shop.post("/v1/coupons", &half).await.ok();
    let less = [("amount_off", "100"), ("currency", "usd")];
    let less = shop.post("/v1/coupons", &less).await.ok();
    let (_, path) = draft(&club).await;
    let form = [
        ("lines[0][amount]", "1000"),
        ("lines[0][discounts][0][coupon]", id(&half)),
        ("lines[1][amount]", "500"),
    ];
    let added = shop.post(&format!("{path}/add_lines"), &form).await.ok();
    assert_eq!(
        (&added["subtotal"], &added["total"]),
        (&1500.into(), &1000.into())
    );
    // That of the whole invoice comes after it.
    let form = [("discounts[0][coupon]", id(&less))];
    let both = shop.post(&path, &form).await.ok();
    assert_eq!(both["total"], 900);
    let amounts: Vec<i64> = both["total_discount_amounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["amount"].as_i64().unwrap())
        .collect();
    assert_eq!(amounts, [100, 500]);

    // Items of subscriptions may have them too, each time.
    let form = [("items[0][discounts][0][coupon]", id(&half))];
    let subscription = club.subscribe(&form).await;
    let item = &subscription["items"]["data"][0];
    assert_eq!(item["discounts"].as_array().unwrap().len(), 1);
    assert_eq!(club.latest(&subscription).await["total"], 1000);
    club.advance_to(super::end_of(&subscription) + 7200).await;
    assert_eq!(club.latest(&subscription).await["total"], 1000);
}

#[tokio::test]
async fn payments_made_elsewhere_pay_an_invoice_in_parts() {
    let club = Club::open("pm_card_visa").await;
    let shop = &club.shop;
    let (draft, path) = draft(&club).await;
    let form = [("lines[0][amount]", "3000")];
    shop.post(&format!("{path}/add_lines"), &form).await.ok();
    let pay = async |amount: &str, confirm: &str| {
        let form = [
            ("amount", amount),
            ("currency", "usd"),
            ("customer", club.customer.as_str()),
            ("payment_method", "pm_card_visa"),
            ("confirm", confirm),
            ("automatic_payment_methods[enabled]", "true"),
            ("automatic_payment_methods[allow_redirects]", "never"),
        ];
        id(&shop.post("/v1/payment_intents", &form).await.ok()).to_owned()
    };
    let attach = async |intent: &str| {
        let form = [("payment_intent", intent)];
        shop.post(&format!("{path}/attach_payment"), &form).await
    };
    let first = pay("1000", "true").await;
    assert_eq!(attach(&first).await.status, 400, "of a draft");
    let open = shop.post(&format!("{path}/finalize"), &[]).await.ok();
    let own = open["payments"]["data"][0]["payment"]["payment_intent"].clone();
    let own = format!("/v1/payment_intents/{}", own.as_str().unwrap());
    let partly = attach(&first).await.ok();
    assert_eq!(
        (
            &partly["status"],
            &partly["amount_paid"],
            &partly["amount_remaining"]
        ),
        (&"open".into(), &1000.into(), &2000.into())
    );
    assert_eq!(shop.get(&own).await["amount"], 2000);
    assert_eq!(attach(&first).await.status, 400, "twice");

    let second = pay("2000", "false").await;
    let waits = attach(&second).await.ok();
    assert_eq!(waits["payments"]["data"].as_array().unwrap().len(), 3);
    assert_eq!(waits["status"], "open");
    let confirm = format!("/v1/payment_intents/{second}/confirm");
    shop.post(&confirm, &[]).await.ok();
    let paid = shop.get(&path).await;
    assert_eq!(
        (
            &paid["status"],
            &paid["amount_paid"],
            &paid["amount_remaining"]
        ),
        (&"paid".into(), &3000.into(), &0.into())
    );
    assert_eq!(shop.get(&own).await["status"], "canceled");
    let listed = format!("/v1/invoice_payments?invoice={}", id(&draft));
    let listed = shop.get(&listed).await["data"].clone();
    let mut states: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["status"].as_str().unwrap())
        .collect();
    states.sort_unstable();
    assert_eq!(states, ["canceled", "paid", "paid"]);
    let other = [
        ("amount", "500"),
        ("currency", "eur"),
        ("customer", club.customer.as_str()),
    ];
    let other = shop.post("/v1/payment_intents", &other).await.ok();
    assert_eq!(attach(id(&other)).await.status, 400);
    assert_eq!(shop.sum(), 0);
}
