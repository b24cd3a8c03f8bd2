//! The attempts that one browser started, with the secrets that prove it. The web layer keeps them in a sealed cookie.

use serde::{Deserialize, Serialize};

use crate::entropy::Entropy;
use crate::id::{constant_time_eq, hash};
use crate::store::Attempt;
use crate::time::{DAY_MILLIS, Millis};

/// How many attempts are kept; adding another one drops the oldest.
pub(crate) const MAX_BROWSER_ATTEMPTS: usize = 8;

/// How long after an attempt expired its browser can see the outcome.
const OUTCOME_VISIBLE_MILLIS: Millis = DAY_MILLIS;

/// Attempts of one browser, oldest first.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct BrowserAttempts(Vec<BoundAttempt>);

#[derive(Clone, Serialize, Deserialize)]
struct BoundAttempt {
    id: String,
    secret: String,
    until: Millis,
}

impl BrowserAttempts {
    /// Drops attempts whose outcome is no longer shown.
    pub(crate) fn remove_expired(&mut self, now: Millis) {
        self.0.retain(|bound| bound.until > now);
    }

    /// Binds an attempt to this browser and returns the hash to store with it.
    pub(crate) fn bind(
        &mut self,
        entropy: &Entropy,
        attempt_id: &str,
        expires_at: Millis,
    ) -> [u8; 32] {
        let secret = entropy.token();
        let browser_hash = hash(&secret);
        while self.0.len() >= MAX_BROWSER_ATTEMPTS {
            self.0.remove(0);
        }
        self.0.push(BoundAttempt {
            id: attempt_id.to_owned(),
            secret,
            until: expires_at + OUTCOME_VISIBLE_MILLIS,
        });
        browser_hash
    }

    /// Whether this browser started the attempt.
    pub(crate) fn contains(&self, attempt: &Attempt) -> bool {
        self.0.iter().any(|bound| {
            bound.id == attempt.id && constant_time_eq(&hash(&bound.secret), &attempt.browser_hash)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realm::{Mode, Realm};
    use crate::store::NewAttempt;

    fn ids(attempts: &BrowserAttempts) -> Vec<&str> {
        attempts.0.iter().map(|bound| bound.id.as_str()).collect()
    }

    #[test]
    fn the_ninth_attempt_drops_the_first() {
        let entropy = Entropy::seeded(2);
        let mut attempts = BrowserAttempts::default();
        for number in 1..=8 {
            attempts.bind(&entropy, &format!("att_{number}"), 1000);
        }
        assert_eq!((ids(&attempts).len(), ids(&attempts)[0]), (8, "att_1"));
        attempts.bind(&entropy, "att_9", 1000);
        assert_eq!((ids(&attempts).len(), ids(&attempts)[0]), (8, "att_2"));
    }

    #[test]
    fn an_attempt_is_dropped_a_day_after_it_expired() {
        let mut attempts = BrowserAttempts::default();
        attempts.bind(&Entropy::seeded(2), "att_1", 1000);
        let day = 24 * 60 * 60 * 1000;
        attempts.remove_expired(1000 + day - 1);
        assert_eq!(ids(&attempts), ["att_1"]);
        attempts.remove_expired(1000 + day);
        assert!(ids(&attempts).is_empty());
    }

    #[test]
    fn an_attempt_belongs_to_the_browser_that_started_it() {
        let entropy = Entropy::seeded(2);
        let (mut ours, mut theirs) = (BrowserAttempts::default(), BrowserAttempts::default());
        let realm = Realm::new("shop", Mode::Test);
        let mut attempt = Attempt::from(NewAttempt::new("att_1", realm, "tenant-1"));
        attempt.browser_hash = ours.bind(&entropy, "att_1", 1000);
        theirs.bind(&entropy, "att_1", 1000);
        assert!(ours.contains(&attempt));
        assert!(!theirs.contains(&attempt), "another secret");
        attempt.id = "att_2".to_owned();
        assert!(!ours.contains(&attempt), "another attempt");
    }
}
