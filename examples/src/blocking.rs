//! Without async: for scripts, command line tools and programs with threads. Feature `blocking`.

use tollway::{Client, Error};

/// A client that brings its own background thread.
pub fn client(secret_key: &str, base_url: &str) -> Result<Client, Error> {
    Client::builder(secret_key)
        .base_url(base_url)
        .build_blocking()
}

/// Makes some customers and reads them back: `wait()` takes the place of `.await`, and lists are plain iterators.
pub fn run(client: &Client, names: &[&str]) -> Result<Vec<String>, Error> {
    for name in names {
        client.customers().create().name(name).send().wait()?;
    }
    let customers = client.customers().list().limit(2).auto_paging().blocking();
    customers
        .map(|customer| customer.map(|customer| customer.name().unwrap_or("nobody").to_owned()))
        .collect()
}
