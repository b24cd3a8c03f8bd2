//! Paths: arguments escaped into a template, and the guard that keeps a request on the configured host.

use std::fmt;

/// A path that must not be requested. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum PathError {
    /// An id is empty, so a request for one object would become one for the whole collection.
    EmptyArgument(String),
    /// The template names more arguments than were given, or fewer.
    ArgumentCount {
        /// The path template.
        template: String,
    },
    /// The path has a scheme or a host, or does not start with exactly one `/`.
    NotRelative(String),
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyArgument(name) => {
                write!(
                    f,
                    "the {name} id is empty: pass the id of the object, as Stripe returned it"
                )
            }
            Self::ArgumentCount { template } => {
                write!(
                    f,
                    "the path {template} was given another number of ids than it has places for"
                )
            }
            Self::NotRelative(path) => write!(
                f,
                "the path `{path}` is refused: a path starts with exactly one `/` and names no host, so that the key \
                 cannot be sent elsewhere"
            ),
        }
    }
}

impl std::error::Error for PathError {}

/// Puts escaped arguments into a template: `/v1/customers/{customer}` and `cus_1` make `/v1/customers/cus_1`.
///
/// # Errors
/// When an argument is empty, or their number does not fit the template.
pub(crate) fn expand(template: &str, args: &[String]) -> Result<String, PathError> {
    let wrong_count = || PathError::ArgumentCount {
        template: template.to_owned(),
    };
    let mut out = String::with_capacity(template.len() + 32);
    let mut args = args.iter();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').ok_or_else(wrong_count)? + open;
        let arg = args.next().ok_or_else(wrong_count)?;
        if arg.is_empty() {
            return Err(PathError::EmptyArgument(rest[open + 1..close].to_owned()));
        }
        out.push_str(&rest[..open]);
        escape_segment(&mut out, arg);
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    if args.next().is_some() {
        return Err(wrong_count());
    }
    Ok(out)
}

/// Escapes everything outside the unreserved set. The dots of a segment of only dots are escaped too, because URL
/// parsers would remove the segment.
fn escape_segment(out: &mut String, arg: &str) {
    use std::fmt::Write as _;
    let dots = arg == "." || arg == "..";
    for byte in arg.bytes() {
        match byte {
            b'.' if dots => out.push_str("%2E"),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

/// Refuses a path that could lead to another host when it is joined to a base URL. The URLs of pages and events come
/// from remote data.
///
/// # Errors
/// When the path does not start with exactly one `/`, or holds a backslash, a space or a control character.
pub(crate) fn guard(path: &str) -> Result<(), PathError> {
    let relative = path.starts_with('/')
        && !path.starts_with("//")
        && path
            .bytes()
            .all(|byte| byte > b' ' && byte != 0x7f && byte != b'\\' && byte != b'#');
    if relative {
        Ok(())
    } else {
        Err(PathError::NotRelative(path.chars().take(200).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_id_stays_one_segment() {
        assert_eq!(
            expand(
                "/v1/charges/{charge}",
                &["ch_1/refunds?limit=5#".to_owned()]
            )
            .unwrap(),
            "/v1/charges/ch_1%2Frefunds%3Flimit%3D5%23"
        );
    }

    #[test]
    fn the_number_of_ids_must_fit() {
        assert!(expand("/v1/charges/{charge}", &[]).is_err());
        assert!(expand("/v1/charges", &["ch_1".to_owned()]).is_err());
    }

    #[test]
    fn tricks_with_backslashes_and_line_breaks_are_refused() {
        for bad in [
            "/\\evil.example",
            "/v1/x\r\nHost: evil",
            "/v1/ x",
            "/v1/x#y",
            "///evil",
        ] {
            assert!(guard(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
