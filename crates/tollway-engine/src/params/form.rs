//! Reading `a[b][0]=c`: pairs into a tree, with the rules of Stripe's servers.
//!
//! - The last of two equal keys wins; `a[]` appends; `a[][b]=1&a[][c]=2` fills one map until a key repeats.
//! - A key with unbalanced brackets is a name like any other, and so an unknown parameter.
//! - A key that is used both as a value and as a map is refused, and so is a tree too deep or too big.

use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use super::tree::{MAX_DEPTH, MAX_VALUES, Tree, Upload};
use crate::error::ApiError;

/// A decoded pair of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The name, decoded.
    pub key: String,
    /// The value.
    pub value: PairValue,
}

/// What a pair holds; only multipart bodies hold files.
#[derive(Debug, Clone, PartialEq)]
pub enum PairValue {
    /// Text.
    Text(String),
    /// A file.
    File(Upload),
}

/// Splits and decodes `a=1&b=2`.
///
/// # Errors
/// If there are too many pairs, or a pair is not UTF-8.
pub fn pairs(text: &[u8]) -> Result<Vec<Pair>, ApiError> {
    let mut pairs = Vec::new();
    for part in text
        .split(|byte| *byte == b'&')
        .filter(|part| !part.is_empty())
    {
        if pairs.len() == MAX_VALUES {
            return Err(too_many());
        }
        let split = part.iter().position(|byte| *byte == b'=');
        let (key, value) = split.map_or((part, &part[..0]), |at| (&part[..at], &part[at + 1..]));
        pairs.push(Pair {
            key: decode(key)?,
            value: PairValue::Text(decode(value)?),
        });
    }
    Ok(pairs)
}

fn decode(part: &[u8]) -> Result<String, ApiError> {
    let plain = !part.iter().any(|byte| matches!(byte, b'+' | b'%'));
    let bytes = if plain {
        part.to_vec()
    } else {
        let spaced = part
            .iter()
            .map(|byte| if *byte == b'+' { b' ' } else { *byte });
        let spaced: Vec<u8> = spaced.collect();
        percent_decode(&spaced).collect()
    };
    String::from_utf8(bytes)
        .map_err(|_| ApiError::invalid_request("Invalid request: parameters must be valid UTF-8."))
}

/// Writes parameters as the official clients do: `a[b][0]=c`.
pub fn to_form(params: &Map<String, Value>) -> String {
    fn write(name: &str, value: &Value, out: &mut form_urlencoded::Serializer<'_, String>) {
        match value {
            Value::Object(members) => members
                .iter()
                .for_each(|(key, value)| write(&format!("{name}[{key}]"), value, out)),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(index, value)| write(&format!("{name}[{index}]"), value, out)),
            Value::String(text) => drop(out.append_pair(name, text)),
            Value::Null => drop(out.append_pair(name, "")),
            other => drop(out.append_pair(name, &other.to_string())),
        }
    }
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (name, value) in params {
        write(name, value, &mut out);
    }
    out.finish()
}

/// Builds the tree of some pairs.
///
/// # Errors
/// If a key contradicts another, or the tree is too deep or too big.
pub fn tree(pairs: Vec<Pair>) -> Result<Vec<(String, Tree)>, ApiError> {
    if pairs.len() > MAX_VALUES {
        return Err(too_many());
    }
    let mut root = Vec::new();
    for pair in pairs {
        let (name, rest) = split_key(&pair.key);
        if rest.len() >= MAX_DEPTH {
            return Err(ApiError::invalid_param(
                name,
                format!("Invalid parameter: {name} is nested more than {MAX_DEPTH} levels deep."),
            ));
        }
        let value = match pair.value {
            PairValue::Text(text) => Tree::Text(text),
            PairValue::File(file) => Tree::File(file),
        };
        insert(&mut root, name, &rest, value).map_err(|Conflict| {
            ApiError::invalid_param(
                &pair.key,
                format!(
                    "Invalid parameter: {} is given both as a value and as an object or list.",
                    pair.key
                ),
            )
        })?;
    }
    Ok(root)
}

fn too_many() -> ApiError {
    ApiError::invalid_request(format!(
        "Invalid request: more than {MAX_VALUES} parameters."
    ))
}

/// `a[b][]` gives `a` and `["b", ""]`. A key that is not of this form is a name as a whole.
fn split_key(key: &str) -> (&str, Vec<&str>) {
    let whole = (key, Vec::new());
    let Some((name, rest)) = key.split_once('[') else {
        return whole;
    };
    let Some(inner) = rest.strip_suffix(']') else {
        return whole;
    };
    let parts: Vec<_> = inner.split("][").collect();
    let balanced = !name.is_empty()
        && !name.contains(']')
        && parts.iter().all(|part| !part.contains(['[', ']']));
    if balanced { (name, parts) } else { whole }
}

struct Conflict;

