//! What every handler has: the platform, the pages and the rate limiter.

use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::address_limiter::AddressLimiter;
use super::error_page::ErrorPage;
use super::pages::{PageTemplate, Pages};

use crate::config::PlatformConfig;
use crate::platform::{Platform, Services};
use crate::seal::SealingKeys;
use crate::store::Store;

/// The state of one router. Clones share it.
#[derive(Clone)]
pub(super) struct WebState {
    pub platform: Platform,
    pub limiter: Arc<AddressLimiter>,
    pages: Arc<Pages>,
}

impl WebState {
    pub(super) fn new(platform: &Platform) -> Self {
        let per_minute = platform.config().web.requests_per_minute;
        let clock = Arc::clone(&platform.services().clock);
        Self {
            platform: platform.clone(),
            limiter: Arc::new(AddressLimiter::new(per_minute, clock)),
            pages: Arc::new(Pages::new()),
        }
    }

    pub(super) fn services(&self) -> &Services {
        self.platform.services()
    }

    pub(super) fn config(&self) -> &PlatformConfig {
        self.platform.config()
    }

    pub(super) fn store(&self) -> &dyn Store {
        self.platform.store()
    }

    pub(super) fn keys(&self) -> &SealingKeys {
        &self.services().keys
    }

    /// A page as a response.
    pub(super) fn respond<P: PageTemplate>(&self, status: StatusCode, page: &P) -> Response {
        match self.pages.render(&self.config().url(""), page) {
            Ok(html) => {
                (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
            }
            Err(error) => ErrorPage::internal(&error).into_response(),
        }
    }
}
