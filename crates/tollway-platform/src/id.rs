//! Ids of records, and hashes by which secrets are looked up without being stored.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::entropy::Entropy;

/// The 32 letters of an id, without those that are easily misread.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A new id: the prefix, then 26 letters for 48 bits of time and 80 random bits. Ids of one prefix sort by time.
pub(crate) fn new_id(prefix: &str, now_ms: i64, entropy: &Entropy) -> String {
    let time = u128::from(now_ms.max(0).unsigned_abs()) & 0xFFFF_FFFF_FFFF;
    let mut random = [0_u8; 16];
    entropy.fill(&mut random[6..]);
    let bits = (time << 80) | u128::from_be_bytes(random);
    let letters = (0..26).map(|position| {
        let index = (bits >> (125 - 5 * position)) & 31;
        char::from(ALPHABET[usize::try_from(index).unwrap_or(0)])
    });
    format!("{prefix}_{}", letters.collect::<String>())
}

/// The SHA-256 of a secret with 256 random bits, which needs no salt.
pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Compares two hashes, or two secrets of the same length. The time does not depend on where they differ.
pub(crate) fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_never_repeat() {
        let entropy = Entropy::seeded(1);
        let early = new_id("att", 1_700_000_000_000, &entropy);
        let late = new_id("att", 1_700_000_000_001, &entropy);
        assert!(early < late, "{early} sorts before {late}");
        assert_eq!(early.len(), "att_".len() + 26);
        let same_instant = new_id("att", 1_700_000_000_000, &entropy);
        assert_ne!(early, same_instant);
        assert_eq!(early[..14], same_instant[..14], "the time part is the same");
    }

    #[test]
    fn hashes_are_equal_only_if_all_bytes_are() {
        assert!(constant_time_eq(&hash("a"), &hash("a")));
        assert!(!constant_time_eq(&hash("a"), &hash("b")));
        assert!(!constant_time_eq(b"a", b"ab"));
    }
}
