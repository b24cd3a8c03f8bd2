//! The headers of a request: key, version, account, idempotency key, and the name of the program.

use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName};

use super::draft::Draft;
use super::key::Key;
use super::options::{ActingFor, header_value};
use crate::error::Error;
use crate::operation::ApiMode;

const STRIPE_ACCOUNT: HeaderName = HeaderName::from_static("stripe-account");
const STRIPE_CONTEXT: HeaderName = HeaderName::from_static("stripe-context");
const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const CLIENT_USER_AGENT: HeaderName = HeaderName::from_static("x-stripe-client-user-agent");
const CLIENT_TELEMETRY: HeaderName = HeaderName::from_static("x-stripe-client-telemetry");

/// Refuses client settings that cannot be header values.
pub(crate) fn check(acting_for: &ActingFor, version: &str) -> Result<(), Error> {
    let mut scratch = HeaderMap::new();
    put_acting_for(&mut scratch, acting_for)?;
    header_value("stripe-version", version).map(drop)
}

fn put_acting_for(headers: &mut HeaderMap, acting_for: &ActingFor) -> Result<(), Error> {
    match acting_for {
        ActingFor::KeyOwner => {}
        ActingFor::Account(account) => {
            if account.trim().is_empty() {
                return Err(Error::invalid_input(
                    "the connected account's id is empty: pass its acct_… id, or use without_account()",
                ));
            }
            headers.insert(STRIPE_ACCOUNT, header_value("stripe-account", account)?);
        }
        ActingFor::Context(context) => {
            headers.insert(STRIPE_CONTEXT, header_value("stripe-context", context)?);
        }
    }
    Ok(())
}

/// All headers of a request. The caller's own headers are set last and replace others.
pub(crate) fn build(
    request: &Draft,
    content_type: Option<&str>,
    idempotency_key: Option<&str>,
) -> Result<HeaderMap, Error> {
    let shared = &request.client.shared;
    let options = &request.options;
    let mut headers = HeaderMap::with_capacity(10);

    let key = match &options.api_key {
        Some(own) => Key::new(own)?,
        None => request.client.key.clone(),
    };
    headers.insert(AUTHORIZATION, key.header());
    let version = options.version.as_deref().unwrap_or(&shared.version);
    headers.insert(STRIPE_VERSION, header_value("stripe-version", version)?);
    put_acting_for(
        &mut headers,
        &request
            .client
            .acting_for
            .of_call(&options.account, &options.context)?,
    )?;
    if let Some(key) = idempotency_key {
        headers.insert(IDEMPOTENCY_KEY, header_value("idempotency-key", key)?);
    }
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, header_value("content-type", content_type)?);
    }

    let identity = &shared.identity;
    let user_agent = match request.operation.mode {
        ApiMode::V1 => &identity.user_agent_v1,
        ApiMode::V2 => &identity.user_agent_v2,
    };
    headers.insert(USER_AGENT, user_agent.clone());
    headers.insert(CLIENT_USER_AGENT, identity.client_user_agent.clone());
    if let Some(metrics) = shared
        .telemetry
        .as_ref()
        .and_then(super::telemetry::Telemetry::next)
    {
        headers.insert(
            CLIENT_TELEMETRY,
            header_value("x-stripe-client-telemetry", &metrics)?,
        );
    }

    for (name, value) in &options.headers {
        headers.insert(name.clone(), value.clone());
    }
    Ok(headers)
}
