//! Restricted keys: what an `rk_…` key may do (<https://docs.stripe.com/keys/restricted-api-keys>).
//!
//! A restricted key that nobody configured may do everything: zero configuration comes first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{PrivateRecord, WorldState};
use crate::key::ApiKey;
use crate::scope::Mode;

/// What a key may do with one resource. Writing includes reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Nothing.
    None,
    /// `GET`.
    Read,
    /// Everything.
    Write,
}

/// A configured restricted key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestrictedKey {
    /// `rk_test_…` or `rk_live_…`.
    pub key: String,
    /// By resource as Stripe's permissions name it, `charge` or `checkout_session`; `*` for all others.
    #[serde(default)]
    pub permissions: BTreeMap<String, Access>,
}

impl RestrictedKey {
    /// What the key may do with a resource.
    #[must_use]
    pub fn access(&self, resource: &str) -> Access {
        let own = self.permissions.get(resource);
        own.or_else(|| self.permissions.get("*"))
            .copied()
            .unwrap_or(Access::None)
    }

    /// The mode of the key; none if it is no restricted key.
    #[must_use]
    pub fn mode(&self) -> Option<Mode> {
        let key = ApiKey::parse(&self.key)?;
        (key.kind == crate::KeyKind::Restricted).then_some(key.mode)
    }
}

/// A configured restricted key as it is stored, with the key as its id.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredRestrictedKey {
    key: String,
    permissions: BTreeMap<String, Access>,
}

impl PrivateRecord for StoredRestrictedKey {
    const TYPE: &'static str = "_restricted_key";
    const ID_IS_SECRET: bool = true;
}

impl From<StoredRestrictedKey> for RestrictedKey {
    fn from(StoredRestrictedKey { key, permissions }: StoredRestrictedKey) -> Self {
        Self { key, permissions }
    }
}

/// The resource of an object type as permissions name it.
pub fn resource(object_type: &str) -> String {
    match object_type {
        "account" => "connected_account".into(),
        "webhook_endpoint" => "webhook".into(),
        other => other.replace('.', "_"),
    }
}

impl WorldState {
    /// What is configured for a restricted key.
    #[must_use]
    pub fn restricted_key(&self, mode: Mode, key: &str) -> Option<RestrictedKey> {
        let stored: Option<StoredRestrictedKey> =
            self.load_or_fail(&self.platform_scope(mode), key);
        stored.map(RestrictedKey::from)
    }

    /// All configured restricted keys.
    #[must_use]
    pub fn restricted_keys(&self) -> Vec<RestrictedKey> {
        let in_mode = |mode| {
            let stored = self.load_all::<StoredRestrictedKey>(&self.platform_scope(mode));
            self.or_fail(stored).unwrap_or_default()
        };
        let stored = Mode::ALL.into_iter().flat_map(in_mode);
        stored.map(RestrictedKey::from).collect()
    }

    /// Configures a restricted key. It opens this world as soon as the transaction is committed.
    pub fn put_restricted_key(&mut self, mode: Mode, key: &RestrictedKey, now: i64) {
        let scope = self.platform_scope(mode);
        let stored = StoredRestrictedKey {
            key: key.key.clone(),
            permissions: key.permissions.clone(),
        };
        self.save(&scope, &key.key, &stored, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_includes_reading_and_a_star_is_the_rest() {
        let key: RestrictedKey = serde_json::from_str(
            r#"{"key": "rk_live_x", "permissions": {"charge": "none", "customer": "write", "*": "read"}}"#,
        )
        .unwrap();
        assert_eq!(key.access("charge"), Access::None);
        assert!(key.access("customer") > Access::Read);
        assert_eq!(key.access("payout"), Access::Read);
        assert_eq!(key.mode(), Some(Mode::Live));
        assert_eq!(resource("checkout.session"), "checkout_session");
    }
}
