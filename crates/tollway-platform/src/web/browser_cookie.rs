//! The seller's cookie: sealed, it holds the attempts that this browser started and the secret of its form tokens.

use serde::{Deserialize, Serialize};

use crate::entropy::Entropy;
use crate::flow::browser_attempts::BrowserAttempts;
use crate::seal::{SealContext, SealingKeys};
use crate::time::Millis;

const BROWSER_COOKIE: SealContext<'static> = SealContext {
    table: "cookie",
    row: "browser",
    column: "",
};

/// The content of the cookie.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct BrowserCookie {
    /// The secret that form tokens of this browser are made from.
    form_secret: String,
    pub attempts: BrowserAttempts,
}

impl BrowserCookie {
    /// Reads a cookie. Without one, or if it does not open, starts a new one.
    pub(super) fn read(
        keys: &SealingKeys,
        entropy: &Entropy,
        cookie: Option<&str>,
        now: Millis,
    ) -> Self {
        let existing = cookie
            .and_then(|text| keys.open_text(BROWSER_COOKIE, text).ok())
            .and_then(|plain| serde_json::from_slice::<Self>(&plain).ok());
        let mut browser = existing.unwrap_or_else(|| Self {
            form_secret: entropy.token(),
            attempts: BrowserAttempts::default(),
        });
        browser.attempts.remove_expired(now);
        browser
    }

    /// The cookie's value.
    pub(super) fn write(&self, keys: &SealingKeys, entropy: &Entropy) -> String {
        let plain = serde_json::to_vec(self).expect("strings and numbers are JSON");
        keys.seal_text(entropy, BROWSER_COOKIE, &plain)
    }

    /// The token of a form, which only this browser has.
    pub(super) fn form_token(&self, keys: &SealingKeys, form: &str) -> String {
        keys.mac("csrf", self.form_message(form).as_bytes())
    }

    /// Whether this is the form's token. Constant time.
    pub(super) fn verify_form_token(&self, keys: &SealingKeys, form: &str, token: &str) -> bool {
        keys.verify_mac("csrf", self.form_message(form).as_bytes(), token)
    }

    fn form_message(&self, form: &str) -> String {
        format!("{}\n{form}", self.form_secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::browser_attempts::MAX_BROWSER_ATTEMPTS;
    use crate::realm::{Mode, Realm};
    use crate::store::{Attempt, NewAttempt};

    fn keys(seed: u64) -> SealingKeys {
        let text = SealingKeys::generate(&Entropy::seeded(seed));
        SealingKeys::from_texts(&[text]).expect("a key")
    }

    #[test]
    fn a_full_cookie_fits_into_4_kilobytes() {
        let (keys, entropy) = (keys(1), Entropy::seeded(2));
        let mut browser = BrowserCookie::read(&keys, &entropy, None, 0);
        for number in 0..MAX_BROWSER_ATTEMPTS {
            let id = crate::id::new_id("att", i64::try_from(number).expect("small"), &entropy);
            browser.attempts.bind(&entropy, &id, 1_790_000_000_000);
        }
        let length = browser.write(&keys, &entropy).len();
        assert!(length < 3500, "{length} bytes");
    }

    #[test]
    fn a_cookie_reads_back_and_a_foreign_one_starts_anew() {
        let (ours, entropy) = (keys(1), Entropy::seeded(2));
        let mut browser = BrowserCookie::read(&ours, &entropy, None, 0);
        let realm = Realm::new("shop", Mode::Test);
        let mut attempt = Attempt::from(NewAttempt::new("att_1", realm, "tenant-1"));
        attempt.browser_hash = browser.attempts.bind(&entropy, "att_1", 1000);
        let cookie = browser.write(&ours, &entropy);
        let holds_attempt = |keys: &SealingKeys, cookie: &str| {
            let browser = BrowserCookie::read(keys, &entropy, Some(cookie), 500);
            browser.attempts.contains(&attempt)
        };
        assert!(holds_attempt(&ours, &cookie));
        assert!(!holds_attempt(&keys(3), &cookie), "sealed by another key");
        assert!(!holds_attempt(&ours, "nonsense"));
    }

    #[test]
    fn form_tokens_belong_to_a_browser_and_a_form() {
        let (keys, entropy) = (keys(1), Entropy::seeded(2));
        let one = BrowserCookie::read(&keys, &entropy, None, 0);
        let other = BrowserCookie::read(&keys, &entropy, None, 0);
        let token = one.form_token(&keys, "confirm att_1");
        assert!(one.verify_form_token(&keys, "confirm att_1", &token));
        assert!(!one.verify_form_token(&keys, "confirm att_2", &token));
        assert!(!other.verify_form_token(&keys, "confirm att_1", &token));
    }
}
