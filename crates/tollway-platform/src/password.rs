//! The operator's password: Argon2 hashes in PHC form.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};

use crate::entropy::Entropy;

/// Hashes a password for `operator.password_hash`. Takes about 20 ms of CPU time, on purpose.
pub fn hash_password(password: &SecretString, entropy: &Entropy) -> String {
    Argon2::default()
        .hash_password_with_salt(password.expose_secret().as_bytes(), &entropy.bytes::<16>())
        .expect("sixteen bytes are a valid salt, and any bytes are a valid password")
        .to_string()
}

/// Whether a text is a hash that [`verify_password`] can use.
pub(crate) fn is_password_hash(text: &str) -> bool {
    text.starts_with("$argon2") && PasswordHash::new(text).is_ok()
}

/// Whether `hash` was made from `password`. Slow on purpose: call it outside the request threads.
pub(crate) fn verify_password(password: &SecretString, hash: &SecretString) -> bool {
    PasswordHash::new(hash.expose_secret()).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.expose_secret().as_bytes(), &hash)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_verified_by_its_hash_alone() {
        let hash = hash_password(&"correct horse".into(), &Entropy::seeded(1));
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(is_password_hash(&hash));
        let hash = SecretString::from(hash);
        assert!(verify_password(&"correct horse".into(), &hash));
        assert!(!verify_password(&"wrong horse".into(), &hash));
    }

    #[test]
    fn other_texts_are_no_password_hashes() {
        for text in ["correct horse", "$argon2id$broken", ""] {
            assert!(!is_password_hash(text), "{text}");
            assert!(!verify_password(&"correct horse".into(), &text.into()));
        }
    }
}
