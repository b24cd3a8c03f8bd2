//! From a draft to bytes. Everything that can be checked without Stripe is checked here, once for all attempts.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};

use super::limits;
use crate::client::draft::Draft;
use crate::client::handle::Shared;
use crate::client::headers;
use crate::client::throttle::RateClass;
use crate::error::Error;
use crate::meta::SentRequest;
use crate::operation::{ApiMode, Encoding, Verb};
use crate::params::{ParamValue, Params};
use crate::response::ResponseMeta;
use crate::retry::RetryRules;
use crate::runtime::uuid;
use crate::wire::{form, json_body, multipart};

/// The longest idempotency key that Stripe accepts, in characters.
const IDEMPOTENCY_KEY_CHARACTERS: usize = 255;

/// A request that is ready to be sent, any number of times.
pub(super) struct PreparedRequest {
    pub(super) shared: Arc<Shared>,
    pub(super) name: &'static str,
    pub(super) verb: Verb,
    pub(super) mode: ApiMode,
    pub(super) rules: RetryRules,
    pub(super) rate_class: RateClass,
    /// Whether a successful body is handed over as it arrives.
    pub(super) streamed: bool,
    pub(super) has_idempotency_key: bool,
    pub(super) usage: Vec<&'static str>,
    pub(super) method: Method,
    pub(super) url: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) timeout: Duration,
}

/// Checks and encodes a request. Nothing has been sent when this fails.
pub(super) fn prepare(mut request: Box<Draft>) -> Result<PreparedRequest, Error> {
    request.take_mistake()?;
    limits::check(&request.params)?;
    let operation = request.operation;
    let shared = Arc::clone(&request.client.shared);
    let mut path = request.full_path()?;
    let rate_class = RateClass::of(&operation, &path);

    let (body, content_type) = match operation.verb {
        Verb::Get | Verb::Delete => {
            let query = match operation.mode {
                ApiMode::V1 => {
                    merge_query(&mut path, &mut request.params)?;
                    form::encode(&request.params)?
                }
                ApiMode::V2 => form::encode_v2(&request.params)?,
            };
            append_query(&mut path, &query);
            (Bytes::new(), None)
        }
        Verb::Post => {
            if is_v2_search(&request, &path)
                && let Some(limit) = request.params.remove("limit")
            {
                // The page size goes into the query, the filter into the body.
                append_query(
                    &mut path,
                    &form::encode(&Params::new().with("limit", limit))?,
                );
            }
            let (body, content_type) = encode_body(&request)?;
            (body, Some(content_type))
        }
    };
    let url = join(shared.bases.of(operation.host), &path)?;
    let idempotency_key = idempotency_key(&request)?;
    let headers = headers::build(
        &request,
        content_type.as_deref(),
        idempotency_key.as_deref(),
    )?;
    Ok(PreparedRequest {
        name: operation.name,
        verb: operation.verb,
        mode: operation.mode,
        rules: RetryRules {
            max_retries: request
                .options
                .max_retries
                .unwrap_or(shared.retry.max_retries),
            once_only: request.once_only,
            rate_limits: shared.retry.rate_limits,
        },
        rate_class,
        streamed: false,
        has_idempotency_key: idempotency_key.is_some(),
        usage: request.usage,
        method: operation.verb.method(),
        url,
        headers,
        body,
        timeout: request.options.timeout.unwrap_or(shared.timeout),
        shared,
    })
}

fn encode_body(request: &Draft) -> Result<(Bytes, String), Error> {
    let params = &request.params;
    Ok(match request.operation.encoding {
        Encoding::Form => (
            form::encode(params)?.into(),
            "application/x-www-form-urlencoded".to_owned(),
        ),
        Encoding::Json => (
            json_body::encode(params)?.into(),
            "application/json".to_owned(),
        ),
        Encoding::Multipart => {
            let boundary = uuid(request.client.shared.random.as_ref());
            (
                multipart::encode(params, &boundary)?,
                multipart::content_type(&boundary),
            )
        }
    })
}

/// The idempotency key of all attempts. v1 ignores keys on DELETE.
fn idempotency_key(request: &Draft) -> Result<Option<String>, Error> {
    if let Some(key) = &request.options.idempotency_key {
        if key.is_empty() || key.chars().count() > IDEMPOTENCY_KEY_CHARACTERS {
            return Err(Error::invalid_input(
                "an idempotency key has 1 to 255 characters: shorten it, for example to a UUID",
            ));
        }
        return Ok(Some(key.clone()));
    }
    let is_needed = match request.operation.verb {
        Verb::Post => true,
        Verb::Delete => request.operation.mode == ApiMode::V2,
        Verb::Get => false,
    };
    Ok(is_needed.then(|| uuid(request.client.shared.random.as_ref())))
}

/// Whether this is a search of v2. They are sent by POST, because their filters are nested.
fn is_v2_search(request: &Draft, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    request.operation.mode == ApiMode::V2 && path.ends_with("/search")
}

/// Merges the query of a path into the parameters. A parameter replaces one of the same name in the path; the `expand`
/// lists of both are joined. Without parameters the path stays as it is.
fn merge_query(path: &mut String, params: &mut Params) -> Result<(), Error> {
    let Some((bare, query)) = path.split_once('?') else {
        return Ok(());
    };
    if params.is_empty() {
        return Ok(());
    }
    let mut merged = Params::new();
    for (name, value) in form::decode(query) {
        merged.set_path(&name, value)?;
    }
    for (name, value) in std::mem::take(params) {
        match (merged.remove(&name), value) {
            (Some(ParamValue::List(mut fields)), ParamValue::List(more)) if name == "expand" => {
                for field in more {
                    if !fields.contains(&field) {
                        fields.push(field);
                    }
                }
                merged.set(name, ParamValue::List(fields));
            }
            (_, value) => merged.set(name, value),
        }
    }
    *params = merged;
    *path = bare.to_owned();
    Ok(())
}

/// Appends a query to a path that may have one already.
fn append_query(path: &mut String, query: &str) {
    if query.is_empty() {
        return;
    }
    path.push(if path.contains('?') { '&' } else { '?' });
    path.push_str(query);
}

/// Joins a path to a base URL, and checks that the result is on the same host.
fn join(base: &str, path: &str) -> Result<Uri, Error> {
    let refuse = || {
        Error::invalid_input(format!(
            "the path `{path}` cannot be joined to the base URL `{base}`"
        ))
    };
    let url: Uri = format!("{base}{path}").parse().map_err(|_| refuse())?;
    let expected: Uri = base.parse().map_err(|_| refuse())?;
    if url.authority() == expected.authority() && url.scheme() == expected.scheme() {
        Ok(url)
    } else {
        Err(refuse())
    }
}

impl PreparedRequest {
    /// The metadata of a response to this request.
    pub(super) fn meta(
        &self,
        status: StatusCode,
        headers: HeaderMap,
        retries: u32,
        elapsed: Duration,
    ) -> ResponseMeta {
        ResponseMeta {
            status,
            headers,
            retries,
            elapsed,
            read_only: self.verb == Verb::Get,
            sent: SentRequest {
                account: self.headers.get("stripe-account").cloned(),
                context: self.headers.get("stripe-context").cloned(),
                version: self.headers.get("stripe-version").cloned(),
                url: self.url.clone(),
            },
        }
    }
}
