//! Connected accounts of API v2: JSON instead of forms, parts that are only sent when asked for, pages by URL.
//! <https://docs.stripe.com/connect/accounts-v2>

use tollway::api::{V2CoreAccount, V2CoreAccountCreateInclude as Include};
use tollway::{Client, Error};

/// Makes an account for a seller.
pub async fn create(client: &Client, name: &str, email: &str) -> Result<V2CoreAccount, Error> {
    client
        .v2()
        .core()
        .accounts()
        .create()
        .display_name(name)
        .contact_email(email)
        .metadata([("plan", "basic"), ("draft", "yes")])
        .send()
        .await
}

/// Reads it again, with the parts that are left out otherwise.
pub async fn look(client: &Client, account: &str) -> Result<V2CoreAccount, Error> {
    client
        .v2()
        .core()
        .accounts()
        .retrieve(account)
        .include([Include::Identity, Include::Requirements])
        .send()
        .await
}

/// Changes a name, and removes one key of the metadata: what is not named stays.
pub async fn publish(client: &Client, account: &str, name: &str) -> Result<V2CoreAccount, Error> {
    client
        .v2()
        .core()
        .accounts()
        .update(account)
        .display_name(name)
        .metadata([("plan", Some("pro")), ("draft", None)])
        .send()
        .await
}

/// The names of all sellers.
pub async fn names(client: &Client) -> Result<Vec<String>, Error> {
    let mut accounts = client.v2().core().accounts().list().limit(20).auto_paging();
    let mut names = Vec::new();
    while let Some(account) = accounts.next().await {
        names.extend(account?.display_name().map(str::to_owned));
    }
    Ok(names)
}
