//! The HTTP front of the API: one request in, Stripe's answer out.
//!
//! ```text
//! operation of the URL ▶ key, world, account ▶ parameters, checked ▶ transaction (idempotency ▶ answer) ▶ headers
//! ```
//!
//! `with_faults_and_log` puts faults, request ids and the log around it, and around the pages. Any bytes on any path end in
//! a Stripe-shaped response. Everything after reading the body is synchronous.

mod auth;
mod idempotency;
mod input;
mod respond;

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::json;
use tollway_spec::{ApiMode, Verb};

pub use self::auth::key_text;
pub use self::respond::ApiResponse;
use crate::ctx::RequestInfo;
use crate::engine::Engine;
use crate::error::ApiError;
use crate::faults::FaultAction;
use crate::generic::{self, Matched, Reply, existing_operation, find_operation};
use crate::key::KeyKind;
use crate::log::{Entry, LogDetails, LoggedParams};
use crate::params::{self, former::Moved};
use crate::request_context::{RequestContext, Unlogged};
use crate::scheduler;
use crate::scope::Scope;
use crate::world::World;

/// What test suites written for stripe-mock accept whatever version they ask for.
const MOCK_VERSION: HeaderValue = HeaderValue::from_static("master");

/// Stripe refuses longer ones.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Whether a path is the API's, and no page's: then [`api`] answers it, and no router need be asked.
pub fn is_api(path: &str) -> bool {
    (path.starts_with("/v1/") || path.starts_with("/v2/")) && !path.ends_with("/contents")
}

/// The answer to a request whose path [`is_api`].
pub async fn api(engine: &Arc<Engine>, request: Request) -> Response {
    let answer = async |request, context| {
        let (response, details) = respond_to(engine, request, &context).await;
        (response, Some(details))
    };
    with_faults_and_log(engine, request, answer).await
}

/// Around every route but the control API.
pub async fn around(State(engine): State<Arc<Engine>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path == "/_tollway" || path.starts_with("/_tollway/") {
        return next.run(request).await;
    }
    let answer = async |mut request: Request, context: RequestContext| {
        request.extensions_mut().insert(context);
        let mut response = next.run(request).await;
        let details = response.extensions_mut().remove();
        (response, details)
    };
    with_faults_and_log(&engine, request, answer).await
}

/// Faults, request ids and the log around an answer.
async fn with_faults_and_log(
    engine: &Arc<Engine>,
    request: Request,
    answer: impl AsyncFnOnce(Request, RequestContext) -> (Response, Option<LogDetails>),
) -> Response {
    let context = RequestContext::new(engine.new_request_id(), &request);
    let mut entry = Entry::begin(engine.clock().now_millis(), &request, &context);
    engine.set_base_url(&context.base_url);
    let logged = request.extensions().get::<Unlogged>().is_none();
    let take_fault = || {
        engine
            .faults()
            .take_matching(request.method(), request.uri().path(), request.headers())
    };
    let fault = logged.then(take_fault).flatten();
    if let Some(fault) = &fault {
        entry.fault = Some(fault.describe());
        if let Some(latency) = fault.latency() {
            #[expect(
                clippy::disallowed_methods,
                reason = "a fault that delays a response takes real time"
            )]
            tokio::time::sleep(latency).await;
        }
    }
    let mut details = None;
    let mut response = match fault.map_or(FaultAction::None, |fault| fault.action()) {
        FaultAction::DropBefore => respond::dropped(),
        FaultAction::Refuse(error) => {
            ApiResponse::error(&error, Some(&context)).into_response(&context.request_id)
        }
        action => {
            let (response, log_details) = answer(request, context).await;
            if matches!(action, FaultAction::DropAfter) {
                respond::dropped()
            } else {
                details = log_details;
                response
            }
        }
    };
    if !response.headers().contains_key("request-id")
        && let Ok(id) = HeaderValue::from_str(&entry.id)
    {
        response.headers_mut().insert("request-id", id);
    }
    if engine.config().mock {
        response
            .headers_mut()
            .insert("stripe-mock-version", MOCK_VERSION);
    }
    if logged {
        entry.finish(&response, details);
        engine.log().push(entry);
    }
    response
}

/// Answers everything that is not a page or the control API.
pub async fn front(
    State(engine): State<Arc<Engine>>,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Response {
    let (mut response, details) = respond_to(&engine, request, &context).await;
    response.extensions_mut().insert(details);
    response
}

/// The answer, and what is to be logged of it.
async fn respond_to(
    engine: &Arc<Engine>,
    request: Request,
    context: &RequestContext,
) -> (Response, LogDetails) {
    let (parts, body) = request.into_parts();
    let mut details = LogDetails::default();
    let answer = match read_body(engine, body).await {
        Ok(body) => {
            details.params = LoggedParams::new(&parts, &body);
            answer(engine, &parts, &body, context, &mut details)
        }
        Err(error) => ApiResponse::error(&error, Some(context)),
    };
    details.replayed = answer.is_replayed();
    details.error = answer.message();
    (answer.into_response(&context.request_id), details)
}

async fn read_body(engine: &Engine, body: Body) -> Result<Bytes, ApiError> {
    let limit = engine.config().body_limit;
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::new(
            413,
            "invalid_request_error",
            format!("Invalid request: the body is larger than {limit} bytes."),
        )),
        Err(_) => Err(ApiError::invalid_request(
            "Invalid request: the body ended early.",
        )),
    }
}

