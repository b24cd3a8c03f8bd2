//! Secrets at rest: tokens and cookies are sealed into envelopes.
//!
//! ```text
//! 1 byte version | 8 bytes key id | 24 bytes nonce | ciphertext and tag (XChaCha20-Poly1305)
//! ```
//!
//! The associated data binds an envelope to its context (table, row, column): an envelope that was moved to another row does
//! not open. Keys are a list: the first key seals, all of them open. To rotate, put a new key in front, and remove an old one
//! when no row uses it. A key's id is derived from the key, so two configurations cannot disagree about it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::entropy::Entropy;

const ENVELOPE_VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;

/// The context of an envelope, which is bound to it as associated data. In another context it does not open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SealContext<'a> {
    /// The table, or `cookie`.
    pub table: &'a str,
    /// The row's unique name.
    pub row: &'a str,
    /// The column.
    pub column: &'a str,
}

impl SealContext<'_> {
    /// Length-prefixed, so that no two contexts have the same data.
    fn associated_data(&self, header: &[u8]) -> Vec<u8> {
        let mut data = header.to_vec();
        for part in [self.table, self.row, self.column] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

/// The id of a sealing key: 16 hexadecimal digits, derived from the key by SHA-256. Not secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; KEY_ID_BYTES]);

impl KeyId {
    /// Reads the id in an envelope: the eight bytes after the first. `None`: these are not eight bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The eight bytes in an envelope.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

struct Key {
    id: KeyId,
    cipher: XChaCha20Poly1305,
    secret: Zeroizing<[u8; 32]>,
}

/// The sealing keys, newest first. Never empty. `Debug` shows only their ids.
pub struct SealingKeys(Vec<Key>);

impl SealingKeys {
    /// Reads keys in the form of the configuration: 32 bytes each, in base64 (standard or URL-safe), newest first.
    pub fn from_texts(texts: &[SecretString]) -> Result<Self, KeyError> {
        if texts.is_empty() {
            return Err(KeyError::Empty);
        }
        let mut keys: Vec<Key> = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let secret =
                decode_key(text.expose_secret().trim()).ok_or(KeyError::Malformed(index))?;
            let id = key_id(&secret);
            if keys.iter().any(|key| key.id == id) {
                return Err(KeyError::Duplicate(index));
            }
            let cipher = XChaCha20Poly1305::new_from_slice(secret.as_slice())
                .map_err(|_| KeyError::Malformed(index))?;
            keys.push(Key { id, cipher, secret });
        }
        Ok(Self(keys))
    }

    /// Generates a key in the form of the configuration.
    pub fn generate(entropy: &Entropy) -> SecretString {
        let secret = Zeroizing::new(entropy.bytes::<32>());
        SecretString::from(STANDARD.encode(secret.as_slice()))
    }

    /// The ids of all keys, newest first.
    pub fn ids(&self) -> Vec<KeyId> {
        self.0.iter().map(|key| key.id).collect()
    }

    /// Seals with the newest key.
    pub(crate) fn seal(
        &self,
        entropy: &Entropy,
        context: SealContext<'_>,
        plain: &[u8],
    ) -> Vec<u8> {
        let key = self.newest();
        let nonce = entropy.bytes::<NONCE_BYTES>();
        let mut envelope = Vec::with_capacity(HEADER_BYTES + plain.len() + 16);
        envelope.push(ENVELOPE_VERSION);
        envelope.extend_from_slice(&key.id.0);
        envelope.extend_from_slice(&nonce);
        let aad = context.associated_data(&envelope[..=KEY_ID_BYTES]);
        let sealed = key
            .cipher
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: plain,
                    aad: &aad,
                },
            )
            .expect("only a message of 256 GiB cannot be sealed");
        envelope.extend_from_slice(&sealed);
        envelope
    }

    /// Opens an envelope that any of the keys sealed in this context.
    pub(crate) fn open(
        &self,
        context: SealContext<'_>,
        envelope: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let Some((header, sealed)) = envelope.split_at_checked(HEADER_BYTES) else {
            return Err(OpenError::Malformed);
        };
        if header[0] != ENVELOPE_VERSION {
            return Err(OpenError::Malformed);
        }
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&header[1..=KEY_ID_BYTES]);
        let id = KeyId(id);
        let key = self
            .0
            .iter()
            .find(|key| key.id == id)
            .ok_or(OpenError::UnknownKey(id))?;
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&header[1 + KEY_ID_BYTES..]);
        let aad = context.associated_data(&header[..=KEY_ID_BYTES]);
        key.cipher
            .decrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: sealed,
                    aad: &aad,
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| OpenError::Rejected)
    }

    /// Seals to URL-safe text, for a cookie.
    pub(crate) fn seal_text(
        &self,
        entropy: &Entropy,
        context: SealContext<'_>,
        plain: &[u8],
    ) -> String {
        URL_SAFE_NO_PAD.encode(self.seal(entropy, context, plain))
    }

    /// Opens the text of [`Self::seal_text`].
    pub(crate) fn open_text(
        &self,
        context: SealContext<'_>,
        text: &str,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let envelope = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| OpenError::Malformed)?;
        self.open(context, &envelope)
    }

    /// A MAC of `message`, in URL-safe text. Its key is derived from the newest sealing key for this `purpose` only.
    pub(crate) fn mac(&self, purpose: &str, message: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(
            keyed(self.newest(), purpose, message)
                .finalize()
                .into_bytes(),
        )
    }

    /// Whether any of the keys made this MAC. Constant time per key.
    pub(crate) fn verify_mac(&self, purpose: &str, message: &[u8], mac: &str) -> bool {
        let Ok(mac) = URL_SAFE_NO_PAD.decode(mac) else {
            return false;
        };
        self.0
            .iter()
            .any(|key| keyed(key, purpose, message).verify_slice(&mac).is_ok())
    }

    /// The id of the newest key, which seals.
    pub(crate) fn newest_id(&self) -> KeyId {
        self.newest().id
    }

    fn newest(&self) -> &Key {
        &self.0[0]
    }
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SealingKeys").field(&self.ids()).finish()
    }
}

