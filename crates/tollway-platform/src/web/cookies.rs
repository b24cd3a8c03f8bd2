//! Reading and writing our cookies: sealed, `HttpOnly`, `SameSite=Lax`, `Secure` with TLS.

use axum::response::Response;
use cookie::{Cookie, SameSite, time};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use crate::platform::Platform;

/// The seller's cookie.
pub(super) const BROWSER: &str = "tollway";
/// The operator's session.
pub(super) const OPERATOR: &str = "tollway-operator";

/// With TLS the browser itself vouches that nobody else on the domain has set the cookie.
fn full_name(platform: &Platform, name: &str) -> String {
    if platform.config().secure() {
        format!("__Host-{name}")
    } else {
        name.to_owned()
    }
}

/// The value of one of our cookies.
pub(super) fn read(platform: &Platform, headers: &HeaderMap, name: &str) -> Option<String> {
    let name = full_name(platform, name);
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

/// Sets one of our cookies, for so many seconds; 0 removes it.
pub(super) fn set(
    platform: &Platform,
    response: &mut Response,
    name: &str,
    value: String,
    seconds: i64,
) {
    let cookie = Cookie::build((full_name(platform, name), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(platform.config().secure())
        .max_age(time::Duration::seconds(seconds))
        .build();
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}
