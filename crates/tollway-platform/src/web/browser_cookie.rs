//! The seller's cookie: sealed, it holds the secrets of the attempts this browser started and one for its forms.

use serde::{Deserialize, Serialize};

use crate::id::{hash, constant_time_eq};
use crate::entropy::Entropy;
use crate::seal::{SealContext, SealingKeys};
use crate::store::{Attempt, Millis};

/// So many attempts fit into one cookie; the oldest give way.
const MOST: usize = 8;

/// An attempt's outcome can be seen again for so long after it expired.
const KEEP: Millis = 24 * 60 * 60 * 1000;

const PLACE: SealContext<'static> = SealContext {
    table: "cookie",
    row: "browser",
    column: "",
};

/// What the cookie says.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct BrowserCookie {
    /// What form tokens of this browser are made from.
    form_secret: String,
    /// Oldest first.
    attempts: Vec<Bound>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Bound {
    id: String,
    secret: String,
    until: Millis,
}

impl BrowserCookie {
    /// Reads a cookie; one that does not open, or none, is a new browser.
    pub(crate) fn read(
        keys: &SealingKeys,
        entropy: &Entropy,
        cookie: Option<&str>,
        now: Millis,
    ) -> Self {
        let known = cookie
            .and_then(|text| keys.open_text(PLACE, text).ok())
            .and_then(|plain| serde_json::from_slice::<Self>(&plain).ok());
        let mut browser = known.unwrap_or_else(|| Self {
            form_secret: entropy.token(),
            attempts: Vec::new(),
        });
        browser.attempts.retain(|bound| bound.until > now);
        browser
    }

    /// The cookie's value.
    pub(crate) fn write(&self, keys: &SealingKeys, entropy: &Entropy) -> String {
        let plain = serde_json::to_vec(self).expect("strings and numbers are JSON");
        keys.seal_text(entropy, PLACE, &plain)
    }

    /// Binds an attempt to this browser and returns the hash to store with it.
    pub(crate) fn bind(
        &mut self,
        entropy: &Entropy,
        attempt: &str,
        expires_at: Millis,
    ) -> [u8; 32] {
        let secret = entropy.token();
        let browser_hash = hash(&secret);
        while self.attempts.len() >= MOST {
            self.attempts.remove(0);
        }
        self.attempts.push(Bound {
            id: attempt.to_owned(),
            secret,
            until: expires_at + KEEP,
        });
        browser_hash
    }

    /// Did this browser start that attempt?
    pub(crate) fn owns(&self, attempt: &Attempt) -> bool {
        self.attempts.iter().any(|bound| {
            bound.id == attempt.id && constant_time_eq(&hash(&bound.secret), &attempt.browser_hash)
        })
    }

    /// The token that a form with this name carries.
    pub(crate) fn form_token(&self, keys: &SealingKeys, form: &str) -> String {
        keys.mac("csrf", format!("{}\n{form}", self.form_secret).as_bytes())
    }

    /// Is this the form's token? Constant time.
    pub(crate) fn form_token_holds(&self, keys: &SealingKeys, form: &str, token: &str) -> bool {
        keys.mac_holds(
            "csrf",
            format!("{}\n{form}", self.form_secret).as_bytes(),
            token,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    fn keys(seed: u64) -> SealingKeys {
        let text: SecretString = SealingKeys::generate(&Entropy::seeded(seed));
        SealingKeys::from_texts(&[text]).expect("a key")
    }

    #[test]
    fn holds_several_attempts_and_lets_the_oldest_go() {
        let (keys, entropy) = (keys(1), Entropy::seeded(2));
        let mut browser = BrowserCookie::read(&keys, &entropy, None, 0);
        for n in 0..=MOST {
            browser.bind(&entropy, &format!("att_{n}"), 1000);
        }
        let again = BrowserCookie::read(&keys, &entropy, Some(&browser.write(&keys, &entropy)), 500);
        let ids: Vec<_> = again
            .attempts
            .iter()
            .map(|bound| bound.id.as_str())
            .collect();
        assert_eq!(ids.len(), MOST);
        assert_eq!(ids[0], "att_1");
        assert!(
            browser.write(&keys, &entropy).len() < 3000,
            "a cookie must stay below 4 kB"
        );
    }

    #[test]
    fn forgets_after_a_day_and_distrusts_foreign_cookies() {
        let (ours, entropy) = (keys(1), Entropy::seeded(2));
        let mut browser = BrowserCookie::read(&ours, &entropy, None, 0);
        browser.bind(&entropy, "att_1", 1000);
        let cookie = browser.write(&ours, &entropy);
        assert_eq!(
            BrowserCookie::read(&ours, &entropy, Some(&cookie), 1000 + KEEP - 1)
                .attempts
                .len(),
            1
        );
        assert_eq!(
            BrowserCookie::read(&ours, &entropy, Some(&cookie), 1000 + KEEP)
                .attempts
                .len(),
            0
        );
        assert_eq!(
            BrowserCookie::read(&keys(3), &entropy, Some(&cookie), 0)
                .attempts
                .len(),
            0
        );
        assert_eq!(
            BrowserCookie::read(&ours, &entropy, Some("nonsense"), 0)
                .attempts
                .len(),
            0
        );
    }

    #[test]
    fn form_tokens_belong_to_a_browser_and_a_form() {
        let (keys, entropy) = (keys(1), Entropy::seeded(2));
        let one = BrowserCookie::read(&keys, &entropy, None, 0);
        let two = BrowserCookie::read(&keys, &entropy, None, 0);
        let token = one.form_token(&keys, "confirm att_1");
        assert!(one.form_token_holds(&keys, "confirm att_1", &token));
        assert!(!one.form_token_holds(&keys, "confirm att_2", &token));
        assert!(!two.form_token_holds(&keys, "confirm att_1", &token));
    }
}
