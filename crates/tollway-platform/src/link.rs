//! Signed start links: how the host application says which tenant a browser may connect, without a session in common.
//!
//! ```text
//! {public_url}/connect/{platform}/start?tenant=…&mode=…&expires=…[&return_to=…][&stripe_user[email]=…]&signature=…
//! ```
//!
//! The signature covers the platform and everything before it in the query, byte for byte. Whoever has the link may connect
//! an account for that tenant until it expires: hand it to the tenant's own browser and to nobody else.

use form_urlencoded::Serializer;
use url::Url;

use crate::platform::Platform;
use crate::realm::{Mode, Realm};
use crate::stripe::Prefill;

const PURPOSE: &str = "start link";

/// What a link says, once its signature holds.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedLink {
    pub realm: Realm,
    pub tenant: String,
    pub return_to: Option<String>,
    pub prefill: Prefill,
}

/// A link in the making. Finish it with [`StartLink::page`] or [`StartLink::start`].
#[derive(Clone, Debug)]
#[must_use]
pub struct StartLink {
    platform: Platform,
    realm: Result<Realm, LinkError>,
    tenant: String,
    return_to: Option<String>,
    prefill: Prefill,
    lifetime_seconds: u32,
}

impl StartLink {
    pub(crate) fn new(
        platform: &Platform,
        realm: Result<Realm, LinkError>,
        tenant: impl Into<String>,
    ) -> Self {
        Self {
            realm,
            tenant: tenant.into(),
            return_to: None,
            prefill: Prefill::default(),
            lifetime_seconds: platform.config().connect.link_lifetime_seconds,
            platform: platform.clone(),
        }
    }

    /// Where the outcome page leads back to: one of the platform's `return_urls`, with any query.
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

    /// How long the link works, in seconds. Default: `connect.link_lifetime_seconds`.
    pub fn valid_for_seconds(mut self, seconds: u32) -> Self {
        self.lifetime_seconds = seconds;
        self
    }

    /// The address of a page with the «Connect with Stripe» button, and with the connection once there is one.
    pub fn page(&self) -> Result<String, LinkError> {
        self.build("")
    }

    /// The address that leads straight to Stripe.
    pub fn start(&self) -> Result<String, LinkError> {
        self.build("/start")
    }

    fn build(&self, path: &str) -> Result<String, LinkError> {
        let realm = self.realm.clone()?;
        let query = self.signed_query(&realm)?;
        let path = format!("/connect/{}{path}?{query}", realm.platform);
        Ok(self.platform.config().url(&path))
    }

    fn signed_query(&self, realm: &Realm) -> Result<String, LinkError> {
        let config = self.platform.config();
        let (brand, _) = config
            .realm(realm)
            .ok_or_else(|| LinkError::UnknownRealm(realm.clone()))?;
        check_tenant(&self.tenant)?;
        self.prefill.check()?;
        if let Some(url) = &self.return_to {
            check_return(url, &brand.return_urls)?;
        }
        let expires = self.platform.now() / 1000 + i64::from(self.lifetime_seconds);
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
        let signature = self
            .platform
            .keys()
            .mac(PURPOSE, &message(&realm.platform, &query));
        Ok(format!("{query}&signature={signature}"))
    }
}

/// Reads a link's query. Everything in it was checked when it was signed, but the configuration may have changed since.
pub(crate) fn verify(platform: &Platform, name: &str, query: &str) -> Result<VerifiedLink, LinkError> {
    let (signed, signature) = query
        .rsplit_once("&signature=")
        .ok_or(LinkError::Unsigned)?;
    if !platform
        .keys()
        .mac_holds(PURPOSE, &message(name, signed), signature)
    {
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
    if platform.now() / 1000 >= expires {
        return Err(LinkError::Expired);
    }
    let realm = Realm::new(name, mode);
    let Some((brand, _)) = platform.config().realm(&realm) else {
        return Err(LinkError::UnknownRealm(realm));
    };
    if let Some(url) = &return_to {
        check_return(url, &brand.return_urls)?;
    }
    Ok(VerifiedLink {
        realm,
        tenant,
        return_to,
        prefill,
    })
}

fn message(platform: &str, query: &str) -> Vec<u8> {
    format!("{platform}\n{query}").into_bytes()
}

pub(crate) fn check_tenant(tenant: &str) -> Result<(), LinkError> {
    let fine = !tenant.is_empty() && tenant.len() <= 200 && !tenant.chars().any(char::is_control);
    if fine { Ok(()) } else { Err(LinkError::Tenant) }
}

/// A return address must be one of the configured ones; only its query may differ.
fn check_return(url: &str, allowed: &[Url]) -> Result<(), LinkError> {
    let fits = Url::parse(url).is_ok_and(|url| {
        allowed.iter().any(|allowed| {
            url.origin() == allowed.origin()
                && url.path() == allowed.path()
                && url.username().is_empty()
        })
    });
    if fits {
        Ok(())
    } else {
        Err(LinkError::Return(url.to_owned()))
    }
}

/// A start link cannot be made, or does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// No such platform, or not in this mode.
    #[error("there is no platform {0} in the configuration: add [platforms.{platform}.{mode}]", platform = .0.platform, mode = .0.mode)]
    UnknownRealm(Realm),
    /// Several platforms are configured.
    #[error("several platforms are configured: say which one, with Platform::on(name, mode)")]
    WhichPlatform,
    /// The tenant's name cannot be used.
    #[error("a tenant is 1 to 200 bytes without control characters")]
    Tenant,
    /// A prefill is none of Stripe's, or too long.
    #[error("stripe_user[{0}] cannot be prefilled: see Stripe's list of members")]
    Prefill(String),
    /// The return address is not configured.
    #[error("{0} is not among the platform's return_urls: add it there")]
    Return(String),
    /// The link carries no signature.
    #[error("the link is not signed")]
    Unsigned,
    /// The signature does not hold.
    #[error("the link was changed, or signed with a key that is no longer used")]
    BadSignature,
    /// Too old.
    #[error("the link has expired")]
    Expired,
}
