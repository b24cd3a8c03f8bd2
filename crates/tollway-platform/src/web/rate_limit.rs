//! So many requests a minute for one address, on the platform's own clock.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::Extensions;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue};
use tollway::runtime::Clock;

use super::error_page::ErrorPage;
use crate::platform::Platform;

/// Our clock in the limiter's words.
#[derive(Clone)]
pub(crate) struct Ticks(Arc<dyn Clock>);

impl GovernorClock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

type Address = Option<IpAddr>;
type Keyed = RateLimiter<Address, DefaultKeyedStateStore<Address>, Ticks, NoOpMiddleware<Duration>>;

/// The buckets of all addresses.
pub(crate) struct Limiter(Keyed);

impl Limiter {
    pub(crate) fn new(per_minute: u32, clock: Arc<dyn Clock>) -> Self {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(per_minute.get() / 3).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        Self(RateLimiter::new(
            quota,
            DefaultKeyedStateStore::default(),
            Ticks(clock),
        ))
    }

    pub(crate) fn allows(&self, address: Address) -> bool {
        self.0.check_key(&address).is_ok()
    }

    /// Lets go of addresses that have not been seen for a while.
    pub(crate) fn forget_idle(&self) {
        self.0.retain_recent();
    }
}

/// Turns away an address that asks too often.
pub(super) async fn per_address(
    State((platform, place)): State<(Platform, &'static str)>,
    request: Request,
    next: Next,
) -> Response {
    let address = address(&platform, request.headers(), request.extensions());
    if platform.inner().limiter.allows(address) {
        return next.run(request).await;
    }
    platform.inner().metrics.limited(place);
    let mut response = ErrorPage::too_many_requests().into_response();
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("60"));
    response
}

/// The visitor's address: the connection's, or what the proxy in front says. The last entry is the one that the proxy
/// itself added; those before it are anybody's claim.
pub(super) fn address(
    platform: &Platform,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Address {
    if platform.config().web.behind_proxy {
        let forwarded = headers
            .get_all("x-forwarded-for")
            .iter()
            .next_back()?
            .to_str()
            .ok()?;
        return forwarded.rsplit(',').next()?.trim().parse().ok();
    }
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(peer.ip())
}
