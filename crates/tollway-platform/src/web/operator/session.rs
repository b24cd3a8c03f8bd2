//! The operator's login: an Argon2 hash in the configuration, a sealed cookie in the browser.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::views::Nav;
use crate::id::{constant_time_eq, hash};
use crate::password::verify_password;
use crate::seal::SealContext;
use crate::time::{HOUR_MILLIS, Millis};
use crate::web::cookies;
use crate::web::error_page::ErrorPage;
use crate::web::redirect::see_other;
use crate::web::state::WebState;

const SESSION_COOKIE: SealContext<'static> = SealContext {
    table: "cookie",
    row: "operator",
    column: "",
};

/// Whether this is the operator's password. Runs outside the request threads, because it is slow on purpose.
pub(super) async fn check_password(web: &WebState, password: SecretString) -> bool {
    let password_hash = web.config().operator.password_hash.clone();
    let check = move || verify_password(&password, &password_hash);
    tokio::task::spawn_blocking(check).await.unwrap_or(false)
}

/// The session of a logged-in operator. As an extractor it redirects other requests to the login.
#[derive(Serialize, Deserialize)]
pub(super) struct Session {
    until: Millis,
    form_secret: String,
    /// SHA-256 of the configured hash at login: a new password ends old sessions.
    password: [u8; 32],
}

impl Session {
    pub(super) fn new(web: &WebState) -> Self {
        Self {
            until: web.platform.now()
                + Millis::from(web.config().operator.session_hours) * HOUR_MILLIS,
            form_secret: web.services().entropy.token(),
            password: password_hash_of(web),
        }
    }

    pub(super) fn write(&self, web: &WebState) -> String {
        let plain = serde_json::to_vec(self).expect("strings and numbers are JSON");
        web.keys()
            .seal_text(&web.services().entropy, SESSION_COOKIE, &plain)
    }

    fn read(web: &WebState, cookie: &str) -> Option<Self> {
        let plain = web.keys().open_text(SESSION_COOKIE, cookie).ok()?;
        let session: Self = serde_json::from_slice(&plain).ok()?;
        (session.until > web.platform.now()
            && constant_time_eq(&session.password, &password_hash_of(web)))
        .then_some(session)
    }

    /// The navigation, with the token of this session's forms.
    pub(super) fn nav(&self, web: &WebState, current: &str) -> Nav {
        Nav::new(
            current,
            web.keys().mac("csrf", self.form_message().as_bytes()),
        )
    }

    /// Refuses a form that did not come from a page of this session.
    pub(super) fn check_form_token(&self, web: &WebState, token: &str) -> Result<(), ErrorPage> {
        let valid = web
            .keys()
            .verify_mac("csrf", self.form_message().as_bytes(), token);
        if valid {
            Ok(())
        } else {
            Err(ErrorPage::invalid_form())
        }
    }

    fn form_message(&self) -> String {
        format!("{}\noperator", self.form_secret)
    }
}

impl FromRequestParts<WebState> for Session {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &WebState) -> Result<Self, Response> {
        let cookie = cookies::read(web, &parts.headers, cookies::OPERATOR);
        cookie
            .and_then(|cookie| Self::read(web, &cookie))
            .ok_or_else(|| {
                see_other(&web.config().url("/operator/login"))
                    .unwrap_or_else(ErrorPage::into_response)
            })
    }
}

fn password_hash_of(web: &WebState) -> [u8; 32] {
    hash(web.config().operator.password_hash.expose_secret())
}