/// The answer to a whole request.
fn answer(
    engine: &Arc<Engine>,
    parts: &Parts,
    body: &Bytes,
    context: &RequestContext,
    details: &mut LogDetails,
) -> ApiResponse {
    let version = self::version(engine, &parts.headers);
    let headers = respond::Echo::new(
        &parts.headers,
        version.as_deref().unwrap_or(&engine.config().api_version),
    );
    let result =
        version.and_then(|version| checked(engine, parts, body, version, context, details));
    let answer = result.unwrap_or_else(|error| ApiResponse::error(&error, Some(context)));
    answer.with_echo(headers)
}

fn checked(
    engine: &Arc<Engine>,
    parts: &Parts,
    body: &Bytes,
    version: String,
    context: &RequestContext,
    details: &mut LogDetails,
) -> Result<ApiResponse, ApiError> {
    let path = parts.uri.path();
    if parts
        .headers
        .values()
        .any(|value| value.len() > MAX_HEADER_BYTES)
    {
        return Err(ApiError::invalid_request(
            "Invalid request: a header is too long.",
        ));
    }
    if engine.config().mock && path == "/" {
        return Ok(ApiResponse::success(Reply::Object(json!({}))));
    }
    let moved = match parts.method {
        Method::GET => params::former::moved(path, &version),
        _ => None,
    };
    let matched = match moved {
        Some(moved) => existing_operation(engine.services(), moved.operation)?,
        None => operation(engine, &parts.method, path)?,
    };
    details.operation = Some(matched.plan.name.clone());
    let caller = auth::authenticate(engine, &parts.headers, &matched)?;
    if is_v2(&matched) && !parts.headers.contains_key("stripe-version") && !engine.config().mock {
        return Err(ApiError::invalid_request(format!(
            "Requests to /v2 must name their API version: send the header Stripe-Version, as {}.",
            engine.config().api_version
        )));
    }
    details.acted = Some((Arc::clone(caller.world.name()), caller.scope.clone()));
    let mut input = input::read(&matched, parts, body)?;
    input.modernise(&matched, &version, &engine.config().api_version);
    let key = idempotency::key(&parts.headers, &matched, &input.fingerprint)?;
    if caller.caller.key == KeyKind::Publishable && !engine.config().mock {
        let secret = input.take_client_secret();
        auth::check_client_secret(&caller, &matched, secret.as_deref())?;
    }
    let params = input.check(engine.description(), &matched)?;
    let request = RequestInfo {
        id: Some(context.request_id.clone()),
        idempotency_key: key.as_ref().map(|key| key.text.clone()),
        api_version: version,
        path: path.to_owned(),
        base_url: context.base_url.clone(),
    };
    let _in_flight = key
        .as_ref()
        .map(|key| key.enter(engine, &caller))
        .transpose()?;
    scheduler::run_due(engine, &caller.world);
    engine.transact(
        &caller.world,
        caller.scope,
        &caller.caller,
        &request,
        |ctx| match &key {
            None => generic::answer(ctx, &matched, &params)
                .map(|reply| ApiResponse::success(as_moved(reply, moved))),
            Some(key) => key.once(
                ctx,
                |ctx| generic::answer(ctx, &matched, &params).map(ApiResponse::success),
                context,
            ),
        },
    )
}

/// What an operation at its former address answered.
fn as_moved(reply: Reply, moved: Option<&Moved>) -> Reply {
    match moved.and_then(|moved| moved.member) {
        Some(member) => Reply::Object(reply.into_value()[member].take()),
        None => reply,
    }
}

/// Who asks, for a route that the description does not have; judged as the operation of this name.
pub fn caller_of(
    engine: &Engine,
    headers: &HeaderMap,
    operation: &str,
) -> Result<(Arc<World>, Scope), ApiError> {
    let matched = existing_operation(engine.services(), operation)?;
    let caller = auth::authenticate(engine, headers, &matched)?;
    Ok((caller.world, caller.scope))
}

fn operation<'e>(engine: &'e Engine, method: &Method, path: &str) -> Result<Matched<'e>, ApiError> {
    let verb = match *method {
        Method::GET => Some(Verb::Get),
        Method::POST => Some(Verb::Post),
        Method::DELETE => Some(Verb::Delete),
        _ => None,
    };
    let found = verb.and_then(|verb| find_operation(engine.services(), verb, path));
    found.ok_or_else(|| {
        let error = ApiError::unknown_url(method.as_str(), path);
        if path.starts_with("/v2/") {
            error.code("not_found")
        } else {
            error
        }
    })
}

/// `Stripe-Version`: any date with any train is accepted, as are feature flags behind it.
fn version(engine: &Engine, headers: &HeaderMap) -> Result<String, ApiError> {
    let Some(value) = headers.get("stripe-version") else {
        return Ok(engine.config().api_version.clone());
    };
    let text = value.to_str().unwrap_or_default();
    let plain = text.split(';').next().unwrap_or_default().trim();
    let (date, train) = plain.split_once('.').unwrap_or((plain, "acacia"));
    let is_date = date.len() == 10
        && date.bytes().enumerate().all(|(at, byte)| {
            if at == 4 || at == 7 {
                byte == b'-'
            } else {
                byte.is_ascii_digit()
            }
        });
    let is_train = !train.is_empty()
        && train
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if is_date && is_train {
        return Ok(text.to_owned());
    }
    Err(ApiError::invalid_request(format!(
        "Invalid Stripe API version: {text}. Give a version such as {}.",
        engine.config().api_version
    )))
}

/// Whether an operation follows the rules of `/v2`.
fn is_v2(matched: &Matched<'_>) -> bool {
    matched.operation.mode == ApiMode::V2
}
