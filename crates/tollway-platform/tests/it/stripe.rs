//! A scripted Stripe: it replies as a test defines, records requests, and can delay exchanges.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::{HeaderMap, StatusCode};
use tokio::sync::watch;
use tollway::runtime::BoxFuture;
use tollway::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};

/// A reply to a token request or to `deauthorize`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StripeReply {
    Grant {
        account: &'static str,
        scope: &'static str,
        livemode: bool,
    },
    Error {
        status: u16,
        error: &'static str,
        description: &'static str,
    },
    Fail(TransportErrorKind),
}

impl StripeReply {
    pub(crate) const fn grant(account: &'static str) -> Self {
        Self::Grant {
            account,
            scope: "read_write",
            livemode: false,
        }
    }
}

/// The part of Stripe that the platform calls. Exchanges can be delayed, and access to accounts can be lost.
pub(crate) struct ScriptedStripe {
    usual: Mutex<StripeReply>,
    lost: Mutex<Vec<String>>,
    deauthorize: Mutex<Option<StripeReply>>,
    refresh: Mutex<Option<StripeReply>>,
    pub(crate) exchanges: AtomicUsize,
    pub(crate) requests: Mutex<Vec<String>>,
    held: watch::Sender<bool>,
    arrived: watch::Sender<usize>,
    /// Set while `deauthorize` is done at once, and its answer waits.
    answers_late: watch::Sender<bool>,
}

impl ScriptedStripe {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            usual: Mutex::new(StripeReply::grant("acct_1")),
            lost: Mutex::default(),
            deauthorize: Mutex::default(),
            refresh: Mutex::default(),
            exchanges: AtomicUsize::new(0),
            requests: Mutex::default(),
            held: watch::channel(false).0,
            arrived: watch::channel(0).0,
            answers_late: watch::channel(false).0,
        })
    }

    /// Sets the reply to every later exchange.
    pub(crate) fn reply_to_exchanges(&self, reply: StripeReply) {
        *self.usual.lock().expect("lock") = reply;
    }

    pub(crate) fn reply_to_deauthorize(&self, reply: Option<StripeReply>) {
        *self.deauthorize.lock().expect("lock") = reply;
    }

    pub(crate) fn reply_to_refresh(&self, reply: Option<StripeReply>) {
        *self.refresh.lock().expect("lock") = reply;
    }

    /// The account no longer answers the platform.
    pub(crate) fn lose(&self, account: &str) {
        self.lost.lock().expect("lock").push(account.to_owned());
    }

    /// Exchanges wait until [`Self::release`].
    pub(crate) fn hold(&self) {
        self.held.send_replace(true);
    }

    pub(crate) fn release(&self) {
        self.held.send_replace(false);
    }

    /// From now on `deauthorize` takes effect at once, and is answered when this is called again with `false`.
    pub(crate) fn answer_late(&self, late: bool) {
        self.answers_late.send_replace(late);
    }

    /// Ends when the account no longer answers the platform.
    pub(crate) async fn lost(&self, account: &str) {
        while !self
            .lost
            .lock()
            .expect("lock")
            .iter()
            .any(|lost| lost == account)
        {
            tokio::task::yield_now().await;
        }
    }

    /// Ends when so many exchanges have arrived.
    pub(crate) async fn arrived(&self, count: usize) {
        let mut arrived = self.arrived.subscribe();
        arrived
            .wait_for(|seen| *seen >= count)
            .await
            .expect("the stripe lives as long as the test");
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.requests
            .lock()
            .expect("lock")
            .iter()
            .filter(|request| request.starts_with(what))
            .count()
    }

    fn answer(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        let form: BTreeMap<String, String> =
            form_urlencoded::parse(&request.body).into_owned().collect();
        match request.url.path() {
            "/oauth/token"
                if form
                    .get("grant_type")
                    .is_some_and(|kind| kind == "refresh_token") =>
            {
                if let Some(reply) = *self.refresh.lock().expect("lock") {
                    return reply.to_response();
                }
                Ok(refreshed(request, &form))
            }
            "/oauth/token" => self.usual.lock().expect("lock").to_response(),
            "/oauth/deauthorize" => {
                if let Some(reply) = *self.deauthorize.lock().expect("lock") {
                    return reply.to_response();
                }
                let account = form.get("stripe_user_id").cloned().unwrap_or_default();
                self.lose(&account);
                Ok(json(200, &serde_json::json!({ "stripe_user_id": account })))
            }
            "/v1/account" => Ok(self.account(request)),
            other => Ok(json(
                404,
                &serde_json::json!({ "error": { "message": format!("no {other} here") } }),
            )),
        }
    }

    fn account(&self, request: &TransportRequest) -> TransportResponse {
        let account = request
            .headers
            .get("stripe-account")
            .and_then(|value| value.to_str().ok());
        let account = account.unwrap_or_default();
        if self
            .lost
            .lock()
            .expect("lock")
            .iter()
            .any(|lost| lost == account)
        {
            let message = "The provided key does not have access to account (or that account does not exist).";
            let error = serde_json::json!({ "type": "invalid_request_error", "code": "account_invalid", "message": message });
            return json(403, &serde_json::json!({ "error": error }));
        }
        json(
            200,
            &serde_json::json!({ "id": account, "object": "account" }),
        )
    }
}