/// The key of a purpose is the HMAC of the purpose's name, so that a MAC of one purpose is invalid for another.
fn keyed(key: &Key, purpose: &str, message: &[u8]) -> Hmac<Sha256> {
    let mut derive = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key.secret.as_slice())
        .expect("HMAC takes any key");
    derive.update(b"tollway purpose ");
    derive.update(purpose.as_bytes());
    let derived = derive.finalize().into_bytes();
    let mut mac =
        <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&derived).expect("HMAC takes any key");
    mac.update(message);
    mac
}

fn key_id(secret: &[u8; 32]) -> KeyId {
    let mut hasher = Sha256::new();
    hasher.update(b"tollway sealing key id ");
    hasher.update(secret);
    let digest: [u8; 32] = hasher.finalize().into();
    let mut id = [0; KEY_ID_BYTES];
    id.copy_from_slice(&digest[..KEY_ID_BYTES]);
    KeyId(id)
}

fn decode_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')))
        .ok()
        .map(Zeroizing::new)?;
    <[u8; 32]>::try_from(bytes.as_slice())
        .ok()
        .map(Zeroizing::new)
}

/// The configured sealing keys cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The list is empty. Secrets are never stored unsealed, so the platform cannot run.
    #[error(
        "sealing_keys is empty: put one key there (32 random bytes in base64, for example from `openssl rand -base64 32`), \
         secrets are never stored unsealed"
    )]
    Empty,
    /// Not 32 bytes in base64.
    #[error(
        "sealing_keys[{0}] is not a key: give 32 bytes in base64, for example from `openssl rand -base64 32`"
    )]
    Malformed(usize),
    /// The list has the same key twice.
    #[error("sealing_keys[{0}] stands there twice: remove one of the two")]
    Duplicate(usize),
}

