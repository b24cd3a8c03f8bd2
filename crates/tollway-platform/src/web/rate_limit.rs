//! Refuses requests of IP addresses that make too many.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::Extensions;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue};

use super::error_page::ErrorPage;
use super::state::WebState;

/// Refuses requests of an address that makes too many. `place` is the label in metrics.
pub(super) async fn limit_per_address(
    State((web, place)): State<(WebState, &'static str)>,
    request: Request,
    next: Next,
) -> Response {
    let address = client_address(&web, request.headers(), request.extensions());
    if web.limiter.allows(address) {
        return next.run(request).await;
    }
    web.services().connections.metrics.count_rate_limited(place);
    let mut response = ErrorPage::too_many_requests().into_response();
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("60"));
    response
}

/// The client's IP address: the connection's, or the last one in `X-Forwarded-For` behind a proxy. The proxy adds the last
/// entry; the entries before it are unverified.
pub(super) fn client_address(
    web: &WebState,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Option<IpAddr> {
    if web.config().web.behind_proxy {
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
