//! From text to tape in one pass, without recursion: each byte is looked at once, and everything
//! RFC 8259 forbids is refused with the place where it stands.

use super::error::JsonError;
use super::strings;
use super::tape::{Kind, MAX_TEXT, Tape, Word};

/// How deep arrays and objects may nest; the same as `serde_json` allows.
pub(super) const MAX_DEPTH: usize = 128;

/// Parses `text` into a tape; a text that is not JSON is handed back with the reason.
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
        at: 0,
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

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    words: Vec<Word>,
    decoded: String,
    open: [Open; MAX_DEPTH],
    depth: usize,
}

/// What may stand next.
enum Next {
    Value,
    Separator,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), JsonError> {
        let mut next = Next::Value;
        loop {
            next = match next {
                Next::Value => self.value()?,
                Next::Separator if self.depth == 0 => return self.end(),
                Next::Separator => self.separator()?,
            };
        }
    }

    /// Reads one value, or the opening of a container and its first key.
    #[inline]
    fn value(&mut self) -> Result<Next, JsonError> {
        match self.peek() {
            Some(b'"') => {
                let word = self.string()?;
                self.words.push(word);
            }
            Some(b'{') => return self.open(Kind::Object),
            Some(b'[') => return self.open(Kind::Array),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.literal(b"true", Kind::True)?,
            Some(b'f') => self.literal(b"false", Kind::False)?,
            Some(b'n') => self.literal(b"null", Kind::Null)?,
            Some(_) => return Err(self.error("a value was expected")),
            None => return Err(self.error("the text ends where a value was expected")),
        }
        Ok(Next::Separator)
    }

    fn open(&mut self, kind: Kind) -> Result<Next, JsonError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error("arrays and objects nest deeper than 128"));
        }
        self.open[self.depth] = Open {
            head: self.words.len(),
            count: 0,
            object: kind == Kind::Object,
        };
        self.depth += 1;
        self.words.push(Word::new(kind, 0, 0));
        self.words.push(Word::span(self.at, 0));
        self.at += 1;
        match (kind, self.peek()) {
            (Kind::Object, Some(b'}')) | (Kind::Array, Some(b']')) => {
                self.close();
                Ok(Next::Separator)
            }
            (Kind::Object, _) => {
                self.key()?;
                Ok(Next::Value)
            }
            _ => Ok(Next::Value),
        }
    }

    /// Reads what follows a member: a comma (and the next key) or the end of the container.
    #[inline]
    fn separator(&mut self) -> Result<Next, JsonError> {
        let open = &mut self.open[self.depth - 1];
        open.count += 1;
        let object = open.object;
        match (self.peek(), object) {
            (Some(b','), true) => {
                self.at += 1;
                self.key()?;
                Ok(Next::Value)
            }
            (Some(b','), false) => {
                self.at += 1;
                Ok(Next::Value)
            }
            (Some(b'}'), true) | (Some(b']'), false) => {
                self.close();
                Ok(Next::Separator)
            }
            (_, true) => Err(self.error("a comma or } was expected")),
            (_, false) => Err(self.error("a comma or ] was expected")),
        }
    }

    fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
        let Open {
            head,
            count,
            object,
        } = self.open[self.depth];
        let kind = if object { Kind::Object } else { Kind::Array };
        self.words[head] = Word::new(kind, self.words.len(), count);
        self.words[head + 1] = Word::span(self.words[head + 1].span_first(), self.at);
    }

    #[inline]
    fn key(&mut self) -> Result<(), JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.error("a member's name in quotes was expected"));
        }
        let word = self.string()?;
        self.words.push(word);
        if self.peek() != Some(b':') {
            return Err(self.error("a colon was expected"));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads the string whose opening quote is next.
    #[inline]
    fn string(&mut self) -> Result<Word, JsonError> {
        let first = self.at + 1;
        let stop = strings::end_of_run(self.bytes, first);
        if self.bytes.get(stop) == Some(&b'"') {
            self.at = stop + 1;
            return Ok(Word::new(Kind::Plain, stop - first, first));
        }
        let start = self.decoded.len();
        self.at = strings::decode(self.bytes, first, &mut self.decoded)?;
        Ok(Word::new(Kind::Escaped, self.decoded.len() - start, start))
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let first = self.at;
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.words
            .push(Word::new(Kind::Number, self.at - first, first));
        Ok(())
    }

    #[inline]
    fn digits(&mut self) -> Result<(), JsonError> {
        let first = self.at;
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == first {
            Err(self.error("a digit was expected"))
        } else {
            Ok(())
        }
    }

    #[inline]
    fn literal(&mut self, word: &[u8], kind: Kind) -> Result<(), JsonError> {
        let after = self.at + word.len();
        if self.bytes.get(self.at..after) != Some(word) {
            return Err(self.error("a value was expected"));
        }
        self.at = after;
        self.words.push(Word::new(kind, 0, 0));
        Ok(())
    }

    fn end(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("the text goes on after its value")),
        }
    }

    /// The next byte that is not white space, without taking it.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte > b' ' => Some(byte),
            Some(_) => {
                self.at = skip_space(self.bytes, self.at);
                self.bytes.get(self.at).copied()
            }
            None => None,
        }
    }

    #[cold]
    fn error(&self, problem: &'static str) -> JsonError {
        JsonError::new(problem, self.at)
    }
}

/// The first place at or after `at` that is not white space. Stripe indents its answers, so runs
/// of blanks are taken eight at a time.
#[inline]
fn skip_space(bytes: &[u8], mut at: usize) -> usize {
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
