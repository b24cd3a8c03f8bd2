//! Seals the tokens of a grant for storage, and opens them.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::grant_scope::GrantScope;
use crate::realm::Realm;
use crate::seal::SealingKeys;
use crate::store::{Attempt, Connection, SealedColumn, SealedTokens};
use crate::stripe::Grant;

/// A grant that waits for the seller's confirmation, as it is sealed into the attempt.
#[derive(Serialize, Deserialize)]
struct ParkedGrant {
    scope: Option<String>,
    access_token: Option<String>,
    refresh_token: Option<String>,
    publishable_key: Option<String>,
}

/// Seals grants by the newest sealing key.
#[derive(Clone)]
pub(super) struct GrantSealer {
    keys: Arc<SealingKeys>,
    entropy: Entropy,
}

impl GrantSealer {
    pub(super) fn new(keys: Arc<SealingKeys>, entropy: Entropy) -> Self {
        Self { keys, entropy }
    }

    /// Seals the tokens of a grant for the tenant's connection.
    pub(super) fn seal_tokens(&self, realm: &Realm, tenant: &str, grant: &Grant) -> SealedTokens {
        let row = Connection::seal_row(realm, tenant, &grant.account);
        let seal = |column: SealedColumn, token: &Option<SecretString>| {
            let context = column.seal_context(&row);
            token.as_ref().map(|token| {
                self.keys
                    .seal(&self.entropy, context, token.expose_secret().as_bytes())
            })
        };
        SealedTokens::new(
            seal(SealedColumn::AccessToken, &grant.access_token),
            seal(SealedColumn::RefreshToken, &grant.refresh_token),
        )
    }

    /// Opens a connection's refresh token. `None`: there is none, or it does not open.
    pub(super) fn open_refresh_token(
        &self,
        connection: &Connection,
        tokens: &SealedTokens,
    ) -> Option<SecretString> {
        let row = Connection::seal_row(&connection.realm, &connection.tenant, &connection.account);
        let context = SealedColumn::RefreshToken.seal_context(&row);
        let plain = self
            .keys
            .open(context, tokens.refresh_token.as_deref()?)
            .ok()?;
        let text = std::str::from_utf8(&plain).ok()?;
        Some(SecretString::from(text))
    }

    /// Seals a grant into its attempt.
    pub(super) fn seal_parked_grant(&self, attempt: &Attempt, grant: &Grant) -> Vec<u8> {
        let expose = |token: &Option<SecretString>| {
            token.as_ref().map(|token| token.expose_secret().to_owned())
        };
        let parked = ParkedGrant {
            scope: grant.scope.map(|scope| scope.as_str().to_owned()),
            access_token: expose(&grant.access_token),
            refresh_token: expose(&grant.refresh_token),
            publishable_key: grant.publishable_key.clone(),
        };
        let plain = Zeroizing::new(serde_json::to_vec(&parked).expect("strings are JSON"));
        let context = SealedColumn::ParkedGrant.seal_context(&attempt.id);
        self.keys.seal(&self.entropy, context, &plain)
    }

    /// Opens the grant of an attempt. `None`: it does not open, or the attempt names no account.
    pub(super) fn open_parked_grant(&self, attempt: &Attempt, sealed: &[u8]) -> Option<Grant> {
        let context = SealedColumn::ParkedGrant.seal_context(&attempt.id);
        let plain = self.keys.open(context, sealed).ok()?;
        let parked: ParkedGrant = serde_json::from_slice(&plain).ok()?;
        Some(Grant {
            account: attempt.account.clone()?,
            scope: parked.scope.as_deref().map(GrantScope::from_stripe),
            livemode: attempt.realm.mode.livemode(),
            access_token: parked.access_token.map(SecretString::from),
            refresh_token: parked.refresh_token.map(SecretString::from),
            publishable_key: parked.publishable_key,
        })
    }
}
