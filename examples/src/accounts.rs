//! Acting for connected accounts with the platform's own key.

use tollway::api::{Account, AccountCreateType, Charge};
use tollway::{Client, Error};

/// What Stripe asks of one person in the United States, as test data
/// (<https://docs.stripe.com/connect/testing-verification>).
const TEST_DATA: &[(&str, &str)] = &[
    ("business_type", "individual"),
    ("business_profile[mcc]", "5734"),
    ("business_profile[url]", "https://bakery.example"),
    ("capabilities[card_payments][requested]", "true"),
    ("capabilities[transfers][requested]", "true"),
    ("external_account", "btok_us_verified"),
    ("individual[address][line1]", "address_full_match"),
    ("individual[address][city]", "Columbus"),
    ("individual[address][state]", "OH"),
    ("individual[address][postal_code]", "43214"),
    ("individual[dob][day]", "1"),
    ("individual[dob][month]", "1"),
    ("individual[dob][year]", "1901"),
    ("individual[email]", "jenny@bakery.example"),
    ("individual[first_name]", "Jenny"),
    ("individual[last_name]", "Rosen"),
    ("individual[phone]", "0000000000"),
    ("individual[ssn_last_4]", "0000"),
    ("tos_acceptance[date]", "1700000000"),
    ("tos_acceptance[ip]", "127.0.0.1"),
];

/// An account that the platform makes for a seller it knows, complete: it can be charged, and money can go to it, at once.
pub async fn open_account(platform: &Client) -> Result<Account, Error> {
    let mut account = platform
        .accounts()
        .create()
        .type_(AccountCreateType::Custom)
        .country("US");
    for (name, value) in TEST_DATA {
        account = account.param(name, *value);
    }
    account.send().await
}

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
