//! What happens at midnight: money becomes available, and is paid out by the account's schedule.

use axum::http::Method;
use serde_json::{Value, json};

use crate::client::id;
use crate::marketplace::{KEY, Marketplace, paying};
use crate::support::Answer;

const DAY: u64 = 86_400;

/// A custom account with this bank account, paid out as `schedule` says.
pub(crate) async fn custom(shop: &Marketplace, number: &str, schedule: &[(&str, &str)]) -> String {
    let mut form = vec![
        ("type", "custom"),
        ("country", "US"),
        ("external_account[object]", "bank_account"),
        ("external_account[country]", "US"),
        ("external_account[currency]", "usd"),
        ("external_account[account_number]", number),
        ("external_account[routing_number]", "110000000"),
        ("capabilities[card_payments][requested]", "true"),
        ("capabilities[transfers][requested]", "true"),
    ];
    form.extend(schedule);
    let account = shop.post("/v1/accounts", &form).await.ok();
    shop.onboard(id(&account)).await;
    let shown = shop.get(&format!("/v1/accounts/{}", id(&account))).await;
    assert_eq!(shown["payouts_enabled"], true, "{}", shown["requirements"]);
    id(&account).to_owned()
}

/// Has a customer pay `amount` for this account, by a destination charge.
async fn sell(shop: &Marketplace, account: &str, amount: &str) -> Value {
    let form = [("amount", amount), ("transfer_data[destination]", account)];
    shop.post("/v1/charges", &paying(&form)).await.ok()
}

pub(crate) async fn call(
    shop: &Marketplace,
    account: &str,
    path: &str,
    form: &[(&str, &str)],
) -> Answer {
    let method = if form.is_empty() {
        Method::GET
    } else {
        Method::POST
    };
    shop.stripe
        .caller(KEY)
        .as_account(account)
        .call(method.as_str(), path, form)
        .send()
        .await
}

async fn payouts(shop: &Marketplace, account: &str) -> Vec<Value> {
    let page = call(shop, account, "/v1/payouts", &[]).await.ok();
    page["data"].as_array().unwrap().clone()
}

async fn available(shop: &Marketplace, account: &str) -> Value {
    let balance = call(shop, account, "/v1/balance", &[]).await.ok();
    balance["available"][0]["amount"].clone()
}

