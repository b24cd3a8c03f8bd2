//! Parsing of a text into a tape in one pass, without recursion: each byte is read once, and everything that RFC 8259
//! forbids is refused with its offset.

use super::error::JsonError;
use super::strings;
use super::tape::{Kind, MAX_TEXT, Tape, Word};

/// How deep arrays and objects may nest; the same as `serde_json` allows.
pub(super) const MAX_DEPTH: usize = 128;

/// Parses `text` into a tape. A text that is not JSON is returned with the reason.
pub(super) fn parse(text: String) -> Result<Tape, (JsonError, String)> {
    match words(&text) {
        Ok((words, decoded)) => Ok(Tape {
            text,
            decoded,
            words,
        }),
        Err(error) => Err((error, text)),
    }
}

fn words(text: &str) -> Result<(Vec<Word>, String), JsonError> {
    if text.len() > MAX_TEXT {
        return Err(JsonError::new("the text is larger than 256 MiB", 0));
    }
    let mut parser = Parser {
        bytes: text.as_bytes(),
        words: Vec::with_capacity(text.len() / 12 + 8),
        decoded: String::new(),
        open: [Open::NONE; MAX_DEPTH],
        depth: 0,
    };
    parser.run()?;
    Ok((parser.words, parser.decoded))
}

/// A container whose end has not been seen.
#[derive(Clone, Copy)]
struct Open {
    head: usize,
    count: usize,
    object: bool,
}

impl Open {
    const NONE: Self = Self {
        head: 0,
        count: 0,
        object: false,
    };
}

