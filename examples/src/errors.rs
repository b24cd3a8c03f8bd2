//! What can go wrong with a payment, and what to do about it.

use std::time::Duration;

use tollway::api::Charge;
use tollway::{Client, Error, ErrorKind};

/// How a payment ended.
#[derive(Debug)]
pub enum Payment {
    /// The money has moved.
    Paid(Charge),
    /// The card was declined. The text is made for the buyer.
    Declined {
        /// What to tell the buyer.
        message: String,
        /// Why, in one word: `insufficient_funds`.
        reason: Option<String>,
    },
    /// Nobody knows: look at Stripe, or try again with the same idempotency key.
    Unknown(Error),
    /// Nothing has happened: a mistake in the request, or Stripe could not be reached at all.
    Failed(Error),
}

/// Charges a card once, trying again where that is safe: by default twice, with growing waits and one idempotency key for
/// all attempts.
pub async fn pay(client: &Client, order: &str, source: &str) -> Payment {
    let charge = client
        .charges()
        .create()
        .amount(1000)
        .currency("usd")
        .source(source)
        .idempotency_key(format!("order-{order}"))
        .max_retries(4)
        .timeout(Duration::from_secs(20))
        .send()
        .await;
    match charge {
        Ok(charge) => Payment::Paid(charge),
        Err(error) if error.kind() == ErrorKind::Card => Payment::Declined {
            message: error.message().to_owned(),
            reason: error.decline_code().map(str::to_owned),
        },
        Err(error) if error.may_have_taken_effect() => Payment::Unknown(error),
        Err(error) => Payment::Failed(error),
    }
}

/// What belongs into a log: class, code, status, how often it was tried, and the request id that Stripe's support asks for.
pub fn log_line(error: &Error) -> String {
    format!(
        "{}: code {:?}, status {:?}, {} retries, request {:?}",
        error.kind().as_str(),
        error.code(),
        error.status(),
        error.retries(),
        error.request_id()
    )
}
