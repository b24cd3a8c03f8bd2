//! Acting for connected accounts with the platform's own key.

use tollway::api::Charge;
use tollway::{Client, Error};

/// A client whose every call is for one seller. A copy of the platform's client: it shares the connections.
pub fn client_for_seller(platform: &Client, account: &str) -> Client {
    platform.for_account(account)
}

/// A client that is made for one seller from the start.
pub fn seller_client(secret_key: &str, account: &str, base_url: &str) -> Result<Client, Error> {
    Client::builder(secret_key)
        .base_url(base_url)
        .stripe_account(account)
        .build()
}

/// A direct charge: the seller is the merchant, the platform keeps a fee. The account is named in this one call, and
/// beats the client's if that has one.
pub async fn charge_for_seller(
    platform: &Client,
    account: &str,
    order: &str,
    amount: i64,
    fee: i64,
) -> Result<Charge, Error> {
    platform
        .charges()
        .create()
        .amount(amount)
        .currency("usd")
        .source("tok_visa")
        .application_fee_amount(fee)
        .metadata([("order", order)])
        .stripe_account(account)
        // The same order charged again, by mistake or after a crash, gives the same charge.
        .idempotency_key(format!("charge-{order}"))
        .send()
        .await
}

/// How many customers the platform itself has, whatever account its client acts for.
pub async fn count_own_customers(client: &Client) -> Result<usize, Error> {
    let mut customers = client
        .customers()
        .list()
        .limit(100)
        .no_stripe_account()
        .auto_paging();
    let mut count = 0;
    while let Some(customer) = customers.next().await {
        customer?;
        count += 1;
    }
    Ok(count)
}
