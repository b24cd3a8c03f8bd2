//! Randomness as a parameter.
//!
//! States, browser secrets, nonces and ids are drawn from one [`Entropy`]. A test seeds it and gets the same values again; a
//! real process seeds it from the operating system.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

/// A shared source of randomness for secrets: ChaCha20. Cheap to clone; clones draw from the same stream.
#[derive(Clone)]
pub struct Entropy(Arc<Mutex<ChaCha20Rng>>);

impl Entropy {
    /// A stream from your own seed, which must be secret and used once: the seed gives away every secret.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Arc::new(Mutex::new(ChaCha20Rng::from_seed(seed))))
    }

    /// A repeatable stream, for tests only.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))))
    }

    /// A stream seeded by the operating system.
    pub fn from_system() -> Result<Self, EntropyError> {
        let mut seed = [0_u8; 32];
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that seeds from the system"
        )]
        getrandom::fill(&mut seed).map_err(|error| EntropyError(error.into()))?;
        Ok(Self::from_seed(seed))
    }

    /// Fills `bytes`.
    pub fn fill(&self, bytes: &mut [u8]) {
        // The lock is poisoned if another thread panicked while it drew; the generator is still valid.
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(bytes);
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// 256 random bits as 43 URL-safe characters.
    pub fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }

    /// A number in `0..bound`, or 0 if `bound` is 0. Slightly biased: use it for jitter only.
    pub fn below(&self, bound: u64) -> u64 {
        u64::from_le_bytes(self.bytes())
            .checked_rem(bound)
            .unwrap_or(0)
    }
}

impl tollway::runtime::Random for Entropy {
    fn fill(&self, bytes: &mut [u8]) {
        Self::fill(self, bytes);
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}

/// The operating system gives no randomness.
#[derive(Debug, thiserror::Error)]
#[error(
    "the operating system gives no randomness ({0}): nothing secret can be made here, so the platform does not start"
)]
pub struct EntropyError(#[source] Box<dyn std::error::Error + Send + Sync>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_tokens_and_another_seed_others() {
        let first = Entropy::seeded(7);
        let again = Entropy::seeded(7);
        let (a, b) = (first.token(), first.token());
        assert_eq!(a, again.token());
        assert_ne!(a, b);
        assert_ne!(a, Entropy::seeded(8).token());
        assert_eq!(a.len(), 43);
    }

    #[test]
    fn the_system_gives_different_streams() {
        let one = Entropy::from_system().expect("this machine has entropy");
        let two = Entropy::from_system().expect("this machine has entropy");
        assert_ne!(one.token(), two.token());
    }

    #[test]
    fn below_gives_numbers_below_the_bound() {
        let entropy = Entropy::seeded(1);
        assert_eq!(entropy.below(0), 0);
        assert!((0..1000).all(|_| entropy.below(10) < 10));
    }
}
