//! The first steps: a customer, a charge, and a look at what came of it.

use tollway::api::Charge;
use tollway::{Client, Error};

/// Makes a customer and charges a card.
pub async fn run(client: &Client) -> Result<Charge, Error> {
    let customer = client
        .customers()
        .create()
        .name("Jenny Rosen")
        .email("jenny@example.com")
        .metadata([("plan", "basic")])
        .send()
        .await?;

    let charge = client
        .charges()
        .create()
        .amount(1000)
        .currency("usd")
        .source("tok_visa")
        .description(&format!("for {}", customer.id()))
        .send()
        .await?;
    println!(
        "{} is {}: {} {}",
        charge.id(),
        charge.status().as_str(),
        charge.amount(),
        charge.currency()
    );

    for charge in client.charges().list().limit(3).send().await? {
        println!("{} of {}", charge.id(), charge.created());
    }
    Ok(charge)
}
