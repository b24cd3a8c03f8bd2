//! The transport of WebAssembly: JavaScript's `fetch`, clock and timers. Feature `fetch`, target
//! `wasm32-unknown-unknown`.
//!
//! JavaScript's values cannot move between threads, but a [`Transport`]'s futures must. So each request runs as a task
//! of its own, and responses come back through channels.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use tokio::sync::{mpsc, oneshot};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::{
    BoxFuture, ResponseBody, Transport, TransportError, TransportErrorKind, TransportRequest,
    TransportResponse,
};

type Outcome<T> = Result<T, TransportError>;

/// A [`Transport`] over the global `fetch`: in Workers, in Node, in Deno. Follows no redirects and sends no cookies.
/// Not for browsers: a secret key belongs on a server, and Stripe's API refuses requests of browsers.
#[derive(Debug, Clone, Copy, Default)]
pub struct FetchTransport;

impl Transport for FetchTransport {
    fn send(&self, request: TransportRequest) -> BoxFuture<'static, Outcome<TransportResponse>> {
        let (answer, answered) = oneshot::channel();
        spawn_local(run(request, answer));
        Box::pin(async move {
            answered.await.unwrap_or_else(|_| {
                Err(TransportError::new(
                    TransportErrorKind::Other,
                    "the task of the request was dropped",
                ))
            })
        })
    }
}

/// The milliseconds since the Unix epoch.
pub fn unix_millis() -> f64 {
    js_sys::Date::now()
}

/// The milliseconds since an arbitrary moment; never goes backwards where `performance` exists.
pub fn monotonic_millis() -> f64 {
    let performance = get(&js_sys::global(), "performance").ok();
    performance
        .and_then(|performance| call(&performance, "now", &[]).ok()?.as_f64())
        .unwrap_or_else(js_sys::Date::now)
}

/// Waits by `setTimeout`.
pub fn sleep(duration: Duration) -> BoxFuture<'static, ()> {
    let (done, slept) = oneshot::channel();
    // The longest that `setTimeout` can wait: 24 days.
    let millis = i32::try_from(duration.as_millis()).unwrap_or(i32::MAX);
    spawn_local(async move {
        let promise = Promise::new(&mut |resolve, _| {
            let _ = call(
                &js_sys::global(),
                "setTimeout",
                &[resolve.into(), millis.into()],
            );
        });
        let _ = JsFuture::from(promise).await;
        let _ = done.send(());
    });
    Box::pin(slept.map(drop))
}

/// Sends the request, then sends head and chunks of the response to their channels. Stops when the receivers are
/// dropped.
async fn run(request: TransportRequest, mut answer: oneshot::Sender<Outcome<TransportResponse>>) {
    let Ok(abort) = abort_controller() else {
        let _ = answer.send(Err(other("there is no AbortController")));
        return;
    };
    let sent = {
        let sending = std::pin::pin!(fetch(request, &abort));
        let waiting = std::pin::pin!(answer.closed());
        match select(sending, waiting).await {
            Either::Left((response, _)) => Some(response),
            Either::Right(_) => None,
        }
    };
    let Some(response) = sent else {
        let _ = call(&abort, "abort", &[]);
        return;
    };
    let (head, reader) = match response.and_then(|response| read_head(&response)) {
        Ok(parts) => parts,
        Err(error) => {
            let _ = answer.send(Err(error));
            return;
        }
    };
    let (chunks, mut coming) = mpsc::channel::<Outcome<Bytes>>(1);
    let body = stream::poll_fn(move |cx| coming.poll_recv(cx));
    let response = TransportResponse::new(head.0, head.1, ResponseBody::stream(body));
    if answer.send(Ok(response)).is_ok() {
        if let Some(reader) = reader {
            pump(&reader, &chunks).await;
        }
    }
    let _ = call(&abort, "abort", &[]);
}

