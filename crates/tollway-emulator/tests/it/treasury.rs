//! Treasury: financial accounts and their flows.

use serde_json::{Value, json};

use crate::client::id;
use crate::client::{Caller, caller, emulator};

/// A caller, and a financial account of 50.00.
async fn funded() -> (Caller, String) {
    let api = caller(&emulator(), "sk_test_treasury");
    let form = "supported_currencies[]=usd&features[financial_addresses][aba][requested]=true&features[card_issuing][requested]=true";
    let account = api.post("/v1/treasury/financial_accounts", form).await.ok();
    assert_eq!(
        account["active_features"],
        json!(["card_issuing", "financial_addresses.aba"])
    );
    assert_eq!(account["financial_addresses"][0]["type"], "aba");
    let form = format!(
        "amount=5000&currency=usd&network=ach&financial_account={}",
        id(&account)
    );
    let credit = api
        .post("/v1/test_helpers/treasury/received_credits", &form)
        .await
        .ok();
    assert_eq!(credit["status"], "succeeded");
    let account = id(&account).to_owned();
    (api, account)
}

/// What the account has: cash, on its way in, on its way out.
async fn balance(api: &Caller, account: &str) -> [i64; 3] {
    let account = api
        .get(&format!("/v1/treasury/financial_accounts/{account}"), "")
        .await
        .ok();
    let balance = &account["balance"];
    ["cash", "inbound_pending", "outbound_pending"]
        .map(|part| balance[part]["usd"].as_i64().unwrap())
}

