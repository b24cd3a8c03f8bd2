//! Doing a thing once, whatever fails in between. <https://docs.stripe.com/api/idempotent_requests>

use tollway::api::Transfer;
use tollway::{Client, Error};

/// Pays a seller for an order. Called twice, by mistake or after a crash, it gives the same transfer.
///
/// Every POST has an idempotency key, the same for all attempts of one call. A key of your own makes it hold across calls,
/// processes and machines, for a day.
pub async fn pay_seller(client: &Client, order: &str, account: &str) -> Result<Transfer, Error> {
    client
        .transfers()
        .create("usd", account)
        .amount(700)
        .transfer_group(order)
        .idempotency_key(format!("pay-{order}"))
        .send()
        .await
}

/// Whether Stripe did something just now, or answered with what it did before.
pub fn is_new(transfer: &Transfer) -> bool {
    transfer
        .last_response()
        .is_some_and(|answer| !answer.is_replayed())
}
