//! The parameters of a request, wherever they are: query, form, multipart or JSON.

use bytes::Bytes;
use http::request::Parts;
use http::{Method, header};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tollway_spec::Encoding;

use super::is_v2;
use crate::description::Description;
use crate::error::ApiError;
use crate::generic::Matched;
use crate::params::{self, Pair, PairValue, Params, Tree, multipart};

/// Parameters that were read but not checked.
pub(super) struct Input {
    given: Vec<(String, Tree)>,
    /// What the request asks for, as a hash: equal for equal requests. Empty without an idempotency key, for which it is.
    pub(super) fingerprint: String,
}

/// Reads the parameters.
///
/// # Errors
/// Stripe's 400 for what cannot be read.
pub(super) fn read(matched: &Matched<'_>, parts: &Parts, body: &Bytes) -> Result<Input, ApiError> {
    let content_type = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut pairs = params::pairs(parts.uri.query().unwrap_or_default().as_bytes())?;
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let is = |name: &str| kind.eq_ignore_ascii_case(name);
    let has_key = parts.headers.contains_key("idempotency-key");
    if is_v2(matched) && matched.operation.encoding == Encoding::Json {
        let mut given = params::tree(pairs)?;
        given.extend(json_object(body)?);
        let digest = has_key.then(|| request_line(parts).chain_update(body));
        return Ok(Input {
            given,
            fingerprint: digest.map(hex).unwrap_or_default(),
        });
    }
    if let Some(boundary) = multipart::boundary(content_type) {
        pairs.extend(multipart::pairs(body, &boundary)?);
    } else if is("application/json") && !body.is_empty() {
        return Err(ApiError::invalid_request(
            "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have questions, we can help at https://support.stripe.com/.",
        ));
    } else if parts.method == Method::POST || is("application/x-www-form-urlencoded") {
        pairs.extend(params::pairs(body)?);
    }
    let digest = has_key.then(|| fingerprint(request_line(parts), &pairs));
    Ok(Input {
        given: params::tree(pairs)?,
        fingerprint: digest.map(hex).unwrap_or_default(),
    })
}

impl Input {
    /// Takes away the secret that pages in a browser send with their publishable key, whatever they ask for.
    pub(super) fn take_client_secret(&mut self) -> Option<String> {
        let at = self
            .given
            .iter()
            .position(|(name, _)| name == "client_secret")?;
        match self.given.remove(at).1 {
            Tree::Text(secret) => Some(secret),
            _ => None,
        }
    }

    /// Gives the parameters of an older version the names that the description knows.
    pub(super) fn modernise(&mut self, matched: &Matched<'_>, asked: &str, described: &str) {
        params::former::rewrite(&matched.plan.name, asked, described, &mut self.given);
    }

    /// Checks the parameters against the description.
    ///
    /// # Errors
    /// Stripe's 400 for the first fault.
    pub(super) fn check(
        self,
        api: &Description,
        matched: &Matched<'_>,
    ) -> Result<Params, ApiError> {
        let checked = params::check(api.catalog(), &matched.operation.params, &self.given)?;
        Ok(Params::checked(matched.path.clone(), checked))
    }
}

fn json_object(body: &Bytes) -> Result<Vec<(String, Tree)>, ApiError> {
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        ApiError::invalid_request(format!(
            "Invalid request: the body is not valid JSON ({error})."
        ))
        .code("invalid_json")
    })?;
    match Tree::from_json(value) {
        Some(Tree::Map(members)) => Ok(members),
        Some(Tree::Null) => Ok(Vec::new()),
        Some(_) => Err(ApiError::invalid_request(
            "Invalid request: the body must be a JSON object.",
        )
        .code("invalid_json")),
        None => Err(ApiError::invalid_request(
            "Invalid request: the body is nested too deeply or has too many values.",
        )
        .code("invalid_json")),
    }
}

fn request_line(parts: &Parts) -> Sha256 {
    Sha256::new()
        .chain_update(parts.method.as_str())
        .chain_update(parts.uri.path())
}

/// The order of parameters does not make a difference.
fn fingerprint(mut digest: Sha256, pairs: &[Pair]) -> Sha256 {
    let mut sorted: Vec<&Pair> = pairs.iter().collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    for pair in sorted {
        let value = match &pair.value {
            PairValue::Text(text) => text.as_bytes(),
            PairValue::File(file) => &file.bytes,
        };
        digest.update(pair.key.len().to_le_bytes());
        digest.update(&pair.key);
        digest.update(value.len().to_le_bytes());
        digest.update(value);
    }
    digest
}

/// Half of the hash is more than enough to tell requests apart.
fn hex(digest: Sha256) -> String {
    let hash = digest.finalize();
    let half = hash
        .iter()
        .take(16)
        .fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    format!("{half:032x}")
}
