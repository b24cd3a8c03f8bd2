//! Reading `multipart/form-data`, the body of file uploads.

use bytes::Bytes;

use super::form::{Pair, PairValue};
use super::tree::{MAX_VALUES, Upload};
use crate::error::ApiError;

/// The boundary of a `Content-Type`, if it is multipart.
pub fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let found = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("boundary")
            .then(|| value.trim().trim_matches('"').to_owned())
    })?;
    (!found.is_empty() && found.len() <= 200).then_some(found)
}

/// The parts of a body as pairs.
///
/// # Errors
/// If the body does not follow its boundary.
pub fn pairs(body: &Bytes, boundary: &str) -> Result<Vec<Pair>, ApiError> {
    let broken = || ApiError::invalid_request("Invalid request: the multipart body is malformed.");
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let next_delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    let mut at = find(body, &delimiter, 0).ok_or_else(broken)? + delimiter.len();
    let mut pairs = Vec::new();
    loop {
        if body[at..].starts_with(b"--") {
            return Ok(pairs);
        }
        if pairs.len() == MAX_VALUES || !body[at..].starts_with(b"\r\n") {
            return Err(broken());
        }
        let head_end = find(body, b"\r\n\r\n", at).ok_or_else(broken)?;
        let content = head_end + 4;
        let end = find(body, &next_delimiter, content).ok_or_else(broken)?;
        let head = std::str::from_utf8(&body[at..head_end]).map_err(|_| broken())?;
        pairs.push(part(head, body.slice(content..end)).ok_or_else(broken)?);
        at = end + next_delimiter.len();
    }
}

fn part(head: &str, content: Bytes) -> Option<Pair> {
    let header = |name: &str| {
        head.split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    };
    let disposition = header("content-disposition")?;
    let key = parameter(disposition, "name")?;
    let value = match parameter(disposition, "filename") {
        Some(filename) => {
            let base = filename
                .rsplit(['/', '\\'])
                .next()
                .unwrap_or_default()
                .to_owned();
            let filename = (!base.is_empty()).then_some(base);
            PairValue::File(Upload {
                filename,
                content_type: header("content-type").map(str::to_owned),
                bytes: content,
            })
        }
        None => PairValue::Text(String::from_utf8(content.to_vec()).ok()?),
    };
    Some(Pair { key, value })
}

/// A quoted parameter of a header; `%22` is how clients write a quote in it.
fn parameter(header: &str, name: &str) -> Option<String> {
    header.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"').replace("%22", "\""))
    })
}

fn find(body: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let found = body
        .get(from..)?
        .windows(needle.len())
        .position(|window| window == needle)?;
    Some(from + found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_fields_and_files() {
        let body = Bytes::from_static(
            b"--XX\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\ndispute_evidence\r\n--XX\r\n\
              Content-Disposition: form-data; name=\"file\"; filename=\"/tmp/a.png\"\r\nContent-Type: image/png\r\n\r\n\
              \x89PNG\r\n--X\r\n--XX--\r\n",
        );
        let found = pairs(
            &body,
            &boundary("multipart/form-data; boundary=XX").unwrap(),
        )
        .unwrap();
        assert_eq!(
            found[0],
            Pair {
                key: "purpose".into(),
                value: PairValue::Text("dispute_evidence".into())
            }
        );
        let PairValue::File(file) = &found[1].value else {
            panic!("{found:?}")
        };
        assert_eq!(
            (file.filename.as_deref(), file.content_type.as_deref()),
            (Some("a.png"), Some("image/png"))
        );
        assert_eq!(&file.bytes[..], b"\x89PNG\r\n--X");
    }

    #[test]
    fn boundaries() {
        assert_eq!(
            boundary("multipart/form-data; boundary=\"a b\"").as_deref(),
            Some("a b")
        );
        assert_eq!(boundary("application/json"), None);
        assert_eq!(boundary("multipart/form-data"), None);
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = pairs(&Bytes::from(body), "X");
        }

        #[test]
        fn near_misses_are_read_or_refused(body in "(--X|\r\n|Content-Disposition: form-data; name=\"a\"|--|:|;|=|\"){0,12}") {
            let _ = pairs(&Bytes::from(body), "X");
        }
    }
}
