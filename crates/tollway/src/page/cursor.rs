//! A position in a list, in a form that can be stored.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The position after the last item that was returned. You can store its text ([`Display`](fmt::Display), [`FromStr`],
/// serde) and continue from it by [`AutoPaging::resume`](super::AutoPaging::resume), in another process too.
///
/// Use it with the same list and the same filters. In v1 lists it is exact, however the list has changed since. Search
/// results and v2 lists continue on the page of the last item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(pub(super) Position);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Position {
    /// v1 lists, forward: after this id.
    After(String),
    /// v1 lists, backward: before this id.
    Before(String),
    /// Search results: this page (empty for the first one) without its first items.
    Page { token: String, skip: usize },
    /// v2 lists: this page's URL (empty for the first one) without its first items.
    Url { url: String, skip: usize },
}

/// A text that is not a [`Cursor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CursorError;

impl fmt::Display for CursorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is not a cursor: pass the text that AutoPaging::cursor gave")
    }
}

impl std::error::Error for CursorError {}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Position::After(id) => write!(f, "after:{id}"),
            Position::Before(id) => write!(f, "before:{id}"),
            Position::Page { token, skip } => write!(f, "page:{skip}:{token}"),
            Position::Url { url, skip } => write!(f, "url:{skip}:{url}"),
        }
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (kind, rest) = text.split_once(':').ok_or(CursorError)?;
        let id = || {
            (!rest.is_empty())
                .then(|| rest.to_owned())
                .ok_or(CursorError)
        };
        let page = || {
            let (skip, page) = rest.split_once(':').ok_or(CursorError)?;
            Ok((skip.parse().map_err(|_| CursorError)?, page.to_owned()))
        };
        Ok(Self(match kind {
            "after" => Position::After(id()?),
            "before" => Position::Before(id()?),
            "page" => {
                let (skip, token) = page()?;
                Position::Page { token, skip }
            }
            "url" => {
                let (skip, url) = page()?;
                Position::Url { url, skip }
            }
            _ => return Err(CursorError),
        }))
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_place() -> impl Strategy<Value = Position> {
        prop_oneof![
            ".{1,20}".prop_map(Position::After),
            ".{1,20}".prop_map(Position::Before),
            (".{0,20}", any::<usize>()).prop_map(|(token, skip)| Position::Page { token, skip }),
            (".{0,20}", any::<usize>()).prop_map(|(url, skip)| Position::Url { url, skip }),
        ]
    }

    proptest! {
        #[test]
        fn a_stored_cursor_is_the_same_cursor(place in any_place()) {
            let cursor = Cursor(place);
            prop_assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor.clone());
            let json = serde_json::to_string(&cursor).unwrap();
            prop_assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
        }

        #[test]
        fn any_text_is_judged_and_written_back_alike(text in "(after|before|page|url|x)?:?[0-9]{0,3}:?.{0,8}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
            }
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "after:",
            "before:",
            "cus_1",
            "page:x:y",
            "page:1",
            "url:-1:/v2/x",
            "other:1",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text}");
        }
    }
}