fn insert(
    map: &mut Vec<(String, Tree)>,
    name: &str,
    rest: &[&str],
    value: Tree,
) -> Result<(), Conflict> {
    let position = map.iter().position(|(key, _)| key == name);
    let Some((first, others)) = rest.split_first() else {
        match position {
            Some(at) => match (&map[at].1, &value) {
                (Tree::Map(_) | Tree::List(_), _) => return Err(Conflict),
                _ => map[at].1 = value,
            },
            None => map.push((name.to_owned(), value)),
        }
        return Ok(());
    };
    let at = position.unwrap_or_else(|| {
        let empty = if first.is_empty() {
            Tree::List(Vec::new())
        } else {
            Tree::Map(Vec::new())
        };
        map.push((name.to_owned(), empty));
        map.len() - 1
    });
    match (&mut map[at].1, first.is_empty()) {
        (Tree::Map(inner), false) => insert(inner, first, others, value),
        (Tree::List(items), true) => append(items, others, value),
        _ => Err(Conflict),
    }
}

/// `a[]=1` appends; `a[][b]=1` goes into the last map unless it has a `b` already.
fn append(items: &mut Vec<Tree>, rest: &[&str], value: Tree) -> Result<(), Conflict> {
    let Some((name, others)) = rest.split_first() else {
        items.push(value);
        return Ok(());
    };
    if name.is_empty() {
        let mut inner = Vec::new();
        append(&mut inner, others, value)?;
        items.push(Tree::List(inner));
        return Ok(());
    }
    if let Some(Tree::Map(last)) = items.last_mut()
        && (!others.is_empty() || !last.iter().any(|(key, _)| key == name))
    {
        return insert(last, name, others, value);
    }
    let mut fresh = Vec::new();
    insert(&mut fresh, name, others, value)?;
    items.push(Tree::Map(fresh));
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<(String, Tree)>, ApiError> {
        tree(pairs(text.as_bytes())?)
    }

    fn text(value: &str) -> Tree {
        Tree::Text(value.into())
    }

    #[test]
    fn nests_by_brackets() {
        let root = read("a=1&b[c]=2&b[d][e]=3&f[]=4&f[]=5&g[0]=6").unwrap();
        let map = |members: &[(&str, Tree)]| {
            Tree::Map(
                members
                    .iter()
                    .map(|(k, v)| ((*k).to_owned(), v.clone()))
                    .collect(),
            )
        };
        let expected = [
            ("a", text("1")),
            (
                "b",
                map(&[("c", text("2")), ("d", map(&[("e", text("3"))]))]),
            ),
            ("f", Tree::List(vec![text("4"), text("5")])),
            ("g", map(&[("0", text("6"))])),
        ];
        assert_eq!(Tree::Map(root), map(&expected));
    }

    #[test]
    fn the_last_of_equal_keys_wins() {
        assert_eq!(read("a=1&a=2").unwrap(), [("a".into(), text("2"))]);
    }

    #[test]
    fn list_items_are_filled_until_a_key_repeats() {
        let root = read("i[][a]=1&i[][b]=2&i[][a]=3").unwrap();
        let Tree::List(items) = &root[0].1 else {
            panic!("{root:?}")
        };
        assert_eq!(items.len(), 2);
    }

    #[test]
    fn escapes_and_spaces_are_decoded() {
        assert_eq!(
            read("a%5Bb%5D=x+y%2Bz&c=%E2%82%AC").unwrap()[0].1,
            Tree::Map(vec![("b".into(), text("x y+z"))])
        );
        assert_eq!(read("a=%ff").unwrap_err().status, 400);
    }

    #[test]
    fn odd_brackets_are_plain_names() {
        for key in ["a[b", "a]b[", "[a]", "a[b]c", "a[[b]]", "]"] {
            let root = read(&format!("{key}=1")).unwrap();
            assert_eq!(root, [(key.to_owned(), text("1"))], "{key}");
        }
    }

    #[test]
    fn contradictions_depth_and_size_are_refused() {
        assert!(read("a=1&a[b]=2").is_err());
        assert!(read("a[b]=2&a=1").is_err());
        assert!(read("a[]=1&a[b]=2").is_err());
        assert!(read(&format!("a{}=1", "[b]".repeat(40))).is_err());
        assert!(read(&"a=1&".repeat(MAX_VALUES + 1)).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = pairs(&bytes).and_then(tree);
        }

        #[test]
        fn bracket_soup_is_read_or_refused(soup in "[a-c\\[\\]=&0%]{0,60}") {
            let _ = pairs(soup.as_bytes()).and_then(tree);
        }

        #[test]
        fn what_is_written_is_read(values in prop::collection::btree_map("[a-z]{1,5}", "\\PC{0,12}", 0..10)) {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (key, value) in &values {
                form.append_pair(&format!("m[{key}]"), value);
            }
            let root = read(&form.finish()).unwrap();
            let expected: Vec<_> = values.iter().map(|(k, v)| (k.clone(), text(v))).collect();
            if values.is_empty() {
                prop_assert!(root.is_empty());
            } else {
                prop_assert_eq!(&root[0].1, &Tree::Map(expected));
            }
        }
    }
}
