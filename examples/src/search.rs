//! Finding objects by what is in them. Stripe's index is a minute behind: do not look there for what was just written.
//! <https://docs.stripe.com/search>

use tollway::api::Customer;
use tollway::{Client, Error};

/// Customers by e-mail. Quotes in the text are escaped, or they would end it.
pub async fn by_email(client: &Client, email: &str) -> Result<Vec<Customer>, Error> {
    let email = email.replace('\\', "\\\\").replace('"', "\\\"");
    let found = client.customers().search(&format!("email:\"{email}\""));
    found.limit(10).auto_paging().collect_up_to(100).await
}

/// How many customers are on a plan: the count comes when it is asked for.
pub async fn count_on_plan(client: &Client, plan: &str) -> Result<i64, Error> {
    let query = format!("metadata[\"plan\"]:\"{plan}\"");
    let found = client.customers().search(&query).limit(1);
    let found = found.expand(["total_count"]).send().await?;
    Ok(found.total_count().unwrap_or_default())
}
