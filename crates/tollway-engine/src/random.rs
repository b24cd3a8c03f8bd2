//! Randomness as a parameter: one seeded generator per world, from which ids, codes and secrets come.
//!
//! With a fixed seed a world makes the same ids in the same order, whatever other worlds do.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A deterministic random generator.
#[derive(Debug, Clone)]
pub struct Random(ChaCha12Rng);

impl Random {
    /// A generator for the purpose named by `label`, derived from the emulator's seed.
    #[must_use]
    pub fn derive(seed: [u8; 32], label: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(seed)
            .chain_update(label.as_bytes())
            .finalize();
        Self(ChaCha12Rng::from_seed(digest.into()))
    }

    /// A uniform number below `limit`; 0 if the limit is 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        // A 64-bit product keeps the bias below one in four billion: fine for test data.
        u32::try_from((u64::from(self.0.next_u32()) * u64::from(limit)) >> 32).unwrap_or(0)
    }

    /// `length` letters and digits.
    pub fn alphanumeric(&mut self, length: usize) -> String {
        let letter = |_| char::from(ALPHANUMERIC[self.below(62) as usize]);
        (0..length).map(letter).collect()
    }

    /// `length` lower-case hexadecimal digits.
    pub fn hex(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from(b"0123456789abcdef"[self.below(16) as usize]))
            .collect()
    }

    /// `length` decimal digits.
    pub fn digits(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from(b"0123456789"[self.below(10) as usize]))
            .collect()
    }

    /// Raw bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

/// `length` letters and digits that depend on `text` alone: stable ids of things that exist by themselves,
/// such as the platform account of a key.
#[must_use]
pub fn derived_text(text: &str, length: usize) -> String {
    Random::derive([0; 32], text).alphanumeric(length)
}

/// A seed from the system's entropy.
///
/// # Errors
/// If the system has no entropy to give.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place of the emulator that takes entropy from the system"
)]
/// A seed from the system's random source.
pub fn system_seed() -> Result<[u8; 32], getrandom::Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_labels_differ() {
        let text = |label| Random::derive([7; 32], label).alphanumeric(24);
        assert_eq!(text("a"), text("a"));
        assert_ne!(text("a"), text("b"));
        assert_eq!(text("a").len(), 24);
    }

    #[test]
    fn numbers_stay_below_their_limit() {
        let mut random = Random::derive([1; 32], "x");
        assert!((0..1000).all(|_| random.below(3) < 3));
        assert_eq!(random.below(0), 0);
        assert!(random.hex(64).bytes().all(|b| b.is_ascii_hexdigit()));
        assert!(random.digits(6).bytes().all(|b| b.is_ascii_digit()));
        assert_ne!(random.bytes::<16>(), [0; 16]);
    }
}
