//! The settings of a [`Client`], and the builder that checks them.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use secrecy::SecretString;

use super::bases::{Bases, check_base};
use super::handle::{Client, Shared};
use super::headers;
use super::identity::{AppInfo, Identity};
use super::key::Key;
use super::options::ActingFor;
use super::telemetry::Telemetry;
use super::throttle::{RateLimit, Throttle};
use crate::error::Error;
use crate::observe::Observer;
use crate::retry::RetryPolicy;
use crate::runtime::{Clock, Random, SystemClock, SystemRandom};
use crate::transport::Transport;
#[cfg(all(feature = "hyper", not(target_family = "wasm")))]
use crate::transport::TransportErrorKind;

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

impl Client {
    /// Builds a client with the default settings: Stripe's own hosts, 2 retries, 80 seconds for each attempt.
    ///
    /// # Errors
    /// When the key is empty or holds bytes that no key has. Only Stripe can tell whether the key is valid: the first
    /// call reports it.
    pub fn new(api_key: impl Into<SecretString>) -> Result<Self, Error> {
        Self::builder(api_key).build()
    }

    /// Begins a client with settings of your own.
    pub fn builder(api_key: impl Into<SecretString>) -> ClientBuilder {
        ClientBuilder::new(api_key.into())
    }
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
            total_timeout: Some(Duration::from_secs(300)),
            default_transport: DefaultTransport::default(),
            observers: Vec::new(),
            transport: None,
            clock: None,
            random: None,
        }
    }

    /// Sets one base URL for all four hosts, for a local emulator or a proxy. A base URL of one host takes precedence.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base = Some(url.into());
        self
    }

    /// The base URL of the API. Default: `https://api.stripe.com`.
    pub fn api_base(mut self, url: impl Into<String>) -> Self {
        self.api_base = Some(url.into());
        self
    }

    /// The base URL of OAuth. Default: `https://connect.stripe.com`.
    pub fn connect_base(mut self, url: impl Into<String>) -> Self {
        self.connect_base = Some(url.into());
        self
    }

    /// The base URL of file uploads and downloads. Default: `https://files.stripe.com`.
    pub fn files_base(mut self, url: impl Into<String>) -> Self {
        self.files_base = Some(url.into());
        self
    }

    /// The base URL of the meter event stream. Default: `https://meter-events.stripe.com`.
    pub fn meter_events_base(mut self, url: impl Into<String>) -> Self {
        self.meter_events_base = Some(url.into());
        self
    }

    /// The connected account that every call acts for, `acct_…`. Default: none; calls act for the owner of the key.
    /// <https://docs.stripe.com/connect/authentication>
    pub fn stripe_account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// The context that every call acts in, for example `org_1/acct_2`. Excludes [`ClientBuilder::stripe_account`].
    pub fn stripe_context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// The platform's OAuth client id, `ca_…`. Needed for [`Client::oauth`].
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// The API version of every call. Default: the version that this crate's types are generated from.
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

    /// Whether requests carry the duration of an earlier request in a header. Default: off.
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

    /// Whether a request that got a plain rate limit (429) is retried, at most [`ClientBuilder::max_retries`] times.
    /// Default: no; the error is returned, because more requests prolong the limit.
    pub fn retry_rate_limits(mut self, on: bool) -> Self {
        self.retry.rate_limits = on;
        self
    }

    /// Sends no faster than this, all clones of the client together. Requests wait for their turn within their total
    /// time. Default: no limit. [`RateLimit::stripe`] is what Stripe allows by default.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// The longest duration of one attempt, the body included. Default: 80 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The longest duration of one call, all attempts and waits included. Default: 300 seconds; `None` for no limit.
    pub fn total_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.total_timeout = timeout.into();
        self
    }

    /// The longest duration of connecting. Default: 30 seconds. For the default transport only.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.default_transport.connect_timeout = Some(timeout);
        self
    }

    /// Trusts one more root certificate (DER). For the default transport only.
    pub fn root_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.default_transport.roots.push(der.into());
        self
    }

    /// Trusts the root certificates of a PEM file besides the public ones. For the default transport only.
    pub fn root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.default_transport.pem_roots.push(pem.into());
        self
    }

    /// Sends through a proxy, `http://[user:password@]host:port`, by `CONNECT`. Default: none; environment variables
    /// are not read. For the default transport only.
    pub fn proxy(mut self, url: impl Into<SecretString>) -> Self {
        self.default_transport.proxy = Some(url.into());
        self
    }

    /// Accepts any certificate, also a forged one, so that an attacker on the network can read the key and every
    /// response. For test servers only: [`ClientBuilder::build`] refuses it together with a host of Stripe's, and logs
    /// it at `WARN`. For the default transport only.
    pub fn danger_accept_invalid_certs(mut self) -> Self {
        self.default_transport.accept_any = true;
        self
    }

    /// Reports every attempt to an [`Observer`]. Several observers are called in the order in which they were added.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Sends through another transport: an in-process server, a stub, your own HTTP stack.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Replaces the system's clock. With a manual clock, tests never wait.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Replaces the system's source of randomness. With a seeded one, tests are repeatable.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = Some(random);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// When the key is empty or cannot be a header value, a base URL is not absolute, or settings contradict each
    /// other. [`ErrorKind::Setup`](crate::ErrorKind::Setup) when a root certificate cannot be read.
    pub fn build(self) -> Result<Client, Error> {
        self.build_with(Ok)
    }

    /// As [`ClientBuilder::build`]; `wrap` may replace the transport and the clock before the client shares them.
    pub(crate) fn build_with(
        self,
        wrap: impl FnOnce(Surroundings) -> Result<Surroundings, Error>,
    ) -> Result<Client, Error> {
        let acting_for = match (&self.account, &self.context) {
            (Some(_), Some(_)) => {
                return Err(Error::invalid_input(
                    "stripe_account and stripe_context are both set: Stripe accepts one of them, so keep one",
                ));
            }
            (Some(account), None) => ActingFor::account(account)?,
            (None, Some(context)) => ActingFor::context(context),
            (None, None) => ActingFor::KeyOwner,
        };
        let key = Key::new(&self.key)?;
        let bases = self.bases()?;
        self.refuse_danger(&bases)?;
        headers::check(&acting_for, &self.version)?;
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
            identity: Identity::new(self.app_info.as_ref())?,
            client_id: self.client_id,
            telemetry: self.telemetry.then(Telemetry::default),
            observers: self.observers,
        };
        Ok(Client::from_parts(Arc::new(shared), key, acting_for))
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

    /// Refuses `danger_accept_invalid_certs` together with a host of Stripe's.
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

/// The transport and the clock of a client.
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
