//! API keys: what kind, which mode, and which world they open.

use std::fmt;

use crate::scope::Mode;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// `sk_…`: everything.
    Secret,
    /// `rk_…`: everything here; restrictions are settable per key.
    Restricted,
    /// `pk_…`: only what a browser may do.
    Publishable,
}

/// A well-formed API key. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    text: String,
    /// Secret, restricted or publishable.
    pub kind: KeyKind,
    /// Test or live.
    pub mode: Mode,
}

/// Letters behind `51` that Stripe's long keys of one account share.
const ACCOUNT_PART: usize = 18;

impl ApiKey {
    /// Reads a key; none if it is malformed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('_')?;
        let kind = match kind {
            "sk" => KeyKind::Secret,
            "rk" => KeyKind::Restricted,
            "pk" => KeyKind::Publishable,
            _ => return None,
        };
        let (mode, tail) = rest.split_once('_')?;
        let mode = match mode {
            "test" => Mode::Test,
            "live" => Mode::Live,
            _ => return None,
        };
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let well_formed = !tail.is_empty() && tail.len() <= 255 && tail.bytes().all(good);
        well_formed.then(|| Self {
            text: text.to_owned(),
            kind,
            mode,
        })
    }

    /// The key itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The name of the world this key opens: what follows `sk_test_`. The test, live and publishable keys of a real
    /// Stripe account share its first letters, so long keys are told apart by these alone.
    #[must_use]
    pub fn world(&self) -> &str {
        let tail = self.text.splitn(3, '_').nth(2).unwrap_or_default();
        if tail.len() >= 90 && tail.starts_with("51") {
            tail.get(..ACCOUNT_PART).unwrap_or(tail)
        } else {
            tail
        }
    }

    /// The key as error messages show it.
    #[must_use]
    pub fn redacted(&self) -> String {
        redact(&self.text)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ApiKey").field(&self.redacted()).finish()
    }
}

/// Stars for all but a key's kind, mode and last four characters; short texts lose everything but their kind.
#[must_use]
pub fn redact(text: &str) -> String {
    let head: usize = text.split('_').take(2).map(|part| part.len() + 1).sum();
    let length = text.chars().count();
    let head = if text.starts_with("sk_") || text.starts_with("rk_") || text.starts_with("pk_") {
        head.min(8)
    } else {
        0
    };
    let tail = if length > head + 8 { 4 } else { 0 };
    let hidden = length.saturating_sub(head + tail).min(64);
    let head = head.min(length);
    let place = |nth: usize| {
        let place = text.char_indices().nth(nth);
        place.map_or(text.len(), |(place, _)| place)
    };
    let tail = &text[place((length - tail).max(head))..];
    format!("{}{}{tail}", &text[..place(head)], "*".repeat(hidden))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_kind_mode_and_world() {
        let key = ApiKey::parse("sk_test_abc_1").unwrap();
        assert_eq!(
            (key.kind, key.mode, key.world()),
            (KeyKind::Secret, Mode::Test, "abc_1")
        );
        let live = ApiKey::parse("rk_live_abc_1").unwrap();
        assert_eq!(
            (live.kind, live.mode, live.world()),
            (KeyKind::Restricted, Mode::Live, "abc_1")
        );
    }

    #[test]
    fn real_keys_of_one_account_share_a_world() {
        let long = |prefix: &str, end: &str| {
            ApiKey::parse(&format!("{prefix}51AbCdEfGhIjKlMnOp{}", end.repeat(90))).unwrap()
        };
        assert_eq!(long("sk_test_", "x").world(), long("pk_test_", "y").world());
        assert_eq!(long("sk_test_", "x").world(), long("sk_live_", "z").world());
    }

    #[test]
    fn malformed_keys_are_none() {
        for text in [
            "",
            "sk",
            "sk_test_",
            "sk_prod_x",
            "xx_test_1",
            "sk_test_a b",
            "sk_test_\u{e9}",
            "Bearer sk_test_1",
        ] {
            assert!(ApiKey::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn redaction_hides_the_secret() {
        assert_eq!(redact("sk_test_abcdefgh1234"), "sk_test_********1234");
        assert_eq!(redact("sk_test_123"), "sk_test_***");
        assert_eq!(redact("hello"), "*****");
        assert!(!format!("{:?}", ApiKey::parse("sk_live_verysecretkey99")).contains("verysecret"));
        assert_eq!(redact(""), "");
    }
}
