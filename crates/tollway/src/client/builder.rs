//! The settings of a [`Client`] and the builder that checks them.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use secrecy::{ExposeSecret as _, SecretString};

use crate::client::{Client, Key, Shared};
use crate::error::Error;
use crate::execute::{RateLimit, Throttle};
use crate::headers::{self, AppInfo};
use crate::observe::Observer;
use crate::options::Scope;
use crate::request::Host;
use crate::retry::RetryPolicy;
use crate::runtime::{Clock, Random, SystemClock, SystemRandom};
use crate::telemetry::Telemetry;
use crate::transport::Transport;
#[cfg(all(feature = "hyper", not(target_family = "wasm")))]
use crate::transport::TransportErrorKind;

/// Where the four hosts of the Stripe API are. Without a trailing slash; may hold a path prefix.
#[derive(Debug, Clone)]
pub(crate) struct Bases {
    pub(crate) api: String,
    pub(crate) connect: String,
    pub(crate) files: String,
    pub(crate) meter_events: String,
}

impl Bases {
    pub(crate) fn of(&self, host: Host) -> &str {
        match host {
            Host::Api => &self.api,
            Host::Connect => &self.connect,
            Host::Files => &self.files,
            Host::MeterEvents => &self.meter_events,
        }
    }
}

/// Builds a [`Client`]. Every setting has a default; settings that contradict each other are refused by
/// [`ClientBuilder::build`].
#[must_use = "call build() to get the client"]
pub struct ClientBuilder {
    key: SecretString,
    base: Option<String>,
    api_base: Option<String>,
    connect_base: Option<String>,
    files_base: Option<String>,
    meter_events_base: Option<String>,
    account: Option<String>,
    context: Option<String>,
    client_id: Option<String>,
    version: String,
    app_info: Option<AppInfo>,
    telemetry: bool,
    retry: RetryPolicy,
    rate_limit: Option<RateLimit>,
    timeout: Duration,
    total_timeout: Option<Duration>,
    default_transport: DefaultTransport,
    observers: Vec<Arc<dyn Observer>>,
    transport: Option<Arc<dyn Transport>>,
    clock: Option<Arc<dyn Clock>>,
    random: Option<Arc<dyn Random>>,
}

impl ClientBuilder {
    pub(crate) fn new(key: SecretString) -> Self {
        Self {
            key,
            base: None,
            api_base: None,
            connect_base: None,
            files_base: None,
            meter_events_base: None,
            account: None,
            context: None,
            client_id: None,
            version: crate::STRIPE_VERSION.to_owned(),
            app_info: None,
            telemetry: false,
            retry: RetryPolicy::default(),
            rate_limit: None,
            timeout: Duration::from_secs(80),
            total_timeout: Some(Duration::from_mins(5)),
            default_transport: DefaultTransport::default(),
            observers: Vec::new(),
            transport: None,
            clock: None,
            random: None,
        }
    }

