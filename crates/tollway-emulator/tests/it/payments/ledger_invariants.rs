//! Whatever happens in whatever order, no money is made nor lost.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::currency_exchange;
use crate::client::id;
use crate::marketplace::{KEY, Marketplace, paying, with};

const ODD: &[&str] = &[
    "tok_createDispute",
    "tok_createDisputeInquiry",
    "tok_createMultipleDisputes",
    "tok_refundFail",
    "tok_pendingRefund",
];
const EMAILS: &[&str] = &[
    "succeed_immediately@example.com",
    "jenny@example.com",
    "fill_never@example.com",
];
const EVIDENCE: &[&str] = &[
    "winning_evidence",
    "losing_evidence",
    "escalate_inquiry_evidence",
    "hm",
];
const DEBITS: &[&str] = &[
    "pm_usBankAccount_success",
    "pm_usBankAccount_dispute",
    "pm_usBankAccount_noAccount",
];
const BANKS: &[&str] = &["btok_us_verified", "btok_us_verified_noAccount"];

/// A step of a shop's day.
#[derive(Debug, Clone)]
enum Step {
    Direct {
        amount: u32,
        currency: &'static str,
        fee: u32,
        hold: bool,
    },
    Destination {
        amount: u32,
        currency: &'static str,
        fee: u32,
    },
    Own {
        amount: u32,
        currency: &'static str,
        at_once: bool,
    },
    Refund {
        which: usize,
        amount: u32,
        follow: bool,
    },
    Capture {
        which: usize,
        amount: u32,
    },
    Transfer {
        amount: u32,
    },
    Reverse {
        which: usize,
        amount: u32,
    },
    FeeRefund {
        which: usize,
        amount: u32,
    },
    /// A charge on a card that is disputed, or whose refund comes back.
    Odd {
        amount: u32,
        source: &'static str,
    },
    Evidence {
        which: usize,
        text: &'static str,
    },
    Payout {
        amount: u32,
        method: &'static str,
    },
    TopUp {
        amount: u32,
        source: &'static str,
    },
    /// A customer sends money, and a payment out of it.
    Cash {
        amount: u32,
        sent: u32,
    },
    Voucher {
        amount: u32,
        email: &'static str,
    },
    /// A debit, which the customer may have back.
    Debit {
        amount: u32,
        method: &'static str,
    },
    /// Held, and captured in two parts.
    Parts {
        amount: u32,
        first: u32,
    },
    /// Paid out by a schedule, or by hand again.
    Schedule {
        interval: &'static str,
        keeps: u32,
    },
    Wait {
        days: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let amount = 50u32..5000;
    let currency = prop::sample::select(vec!["usd", "usd", "eur", "jpy"]);
    prop_oneof![
        (amount.clone(), currency.clone(), 0u32..600, any::<bool>()).prop_map(
            |(amount, currency, fee, hold)| Step::Direct {
                amount,
                currency,
                fee,
                hold
            }
        ),
        (amount.clone(), currency.clone(), 0u32..600).prop_map(|(amount, currency, fee)| {
            Step::Destination {
                amount,
                currency,
                fee,
            }
        }),
        (amount.clone(), currency, any::<bool>()).prop_map(|(amount, currency, at_once)| {
            Step::Own {
                amount,
                currency,
                at_once,
            }
        }),
        (any::<usize>(), amount.clone(), any::<bool>()).prop_map(|(which, amount, follow)| {
            Step::Refund {
                which,
                amount,
                follow,
            }
        }),
        (any::<usize>(), amount.clone())
            .prop_map(|(which, amount)| Step::Capture { which, amount }),
        amount.clone().prop_map(|amount| Step::Transfer { amount }),
        (any::<usize>(), amount.clone())
            .prop_map(|(which, amount)| Step::Reverse { which, amount }),
        (any::<usize>(), 1u32..300).prop_map(|(which, amount)| Step::FeeRefund { which, amount }),
        (amount.clone(), prop::sample::select(ODD))
            .prop_map(|(amount, source)| Step::Odd { amount, source }),
        (any::<usize>(), prop::sample::select(EVIDENCE))
            .prop_map(|(which, text)| Step::Evidence { which, text }),
        (
            amount.clone(),
            prop::sample::select(vec!["standard", "instant"])
        )
            .prop_map(|(amount, method)| Step::Payout { amount, method }),
        (amount.clone(), prop::sample::select(BANKS))
            .prop_map(|(amount, source)| Step::TopUp { amount, source }),
        (amount.clone(), amount.clone()).prop_map(|(amount, sent)| Step::Cash { amount, sent }),
        (amount.clone(), prop::sample::select(EMAILS))
            .prop_map(|(amount, email)| Step::Voucher { amount, email }),
        (amount.clone(), prop::sample::select(DEBITS))
            .prop_map(|(amount, method)| Step::Debit { amount, method }),
        (amount.clone(), amount.clone()).prop_map(|(amount, first)| Step::Parts { amount, first }),
        (prop::sample::select(vec!["daily", "manual"]), 0u32..500)
            .prop_map(|(interval, keeps)| Step::Schedule { interval, keeps }),
        (0u8..4).prop_map(|days| Step::Wait { days }),
    ]
}

/// The member of a list that `which` names, if there is any.
fn pick(list: &Value, which: usize) -> Option<String> {
    let data = list["data"].as_array().unwrap();
    (!data.is_empty()).then(|| id(&data[which % data.len()]).to_owned())
}

async fn take(shop: &Marketplace, step: &Step) {
    match step {
        Step::Direct {
            amount,
            currency,
            fee,
            hold,
        } => {
            let (amount, fee, capture) = (amount.to_string(), fee.to_string(), (!hold).to_string());
            let form = [
                ("amount", amount.as_str()),
                ("currency", *currency),
                ("source", "tok_visa"),
                ("application_fee_amount", &fee),
                ("capture", &capture),
            ];
            shop.post_for_seller("/v1/charges", &form).await;
        }
        Step::Destination {
            amount,
            currency,
            fee,
        } => {
            let (amount, fee) = (amount.to_string(), fee.to_string());
            let form = [
                ("amount", amount.as_str()),
                ("currency", *currency),
                ("source", "tok_visa"),
                ("application_fee_amount", &fee),
                ("transfer_data[destination]", &shop.seller),
            ];
            shop.post("/v1/charges", &form).await;
        }
        Step::Own {
            amount,
            currency,
            at_once,
        } => {
            let source = if *at_once {
                "tok_bypassPending"
            } else {
                "tok_visa"
            };
            shop.post(
                "/v1/charges",
                &[
                    ("amount", &amount.to_string()),
                    ("currency", *currency),
                    ("source", source),
                ],
            )
            .await;
        }
        Step::Refund {
            which,
            amount,
            follow,
        } => {
            let (amount, follow) = (amount.to_string(), follow.to_string());
            let more = [
                ("amount", amount.as_str()),
                ("reverse_transfer", follow.as_str()),
                ("refund_application_fee", follow.as_str()),
            ];
            if let Some(charge) = pick(&shop.get_for_seller("/v1/charges").await, *which) {
                shop.post_for_seller("/v1/refunds", &[("charge", &charge), more[0], more[2]])
                    .await;
            }
            if let Some(charge) = pick(&shop.get("/v1/charges").await, *which) {
                shop.post(
                    "/v1/refunds",
                    &[("charge", &charge), more[0], more[1], more[2]],
                )
                .await;
            }
        }
        Step::Capture { which, amount } => {
            if let Some(charge) = pick(&shop.get_for_seller("/v1/charges").await, *which) {
                shop.post_for_seller(
                    &format!("/v1/charges/{charge}/capture"),
                    &[("amount", &amount.to_string())],
                )
                .await;
            }
        }
        Step::Transfer { amount } => {
            let amount = amount.to_string();
            shop.post(
                "/v1/transfers",
                &[
                    ("amount", &amount),
                    ("currency", "usd"),
                    ("destination", &shop.seller),
                ],
            )
            .await;
        }
        Step::Reverse { which, amount } => {
            if let Some(transfer) = pick(&shop.get("/v1/transfers").await, *which) {
                let form = [
                    ("amount", amount.to_string()),
                    ("refund_application_fee", "true".to_owned()),
                ];
                let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
                shop.post(&format!("/v1/transfers/{transfer}/reversals"), &form)
                    .await;
            }
        }
        Step::FeeRefund { which, amount } => {
            if let Some(fee) = pick(&shop.get("/v1/application_fees").await, *which) {
                shop.post(
                    &format!("/v1/application_fees/{fee}/refunds"),
                    &[("amount", &amount.to_string())],
                )
                .await;
            }
        }
        Step::Odd { amount, source } => {
            let amount = amount.to_string();
            let form = paying(&[("amount", &amount), ("source", source)]);
            shop.post_for_seller("/v1/charges", &form).await;
            shop.post("/v1/charges", &form).await;
            let debit = paying(&[("amount", &amount), ("source", &shop.seller)]);
            shop.post("/v1/charges", &debit).await;
        }
        Step::Evidence { which, text } => {
            let form = [("evidence[uncategorized_text]", *text)];
            if let Some(dispute) = pick(&shop.get("/v1/disputes").await, *which) {
                shop.post(&format!("/v1/disputes/{dispute}"), &form).await;
            }
        }
        Step::Payout { amount, method } => {
            let amount = amount.to_string();
            let form = [
                ("amount", amount.as_str()),
                ("currency", "usd"),
                ("method", method),
            ];
            shop.post("/v1/payouts", &form).await;
            shop.post_for_seller("/v1/payouts", &form).await;
        }
        Step::TopUp { amount, source } => {
            let amount = amount.to_string();
            let form = paying(&[("amount", &amount), ("source", source)]);
            shop.post("/v1/topups", &form).await;
        }
        Step::Cash { amount, sent } => {
            let customer = match pick(&shop.get("/v1/customers").await, 0) {
                Some(customer) => customer,
                None => id(&shop.post("/v1/customers", &[]).await.ok()).to_owned(),
            };
            let (amount, sent) = (amount.to_string(), sent.to_string());
            let form = [
                ("amount", amount.as_str()),
                ("currency", "eur"),
                ("customer", &customer),
                ("payment_method_data[type]", "customer_balance"),
                (
                    "payment_method_options[customer_balance][funding_type]",
                    "bank_transfer",
                ),
                ("confirm", "true"),
                ("return_url", "https://shop.example/back"),
            ];
            shop.post("/v1/payment_intents", &form).await.ok();
            let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
            let form = [("amount", sent.as_str()), ("currency", "eur")];
            shop.post(&path, &form).await.ok();
        }
        Step::Voucher { amount, email } => {
            let amount = amount.to_string();
            let form = [
                ("amount", amount.as_str()),
                ("currency", "mxn"),
                ("confirm", "true"),
                ("return_url", "https://shop.example/back"),
                ("payment_method_data[type]", "oxxo"),
                ("payment_method_data[billing_details][name]", "Jenny"),
                ("payment_method_data[billing_details][email]", email),
                ("transfer_data[destination]", &shop.seller),
            ];
            shop.post("/v1/payment_intents", &form).await;
        }
        Step::Debit { amount, method } => {
            let amount = amount.to_string();
            let form = [
                ("amount", amount.as_str()),
                ("currency", "usd"),
                ("confirm", "true"),
                ("return_url", "https://shop.example/back"),
                ("payment_method", method),
                ("transfer_data[destination]", &shop.seller),
            ];
            shop.post("/v1/payment_intents", &form).await.ok();
        }
        Step::Parts { amount, first } => {
            let (amount, first) = (amount.to_string(), first.to_string());
            let form = [
                ("amount", amount.as_str()),
                ("currency", "usd"),
                ("capture_method", "manual"),
                ("payment_method", "pm_card_visa"),
                (
                    "payment_method_options[card][request_multicapture]",
                    "if_available",
                ),
                ("application_fee_amount", "10"),
                ("confirm", "true"),
                ("return_url", "https://shop.example/back"),
            ];
            let held = shop.post_for_seller("/v1/payment_intents", &form).await;
            let path = format!("/v1/payment_intents/{}/capture", id(&held.ok()));
            let part = [
                ("amount_to_capture", first.as_str()),
                ("final_capture", "false"),
            ];
            shop.post_for_seller(&path, &part).await;
            shop.post_for_seller(&path, &[]).await;
            let destination = [("transfer_data[destination]", shop.seller.as_str())];
            let held = shop
                .post("/v1/payment_intents", &with(&form, &destination))
                .await;
            let path = format!("/v1/payment_intents/{}/capture", id(&held.ok()));
            shop.post(&path, &part).await;
            shop.post(&path, &[]).await;
        }
        Step::Schedule { interval, keeps } => {
            let keeps = keeps.to_string();
            let form = [
                ("payments[payouts][schedule][interval]", *interval),
                (
                    "payments[payouts][minimum_balance_by_currency][usd]",
                    keeps.as_str(),
                ),
            ];
            shop.post("/v1/balance_settings", &form).await.ok();
            shop.post_for_seller("/v1/balance_settings", &form)
                .await
                .ok();
        }
        Step::Wait { days } => shop.stripe.advance(u64::from(*days) * 86_400),
    }
}

/// What an account has of each currency: by its balance transactions, and by its balance. The two are the same.
async fn explained(shop: &Marketplace, account: Option<&str>) -> [BTreeMap<String, i64>; 2] {
    let headers: Vec<(&str, &str)> = account
        .into_iter()
        .map(|account| ("stripe-account", account))
        .collect();
    let get = async |path: String| {
        let caller = shop.stripe.caller(KEY).with_headers(&headers);
        caller.get(&path, "").await.ok()
    };
    let add = |sums: &mut BTreeMap<String, i64>, row: &Value, name: &str| {
        let currency = row["currency"].as_str().unwrap().to_owned();
        *sums.entry(currency).or_default() += row[name].as_i64().unwrap();
    };
    let (mut written, mut held) = (BTreeMap::new(), BTreeMap::new());
    let mut after = String::new();
    loop {
        let page = get(format!("/v1/balance_transactions?limit=100{after}")).await;
        let data = page["data"].as_array().unwrap();
        for row in data {
            add(&mut written, row, "net");
        }
        if page["has_more"] != true {
            break;
        }
        after = format!("&starting_after={}", id(data.last().unwrap()));
    }
    let balance = get("/v1/balance".to_owned()).await;
    for name in ["available", "pending"] {
        for row in balance[name].as_array().unwrap() {
            add(&mut held, row, "amount");
        }
    }
    for sums in [&mut written, &mut held] {
        sums.retain(|_, sum| *sum != 0);
    }
    [written, held]
}

/// A shop whose platform keeps US dollars and whose seller keeps euros.
async fn abroad() -> Marketplace {
    let mut shop = Marketplace::with_seller().await;
    currency_exchange::keep_dollars(&shop).await;
    shop.seller = currency_exchange::in_euros(&shop).await;
    shop
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn money_is_never_made_nor_lost(steps in prop::collection::vec(step(), 1..18), converts in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let shop = if converts { abroad().await } else { Marketplace::with_seller().await };
            for step in &steps {
                take(&shop, step).await;
                prop_assert_eq!(shop.sum(), 0, "after {:?}", step);
            }
            for account in [None, Some(shop.seller.as_str())] {
                let [written, held] = explained(&shop, account).await;
                prop_assert_eq!(written, held);
            }
            Ok(())
        })?;
    }
}