#[tokio::test]
async fn outbound_payment_is_pending_until_posted_failed_or_returned() {
    let (api, account) = funded().await;
    let bank = "destination_payment_method_data[type]=us_bank_account&destination_payment_method_data[us_bank_account][account_number]=000123456789\
                &destination_payment_method_data[us_bank_account][routing_number]=110000000\
                &destination_payment_method_data[us_bank_account][account_holder_type]=individual";
    let form = format!("amount=2000&currency=usd&financial_account={account}&{bank}");
    let payments = "/v1/treasury/outbound_payments";
    let sent = api.post(payments, &form).await.ok();
    assert_eq!(balance(&api, &account).await, [3000, 0, 2000]);
    let helper = |action: &str| {
        format!(
            "/v1/test_helpers/treasury/outbound_payments/{}/{action}",
            id(&sent)
        )
    };
    let posted = api.post(&helper("post"), "").await.ok();
    assert_eq!(
        (&posted["status"], &posted["cancelable"]),
        (&"posted".into(), &false.into())
    );
    assert_eq!(balance(&api, &account).await, [3000, 0, 0]);
    let returned = api
        .post(&helper("return"), "returned_details[code]=no_account")
        .await
        .ok();
    assert_eq!(
        (&returned["status"], &returned["returned_details"]["code"]),
        (&"returned".into(), &"no_account".into())
    );
    assert_eq!(balance(&api, &account).await, [5000, 0, 0]);
    let canceled = api.post(payments, &form).await.ok();
    api.post(&format!("{payments}/{}/cancel", id(&canceled)), "")
        .await
        .ok();
    assert_eq!(balance(&api, &account).await, [5000, 0, 0]);
    let all = api
        .get(
            "/v1/treasury/transactions",
            &format!("financial_account={account}"),
        )
        .await
        .ok();
    let seen = all["data"].as_array().unwrap().iter();
    let seen: Vec<_> = seen
        .map(|each| {
            (
                each["amount"].as_i64().unwrap(),
                each["status"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (-2000, "void"),
            (2000, "posted"),
            (-2000, "posted"),
            (5000, "posted")
        ]
    );
    let entries = format!(
        "financial_account={account}&transaction={}",
        sent["transaction"].as_str().unwrap()
    );
    let entries = api
        .get("/v1/treasury/transaction_entries", &entries)
        .await
        .ok();
    assert_eq!(entries["data"][0]["type"], "outbound_payment_posting");
    let much = api.post(payments, &form.replace("2000", "5001")).await;
    assert_eq!(much.error().3, "amount");
}

#[tokio::test]
async fn inbound_transfer_succeeds_fails_or_is_returned() {
    let (api, account) = funded().await;
    let form = format!(
        "amount=700&currency=usd&financial_account={account}&origin_payment_method=pm_usBankAccount"
    );
    let mut flows = Vec::new();
    for _ in 0..2 {
        flows.push(api.post("/v1/treasury/inbound_transfers", &form).await.ok());
    }
    assert_eq!(balance(&api, &account).await, [5000, 1400, 0]);
    let helper = |flow: &Value, action: &str| {
        format!(
            "/v1/test_helpers/treasury/inbound_transfers/{}/{action}",
            id(flow)
        )
    };
    api.post(&helper(&flows[0], "succeed"), "").await.ok();
    api.post(&helper(&flows[1], "fail"), "").await.ok();
    assert_eq!(balance(&api, &account).await, [5700, 0, 0]);
    let returned = api.post(&helper(&flows[0], "return"), "").await.ok();
    assert_eq!(returned["returned"], true);
    assert_eq!(balance(&api, &account).await, [5000, 0, 0]);
    assert_eq!(api.post(&helper(&flows[0], "fail"), "").await.status, 400);
}

#[tokio::test]
async fn received_credits_and_debits_can_be_reversed_once() {
    let (api, account) = funded().await;
    let debit = format!("amount=1000&currency=usd&network=ach&financial_account={account}");
    let debits = "/v1/test_helpers/treasury/received_debits";
    let taken = api.post(debits, &debit).await.ok();
    let much = api.post(debits, &debit.replace("1000", "4001")).await.ok();
    assert_eq!(
        (&much["status"], &much["failure_code"]),
        (&"failed".into(), &"insufficient_funds".into())
    );
    assert_eq!(balance(&api, &account).await, [4000, 0, 0]);
    let reversal = format!("received_debit={}", id(&taken));
    let reversed = api
        .post("/v1/treasury/debit_reversals", &reversal)
        .await
        .ok();
    assert_eq!(
        (&reversed["amount"], &reversed["status"]),
        (&1000.into(), &"succeeded".into())
    );
    assert_eq!(
        api.post("/v1/treasury/debit_reversals", &reversal)
            .await
            .error()
            .3,
        "received_debit"
    );
    let credits = api
        .get(
            "/v1/treasury/received_credits",
            &format!("financial_account={account}"),
        )
        .await
        .ok();
    let credit = format!("received_credit={}", id(&credits["data"][0]));
    api.post("/v1/treasury/credit_reversals", &credit)
        .await
        .ok();
    assert_eq!(balance(&api, &account).await, [0, 0, 0]);
    let path = format!("/v1/treasury/financial_accounts/{account}");
    assert_eq!(
        api.post(&format!("{path}/close"), "").await.ok()["status"],
        "closed"
    );
    let late = format!("amount=1&currency=usd&network=ach&financial_account={account}");
    assert_eq!(
        api.post("/v1/test_helpers/treasury/received_credits", &late)
            .await
            .error()
            .3,
        "financial_account"
    );
}

#[tokio::test]
async fn financial_account_features_are_requested_one_by_one() {
    let (api, account) = funded().await;
    let path = format!("/v1/treasury/financial_accounts/{account}");
    let features = api
        .post(
            &format!("{path}/features"),
            "outbound_payments[ach][requested]=true",
        )
        .await
        .ok();
    assert_eq!(features["outbound_payments"]["ach"]["status"], "active");
    assert_eq!(
        api.get(&format!("{path}/features"), "").await.ok(),
        features
    );
    let shown = api.get(&path, "expand[]=features").await.ok();
    assert_eq!(shown["features"], features);
    assert_eq!(shown["active_features"][2], "outbound_payments.ach");
    let full = api.post(&format!("{path}/close"), "").await;
    assert!(full.error().1.contains("holds 5000"), "{}", full.body);
}
