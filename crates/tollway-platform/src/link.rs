//! Signed start links: the host application names the tenant that a browser may connect, without a shared session.
//!
//! ```text
//! {public_url}/connect/{platform}/start?tenant=…&mode=…&expires=…[&return_to=…][&stripe_user[email]=…]&signature=…
//! ```
//!
//! The signature covers the platform and everything before it in the query, byte for byte. Every browser that has the link
//! can connect an account for that tenant until the link expires: give it to the tenant's own browser only.

use std::fmt;
use std::sync::Arc;

use form_urlencoded::Serializer;
use tollway::runtime::Clock;
use url::Url;

use crate::config::PlatformConfig;
use crate::flow::start::StartRequest;
use crate::prefill::Prefill;
use crate::realm::{Mode, Realm, RealmError};
use crate::seal::SealingKeys;
use crate::time::now_millis;

/// The purpose of the MAC key that signs links.
const LINK_PURPOSE: &str = "start link";

/// Longest name of a tenant.
const MAX_TENANT_BYTES: usize = 200;

/// A start link that is not built yet. Finish it with [`StartLink::page`] or [`StartLink::start`].
#[derive(Clone, Debug)]
#[must_use]
pub struct StartLink {
    signer: LinkSigner,
    realm: Result<Realm, RealmError>,
    tenant: String,
    return_to: Option<String>,
    prefill: Prefill,
    lifetime_seconds: u32,
}

impl StartLink {
    pub(crate) fn new(
        signer: &LinkSigner,
        realm: Result<Realm, RealmError>,
        tenant: impl Into<String>,
    ) -> Self {
        Self {
            realm,
            tenant: tenant.into(),
            return_to: None,
            prefill: Prefill::default(),
            lifetime_seconds: signer.config.connect.link_lifetime_seconds,
            signer: signer.clone(),
        }
    }

    /// Sets the URL that the outcome page links to: one of the platform's `return_urls`, with any query.
    pub fn return_to(mut self, url: impl Into<String>) -> Self {
        self.return_to = Some(url.into());
        self
    }

    /// Fills in a field of Stripe's form for the seller: `email`, `url`, `country`, … See
    /// [Stripe's list](https://docs.stripe.com/connect/oauth-reference#get-authorize).
    pub fn prefill(mut self, member: impl Into<String>, value: impl Into<String>) -> Self {
        self.prefill.push(member.into(), value.into());
        self
    }

    /// Sets how long the link works, in seconds. Default: `connect.link_lifetime_seconds`.
    pub fn valid_for_seconds(mut self, seconds: u32) -> Self {
        self.lifetime_seconds = seconds;
        self
    }

    /// The address of the page with the «Connect with Stripe» button, which shows the connection once there is one.
    pub fn page(&self) -> Result<String, LinkError> {
        self.build("")
    }

    /// The address that redirects to Stripe at once.
    pub fn start(&self) -> Result<String, LinkError> {
        self.build("/start")
    }

    fn build(&self, path: &str) -> Result<String, LinkError> {
        let realm = self.realm.clone()?;
        let query = self.signed_query(&realm)?;
        let path = format!("/connect/{}{path}?{query}", realm.platform);
        Ok(self.signer.config.url(&path))
    }

    fn signed_query(&self, realm: &Realm) -> Result<String, LinkError> {
        let (brand, _) = self
            .signer
            .config
            .realm(realm)
            .ok_or_else(|| RealmError::NotConfigured(realm.clone()))?;
        check_tenant(&self.tenant)?;
        if let Some(member) = self.prefill.first_invalid_member() {
            return Err(LinkError::Prefill(member.to_owned()));
        }
        if let Some(url) = &self.return_to {
            check_return_url(url, &brand.return_urls)?;
        }
        let expires = self.signer.now_seconds() + i64::from(self.lifetime_seconds);
        let mut query = Serializer::new(String::new());
        query.append_pair("tenant", &self.tenant);
        query.append_pair("mode", realm.mode.as_str());
        query.append_pair("expires", &expires.to_string());
        if let Some(url) = &self.return_to {
            query.append_pair("return_to", url);
        }
        for (member, value) in self.prefill.members() {
            query.append_pair(&format!("stripe_user[{member}]"), value);
        }
        let query = query.finish();
        let message = signed_message(&realm.platform, &query);
        let signature = self.signer.keys.mac(LINK_PURPOSE, &message);
        Ok(format!("{query}&signature={signature}"))
    }
}

