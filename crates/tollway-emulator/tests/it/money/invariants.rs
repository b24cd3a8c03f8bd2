//! Whatever happens in whatever order, no money is made nor lost.

use proptest::prelude::*;
use serde_json::Value;

use super::{Shop, id, paying};

const ODD: &[&str] = &[
    "tok_createDispute",
    "tok_createDisputeInquiry",
    "tok_createMultipleDisputes",
    "tok_refundFail",
    "tok_pendingRefund",
];
const EVIDENCE: &[&str] = &[
    "winning_evidence",
    "losing_evidence",
    "escalate_inquiry_evidence",
    "hm",
];
const BANKS: &[&str] = &["btok_us_verified", "btok_us_verified_noAccount"];

/// A step of a shop's day.
#[derive(Debug, Clone)]
enum Step {
    Direct {
        amount: u32,
        fee: u32,
        hold: bool,
    },
    Destination {
        amount: u32,
        fee: u32,
    },
    Own {
        amount: u32,
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
    },
    TopUp {
        amount: u32,
        source: &'static str,
    },
    Wait {
        days: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let amount = 50u32..5000;
    prop_oneof![
        (amount.clone(), 0u32..600, any::<bool>()).prop_map(|(amount, fee, hold)| Step::Direct {
            amount,
            fee,
            hold
        }),
        (amount.clone(), 0u32..600).prop_map(|(amount, fee)| Step::Destination { amount, fee }),
        (amount.clone(), any::<bool>()).prop_map(|(amount, at_once)| Step::Own { amount, at_once }),
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
        amount.clone().prop_map(|amount| Step::Payout { amount }),
        (amount, prop::sample::select(BANKS))
            .prop_map(|(amount, source)| Step::TopUp { amount, source }),
        (0u8..4).prop_map(|days| Step::Wait { days }),
    ]
}

/// The member of a list that `which` names, if there is any.
fn pick(list: &Value, which: usize) -> Option<String> {
    let data = list["data"].as_array().unwrap();
    (!data.is_empty()).then(|| id(&data[which % data.len()]).to_owned())
}

async fn take(shop: &Shop, step: &Step) {
    match step {
        Step::Direct { amount, fee, hold } => {
            let (amount, fee, capture) = (amount.to_string(), fee.to_string(), (!hold).to_string());
            let form = [
                ("amount", amount.as_str()),
                ("currency", "usd"),
                ("source", "tok_visa"),
                ("application_fee_amount", &fee),
                ("capture", &capture),
            ];
            shop.post_for_seller("/v1/charges", &form).await;
        }
        Step::Destination { amount, fee } => {
            let (amount, fee) = (amount.to_string(), fee.to_string());
            let form = [
                ("amount", amount.as_str()),
                ("currency", "usd"),
                ("source", "tok_visa"),
                ("application_fee_amount", &fee),
                ("transfer_data[destination]", &shop.seller),
            ];
            shop.post("/v1/charges", &form).await;
        }
        Step::Own { amount, at_once } => {
            let source = if *at_once {
                "tok_bypassPending"
            } else {
                "tok_visa"
            };
            shop.post(
                "/v1/charges",
                &[
                    ("amount", &amount.to_string()),
                    ("currency", "usd"),
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
        }
        Step::Evidence { which, text } => {
            let form = [("evidence[uncategorized_text]", *text)];
            if let Some(dispute) = pick(&shop.get("/v1/disputes").await, *which) {
                shop.post(&format!("/v1/disputes/{dispute}"), &form).await;
            }
        }
        Step::Payout { amount } => {
            let amount = amount.to_string();
            let form = [("amount", amount.as_str()), ("currency", "usd")];
            shop.post("/v1/payouts", &form).await;
            shop.post_for_seller("/v1/payouts", &form).await;
        }
        Step::TopUp { amount, source } => {
            let amount = amount.to_string();
            let form = paying(&[("amount", &amount), ("source", source)]);
            shop.post("/v1/topups", &form).await;
        }
        Step::Wait { days } => shop.stripe.advance(u64::from(*days) * 86_400),
    }
}

/// Everything on an account's balance is explained by its balance transactions.
async fn explained(shop: &Shop) -> [(i64, i64); 2] {
    let total = |page: Value| -> i64 {
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["net"].as_i64().unwrap())
            .sum()
    };
    let balances = shop.balances().await;
    [
        (
            total(shop.get("/v1/balance_transactions?limit=100").await),
            balances[0].0 + balances[0].1,
        ),
        (
            total(
                shop.get_for_seller("/v1/balance_transactions?limit=100")
                    .await,
            ),
            balances[1].0 + balances[1].1,
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn money_is_never_made_nor_lost(steps in prop::collection::vec(step(), 1..18)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let shop = Shop::open().await;
            for step in &steps {
                take(&shop, step).await;
                prop_assert_eq!(shop.sum(), 0, "after {:?}", step);
            }
            for (written, held) in explained(&shop).await {
                prop_assert_eq!(written, held);
            }
            Ok(())
        })?;
    }
}
