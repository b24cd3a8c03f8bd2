//! Credit notes and credit balances.

use serde_json::Value;

use super::Club;
use crate::client::id;

/// A finalized invoice of 40 dollars in two lines.
async fn invoice(club: &Club) -> Value {
    let shop = &club.shop;
    for (amount, words) in [("3000", "Cake"), ("1000", "Bread")] {
        let item = [
            ("customer", club.customer.as_str()),
            ("amount", amount),
            ("currency", "usd"),
            ("description", words),
        ];
        shop.post("/v1/invoiceitems", &item).await.ok();
    }
    let form = [
        ("customer", club.customer.as_str()),
        ("pending_invoice_items_behavior", "include"),
    ];
    let draft = shop.post("/v1/invoices", &form).await.ok();
    let path = format!("/v1/invoices/{}/finalize", id(&draft));
    shop.post(&path, &[]).await.ok()
}

#[tokio::test]
async fn before_payment_a_credit_note_lessens_what_is_asked_for() {
    let club = Club::open("pm_card_visa").await;
    let open = invoice(&club).await;
    let path = format!("/v1/invoices/{}", id(&open));
    let line = id(&open["lines"]["data"][1]);
    let form = [
        ("invoice", id(&open)),
        ("lines[0][type]", "invoice_line_item"),
        ("lines[0][invoice_line_item]", line),
        ("lines[0][amount]", "400"),
        ("reason", "order_change"),
    ];
    let preview = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let seen = club
        .shop
        .get(&format!("/v1/credit_notes/preview?{preview}"))
        .await;
    assert_eq!(
        (&seen["total"], &seen["pre_payment_amount"]),
        (&400.into(), &400.into())
    );
    let lines = club
        .shop
        .get(&format!("/v1/credit_notes/preview/lines?{preview}"))
        .await;
    assert_eq!(lines["data"][0]["amount"], 400);
    assert_eq!(
        club.shop.get("/v1/credit_notes").await["data"],
        Value::Array(Vec::new())
    );

    let note = club.shop.post("/v1/credit_notes", &form).await.ok();
    assert_eq!(
        (&note["status"], &note["type"], &note["reason"]),
        (
            &"issued".into(),
            &"pre_payment".into(),
            &"order_change".into()
        )
    );
    assert!(note["number"].as_str().unwrap().ends_with("-CN-01"));
    let lines = club
        .shop
        .get(&format!("/v1/credit_notes/{}/lines", id(&note)))
        .await;
    assert_eq!(
        (
            &lines["data"][0]["invoice_line_item"],
            &lines["data"][0]["description"]
        ),
        (&line.into(), &"Bread".into())
    );
    let less = club.shop.get(&path).await;
    assert_eq!(
        (
            &less["amount_remaining"],
            &less["total"],
            &less["pre_payment_credit_notes_amount"]
        ),
        (&3600.into(), &4000.into(), &400.into())
    );
    let void = format!("/v1/credit_notes/{}/void", id(&note));
    assert_eq!(club.shop.post(&void, &[]).await.ok()["status"], "void");
    assert_eq!(club.shop.get(&path).await["amount_remaining"], 4000);
    assert_eq!(club.shop.post(&void, &[]).await.status, 400);
    club.shop
        .post(
            "/v1/credit_notes",
            &[("invoice", id(&open)), ("amount", "500")],
        )
        .await
        .ok();
    let paid = club.shop.post(&format!("{path}/pay"), &[]).await.ok();
    assert_eq!(
        (&paid["status"], &paid["amount_paid"]),
        (&"paid".into(), &3500.into())
    );
    let too_much = [
        ("invoice", id(&open)),
        ("amount", "3501"),
        ("out_of_band_amount", "3501"),
    ];
    assert_eq!(
        club.shop.post("/v1/credit_notes", &too_much).await.status,
        400
    );

    // Nothing is left to pay of an invoice that is credited as a whole.
    let open = invoice(&club).await;
    let form = [("invoice", id(&open)), ("amount", "4000")];
    club.shop.post("/v1/credit_notes", &form).await.ok();
    let path = format!("/v1/invoices/{}", id(&open));
    let done = club.shop.get(&path).await;
    assert_eq!(
        (&done["status"], &done["amount_paid"]),
        (&"paid".into(), &0.into())
    );
    assert_eq!(club.shop.sum(), 0);
}

#[tokio::test]
async fn after_payment_money_goes_back_in_three_ways() {
    let club = Club::open("pm_card_visa").await;
    let open = invoice(&club).await;
    let path = format!("/v1/invoices/{}", id(&open));
    club.shop.post(&format!("{path}/pay"), &[]).await.ok();
    let form = [
        ("invoice", id(&open)),
        ("amount", "1000"),
        ("refund_amount", "500"),
        ("credit_amount", "300"),
        ("out_of_band_amount", "100"),
    ];
    let short = club.shop.post("/v1/credit_notes", &form).await;
    assert_eq!(short.status, 400);
    let mut right = form.to_vec();
    right[4].1 = "200";
    let note = club.shop.post("/v1/credit_notes", &right).await.ok();
    assert_eq!(
        (
            &note["type"],
            &note["post_payment_amount"],
            &note["out_of_band_amount"]
        ),
        (&"post_payment".into(), &1000.into(), &200.into())
    );
    let refund = note["refunds"][0]["refund"].as_str().unwrap();
    let refund = club.shop.get(&format!("/v1/refunds/{refund}")).await;
    assert_eq!(
        (&refund["amount"], &refund["status"]),
        (&500.into(), &"succeeded".into())
    );
    let customer = club
        .shop
        .get(&format!("/v1/customers/{}", club.customer))
        .await;
    assert_eq!(customer["balance"], -300);
    let transaction = note["customer_balance_transaction"].as_str().unwrap();
    let transactions = format!("/v1/customers/{}/balance_transactions", club.customer);
    let transaction = club
        .shop
        .get(&format!("{transactions}/{transaction}"))
        .await;
    assert_eq!(
        (
            &transaction["type"],
            &transaction["amount"],
            &transaction["credit_note"]
        ),
        (&"credit_note".into(), &(-300).into(), &note["id"])
    );
    assert_eq!(
        club.shop.get(&path).await["post_payment_credit_notes_amount"],
        1000
    );
    let void = format!("/v1/credit_notes/{}/void", id(&note));
    assert_eq!(club.shop.post(&void, &[]).await.status, 400);

    // A balance can be adjusted, is used by the next invoice, and is given back by one that is voided.
    let adjust = [
        ("amount", "100"),
        ("currency", "usd"),
        ("description", "Fee"),
    ];
    let adjusted = club.shop.post(&transactions, &adjust).await.ok();
    assert_eq!(adjusted["ending_balance"], -200);
    let next = invoice(&club).await;
    assert_eq!(
        (&next["amount_due"], &next["starting_balance"]),
        (&3800.into(), &(-200).into())
    );
    let path = format!("/v1/invoices/{}/void", id(&next));
    club.shop.post(&path, &[]).await.ok();
    let customer = club
        .shop
        .get(&format!("/v1/customers/{}", club.customer))
        .await;
    assert_eq!(customer["balance"], -200);
    assert_eq!(club.shop.sum(), 0);
}
