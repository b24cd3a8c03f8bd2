//! Testing your own code: a function of yours, and the two ways to test it without the network.
//!
//! The tests are in this file, as yours would be in yours: [`StubTransport`](tollway::testing::StubTransport) answers from
//! a script, the crate `tollway-emulator` is a whole Stripe in the same process.

use tollway::{Client, Error};

/// Your code: charges a buyer for a seller and gives the charge's id; `None` when the card is declined.
pub async fn sell(
    client: &Client,
    seller: &str,
    amount: i64,
    card: &str,
) -> Result<Option<String>, Error> {
    let charge = client
        .charges()
        .create()
        .amount(amount)
        .currency("usd")
        .source(card)
        .application_fee_amount(amount / 10)
        .stripe_account(seller)
        .send()
        .await;
    match charge {
        Ok(charge) => Ok(Some(charge.id().to_owned())),
        Err(error) if error.kind() == tollway::ErrorKind::Card => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tollway::testing::StubTransport;
    use tollway_emulator::{Clock, Emulator};

    use super::*;
    use crate::accounts;

    #[tokio::test]
    async fn a_script_and_a_look_at_what_was_sent() {
        let stub = Arc::new(StubTransport::new());
        stub.push_json(200, r#"{"id": "ch_1", "object": "charge"}"#);
        stub.push_json(
            402,
            r#"{"error": {"type": "card_error", "message": "Your card was declined."}}"#,
        );
        let client = stub.client().build().unwrap();

        let sold = sell(&client, "acct_1", 1000, "tok_visa").await.unwrap();
        assert_eq!(sold.as_deref(), Some("ch_1"));
        assert_eq!(
            sell(&client, "acct_1", 1000, "tok_visa").await.unwrap(),
            None
        );

        let request = &stub.requests()[0];
        assert_eq!(request.header("stripe-account"), Some("acct_1"));
        assert!(
            request
                .form()
                .contains(&("application_fee_amount".to_owned(), "100".to_owned()))
        );
    }

    #[tokio::test]
    async fn a_whole_stripe() {
        let emulator = Emulator::builder()
            .clock(Clock::manual(1_790_000_000))
            .build()
            .unwrap();
        // Each key is a world of its own, so tests do not see each other.
        let client = Client::builder("sk_test_sell")
            .transport(emulator.transport())
            .build()
            .unwrap();
        let seller = accounts::open_account(&client).await.unwrap();

        let sold = sell(&client, seller.id(), 1000, "tok_visa")
            .await
            .unwrap()
            .unwrap();
        let charge = client
            .charges()
            .retrieve(&sold)
            .stripe_account(seller.id())
            .send()
            .await
            .unwrap();
        assert!(charge.paid());
        assert_eq!(charge.application_fee_amount(), Some(100));
        let declined = sell(&client, seller.id(), 1000, "tok_chargeDeclined")
            .await
            .unwrap();
        assert_eq!(declined, None);
    }
}
