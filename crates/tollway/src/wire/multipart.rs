//! `multipart/form-data`, the body of uploads.

use bytes::Bytes;

use crate::params::{ParamError, ParamValue, Params};
use crate::wire::form;

/// The value of the `Content-Type` header.
pub(crate) fn content_type(boundary: &str) -> String {
    format!("multipart/form-data; boundary={boundary}")
}

/// The body. The boundary must not occur in the content: take it from a random source.
///
/// # Errors
/// When a parameter cannot be written.
pub(crate) fn encode(params: &Params, boundary: &str) -> Result<Bytes, ParamError> {
    let mut out = Vec::new();
    form::flatten(params, &mut |name, value| {
        out.extend_from_slice(
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"").as_bytes(),
        );
        out.extend_from_slice(quoted(name).as_bytes());
        match value {
            ParamValue::File(file) => {
                let about = format!(
                    "\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
                    quoted(&file.file_name),
                    one_line(&file.content_type)
                );
                out.extend_from_slice(about.as_bytes());
                out.extend_from_slice(&file.bytes);
            }
            plain => {
                out.extend_from_slice(b"\"\r\n\r\n");
                out.extend_from_slice(form::scalar_text(plain, name)?.as_bytes());
            }
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    })?;
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(out.into())
}

/// Escapes a name, so that it cannot end its quotes or its line.
fn quoted(name: &str) -> String {
    one_line(name).replace('"', "%22")
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