    /// One base URL for all four hosts, for a local emulator or a proxy. A base set for one host beats it.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base = Some(url.into());
        self
    }

    /// Where the API is. Default: `https://api.stripe.com`.
    pub fn api_base(mut self, url: impl Into<String>) -> Self {
        self.api_base = Some(url.into());
        self
    }

    /// Where OAuth is. Default: `https://connect.stripe.com`.
    pub fn connect_base(mut self, url: impl Into<String>) -> Self {
        self.connect_base = Some(url.into());
        self
    }

    /// Where files are uploaded to and read from. Default: `https://files.stripe.com`.
    pub fn files_base(mut self, url: impl Into<String>) -> Self {
        self.files_base = Some(url.into());
        self
    }

    /// Where the meter event stream is. Default: `https://meter-events.stripe.com`.
    pub fn meter_events_base(mut self, url: impl Into<String>) -> Self {
        self.meter_events_base = Some(url.into());
        self
    }

    /// The connected account every call acts for, `acct_…`. Default: none, so the key's owner.
    /// <https://docs.stripe.com/connect/authentication>
    pub fn stripe_account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// The context every call acts in, for example `org_1/acct_2`. Excludes [`ClientBuilder::stripe_account`].
    pub fn stripe_context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// The platform's OAuth client id, `ca_…`. Needed for [`Client::oauth`].
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// The API version to ask for. Default: the one this crate's types were made from.
    /// <https://docs.stripe.com/api/versioning>
    pub fn stripe_version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Names your program in the `User-Agent`.
    pub fn app_info(mut self, app_info: AppInfo) -> Self {
        self.app_info = Some(app_info);
        self
    }

    /// Whether each request tells Stripe how long the one before it took. Default: off.
    pub fn telemetry(mut self, on: bool) -> Self {
        self.telemetry = on;
        self
    }

    /// How many times a failed request is sent again. Default: 2.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.retry.max_retries = retries;
        self
    }

    /// The wait before the first retry, and the longest wait. Default: 0.5 s and 5 s.
    pub fn retry_delays(mut self, initial: Duration, longest: Duration) -> Self {
        self.retry.initial_delay = initial;
        self.retry.max_delay = longest;
        self
    }

    /// Whether a plain rate limit (429) is waited for and sent again, as often as [`ClientBuilder::max_retries`] says.
    /// Default: no; the caller hears of it, because sending more makes it worse.
    pub fn retry_rate_limits(mut self, on: bool) -> Self {
        self.retry.rate_limits = on;
        self
    }

    /// Sends no faster than this, all copies of the client together; requests wait for their turn, within their total
    /// time. Default: no limit. [`RateLimit::stripe`] is what Stripe allows by default.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// How long one attempt may take, the body included. Default: 80 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long one call may take, all attempts and waits included. Default: 300 seconds; `None` for no limit.
    pub fn total_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.total_timeout = timeout.into();
        self
    }

    /// How long making a connection may take. Default: 30 seconds. Belongs to the default transport.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.default_transport.connect_timeout = Some(timeout);
        self
    }

    /// Trusts one more root certificate (DER). Belongs to the default transport.
    pub fn root_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.default_transport.roots.push(der.into());
        self
    }

    /// Trusts the root certificates of a PEM file besides the public ones. Belongs to the default transport.
    pub fn root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.default_transport.pem_roots.push(pem.into());
        self
    }

    /// Goes through a proxy, `http://[user:password@]host:port`, by `CONNECT`. Default: none; the environment is not
    /// asked. Belongs to the default transport.
    pub fn proxy(mut self, url: impl Into<SecretString>) -> Self {
        self.default_transport.proxy = Some(url.into());
        self
    }

    /// Accepts any certificate, also a forged one, so that the key and every answer can be read on the way. For test
    /// servers: [`ClientBuilder::build`] refuses it together with a host of Stripe's, and it is told at `WARN`. Belongs
    /// to the default transport.
    pub fn danger_accept_invalid_certs(mut self) -> Self {
        self.default_transport.accept_any = true;
        self
    }

    /// Tells an [`Observer`] of every attempt. Several are told in the order they were added.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Sends through another transport: an in-process server, a stub, your own HTTP stack.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Takes the time from another clock. Tests pass a manual one and never wait.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Takes randomness from another source. Tests pass a seeded one.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = Some(random);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// When the key is empty or no header can carry it, a base URL is not absolute, or settings contradict each other.
    pub fn build(self) -> Result<Client, Error> {
        self.build_with(Ok)
    }

    /// As [`ClientBuilder::build`]; `wrap` may replace the transport and the clock before the client shares them.
    pub(crate) fn build_with(
        self,
        wrap: impl FnOnce(Surroundings) -> Result<Surroundings, Error>,
    ) -> Result<Client, Error> {
        let scope = match (&self.account, &self.context) {
            (Some(_), Some(_)) => {
                return Err(Error::invalid_input(
                    "stripe_account and stripe_context are both set: Stripe accepts one of them, so keep one",
                ));
            }
            (Some(account), None) => Scope::account(account)?,
            (None, Some(context)) => Scope::context(context),
            (None, None) => Scope::Own,
        };
        let key = Key::new(&self.key)?;
        let bases = self.bases()?;
        self.refuse_danger(&bases)?;
        headers::check(&scope, &self.version)?;
        let surroundings = wrap(Surroundings {
            transport: self.pick_transport()?,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::new())),
        })?;
        let shared = Shared {
            bases,
            transport: surroundings.transport,
            clock: surroundings.clock,
            random: self.random.unwrap_or_else(|| Arc::new(SystemRandom)),
            retry: self.retry,
            throttle: self.rate_limit.map(Throttle::new),
            timeout: self.timeout,
            total_timeout: self.total_timeout,
            version: self.version,
            identity: headers::Identity::new(self.app_info.as_ref())?,
            client_id: self.client_id,
            telemetry: self.telemetry.then(Telemetry::default),
            observers: self.observers,
        };
        Ok(Client::from_parts(Arc::new(shared), key, scope))
    }

    fn bases(&self) -> Result<Bases, Error> {
        let pick = |own: &Option<String>, default: &str| {
            let url = own.as_deref().or(self.base.as_deref()).unwrap_or(default);
            check_base(url)
        };
        Ok(Bases {
            api: pick(&self.api_base, "https://api.stripe.com")?,
            connect: pick(&self.connect_base, "https://connect.stripe.com")?,
            files: pick(&self.files_base, "https://files.stripe.com")?,
            meter_events: pick(&self.meter_events_base, "https://meter-events.stripe.com")?,
        })
    }

    fn pick_transport(&self) -> Result<Arc<dyn Transport>, Error> {
        let defaults = &self.default_transport;
        match &self.transport {
            None => defaults.build(),
            Some(_) if defaults.is_changed() => Err(Error::invalid_input(
                "connect_timeout, proxy, root certificates and danger_accept_invalid_certs belong to the default \
                 transport: set them on your own one instead",
            )),
            Some(transport) => Ok(Arc::clone(transport)),
        }
    }

    /// A test setting must not reach Stripe with a real key.
    fn refuse_danger(&self, bases: &Bases) -> Result<(), Error> {
        let all = [
            &bases.api,
            &bases.connect,
            &bases.files,
            &bases.meter_events,
        ];
        let is_stripe = |base: &&String| {
            let uri = base.parse::<Uri>().ok();
            let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
            host == "stripe.com" || host.ends_with(".stripe.com")
        };
        match all.into_iter().find(is_stripe) {
            Some(base) if self.default_transport.accept_any => Err(Error::invalid_input(format!(
                "danger_accept_invalid_certs is for test servers and {base} is Stripe's own: set base_url to your test \
                 server, or leave it out"
            ))),
            _ => Ok(()),
        }
    }
}