impl StripeReply {
    fn to_response(self) -> Result<TransportResponse, TransportError> {
        match self {
            Self::Grant {
                account,
                scope,
                livemode,
            } => Ok(json(
                200,
                &serde_json::json!({
                    "stripe_user_id": account, "scope": scope, "livemode": livemode, "token_type": "bearer",
                    "access_token": format!("sk_acct_{account}"), "refresh_token": format!("rt_{account}"),
                    "stripe_publishable_key": format!("pk_{account}"),
                }),
            )),
            Self::Error {
                status,
                error,
                description,
            } => Ok(json(
                status,
                &serde_json::json!({ "error": error, "error_description": description }),
            )),
            Self::Fail(kind) => Err(TransportError::new(kind, "scripted")),
        }
    }
}

/// The credentials of the key's mode, for the account that the refresh token names.
fn refreshed(request: &TransportRequest, form: &BTreeMap<String, String>) -> TransportResponse {
    let key = request.headers.get("authorization");
    let live = key.is_some_and(|key| key.to_str().is_ok_and(|key| key.contains("sk_live_")));
    let token = form.get("refresh_token").map_or("", String::as_str);
    let account = token.trim_start_matches("rt_").trim_end_matches("_live");
    let mode = if live { "live" } else { "test" };
    json(
        200,
        &serde_json::json!({
            "stripe_user_id": account, "scope": "read_write", "livemode": live, "token_type": "bearer",
            "access_token": format!("sk_{mode}_{account}"), "refresh_token": token,
            "stripe_publishable_key": format!("pk_{mode}_{account}"),
        }),
    )
}

fn json(status: u16, body: &serde_json::Value) -> TransportResponse {
    let mut headers = HeaderMap::new();
    headers.insert("request-id", "req_test".parse().expect("a header"));
    let status = StatusCode::from_u16(status).expect("a status");
    TransportResponse::new(status, headers, bytes::Bytes::from(body.to_string()))
}

/// The transport to a [`ScriptedStripe`].
pub(crate) struct ScriptedTransport(pub(crate) Arc<ScriptedStripe>);

impl Transport for ScriptedTransport {
    fn send(
        &self,
        request: TransportRequest,
    ) -> BoxFuture<'static, Result<TransportResponse, TransportError>> {
        let stripe = Arc::clone(&self.0);
        Box::pin(async move {
            stripe.requests.lock().expect("lock").push(format!(
                "{} {}",
                request.method,
                request.url.path()
            ));
            let exchange = b"grant_type=authorization_code";
            if request
                .body
                .windows(exchange.len())
                .any(|part| part == exchange)
            {
                stripe.exchanges.fetch_add(1, Ordering::SeqCst);
                stripe.arrived.send_modify(|arrived| *arrived += 1);
                let mut held = stripe.held.subscribe();
                held.wait_for(|held| !held)
                    .await
                    .expect("the stripe lives as long as the test");
            }
            let answer = stripe.answer(&request);
            if request.url.path() == "/oauth/deauthorize" {
                let mut late = stripe.answers_late.subscribe();
                late.wait_for(|late| !late)
                    .await
                    .expect("the stripe lives as long as the test");
            }
            answer
        })
    }
}