/// The state of the parser. The offset of the next byte (`at`) is passed from step to step and not stored here, so that
/// it stays in a register.
struct Parser<'a> {
    bytes: &'a [u8],
    words: Vec<Word>,
    decoded: String,
    open: [Open; MAX_DEPTH],
    depth: usize,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), JsonError> {
        let mut at = 0;
        loop {
            at = skip_space(self.bytes, at);
            let opened = self.value(&mut at)?;
            if opened || self.after_value(&mut at)? {
                continue;
            }
            return match self.bytes.get(at) {
                None => Ok(()),
                Some(_) => Err(JsonError::new("the text goes on after its value", at)),
            };
        }
    }

    /// Reads one value, or the opening of a container and its first key. Returns whether it was an opening, so that the
    /// next value follows.
    #[inline]
    fn value(&mut self, at: &mut usize) -> Result<bool, JsonError> {
        match self.bytes.get(*at) {
            Some(b'"') => *at = self.string(*at)?,
            Some(b'{') => return self.open(at, true),
            Some(b'[') => return self.open(at, false),
            Some(b'n') => *at = self.literal(*at, b"null", Kind::Null)?,
            Some(b't') => *at = self.literal(*at, b"true", Kind::True)?,
            Some(b'f') => *at = self.literal(*at, b"false", Kind::False)?,
            Some(b'-' | b'0'..=b'9') => *at = self.number(*at)?,
            Some(_) => return Err(JsonError::new("a value was expected", *at)),
            None => {
                return Err(JsonError::new(
                    "the text ends where a value was expected",
                    *at,
                ));
            }
        }
        Ok(false)
    }

    /// Reads the opening of a container and, of an object, the first key. Returns false for an empty container, which
    /// is a whole value.
    fn open(&mut self, at: &mut usize, object: bool) -> Result<bool, JsonError> {
        if self.depth == MAX_DEPTH {
            return Err(JsonError::new(
                "arrays and objects nest deeper than 128",
                *at,
            ));
        }
        self.open[self.depth] = Open {
            head: self.words.len(),
            count: 0,
            object,
        };
        self.depth += 1;
        self.words.push(Word::new(Kind::Null, 0, 0)); // written when the end is seen
        self.words.push(Word::span(*at, 0));
        *at = skip_space(self.bytes, *at + 1);
        match (object, self.bytes.get(*at)) {
            (true, Some(b'}')) | (false, Some(b']')) => {
                *at += 1;
                self.close(*at);
                return Ok(false);
            }
            (true, _) => *at = self.key(*at)?,
            (false, _) => {}
        }
        Ok(true)
    }

    /// Reads what follows a value: the ends of containers, then a comma (and the next key). False
    /// at the end of the outermost value.
    #[inline]
    fn after_value(&mut self, at: &mut usize) -> Result<bool, JsonError> {
        loop {
            *at = skip_space(self.bytes, *at);
            let Some(last) = self.depth.checked_sub(1) else {
                return Ok(false);
            };
            let open = &mut self.open[last];
            open.count += 1;
            match (self.bytes.get(*at), open.object) {
                (Some(b','), true) => {
                    *at = self.key(skip_space(self.bytes, *at + 1))?;
                    return Ok(true);
                }
                (Some(b','), false) => {
                    *at += 1;
                    return Ok(true);
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    *at += 1;
                    self.close(*at);
                }
                (_, true) => return Err(JsonError::new("a comma or } was expected", *at)),
                (_, false) => return Err(JsonError::new("a comma or ] was expected", *at)),
            }
        }
    }

    /// Completes the words of the innermost container, whose text ends before `after`.
    fn close(&mut self, after: usize) {
        self.depth -= 1;
        let Open {
            head,
            count,
            object,
        } = self.open[self.depth];
        let kind = if object { Kind::Object } else { Kind::Array };
        self.words[head] = Word::new(kind, self.words.len(), count);
        self.words[head + 1] = Word::span(self.words[head + 1].span_first(), after);
    }

    /// Reads a member's name and its colon.
    #[inline]
    fn key(&mut self, at: usize) -> Result<usize, JsonError> {
        if self.bytes.get(at) != Some(&b'"') {
            return Err(JsonError::new("a member's name in quotes was expected", at));
        }
        let at = skip_space(self.bytes, self.string(at)?);
        if self.bytes.get(at) != Some(&b':') {
            return Err(JsonError::new("a colon was expected", at));
        }
        Ok(at + 1)
    }

    /// Reads the string whose opening quote is at `at`.
    #[inline]
    fn string(&mut self, at: usize) -> Result<usize, JsonError> {
        let first = at + 1;
        let stop = strings::end_of_run(self.bytes, first);
        if self.bytes.get(stop) == Some(&b'"') {
            self.words.push(Word::new(Kind::Plain, stop - first, first));
            return Ok(stop + 1);
        }
        self.escaped(first)
    }

    #[cold]
    fn escaped(&mut self, first: usize) -> Result<usize, JsonError> {
        let start = self.decoded.len();
        let after = strings::decode(self.bytes, first, &mut self.decoded)?;
        let length = self.decoded.len() - start;
        self.words.push(Word::new(Kind::Escaped, length, start));
        Ok(after)
    }

    fn number(&mut self, first: usize) -> Result<usize, JsonError> {
        let mut at = first + usize::from(self.bytes[first] == b'-');
        if self.bytes.get(at) == Some(&b'0') {
            at += 1;
        } else {
            at = self.digits(at)?;
        }
        if self.bytes.get(at) == Some(&b'.') {
            at = self.digits(at + 1)?;
        }
        if matches!(self.bytes.get(at), Some(b'e' | b'E')) {
            at += 1;
            if matches!(self.bytes.get(at), Some(b'+' | b'-')) {
                at += 1;
            }
            at = self.digits(at)?;
        }
        self.words.push(Word::new(Kind::Number, at - first, first));
        Ok(at)
    }

    #[inline]
    fn digits(&self, first: usize) -> Result<usize, JsonError> {
        let mut at = first;
        while matches!(self.bytes.get(at), Some(b'0'..=b'9')) {
            at += 1;
        }
        if at == first {
            Err(JsonError::new("a digit was expected", at))
        } else {
            Ok(at)
        }
    }

    #[inline]
    fn literal(&mut self, at: usize, word: &[u8], kind: Kind) -> Result<usize, JsonError> {
        let after = at + word.len();
        if self.bytes.get(at..after) != Some(word) {
            return Err(JsonError::new("a value was expected", at));
        }
        self.words.push(Word::new(kind, 0, 0));
        Ok(after)
    }
}

/// The first place at or after `at` that is not white space. Before most tokens stands one blank or
/// none; a line break is followed by Stripe's indentation, taken eight blanks at a time.
#[inline]
fn skip_space(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b' ') => match bytes.get(at + 1) {
            Some(b' ' | b'\n' | b'\r' | b'\t') => skip_run(bytes, at + 1),
            _ => at + 1,
        },
        Some(b'\n' | b'\r' | b'\t') => skip_run(bytes, at),
        _ => at,
    }
}

#[inline]
fn skip_run(bytes: &[u8], mut at: usize) -> usize {
    const BLANKS: u64 = u64::from_le_bytes([b' '; 8]);
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
        while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let other = u64::from_le_bytes(*chunk) ^ BLANKS;
            if other != 0 {
                at += other.trailing_zeros() as usize / 8;
                break;
            }
            at += 8;
        }
    }
    at
}

/// The tape of `null`.
pub(super) fn null() -> Tape {
    Tape {
        text: "null".to_owned(),
        decoded: String::new(),
        words: vec![Word::new(Kind::Null, 0, 0)],
    }
}