async fn fetch(request: TransportRequest, abort: &JsValue) -> Outcome<JsValue> {
    let init = Object::new();
    let headers = Array::new();
    for (name, value) in &request.headers {
        let value = value.to_str().map_err(|_| {
            TransportError::new(
                TransportErrorKind::InvalidRequest,
                format!("the header {name} is not text"),
            )
        })?;
        headers.push(&Array::of2(&name.as_str().into(), &value.into()));
    }
    set(&init, "method", &request.method.as_str().into());
    set(&init, "headers", &headers);
    set(&init, "redirect", &"error".into());
    set(&init, "credentials", &"omit".into());
    set(&init, "cache", &"no-store".into());
    set(&init, "signal", &get(abort, "signal")?);
    if request.method != http::Method::GET && !request.body.is_empty() {
        set(&init, "body", &Uint8Array::from(&*request.body));
    }
    let url = JsValue::from_str(&request.url.to_string());
    let promise = call(&js_sys::global(), "fetch", &[url, init.into()])?;
    JsFuture::from(Promise::from(promise))
        .await
        .map_err(|error| lost(&error))
}

type Head = (StatusCode, HeaderMap);

/// Status, headers, and the reader of the body if there is one.
fn read_head(response: &JsValue) -> Outcome<(Head, Option<JsValue>)> {
    let status = get(response, "status")?.as_f64().unwrap_or_default();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "statuses have three digits, and a cast saturates"
    )]
    let status =
        StatusCode::from_u16(status as u16).map_err(|_| other("the answer has no HTTP status"))?;
    let mut headers = HeaderMap::new();
    let entries = call(&get(response, "headers")?, "entries", &[])?;
    for entry in Array::from(&entries).iter() {
        let entry = Array::from(&entry);
        let text = |at| entry.get(at).as_string().unwrap_or_default();
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(text(0).as_bytes()),
            HeaderValue::from_str(&text(1)),
        ) {
            headers.append(name, value);
        }
    }
    let body = get(response, "body")?;
    let reader = if body.is_null() || body.is_undefined() {
        None
    } else {
        Some(call(&body, "getReader", &[])?)
    };
    Ok(((status, headers), reader))
}

async fn pump(reader: &JsValue, chunks: &mpsc::Sender<Outcome<Bytes>>) {
    loop {
        let next = async {
            let promise = Promise::from(call(reader, "read", &[])?);
            JsFuture::from(promise).await.map_err(|error| lost(&error))
        };
        let waiting = std::pin::pin!(chunks.closed());
        let step = match select(std::pin::pin!(next), waiting).await {
            Either::Left((step, _)) => step,
            Either::Right(_) => return,
        };
        let chunk = match step {
            Ok(step) if get(&step, "done").is_ok_and(|done| done.is_truthy()) => return,
            Ok(step) => get(&step, "value").map(|value| Uint8Array::new(&value).to_vec().into()),
            Err(error) => Err(error),
        };
        let broken = chunk.is_err();
        if chunks.send(chunk).await.is_err() || broken {
            return;
        }
    }
}

fn abort_controller() -> Result<JsValue, JsValue> {
    let class = Reflect::get(&js_sys::global(), &"AbortController".into())?;
    Reflect::construct(&class.dyn_into::<Function>()?, &Array::new())
}

fn get(object: &JsValue, name: &str) -> Outcome<JsValue> {
    Reflect::get(object, &name.into()).map_err(|error| other(&describe(&error)))
}

fn set(object: &Object, name: &str, value: &JsValue) {
    // A plain object takes every member.
    let _ = Reflect::set(object, &name.into(), value);
}

fn call(object: &JsValue, name: &str, arguments: &[JsValue]) -> Outcome<JsValue> {
    let function = get(object, name)?
        .dyn_into::<Function>()
        .map_err(|_| other(&format!("there is no {name}")))?;
    let arguments: Array = arguments.iter().collect();
    function
        .apply(object, &arguments)
        .map_err(|error| other(&describe(&error)))
}

/// `fetch` does not report whether a request was sent, so it is assumed that it was.
fn lost(error: &JsValue) -> TransportError {
    TransportError::new(TransportErrorKind::Reset, describe(error))
}

fn other(text: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Other, text.to_owned())
}

fn describe(error: &JsValue) -> String {
    let message = Reflect::get(error, &"message".into()).ok();
    message
        .and_then(|message| message.as_string())
        .or_else(|| error.as_string())
        .unwrap_or_else(|| "an exception without a message".to_owned())
}