/// What a client sends through and waits by.
pub(crate) struct Surroundings {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Settings of the default transport.
#[derive(Default)]
struct DefaultTransport {
    connect_timeout: Option<Duration>,
    roots: Vec<Vec<u8>>,
    pem_roots: Vec<Vec<u8>>,
    proxy: Option<SecretString>,
    accept_any: bool,
}

impl DefaultTransport {
    fn is_changed(&self) -> bool {
        self.connect_timeout.is_some()
            || !self.roots.is_empty()
            || !self.pem_roots.is_empty()
            || self.proxy.is_some()
            || self.accept_any
    }

    #[cfg(all(feature = "hyper", not(target_family = "wasm")))]
    fn build(&self) -> Result<Arc<dyn Transport>, Error> {
        let mut builder = crate::transport::HyperTransport::builder();
        if let Some(timeout) = self.connect_timeout {
            builder = builder.connect_timeout(timeout);
        }
        for root in &self.roots {
            builder = builder.root_certificate(root.clone());
        }
        for pem in &self.pem_roots {
            builder = builder.root_certificates_pem(pem.clone());
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.clone());
        }
        if self.accept_any {
            builder = builder.danger_accept_invalid_certs();
        }
        let transport = builder.build().map_err(|cause| match cause.kind() {
            TransportErrorKind::Setup => Error::setup(cause.to_string(), cause),
            _ => Error::invalid_input(format!("the default transport cannot be built: {cause}")),
        })?;
        Ok(Arc::new(transport))
    }

