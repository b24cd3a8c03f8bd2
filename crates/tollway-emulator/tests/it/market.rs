//! A marketplace that makes accounts, and their owners who fill them in.

use axum::http::Method;
use serde_json::Value;

use crate::support::{Answer, Stripe};

pub(crate) struct Market {
    pub(crate) stripe: Stripe,
    key: &'static str,
}

impl Market {
    pub(crate) fn new(key: &'static str) -> Self {
        Self {
            stripe: Stripe::new(),
            key,
        }
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.stripe.post(path, self.key, form).await
    }

    pub(crate) async fn call(&self, method: Method, path: &str) -> Answer {
        self.stripe.call(method, path, Some(self.key), &[]).await
    }

    /// A new account of a kind that wants to take cards and receive transfers.
    pub(crate) async fn account(&self, kind: &str) -> String {
        let form = [
            ("type", kind),
            ("country", "US"),
            ("capabilities[card_payments][requested]", "true"),
            ("capabilities[transfers][requested]", "true"),
        ];
        let account = self.post("/v1/accounts", &form).await.ok();
        account["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).await
    }

    /// The path of a link to the onboarding page.
    pub(crate) async fn link(&self, account: &str, more: &[(&str, &str)]) -> String {
        let mut form = vec![
            ("account", account),
            ("type", "account_onboarding"),
            ("refresh_url", "https://market.example/again"),
            ("return_url", "https://market.example/done"),
        ];
        form.extend(more);
        let link = self.post("/v1/account_links", &form).await.ok();
        let url = link["url"].as_str().unwrap();
        url[url.find("/_tollway").unwrap()..].to_owned()
    }

    /// What the owner of an account sends from a page.
    pub(crate) async fn answer(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.stripe.call(Method::POST, path, None, form).await
    }

    /// The owner fills the page in with test data.
    pub(crate) async fn skip(&self, path: &str) {
        self.answer(path, &[("decision", "skip")]).await;
    }

    /// The types of the account's events, oldest first, each with what it is about.
    pub(crate) async fn events(&self, account: &str) -> Vec<(String, Value)> {
        let headers = [("stripe-account", account)];
        let path = "/v1/events?limit=100";
        let events = self
            .stripe
            .call_with(Method::GET, path, Some(self.key), &headers, &[])
            .await
            .ok();
        let events = events["data"].as_array().unwrap().iter().rev();
        let event = |it: &Value| (it["type"].as_str().unwrap().to_owned(), it["data"].clone());
        events.map(event).collect()
    }
}
