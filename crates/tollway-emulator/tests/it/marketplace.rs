//! The fixture of most tests: a platform on a stopped clock, with a connected seller if a test needs one.

use std::collections::BTreeMap;

use serde_json::Value;
use tollway_emulator::{Mode, Scope};

use crate::client::{Answer, Caller, id};
use crate::support::{Stripe, path_of_url};

pub(crate) const KEY: &str = "sk_test_market";
pub(crate) const CLIENT: &str = "ca_market";

/// A platform and its connected seller.
pub(crate) struct Marketplace {
    pub(crate) stripe: Stripe,
    key: &'static str,
    /// The account of the seller; empty if there is none.
    pub(crate) seller: String,
}

impl Marketplace {
    /// A platform with this key and without a seller.
    pub(crate) fn new(key: &'static str) -> Self {
        Self {
            stripe: Stripe::new(),
            key,
            seller: String::new(),
        }
    }

    /// A platform of an emulator that was set up for the test, and its connected seller.
    pub(crate) fn of_seller(stripe: Stripe, seller: String) -> Self {
        Self {
            stripe,
            key: KEY,
            seller,
        }
    }

    /// A platform with one seller, connected by OAuth.
    pub(crate) async fn with_seller() -> Self {
        let mut marketplace = Self::new(KEY);
        let stripe = &marketplace.stripe;
        let token = stripe.connect(CLIENT, KEY, "baker@shop.example").await;
        token["stripe_user_id"]
            .as_str()
            .unwrap()
            .clone_into(&mut marketplace.seller);
        marketplace
    }

    /// The platform as a caller of the API.
    pub(crate) fn caller(&self) -> Caller {
        self.stripe.caller(self.key)
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.caller().post(path, form).await
    }

    /// The object at this path.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.caller().get(path, "").await.ok()
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.caller().delete(path).await
    }

    pub(crate) async fn post_for_seller(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let caller = self.caller().as_account(&self.seller);
        caller.post(path, form).await
    }

    pub(crate) async fn get_for_seller(&self, path: &str) -> Value {
        let caller = self.caller().as_account(&self.seller);
        caller.get(path, "").await.ok()
    }

    /// A new account of this type, with card payments and transfers requested; its id.
    pub(crate) async fn account(&self, account_type: &str) -> String {
        let form = [
            ("type", account_type),
            ("country", "US"),
            ("capabilities[card_payments][requested]", "true"),
            ("capabilities[transfers][requested]", "true"),
        ];
        let account = self.post("/v1/accounts", &form).await.ok();
        id(&account).to_owned()
    }

    /// The path of a link to the onboarding page of an account.
    pub(crate) async fn onboarding_link(&self, account: &str, more: &[(&str, &str)]) -> String {
        let mut form = vec![
            ("account", account),
            ("type", "account_onboarding"),
            ("refresh_url", "https://market.example/again"),
            ("return_url", "https://market.example/done"),
        ];
        form.extend(more);
        let link = self.post("/v1/account_links", &form).await.ok();
        path_of_url(&link["url"])
    }

    /// Completes an account with test data on its onboarding page.
    pub(crate) async fn onboard(&self, account: &str) {
        let page = self.onboarding_link(account, &[]).await;
        self.stripe.press(&page, &[("decision", "skip")]).await;
    }

    /// The types of an account's events, oldest first, each with its data.
    pub(crate) async fn account_events(&self, account: &str) -> Vec<(String, Value)> {
        let caller = self.caller().as_account(account);
        let events = caller.get("/v1/events", "limit=100").await.ok();
        let events = events["data"].as_array().unwrap().iter().rev();
        let event = |it: &Value| (it["type"].as_str().unwrap().to_owned(), it["data"].clone());
        events.map(event).collect()
    }

    /// The price of twenty dollars a month of a new product with this name.
    pub(crate) async fn monthly(&self, product: &str) -> Value {
        let form = [
            ("currency", "usd"),
            ("unit_amount", "2000"),
            ("recurring[interval]", "month"),
            ("product_data[name]", product),
        ];
        self.post("/v1/prices", &form).await.ok()
    }

    /// Available and pending US dollars of platform and seller.
    pub(crate) async fn balances(&self) -> [(i64, i64); 2] {
        let usd = |balance: &Value, name: &str| balance[name][0]["amount"].as_i64().unwrap();
        let (platform, seller) = (
            self.get("/v1/balance").await,
            self.get_for_seller("/v1/balance").await,
        );
        [&platform, &seller].map(|balance| (usd(balance, "available"), usd(balance, "pending")))
    }

    /// The absolute sum of all balances, those of Stripe and of the card holders included, added up over the currencies. It is 0 if no
    /// money was lost.
    pub(crate) fn sum(&self) -> i64 {
        sum(&self.stripe)
    }
}

/// [`Marketplace::sum`] without a fixture.
pub(crate) fn sum(stripe: &Stripe) -> i64 {
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

/// The form of a charge of ten dollars to a test card, with these changes and additions.
pub(crate) fn paying<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
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
pub(crate) fn intending<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let form = [
        ("amount", "1000"),
        ("currency", "usd"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
    ];
    with(&form, changes)
}

/// A form with these changes and additions.
pub(crate) fn with<'a>(
    form: &[(&'a str, &'a str)],
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut form = form.to_vec();
    form.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    form.extend(changes);
    form
}