async fn event_types(shop: &Marketplace, account: &str) -> Vec<String> {
    let page = call(shop, account, "/v1/events?limit=100", &[]).await.ok();
    let all = page["data"].as_array().unwrap().iter();
    all.map(|event| event["type"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_account_with_a_bank_is_paid_out_every_day() {
    let shop = Marketplace::with_seller().await;
    let account = custom(&shop, "000123456789", &[]).await;
    sell(&shop, &account, "1000").await;
    sell(&shop, &account, "500").await;
    assert!(payouts(&shop, &account).await.is_empty(), "it is pending");
    shop.stripe.advance(3 * DAY);
    let all = payouts(&shop, &account).await;
    assert_eq!(all.len(), 1);
    let payout = &all[0];
    assert_eq!(
        (&payout["amount"], &payout["automatic"], &payout["status"]),
        (&json!(1500), &json!(true), &json!("in_transit"))
    );
    assert_eq!(payout["created"].as_i64().unwrap() % 86_400, 0);
    assert_eq!(available(&shop, &account).await, 0);

    // Later sales belong to later payouts.
    sell(&shop, &account, "700").await;
    let path = format!("/v1/balance_transactions?payout={}", id(payout));
    let listed = call(&shop, &account, &path, &[]).await.ok();
    let nets: Vec<i64> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|transaction| transaction["net"].as_i64().unwrap())
        .collect();
    assert_eq!((nets.len(), nets.iter().sum::<i64>()), (3, 0));
    let narrowed = call(
        &shop,
        &account,
        &format!("{path}&type=payment&limit=1"),
        &[],
    )
    .await;
    let narrowed = narrowed.ok();
    assert_eq!(narrowed["data"][0]["amount"], 500);
    assert_eq!(narrowed["has_more"], true);

    shop.stripe.advance(DAY);
    let paid = &payouts(&shop, &account).await[0];
    assert_eq!(
        (&paid["status"], &paid["reconciliation_status"]),
        (&json!("paid"), &json!("completed"))
    );
    let types = event_types(&shop, &account).await;
    for event in [
        "balance.available",
        "payout.created",
        "payout.updated",
        "payout.reconciliation_completed",
        "payout.paid",
    ] {
        assert!(types.iter().any(|it| it == event), "{event} in {types:?}");
    }
    shop.stripe.advance(4 * DAY);
    let amounts: Vec<Value> = payouts(&shop, &account)
        .await
        .iter()
        .map(|payout| payout["amount"].clone())
        .collect();
    assert_eq!(amounts, [json!(700), json!(1500)]);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn whoever_lists_no_bank_keeps_the_money_until_told_otherwise() {
    let shop = Marketplace::with_seller().await;
    let form = paying(&[("source", "tok_bypassPending")]);
    shop.post("/v1/charges", &form).await.ok();
    shop.post_for_seller("/v1/charges", &form).await.ok();
    shop.stripe.advance(10 * DAY);
    assert_eq!(shop.balances().await, [(941, 0), (941, 0)]);

    let form = [
        ("payments[payouts][schedule][interval]", "daily"),
        ("payments[payouts][minimum_balance_by_currency][usd]", "41"),
        ("payments[payouts][statement_descriptor]", "RIDES"),
    ];
    let told = shop.post("/v1/balance_settings", &form).await.ok();
    let payouts = &told["payments"]["payouts"];
    assert_eq!(payouts["schedule"]["interval"], "daily");
    assert_eq!(payouts["minimum_balance_by_currency"]["usd"], 41);
    shop.stripe.advance(DAY);
    assert_eq!(shop.balances().await, [(41, 0), (941, 0)]);
    let payout = &shop.get("/v1/payouts").await["data"][0];
    assert_eq!(
        (&payout["amount"], &payout["statement_descriptor"]),
        (&json!(900), &json!("RIDES"))
    );
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn a_week_is_waited_for() {
    let shop = Marketplace::with_seller().await;
    let weekly = [
        ("settings[payouts][schedule][interval]", "weekly"),
        ("settings[payouts][schedule][weekly_anchor]", "friday"),
        ("settings[payouts][schedule][delay_days]", "4"),
    ];
    let account = custom(&shop, "000123456789", &weekly).await;
    let shown = call(&shop, &account, "/v1/balance_settings", &[])
        .await
        .ok();
    assert_eq!(
        shown["payments"]["payouts"]["schedule"],
        json!({"interval": "weekly", "weekly_payout_days": ["friday"]})
    );
    assert_eq!(shown["payments"]["settlement_timing"]["delay_days"], 4);
    sell(&shop, &account, "1000").await;
    shop.stripe.advance(21 * DAY);
    let payout = &payouts(&shop, &account).await[0];
    // 1 January 1970 was a Thursday.
    let days = payout["created"].as_i64().unwrap() / 86_400;
    assert_eq!((days + 4) % 7, 5, "a Friday");
    let direct = call(&shop, &account, "/v1/charges", &paying(&[]))
        .await
        .ok();
    let path = format!(
        "/v1/balance_transactions/{}",
        direct["balance_transaction"].as_str().unwrap()
    );
    let transaction = call(&shop, &account, &path, &[]).await.ok();
    let held =
        transaction["available_on"].as_i64().unwrap() - transaction["created"].as_i64().unwrap();
    assert!((4 * 86_400..=5 * 86_400).contains(&held), "{held}");
}

#[tokio::test]
async fn a_bank_that_takes_nothing_is_not_asked_again_until_it_is_replaced() {
    let shop = Marketplace::with_seller().await;
    let account = custom(&shop, "000111111116", &[]).await;
    sell(&shop, &account, "1000").await;
    shop.stripe.advance(9 * DAY);
    let all = payouts(&shop, &account).await;
    assert_eq!(all.len(), 1);
    assert_eq!(
        (&all[0]["status"], &all[0]["failure_code"]),
        (&json!("failed"), &json!("no_account"))
    );
    assert_eq!(available(&shop, &account).await, 1000);
    let path = format!("/v1/accounts/{account}");
    let banks = shop.get(&path).await["external_accounts"]["data"].clone();
    assert_eq!(banks[0]["status"], "errored");

    shop.post(&path, &[("external_account", "btok_us_verified")])
        .await
        .ok();
    shop.stripe.advance(3 * DAY);
    let all = payouts(&shop, &account).await;
    assert_eq!((all.len(), &all[0]["status"]), (2, &json!("paid")));
    assert_eq!(available(&shop, &account).await, 0);
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn what_an_account_owes_comes_from_its_bank_if_it_agreed() {
    let shop = Marketplace::with_seller().await;
    for (debits, left) in [("true", 0), ("false", -1000)] {
        let settings = [("settings[payouts][debit_negative_balances]", debits)];
        let account = custom(&shop, "000123456789", &settings).await;
        let charge = sell(&shop, &account, "1000").await;
        shop.stripe.advance(4 * DAY);
        assert_eq!(payouts(&shop, &account).await.len(), 1);
        let form = [("charge", id(&charge)), ("reverse_transfer", "true")];
        shop.post("/v1/refunds", &form).await.ok();
        shop.stripe.advance(2 * DAY);
        assert_eq!(available(&shop, &account).await, left);
        let newest = &payouts(&shop, &account).await[0];
        assert_eq!(newest["amount"] == -1000, debits == "true");
    }
    assert_eq!(shop.sum(), 0);
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused() {
    let shop = Marketplace::with_seller().await;
    let refused = async |form: &[(&str, &str)]| {
        let answer = shop.post("/v1/balance_settings", form).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        answer.json()["error"]["param"].as_str().unwrap().to_owned()
    };
    let weekly = [("payments[payouts][schedule][interval]", "weekly")];
    assert_eq!(
        refused(&weekly).await,
        "payments[payouts][schedule][weekly_payout_days]"
    );
    let never = [
        ("payments[payouts][schedule][interval]", "monthly"),
        ("payments[payouts][schedule][monthly_payout_days][0]", "32"),
    ];
    assert_eq!(
        refused(&never).await,
        "payments[payouts][schedule][monthly_payout_days]"
    );
    let odd = [("payments[settlement_timing][delay_days_override]", "99")];
    assert_eq!(
        refused(&odd).await,
        "payments[settlement_timing][delay_days_override]"
    );
    let rich = paying(&[("source", "tok_bypassPending")]);
    shop.post("/v1/charges", &rich).await.ok();
    let form = [("amount", "100"), ("currency", "usd")];
    let manual = shop.post("/v1/payouts", &form).await.ok();
    let path = format!("/v1/balance_transactions?payout={}", id(&manual));
    let answer = shop.stripe.call(Method::GET, &path, Some(KEY), &[]).await;
    assert_eq!(answer.json()["error"]["param"], "payout");
}

#[tokio::test]
async fn a_debit_card_is_paid_within_the_hour_and_a_bank_is_not() {
    let shop = Marketplace::with_seller().await;
    let account = custom(&shop, "000123456789", &[]).await;
    let rich = paying(&[("amount", "9000"), ("source", "tok_bypassPending")]);
    call(&shop, &account, "/v1/charges", &rich).await.ok();
    let instantly = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("method", "instant"),
    ];
    let refused = call(&shop, &account, "/v1/payouts", &instantly).await;
    refused.expect_error(400, "instant_payouts_unsupported");
    let balance = call(&shop, &account, "/v1/balance", &[]).await.ok();
    assert!(balance["instant_available"].is_null());

    let card = [
        ("external_account", "tok_visa_debit"),
        ("default_for_currency", "true"),
    ];
    let path = format!("/v1/accounts/{account}/external_accounts");
    shop.post(&path, &card).await.ok();
    let balance = call(&shop, &account, "/v1/balance", &[]).await.ok();
    assert_eq!(balance["instant_available"][0]["amount"], 8709);
    let made = call(&shop, &account, "/v1/payouts", &instantly).await.ok();
    shop.stripe.advance(1800);
    let path = format!("/v1/payouts/{}", id(&made));
    assert_eq!(
        call(&shop, &account, &path, &[]).await.ok()["status"],
        "paid"
    );
}
