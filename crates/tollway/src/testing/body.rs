//! The parameters of a request's body.

use serde_json::Value;

use crate::wire::form;

/// The parameters of a body: form pairs, or the leaves of a JSON object; of a file upload its fields and the size of
/// its file.
pub(super) fn body_params(content_type: &str, body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    if content_type.starts_with("application/json") {
        let mut pairs = Vec::new();
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        leaves("", &json, &mut pairs);
        return pairs;
    }
    if let Some((_, boundary)) = content_type.split_once("boundary=") {
        return text
            .split(&format!("--{boundary}"))
            .filter_map(part)
            .collect();
    }
    form::decode(&text)
}

/// One part of an upload: its name, and its text; of a file, its name and length.
fn part(text: &str) -> Option<(String, String)> {
    let (head, value) = text.split_once("\r\n\r\n")?;
    let quoted = |name: &str| {
        let rest = head.split_once(name)?.1;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let value = value.strip_suffix("\r\n").unwrap_or(value);
    let value = match quoted("; filename=\"") {
        Some(file) => format!("{file} ({} characters)", value.chars().count()),
        None => value.to_owned(),
    };
    Some((quoted("; name=\"")?, value))
}

fn leaves(path: &str, json: &Value, out: &mut Vec<(String, String)>) {
    let under = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}[{name}]")
        }
    };
    match json {
        Value::Object(members) => {
            for (name, value) in members {
                leaves(&under(name), value, out);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                leaves(&under(&at.to_string()), value, out);
            }
        }
        Value::String(text) => out.push((path.to_owned(), text.clone())),
        other => out.push((path.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_all_kinds_become_pairs() {
        let json = body_params("application/json", br#"{"a": {"b": [1, null, "x"]}}"#);
        let pairs: Vec<String> = json.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(pairs, ["a[b][0]=1", "a[b][1]=null", "a[b][2]=x"]);
        let upload = "--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nlogo\r\n\
            --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\
            Content-Type: image/png\r\n\r\nPNG\r\n--B--\r\n";
        let parts = body_params("multipart/form-data; boundary=B", upload.as_bytes());
        let pairs: Vec<String> = parts.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(pairs, ["purpose=logo", "file=a.png (3 characters)"]);
    }
}
