//! What the SDK does not know yet: parameters, fields, whole operations, preview versions.

use tollway::api::Customer;
use tollway::request::Verb;
use tollway::{Client, Error, Json};

/// A parameter without a setter, and a field without an accessor.
pub async fn new_field(client: &Client) -> Result<Option<String>, Error> {
    let customer = client
        .customers()
        .create()
        .name("Jenny Rosen")
        .param("metadata[since]", "tomorrow")
        .send()
        .await?;
    Ok(customer
        .get("metadata")
        .and_then(|metadata| metadata.get("since")?.as_str().map(str::to_owned)))
}

/// An operation without a method. Authentication, retries, idempotency and errors are those of every request; the answer
/// is any JSON, or a type of the SDK.
pub async fn new_operation(client: &Client) -> Result<(Json, Customer), Error> {
    let made: Json = client
        .request(Verb::Post, "/v1/customers")
        .param("name", "Jenny Rosen")
        .param("address[city]", "Sydney")
        .send()
        .await?;
    let id = made.get("id").and_then(|id| id.as_str().map(str::to_owned));
    let path = format!("/v1/customers/{}", id.unwrap_or_default());
    let read: Customer = client
        .request(Verb::Get, path)
        .stripe_version(tollway::STRIPE_VERSION) // or a preview version
        .send()
        .await?;
    Ok((made, read))
}
