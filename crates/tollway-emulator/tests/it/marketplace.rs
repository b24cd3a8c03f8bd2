//! Money: what each kind of payment leaves on which balance.

mod automatic;
mod billing;
mod capable;
mod cards;
mod cash;
mod charges;
mod checkout;
mod connect;
mod disputes;
mod events;
mod exchange;
mod intents;
mod invariants;
mod others;
mod payouts;
mod portal;
mod records;
mod reserve;
mod setup_intents;
mod tax;
mod terminal;
mod vouchers;

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::Value;
use tollway_emulator::{Mode, Scope};

use crate::support::{Answer, Stripe};

const KEY: &str = "sk_test_market";
const CLIENT: &str = "ca_market";

/// A platform with one connected seller.
struct Shop {
    stripe: Stripe,
    seller: String,
}

impl Shop {
    async fn open() -> Self {
        let stripe = Stripe::new();
        let token = stripe.connect(CLIENT, KEY, "baker@shop.example").await;
        Self {
            stripe,
            seller: token["stripe_user_id"].as_str().unwrap().to_owned(),
        }
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.stripe.post(path, KEY, form).await
    }

    async fn get(&self, path: &str) -> Value {
        self.stripe
            .call(Method::GET, path, Some(KEY), &[])
            .await
            .ok()
    }

    async fn post_for_seller(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let headers = [("stripe-account", self.seller.as_str())];
        self.stripe
            .call_with(Method::POST, path, Some(KEY), &headers, form)
            .await
    }

    async fn get_for_seller(&self, path: &str) -> Value {
        let headers = [("stripe-account", self.seller.as_str())];
        self.stripe
            .call_with(Method::GET, path, Some(KEY), &headers, &[])
            .await
            .ok()
    }

    /// The price of twenty dollars a month of a new product with this name.
    async fn monthly(&self, product: &str) -> Value {
        let form = [
            ("currency", "usd"),
            ("unit_amount", "2000"),
            ("recurring[interval]", "month"),
            ("product_data[name]", product),
        ];
        self.post("/v1/prices", &form).await.ok()
    }

    /// Gives an account that the platform made what it lacks, by test data on its onboarding page.
    async fn onboard(&self, account: &str) {
        let form = [
            ("account", account),
            ("type", "account_onboarding"),
            ("refresh_url", "https://shop.example/again"),
            ("return_url", "https://shop.example/back"),
        ];
        let link = self.post("/v1/account_links", &form).await.ok();
        let url: axum::http::Uri = link["url"].as_str().unwrap().parse().unwrap();
        let page = url.path();
        self.stripe
            .call(Method::POST, page, None, &[("decision", "skip")])
            .await;
    }

    /// Available and pending US dollars of platform and seller.
    async fn balances(&self) -> [(i64, i64); 2] {
        let usd = |balance: &Value, name: &str| balance[name][0]["amount"].as_i64().unwrap();
        let (platform, seller) = (
            self.get("/v1/balance").await,
            self.get_for_seller("/v1/balance").await,
        );
        [&platform, &seller].map(|balance| (usd(balance, "available"), usd(balance, "pending")))
    }

    /// What everything that anybody has adds up to, Stripe and the card holders included; of every currency its absolute sum.
    fn sum(&self) -> i64 {
        sum(&self.stripe)
    }
}

fn sum(stripe: &Stripe) -> i64 {
    let world = stripe.emulator.engine().worlds().get("market").unwrap();
    let state = world.lock();
    let accounts: Vec<_> = state.store.accounts(Mode::Test).cloned().collect();
    let balances = accounts.iter().flat_map(|account| {
        state
            .store
            .all(&Scope::new(Mode::Test, account.clone()), "_balance")
    });
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for balance in balances {
        for (currency, funds) in balance["currencies"].as_object().unwrap() {
            let pending = funds["pending"]
                .as_object()
                .into_iter()
                .flat_map(|pending| pending.values());
            *sums.entry(currency.clone()).or_default() += funds["available"].as_i64().unwrap()
                + pending.map(|amount| amount.as_i64().unwrap()).sum::<i64>();
        }
    }
    sums.into_values().map(i64::abs).sum()
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}
/// The form of a payment of ten dollars by a good card, with these changes and additions.
fn paying<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    with(
        &[
            ("amount", "1000"),
            ("currency", "usd"),
            ("source", "tok_visa"),
        ],
        changes,
    )
}

/// The form of a PaymentIntent of ten dollars, with these changes and additions.
fn intending<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let form = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
    ];
    with(&form, changes)
}

fn with<'a>(
    form: &[(&'a str, &'a str)],
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut form = form.to_vec();
    form.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    form.extend(changes);
    form
}