/// Signs and verifies start links.
#[derive(Clone)]
pub(crate) struct LinkSigner {
    pub config: Arc<PlatformConfig>,
    pub keys: Arc<SealingKeys>,
    pub clock: Arc<dyn Clock>,
}

impl LinkSigner {
    fn now_seconds(&self) -> i64 {
        now_millis(&*self.clock) / 1000
    }

    /// Verifies the query of a link. Checks the realm and the return URL again: the configuration may have changed since
    /// the link was signed.
    pub(crate) fn verify(
        &self,
        platform_name: &str,
        query: &str,
    ) -> Result<StartRequest, LinkError> {
        let (signed, signature) = query
            .rsplit_once("&signature=")
            .ok_or(LinkError::Unsigned)?;
        let message = signed_message(platform_name, signed);
        if !self.keys.verify_mac(LINK_PURPOSE, &message, signature) {
            return Err(LinkError::BadSignature);
        }
        let (mut tenant, mut mode, mut expires, mut return_to) = (None, None, None, None);
        let mut prefill = Prefill::default();
        for (key, value) in form_urlencoded::parse(signed.as_bytes()) {
            match key.as_ref() {
                "tenant" => tenant = Some(value.into_owned()),
                "mode" => mode = value.parse::<Mode>().ok(),
                "expires" => expires = value.parse::<i64>().ok(),
                "return_to" => return_to = Some(value.into_owned()),
                other => {
                    if let Some(member) = other
                        .strip_prefix("stripe_user[")
                        .and_then(|rest| rest.strip_suffix(']'))
                    {
                        prefill.push(member.to_owned(), value.into_owned());
                    }
                }
            }
        }
        let (Some(tenant), Some(mode), Some(expires)) = (tenant, mode, expires) else {
            return Err(LinkError::BadSignature);
        };
        if self.now_seconds() >= expires {
            return Err(LinkError::Expired);
        }
        let realm = Realm::new(platform_name, mode);
        let Some((brand, _)) = self.config.realm(&realm) else {
            return Err(RealmError::NotConfigured(realm).into());
        };
        if let Some(url) = &return_to {
            check_return_url(url, &brand.return_urls)?;
        }
        Ok(StartRequest {
            realm,
            tenant,
            return_to,
            prefill,
        })
    }
}

impl fmt::Debug for LinkSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkSigner").finish_non_exhaustive()
    }
}

fn signed_message(platform_name: &str, query: &str) -> Vec<u8> {
    format!("{platform_name}\n{query}").into_bytes()
}

fn check_tenant(tenant: &str) -> Result<(), LinkError> {
    let valid = !tenant.is_empty()
        && tenant.len() <= MAX_TENANT_BYTES
        && !tenant.chars().any(char::is_control);
    if valid {
        Ok(())
    } else {
        Err(LinkError::Tenant)
    }
}

/// A return URL equals one of the configured URLs in everything but its query.
fn check_return_url(url: &str, allowed: &[Url]) -> Result<(), LinkError> {
    let is_allowed = Url::parse(url).is_ok_and(|url| {
        allowed.iter().any(|allowed| {
            url.origin() == allowed.origin()
                && url.path() == allowed.path()
                && url.username().is_empty()
        })
    });
    if is_allowed {
        Ok(())
    } else {
        Err(LinkError::Return(url.to_owned()))
    }
}

/// A start link cannot be built, or is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The configuration has no such platform.
    #[error(transparent)]
    Realm(#[from] RealmError),
    /// The tenant's name cannot be used.
    #[error("a tenant is 1 to 200 bytes without control characters")]
    Tenant,
    /// Stripe has no such member to prefill, or its value is longer than 500 bytes.
    #[error("stripe_user[{0}] cannot be prefilled: see Stripe's list of members")]
    Prefill(String),
    /// The return URL is not configured.
    #[error("{0} is not among the platform's return_urls: add it there")]
    Return(String),
    /// The link has no signature.
    #[error("the link is not signed")]
    Unsigned,
    /// The signature does not match.
    #[error("the link was changed, or signed with a key that is no longer used")]
    BadSignature,
    /// The link has expired.
    #[error("the link has expired")]
    Expired,
}
