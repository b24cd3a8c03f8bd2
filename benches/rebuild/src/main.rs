//! What a platform does every day: charge for a seller, look through customers, redeem a code, read a webhook.

use tollway::api::EventType;
use tollway::oauth::parse_callback;
use tollway::webhook::construct_event;
use tollway::{Client, ErrorKind};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder("sk_test_123").client_id("ca_123").build()?;
    let seller = client.for_account("acct_1");

    let charge = seller
        .charges()
        .create()
        .amount(1000)
        .currency("eur")
        .source("tok_visa")
        .application_fee_amount(100)
        .idempotency_key("order-1")
        .send()
        .await;
    match charge {
        Ok(charge) => println!("{} {} {:?}", charge.id(), charge.amount(), charge.status()),
        Err(error) if error.kind() == ErrorKind::Card => println!("declined: {error}"),
        Err(error) => return Err(error.into()),
    }

    let mut customers = seller.customers().list().limit(100).auto_paging();
    while let Some(customer) = customers.next().await {
        let customer = customer?;
        println!("{} {:?}", customer.id(), customer.email());
    }

    let intent = client
        .payment_intents()
        .create(2000, "eur")
        .confirm(true)
        .payment_method("pm_card_visa")
        .send()
        .await?;
    println!(
        "{:?} {:?}",
        intent.status(),
        intent.latest_charge().map(|charge| charge.id().to_owned())
    );

    let back = parse_callback("https://example.com/cb?code=ac_1&state=s", "s")?;
    let token = client
        .oauth()
        .token()
        .authorization_code(back.code())
        .send()
        .await?;
    println!("{}", token.stripe_user_id());

    let event = construct_event(b"{}", "t=1,v1=00", "whsec_123")?;
    if event.type_() == EventType::AccountApplicationDeauthorized {
        println!("{:?} has left", event.account());
    }
    Ok(())
}