    #[cfg(all(feature = "fetch", target_family = "wasm"))]
    fn build(&self) -> Result<Arc<dyn Transport>, Error> {
        if self.is_changed() {
            return Err(Error::invalid_input(
                "connect_timeout, proxy, root certificates and danger_accept_invalid_certs mean nothing to fetch: leave \
                 them out",
            ));
        }
        Ok(Arc::new(crate::transport::FetchTransport))
    }

    #[cfg(not(any(
        all(feature = "hyper", not(target_family = "wasm")),
        all(feature = "fetch", target_family = "wasm")
    )))]
    #[expect(clippy::unused_self, reason = "the other builds look at it")]
    fn build(&self) -> Result<Arc<dyn Transport>, Error> {
        Err(Error::invalid_input(
            "this build has no default transport: turn the feature `hyper` (`fetch` on WebAssembly) on, or pass one with \
             Client::builder(…).transport(…)",
        ))
    }
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

/// An absolute http or https URL with a host and without user, query or fragment; its trailing slashes are dropped.
fn check_base(url: &str) -> Result<String, Error> {
    let refuse = |why: &str| {
        Error::invalid_input(format!(
            "the base URL `{url}` {why}: write it like http://localhost:12111"
        ))
    };
    let parsed: Uri = url.parse().map_err(|_| refuse("is not a URL"))?;
    if !matches!(parsed.scheme_str(), Some("http" | "https")) {
        return Err(refuse("does not start with http:// or https://"));
    }
    let authority = parsed.authority().ok_or_else(|| refuse("has no host"))?;
    if authority.as_str().contains('@') || parsed.query().is_some() || url.contains('#') {
        return Err(refuse("has a user, a query or a fragment"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// Refuses what cannot be a key before it is sent anywhere.
pub(crate) fn check_key(key: &SecretString) -> Result<(), Error> {
    let text = key.expose_secret();
    if text.trim().is_empty() {
        return Err(Error::authentication(
            "the API key is empty: pass your secret key, sk_test_… or sk_live_…, from the Dashboard",
        ));
    }
    if !text.bytes().all(|byte| (0x21..0x7f).contains(&byte)) {
        return Err(Error::authentication(
            "the API key holds spaces, line breaks or other bytes that no key has: check how it was read",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Result<Client, Error> {
        change(Client::builder("sk_test_123")).build()
    }

    #[test]
    fn contradictions_are_refused_by_name() {
        let error = build(|b| b.stripe_account("acct_1").stripe_context("acct_2")).unwrap_err();
        assert!(error.to_string().contains("both set"), "{error}");
        let stub = Arc::new(crate::testing::StubTransport::new());
        let error =
            build(|b| b.transport(stub).connect_timeout(Duration::from_secs(1))).unwrap_err();
        assert!(error.to_string().contains("connect_timeout"), "{error}");
    }

    #[test]
    fn keys_that_cannot_be_keys_are_refused_without_printing_them() {
        for bad in ["", "  ", "sk_test_\n1", "sk_test_é", "sk test"] {
            let error = Client::new(bad).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Authentication);
            assert!(
                bad.trim().is_empty() || !error.to_string().contains(bad),
                "{error}"
            );
        }
    }

    #[test]
    fn bases_must_be_absolute_and_plain() {
        for bad in [
            "",
            "localhost:12111",
            "ftp://x",
            "https://u@h",
            "https://h?x=1",
            "https://h#f",
            "/v1",
            "http://",
        ] {
            assert!(build(|b| b.api_base(bad)).is_err(), "{bad} was accepted");
        }
        assert_eq!(
            check_base("http://h:1/stripe/").unwrap(),
            "http://h:1/stripe"
        );
    }
}
