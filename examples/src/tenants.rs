//! Many tenants, one platform: each request gets a client for its tenant, cheaply and without anything global.

use std::collections::HashMap;
use std::sync::RwLock;

use tokio::task::JoinSet;
use tollway::Client;

/// Asks for the balances of many tenants at once, each task with its tenant's own client. All share one pool of connections.
pub async fn balances(
    tenants: &Tenants,
    names: &[&str],
) -> Result<HashMap<String, i64>, tollway::Error> {
    let mut tasks = JoinSet::new();
    for (name, client) in names
        .iter()
        .filter_map(|name| Some((*name, tenants.client(name)?)))
    {
        let name = name.to_owned();
        tasks.spawn(async move {
            let balance = client.balance().retrieve().send().await?;
            let available = balance.available();
            Ok((name, available.iter().map(|part| part.amount()).sum()))
        });
    }
    tasks.join_all().await.into_iter().collect()
}

/// Knows which tenant is connected to which account.
#[derive(Debug)]
pub struct Tenants {
    platform: Client,
    accounts: RwLock<HashMap<String, String>>,
}

impl Tenants {
    /// No tenant is connected yet.
    pub fn new(platform: Client) -> Self {
        Self {
            platform,
            accounts: RwLock::default(),
        }
    }

    /// Notes a tenant's account.
    pub fn connected(&self, tenant: &str, account: &str) {
        let mut accounts = self
            .accounts
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        accounts.insert(tenant.to_owned(), account.to_owned());
    }

    /// Forgets an account, for example when its seller has disconnected.
    pub fn disconnected(&self, account: &str) {
        let mut accounts = self
            .accounts
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        accounts.retain(|_, known| known != account);
    }

    /// A client that acts for the tenant; `None` while it is not connected.
    pub fn client(&self, tenant: &str) -> Option<Client> {
        let accounts = self
            .accounts
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        accounts
            .get(tenant)
            .map(|account| self.platform.for_account(account))
    }
}
