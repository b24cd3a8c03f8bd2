//! Reads and writes the cookies: sealed, `HttpOnly`, `SameSite=Lax`, `Secure` with TLS.

use axum::response::Response;
use cookie::{Cookie, SameSite, time};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use super::state::WebState;

/// The seller's cookie: see [`super::browser_cookie`].
pub(super) const BROWSER: &str = "tollway";
/// The operator's session: see [`super::operator`].
pub(super) const OPERATOR: &str = "tollway-operator";

/// The name in the browser. With TLS the prefix makes the browser reject cookies that other hosts of the domain set.
fn full_name(web: &WebState, name: &str) -> String {
    if web.config().secure() {
        format!("__Host-{name}")
    } else {
        name.to_owned()
    }
}

/// The value of a cookie.
pub(super) fn read(web: &WebState, headers: &HeaderMap, name: &str) -> Option<String> {
    let name = full_name(web, name);
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

/// Sets a cookie for a number of seconds; 0 removes it.
pub(super) fn set(
    web: &WebState,
    response: &mut Response,
    name: &str,
    value: String,
    seconds: i64,
) {
    let cookie = Cookie::build((full_name(web, name), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(web.config().secure())
        .max_age(time::Duration::seconds(seconds))
        .build();
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}
