//! The browser that sent a request, as an extractor.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;

use super::browser_cookie::BrowserCookie;
use super::cookies;
use super::error_page::ErrorPage;
use super::rate_limit::client_address;
use super::state::WebState;

/// Lifetime of the cookie: it outlives every attempt in it and the day in which its outcome is shown.
const COOKIE_SECONDS: i64 = 2 * 24 * 60 * 60;

/// The browser of a request: its cookie and IP address.
pub(super) struct Visitor {
    pub browser: BrowserCookie,
    pub address: Option<String>,
}

impl FromRequestParts<WebState> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &WebState) -> Result<Self, Infallible> {
        let cookie = cookies::read(web, &parts.headers, cookies::BROWSER);
        let entropy = &web.services().entropy;
        let now = web.platform.now();
        Ok(Self {
            browser: BrowserCookie::read(web.keys(), entropy, cookie.as_deref(), now),
            address: client_address(web, &parts.headers, &parts.extensions)
                .map(|address| address.to_string()),
        })
    }
}

impl Visitor {
    /// Sets the browser's cookie.
    pub(super) fn set_cookie(&self, web: &WebState, response: &mut Response) {
        let value = self.browser.write(web.keys(), &web.services().entropy);
        cookies::set(web, response, cookies::BROWSER, value, COOKIE_SECONDS);
    }

    /// Refuses a form that did not come from a page of this browser.
    pub(super) fn check_form_token(
        &self,
        web: &WebState,
        form: &str,
        token: &str,
    ) -> Result<(), ErrorPage> {
        if self.browser.verify_form_token(web.keys(), form, token) {
            Ok(())
        } else {
            Err(ErrorPage::invalid_form())
        }
    }
}
