//! An emulator with a key of its own, and a shop's address to go back to: another origin, as in life.

use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy, rt::TokioExecutor};
use serde_json::Value;
use thirtyfour::{By, WebDriver, extensions::query::ElementQueryable as _};
use tokio::sync::watch;

use crate::stage::{listener, serve_emulator};

const KEY: &str = "sk_test_browser";

/// The running servers. They stop when dropped.
pub(crate) struct Shop {
    stripe: String,
    /// A server that answers anything.
    address: String,
    _stop: watch::Sender<()>,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let (stop, stopped) = watch::channel(());
        let (stripe_listener, stripe) = listener().await;
        let (shop_listener, address) = listener().await;
        tokio::spawn(serve_emulator(stripe_listener, stopped.clone()));
        tokio::spawn(serve_emulator(shop_listener, stopped));
        Self {
            stripe,
            address,
            _stop: stop,
        }
    }

    /// A page of the shop.
    pub(crate) fn back(&self, what: &str) -> String {
        format!("{}/healthz?{what}", self.address)
    }

    pub(crate) fn console(&self, path: &str) -> String {
        format!("{}/_tollway/console{path}", self.stripe)
    }

    /// A Checkout session for two breads.
    pub(crate) async fn session(&self, more: &str) -> Value {
        let form = format!(
            "mode=payment&line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=1500\
             &line_items[0][price_data][product_data][name]=Sourdough+bread&line_items[0][quantity]=2\
             &success_url={}&cancel_url={}{more}",
            self.back("{CHECKOUT_SESSION_ID}"),
            self.back("cart"),
        );
        self.post("/v1/checkout/sessions", &form).await
    }

    /// A customer and a subscription.
    pub(crate) async fn member(&self) -> (String, String) {
        let form = "email=jenny%40example.com&source=tok_visa";
        let customer = self.post("/v1/customers", form).await;
        let form =
            "currency=usd&unit_amount=2000&recurring[interval]=month&product_data[name]=Bread+club";
        let price = self.post("/v1/prices", form).await;
        let form = format!("customer={}&items[0][price]={}", id(&customer), id(&price));
        let subscription = self.post("/v1/subscriptions", &form).await;
        (id(&customer).to_owned(), id(&subscription).to_owned())
    }

    /// Where a seller connects.
    pub(crate) fn authorize(&self) -> String {
        format!(
            "{}/oauth/authorize?response_type=code&client_id=ca_browser&scope=read_write&redirect_uri={}/healthz\
             &stripe_user[email]=flowers%40example.com&stripe_user[business_name]=Flower+shop",
            self.stripe, self.address
        )
    }

    /// Redeems the code that a seller's browser brought back; the account.
    pub(crate) async fn connected(&self, page: &WebDriver) -> String {
        let body = By::XPath("//*[contains(., '\"ok\"')]");
        page.query(body).first().await.expect("the shop's page");
        let address = page.current_url().await.expect("an address");
        let code = address.query_pairs().find(|(name, _)| name == "code");
        let (_, code) = code.expect("a code");
        let form = format!("grant_type=authorization_code&code={code}");
        let token = self.post("/oauth/token", &form).await;
        token["stripe_user_id"]
            .as_str()
            .expect("an account")
            .to_owned()
    }

    /// Waits until the browser is back at the shop.
    pub(crate) async fn arrived(&self, page: &WebDriver, what: &str) {
        let body = By::XPath("//*[contains(., '\"ok\"')]");
        page.query(body).first().await.expect("the shop's page");
        let address = page.current_url().await.expect("an address");
        assert_eq!(address.as_str(), self.back(what));
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = Request::get(format!("{}{path}", self.stripe));
        ask(request, "", None).await
    }

    pub(crate) async fn post(&self, path: &str, form: &str) -> Value {
        let request = Request::post(format!("{}{path}", self.stripe));
        ask(request, form, None).await
    }

    pub(crate) async fn post_for(&self, account: &str, path: &str, form: &str) -> Value {
        let request = Request::post(format!("{}{path}", self.stripe));
        ask(request, form, Some(account)).await
    }
}

async fn ask(request: http::request::Builder, form: &str, account: Option<&str>) -> Value {
    let mut request = request
        .header(header::AUTHORIZATION, format!("Bearer {KEY}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(account) = account {
        request = request.header("stripe-account", account);
    }
    let request = request
        .body(Full::new(bytes::Bytes::from(form.to_owned())))
        .expect("a request");
    let http = legacy::Client::builder(TokioExecutor::new()).build_http();
    let answer = http.request(request).await.expect("an answer");
    let status = answer.status();
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    let value = serde_json::from_slice(&body).expect("JSON");
    assert!(status.is_success(), "{status}: {value}");
    value
}

pub(crate) fn id(object: &Value) -> &str {
    object["id"].as_str().expect("an id")
}
