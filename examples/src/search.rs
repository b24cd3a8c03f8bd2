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

/// How many customers are on a plan. A search that goes on is asked again with the same query and the token of its page.
pub async fn count_on_plan(client: &Client, plan: &str) -> Result<usize, Error> {
    let query = format!("metadata[\"plan\"]:\"{plan}\"");
    let mut pages = client.customers().search(&query).limit(100).pages();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        count += page?.len();
    }
    Ok(count)
}
