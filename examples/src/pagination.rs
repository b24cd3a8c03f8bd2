//! Long lists: item by item, page by page, newest or oldest first, and in portions with pauses of any length.

use tollway::api::Customer;
use tollway::page::Cursor;
use tollway::{Client, Error};

/// Every customer. The pages come as they are needed; the filter, the account and the key stay the same on all of them.
pub async fn emails(client: &Client) -> Result<Vec<String>, Error> {
    let mut customers = client.customers().list().limit(100).auto_paging();
    let mut emails = Vec::new();
    while let Some(customer) = customers.next().await {
        // An error is an item, so that a list that broke off is never taken for a whole one.
        emails.extend(customer?.email().map(str::to_owned));
    }
    Ok(emails)
}

/// The same page by page, for work that is done in batches.
pub async fn page_sizes(client: &Client) -> Result<Vec<usize>, Error> {
    let mut pages = client.customers().list().limit(2).pages();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page?.len());
    }
    Ok(sizes)
}

/// Those that came after one that is known already, oldest first: the list is walked backward.
pub async fn newer_than(client: &Client, known: &str) -> Result<Vec<Customer>, Error> {
    let customers = client.customers().list().ending_before(known);
    customers.auto_paging().collect_up_to(1_000).await
}

/// A portion of the list, and where to go on: the cursor is a text that can be stored.
pub async fn portion(
    client: &Client,
    from: Option<&Cursor>,
    size: usize,
) -> Result<(Vec<Customer>, Option<Cursor>), Error> {
    let mut customers = client.customers().list().auto_paging();
    if let Some(cursor) = from {
        customers = customers.resume(cursor);
    }
    let mut portion = Vec::new();
    while portion.len() < size
        && let Some(customer) = customers.next().await
    {
        portion.push(customer?);
    }
    Ok((portion, customers.cursor()))
}
