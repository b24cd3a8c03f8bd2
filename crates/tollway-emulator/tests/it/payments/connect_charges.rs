//! What each kind of Connect payment, its refunds and reversals leave on which balance.

use axum::http::Method;

use crate::client::id;
use crate::marketplace::{CLIENT, KEY, Marketplace, paying};

#[tokio::test]
async fn a_direct_charge_pays_seller_stripe_and_platform() {
    let shop = Marketplace::with_seller().await;
    let form = paying(&[("application_fee_amount", "100")]);
    let charge = shop.post_for_seller("/v1/charges", &form).await.ok();
    assert_eq!(
        (
            charge["status"].as_str(),
            charge["paid"].as_bool(),
            charge["captured"].as_bool()
        ),
        (Some("succeeded"), Some(true), Some(true))
    );
    assert_eq!(
        (
            charge["application"].as_str(),
            charge["application_fee_amount"].as_i64()
        ),
        (Some(CLIENT), Some(100))
    );
    assert_eq!(charge["payment_method_details"]["card"]["last4"], "4242");
    assert_eq!(shop.balances().await, [(0, 100), (0, 841)]);
    assert_eq!(shop.sum(), 0);

    let path = format!(
        "/v1/balance_transactions/{}",
        charge["balance_transaction"].as_str().unwrap()
    );
    let transaction = shop.get_for_seller(&path).await;
    assert_eq!(
        (
            transaction["amount"].as_i64(),
            transaction["fee"].as_i64(),
            transaction["net"].as_i64()
        ),
        (Some(1000), Some(159), Some(841))
    );
    assert_eq!(
        (
            transaction["status"].as_str(),
            transaction["source"].as_str()
        ),
        (Some("pending"), Some(id(&charge)))
    );
    let fee = shop
        .get(&format!(
            "/v1/application_fees/{}",
            charge["application_fee"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        (
            fee["amount"].as_i64(),
            fee["account"].as_str(),
            fee["charge"].as_str()
        ),
        (Some(100), Some(shop.seller.as_str()), Some(id(&charge)))
    );
    // The charge is the seller's, the fee the platform's.
    assert_eq!(
        shop.stripe
            .call(
                Method::GET,
                &format!("/v1/charges/{}", id(&charge)),
                Some(KEY),
                &[]
            )
            .await
            .status,
        404
    );

    shop.stripe.advance(3 * 86_400);
    assert_eq!(shop.balances().await, [(100, 0), (841, 0)]);
    assert_eq!(shop.get_for_seller(&path).await["status"], "available");
    assert_eq!(
        shop.get_for_seller("/v1/balance_transactions").await["data"][0]["status"],
        "available"
    );
}

#[tokio::test]
async fn refunds_move_back_what_they_should() {
    let shop = Marketplace::with_seller().await;
    let form = paying(&[("application_fee_amount", "100")]);
    let charge = shop.post_for_seller("/v1/charges", &form).await.ok();
    let part = [
        ("charge", id(&charge)),
        ("amount", "400"),
        ("refund_application_fee", "true"),
    ];
    let refund = shop.post_for_seller("/v1/refunds", &part).await.ok();
    assert_eq!(
        (refund["status"].as_str(), refund["amount"].as_i64()),
        (Some("succeeded"), Some(400))
    );
    // 400 to the card holder, 40 of the fee back to the seller.
    assert_eq!(shop.balances().await, [(0, 60), (0, 841 - 400 + 40)]);
    let charge = shop
        .get_for_seller(&format!("/v1/charges/{}", id(&charge)))
        .await;
    assert_eq!(
        (
            charge["amount_refunded"].as_i64(),
            charge["refunded"].as_bool()
        ),
        (Some(400), Some(false))
    );
    let too_much = shop
        .post_for_seller("/v1/refunds", &[("charge", id(&charge)), ("amount", "601")])
        .await;
    assert_eq!(
        (
            too_much.status.as_u16(),
            too_much.json()["error"]["param"].as_str()
        ),
        (400, Some("amount"))
    );
    shop.post_for_seller("/v1/refunds", &[("charge", id(&charge))])
        .await
        .ok();
    assert_eq!(shop.balances().await, [(0, 60), (0, 841 - 1000 + 40)]);
    let again = shop
        .post_for_seller("/v1/refunds", &[("charge", id(&charge))])
        .await;
    again.expect_error(400, "charge_already_refunded");

    let fee = charge["application_fee"].as_str().unwrap();
    let back = shop
        .post(
            &format!("/v1/application_fees/{fee}/refunds"),
            &[("amount", "10")],
        )
        .await
        .ok();
    assert_eq!(
        (back["amount"].as_i64(), back["fee"].as_str()),
        (Some(10), Some(fee))
    );
    assert_eq!(shop.balances().await, [(0, 50), (0, -109)]);
    let whole = shop.get(&format!("/v1/application_fees/{fee}")).await;
    assert_eq!(
        (
            whole["amount_refunded"].as_i64(),
            whole["refunds"]["data"].as_array().unwrap().len()
        ),
        (Some(50), 2)
    );
    assert_eq!(
        shop.post(
            &format!("/v1/application_fees/{fee}/refunds"),
            &[("amount", "51")]
        )
        .await
        .status,
        400
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn destination_charges_and_their_refunds() {
    let shop = Marketplace::with_seller().await;
    let form = paying(&[
        ("application_fee_amount", "200"),
        ("transfer_data[destination]", shop.seller.as_str()),
    ]);
    let charge = shop.post("/v1/charges", &form).await.ok();
    // The platform pays Stripe's 59 and keeps 200; the seller has 800.
    assert_eq!(
        shop.balances().await,
        [(0, 1000 - 59 - 1000 + 200), (0, 800)]
    );
    let transfer = shop
        .get(&format!(
            "/v1/transfers/{}",
            charge["transfer"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        (
            transfer["amount"].as_i64(),
            transfer["source_transaction"].as_str()
        ),
        (Some(1000), Some(id(&charge)))
    );
    let payment = shop
        .get_for_seller(&format!(
            "/v1/charges/{}",
            transfer["destination_payment"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        (
            payment["amount"].as_i64(),
            payment["source_transfer"].as_str()
        ),
        (Some(1000), Some(id(&transfer)))
    );

    let back = [
        ("charge", id(&charge)),
        ("reverse_transfer", "true"),
        ("refund_application_fee", "true"),
    ];
    let refund = shop.post("/v1/refunds", &back).await.ok();
    assert!(refund["transfer_reversal"].is_string());
    assert_eq!(shop.balances().await, [(0, -59), (0, 0)]);
    assert_eq!(
        shop.get(&format!("/v1/transfers/{}", id(&transfer))).await["reversed"],
        true
    );
    assert_eq!(shop.sum(), 0);

    let share = paying(&[
        ("transfer_data[destination]", shop.seller.as_str()),
        ("transfer_data[amount]", "877"),
    ]);
    shop.post("/v1/charges", &share).await.ok();
    assert_eq!(
        shop.balances().await,
        [(0, -59 + 1000 - 59 - 877), (0, 877)]
    );
}

#[tokio::test]
async fn separate_charges_and_transfers() {
    let shop = Marketplace::with_seller().await;
    let charge = shop.post("/v1/charges", &paying(&[])).await.ok();
    let transfer = [
        ("amount", "500"),
        ("currency", "usd"),
        ("destination", shop.seller.as_str()),
    ];
    let poor = shop.post("/v1/transfers", &transfer).await;
    poor.expect_error(400, "balance_insufficient");
    let mut of_charge = transfer.to_vec();
    of_charge.push(("source_transaction", id(&charge)));
    shop.post("/v1/transfers", &of_charge).await.ok();
    assert_eq!(shop.balances().await, [(0, 441), (0, 500)]);
    of_charge[0].1 = "501";
    assert_eq!(shop.post("/v1/transfers", &of_charge).await.status, 400);

    shop.post(
        "/v1/charges",
        &[
            ("amount", "2000"),
            ("currency", "usd"),
            ("source", "tok_bypassPending"),
        ],
    )
    .await
    .ok();
    let made = shop.post("/v1/transfers", &transfer).await.ok();
    assert_eq!(shop.balances().await, [(2000 - 88 - 500, 441), (500, 500)]);
    let reversed = shop
        .post(
            &format!("/v1/transfers/{}/reversals", id(&made)),
            &[("amount", "200")],
        )
        .await
        .ok();
    assert_eq!(
        (reversed["amount"].as_i64(), reversed["transfer"].as_str()),
        (Some(200), Some(id(&made)))
    );
    assert_eq!(shop.balances().await, [(2000 - 88 - 300, 441), (300, 500)]);
    assert_eq!(
        shop.post(
            "/v1/transfers",
            &[
                ("amount", "1"),
                ("currency", "usd"),
                ("destination", "acct_none")
            ]
        )
        .await
        .status,
        400
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_destination_charge_on_behalf_of_the_seller() {
    let shop = Marketplace::with_seller().await;
    let form = paying(&[
        ("transfer_data[destination]", shop.seller.as_str()),
        ("on_behalf_of", shop.seller.as_str()),
        ("application_fee_amount", "123"),
    ]);
    let charge = shop.post("/v1/charges", &form).await.ok();
    assert_eq!(charge["on_behalf_of"], shop.seller);
    assert_eq!(shop.balances().await, [(0, 123 - 59), (0, 1000 - 123)]);
    assert_eq!(shop.sum(), 0);
}