/// An envelope does not open.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OpenError {
    /// Too short, not base64, or of an unknown version.
    #[error("not a sealed value")]
    Malformed,
    /// Sealed with a key that is not in the list.
    #[error(
        "sealed with key {0}, which is not among sealing_keys: put that key back at the end of the list"
    )]
    UnknownKey(KeyId),
    /// The envelope was changed, or sealed in another context.
    #[error("the sealed value was changed, or sealed in another context")]
    Rejected,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HERE: SealContext<'static> = SealContext {
        table: "connections",
        row: "con_1",
        column: "access_token",
    };

    fn keys(seeds: &[u64]) -> SealingKeys {
        let texts: Vec<_> = seeds
            .iter()
            .map(|seed| SealingKeys::generate(&Entropy::seeded(*seed)))
            .collect();
        SealingKeys::from_texts(&texts).expect("generated keys are keys")
    }

    #[test]
    fn an_envelope_opens_only_in_its_context() {
        let (keys, entropy) = (keys(&[1]), Entropy::seeded(9));
        let envelope = keys.seal(&entropy, HERE, b"sk_secret");
        assert_eq!(
            keys.open(HERE, &envelope).expect("opens").as_slice(),
            b"sk_secret"
        );
        for elsewhere in [
            SealContext {
                table: "attempts",
                ..HERE
            },
            SealContext {
                row: "con_2",
                ..HERE
            },
            SealContext {
                column: "refresh_token",
                ..HERE
            },
            SealContext {
                table: "connectionscon_1",
                row: "",
                column: "access_token",
            },
        ] {
            assert_eq!(
                keys.open(elsewhere, &envelope),
                Err(OpenError::Rejected),
                "{elsewhere:?}"
            );
        }
    }

    #[test]
    fn the_newest_key_seals_and_all_keys_open() {
        let entropy = Entropy::seeded(9);
        let old = keys(&[1]);
        let both = keys(&[2, 1]);
        let by_old = old.seal(&entropy, HERE, b"x");
        assert!(both.open(HERE, &by_old).is_ok());
        let by_new = both.seal(&entropy, HERE, b"x");
        assert_eq!(
            old.open(HERE, &by_new),
            Err(OpenError::UnknownKey(both.ids()[0]))
        );
    }

    #[test]
    fn macs_belong_to_a_purpose_and_survive_rotation() {
        let mac = keys(&[1]).mac("start link", b"tenant=a");
        assert!(keys(&[2, 1]).verify_mac("start link", b"tenant=a", &mac));
        assert!(!keys(&[2, 1]).verify_mac("csrf", b"tenant=a", &mac));
        assert!(!keys(&[2, 1]).verify_mac("start link", b"tenant=b", &mac));
        assert!(!keys(&[2]).verify_mac("start link", b"tenant=a", &mac));
        assert!(!keys(&[1]).verify_mac("start link", b"tenant=a", "no base64!"));
    }

    #[test]
    fn an_invalid_list_of_keys_is_refused_by_index() {
        let key = SealingKeys::generate(&Entropy::seeded(1));
        assert_eq!(SealingKeys::from_texts(&[]).err(), Some(KeyError::Empty));
        assert_eq!(
            SealingKeys::from_texts(&["short".into()]).err(),
            Some(KeyError::Malformed(0))
        );
        assert_eq!(
            SealingKeys::from_texts(&[key.clone(), key]).err(),
            Some(KeyError::Duplicate(1))
        );
    }

    #[test]
    fn debug_shows_ids_alone() {
        let keys = keys(&[1]);
        let text = format!("{keys:?}");
        assert_eq!(text, format!("SealingKeys([{}])", keys.ids()[0]));
    }

    proptest! {
        #[test]
        fn an_envelope_opens_unless_a_byte_is_changed(plain: Vec<u8>, at: prop::sample::Index, flip in 1_u8..) {
            let keys = keys(&[1]);
            let mut envelope = keys.seal(&Entropy::seeded(3), HERE, &plain);
            let opened = keys.open(HERE, &envelope).expect("opens");
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
            let index = at.index(envelope.len());
            envelope[index] ^= flip;
            prop_assert!(keys.open(HERE, &envelope).is_err());
        }

        #[test]
        fn no_bytes_make_open_panic(bytes: Vec<u8>) {
            prop_assert!(keys(&[1]).open(HERE, &bytes).is_err());
        }
    }
}
