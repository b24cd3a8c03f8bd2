//! The tape: one flat list of 64-bit words with the place of every value of a JSON text.
//!
//! A scalar takes one word, an object or array two plus its members, a member of an object is a
//! key word followed by its value. Nothing of the text is copied except strings that contain
//! escapes, which are kept decoded in one side buffer.
//!
//! ```text
//! first word   kind:4 | length or end:28 | offset or count:32
//! second word  (containers only)  first byte:32 | byte after the last:32
//! ```

/// The largest text a tape can describe, in bytes (256 MiB - 1).
pub(super) const MAX_TEXT: usize = (1 << 28) - 1;

/// What a tape word stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Null,
    False,
    True,
    /// Offset and length of the digits in the text.
    Number,
    /// Offset and length between the quotes in the text.
    Plain,
    /// Offset and length of the decoded form in the side buffer.
    Escaped,
    Array,
    Object,
}

const KINDS: [Kind; 8] = [
    Kind::Null,
    Kind::False,
    Kind::True,
    Kind::Number,
    Kind::Plain,
    Kind::Escaped,
    Kind::Array,
    Kind::Object,
];

/// One word of the tape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word(u64);

impl Word {
    #[inline]
    pub(super) const fn new(kind: Kind, middle: usize, low: usize) -> Self {
        Self(
            (kind as u64) << 60
                | ((middle as u64) & 0x0FFF_FFFF) << 32
                | (low as u64) & 0xFFFF_FFFF,
        )
    }

    /// The second word of a container: where its text begins and ends.
    #[inline]
    pub(super) const fn span(first: usize, after: usize) -> Self {
        Self((first as u64) << 32 | (after as u64) & 0xFFFF_FFFF)
    }

    #[inline]
    pub(super) const fn kind(self) -> Kind {
        KINDS[(self.0 >> 60) as usize & 7]
    }

    /// Length of a scalar's text; for a container, the index of the word after its last.
    #[inline]
    pub(super) const fn middle(self) -> usize {
        (self.0 >> 32) as usize & 0x0FFF_FFFF
    }

    /// Offset of a scalar's text; for a container, how many members it has.
    #[inline]
    pub(super) const fn low(self) -> usize {
        (self.0 & 0xFFFF_FFFF) as usize
    }

    #[inline]
    pub(super) const fn span_first(self) -> usize {
        (self.0 >> 32) as usize
    }
}

/// A parsed text: the text, the tape over it, and the decoded strings.
#[derive(Default)]
pub(super) struct Tape {
    pub(super) text: String,
    pub(super) decoded: String,
    pub(super) words: Vec<Word>,
}

impl Tape {
    /// The index of the value after the one at `index`.
    #[inline]
    pub(super) fn next(&self, index: usize) -> usize {
        let word = self.words[index];
        match word.kind() {
            Kind::Array | Kind::Object => word.middle(),
            _ => index + 1,
        }
    }

    /// The text of the string or number at `index`; empty for anything else.
    #[inline]
    pub(super) fn scalar(&self, index: usize) -> &str {
        let word = self.words[index];
        let source = match word.kind() {
            Kind::Plain | Kind::Number => &self.text,
            Kind::Escaped => &self.decoded,
            _ => return "",
        };
        &source[word.low()..word.low() + word.middle()]
    }

    /// The index of the value of member `key` of the object at `index`.
    /// The first of several members of one name wins.
    #[inline]
    pub(super) fn member(&self, index: usize, key: &str) -> Option<usize> {
        let head = self.words[index];
        if head.kind() != Kind::Object {
            return None;
        }
        let end = head.middle();
        let mut at = index + 2;
        while at < end {
            if self.key_is(self.words[at], key.as_bytes()) {
                return Some(at + 1);
            }
            at = self.next(at + 1);
        }
        None
    }

    #[inline]
    fn key_is(&self, word: Word, key: &[u8]) -> bool {
        if word.middle() != key.len() {
            return false;
        }
        let source = if word.kind() == Kind::Plain {
            self.text.as_bytes()
        } else {
            self.decoded.as_bytes()
        };
        source.get(word.low()..word.low() + key.len()) == Some(key)
    }

    /// The text of the value at `index` as it was sent, white space included; `None` for a string with escapes, which
    /// the caller escapes again.
    pub(super) fn raw(&self, index: usize) -> Option<&str> {
        let word = self.words[index];
        Some(match word.kind() {
            Kind::Null => "null",
            Kind::False => "false",
            Kind::True => "true",
            Kind::Number => self.scalar(index),
            Kind::Plain => &self.text[word.low() - 1..=word.low() + word.middle()],
            Kind::Escaped => return None,
            Kind::Array | Kind::Object => {
                let span = self.words[index + 1];
                &self.text[span.span_first()..span.low()]
            }
        })
    }
}
