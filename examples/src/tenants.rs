//! Many tenants, one platform: each request gets a client for its tenant, cheaply and without anything global.

use std::collections::HashMap;
use std::sync::RwLock;

use tollway::Client;

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
