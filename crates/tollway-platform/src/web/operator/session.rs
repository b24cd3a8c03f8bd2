//! The operator's login: an Argon2 hash in the configuration, a sealed cookie in the browser.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::Nav;
use crate::id::{hash, constant_time_eq};
use crate::platform::Platform;
use crate::entropy::Entropy;
use crate::seal::SealContext;
use crate::store::Millis;
use crate::web::cookies;
use crate::web::error_page::ErrorPage;
use crate::web::seller::see_other;

const PLACE: SealContext<'static> = SealContext {
    table: "cookie",
    row: "operator",
    column: "",
};

/// Is this a hash that a password can be checked against?
pub(crate) fn is_password_hash(text: &str) -> bool {
    text.starts_with("$argon2") && PasswordHash::new(text).is_ok()
}

/// The hash of a password, as `operator.password_hash` wants it. Takes some 20 ms, on purpose.
pub fn hash_password(password: &SecretString, entropy: &Entropy) -> String {
    Argon2::default()
        .hash_password_with_salt(password.expose_secret().as_bytes(), &entropy.bytes::<16>())
        .expect("sixteen bytes are a salt, and any bytes are a password")
        .to_string()
}

/// Is this the operator's password? Runs beside the request threads, because it is slow on purpose.
pub(super) async fn check_password(platform: &Platform, password: SecretString) -> bool {
    let wanted = platform.config().operator.password_hash.clone();
    let check = move || {
        PasswordHash::new(wanted.expose_secret()).is_ok_and(|wanted| {
            Argon2::default()
                .verify_password(password.expose_secret().as_bytes(), &wanted)
                .is_ok()
        })
    };
    tokio::task::spawn_blocking(check).await.unwrap_or(false)
}

/// Somebody who is logged in. As an extractor it sends everybody else to the login.
#[derive(Serialize, Deserialize)]
pub(super) struct Session {
    until: Millis,
    form_secret: String,
    /// Which password let them in: a new password ends old sessions.
    password: [u8; 32],
}

impl Session {
    pub(super) fn new(platform: &Platform) -> Self {
        Self {
            until: platform.now()
                + Millis::from(platform.config().operator.session_hours) * 3_600_000,
            form_secret: platform.inner().entropy.token(),
            password: password_tag(platform),
        }
    }

    pub(super) fn write(&self, platform: &Platform) -> String {
        let plain = serde_json::to_vec(self).expect("strings and numbers are JSON");
        platform
            .keys()
            .seal_text(&platform.inner().entropy, PLACE, &plain)
    }

    fn read(platform: &Platform, cookie: &str) -> Option<Self> {
        let plain = platform.keys().open_text(PLACE, cookie).ok()?;
        let session: Self = serde_json::from_slice(&plain).ok()?;
        (session.until > platform.now() && constant_time_eq(&session.password, &password_tag(platform)))
            .then_some(session)
    }

    /// The links on top, and the token of this session's forms.
    pub(super) fn nav(&self, platform: &Platform, current: &str) -> Nav {
        Nav::new(
            current,
            platform.keys().mac("csrf", self.form_message().as_bytes()),
        )
    }

    /// Did the form come from one of this session's pages?
    pub(super) fn check(&self, platform: &Platform, token: &str) -> Result<(), ErrorPage> {
        let holds = platform
            .keys()
            .mac_holds("csrf", self.form_message().as_bytes(), token);
        if holds {
            Ok(())
        } else {
            Err(ErrorPage::invalid_form())
        }
    }

    fn form_message(&self) -> String {
        format!("{}\noperator", self.form_secret)
    }
}

impl FromRequestParts<Platform> for Session {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, platform: &Platform) -> Result<Self, Response> {
        let cookie = cookies::read(platform, &parts.headers, cookies::OPERATOR);
        cookie
            .and_then(|cookie| Self::read(platform, &cookie))
            .ok_or_else(|| {
                see_other(&platform.config().url("/operator/login"))
                    .unwrap_or_else(ErrorPage::into_response)
            })
    }
}

fn password_tag(platform: &Platform) -> [u8; 32] {
    hash(platform.config().operator.password_hash.expose_secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hashed_is_recognised() {
        let hash = hash_password(&"correct horse".into(), &Entropy::seeded(1));
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(is_password_hash(&hash));
        assert!(!is_password_hash("correct horse"));
        assert!(!is_password_hash("$argon2id$broken"));
        let parsed = PasswordHash::new(&hash).expect("a hash");
        assert!(
            Argon2::default()
                .verify_password(b"correct horse", &parsed)
                .is_ok()
        );
        assert!(
            Argon2::default()
                .verify_password(b"wrong horse", &parsed)
                .is_err()
        );
    }
}
