//! An emulator with a recorder of webhooks, and the OAuth flow of a seller.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;
use tollway::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};
use tollway_emulator::{Clock, Emulator};
use url::Url;

pub(crate) use crate::client::{Answer, START};
use crate::client::{Caller, caller};

/// The redirect URI of the platform.
pub(crate) const CALLBACK: &str = "http://localhost:4000/callback";

/// An emulator on a stopped clock, with a recorder of its webhooks.
pub(crate) struct Stripe {
    pub(crate) emulator: Emulator,
    pub(crate) inbox: Arc<Inbox>,
}

impl Stripe {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(
        change: impl FnOnce(tollway_emulator::EmulatorBuilder) -> tollway_emulator::EmulatorBuilder,
    ) -> Self {
        let inbox = Arc::new(Inbox::default());
        let builder = Emulator::builder().clock(Clock::manual(START)).seed(7);
        let builder = builder.webhook_transport(Arc::new(Wire(Arc::clone(&inbox))));
        Self {
            emulator: change(builder).build().unwrap(),
            inbox,
        }
    }

    /// A caller with this key; without authorization if there is none.
    pub(crate) fn caller<'k>(&self, key: impl Into<Option<&'k str>>) -> Caller {
        caller(&self.emulator, key.into().unwrap_or_default())
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        form: &[(&str, &str)],
    ) -> Answer {
        let caller = self.caller(key);
        caller.call(method.as_str(), path, form).send().await
    }

    /// Submits a form of a page, as a browser without a key.
    pub(crate) async fn press(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.caller(None).post(path, form).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, &[]).await
    }

    pub(crate) async fn post(&self, path: &str, key: &str, form: &[(&str, &str)]) -> Answer {
        self.call(Method::POST, path, Some(key), form).await
    }

    /// Submits the form of the authorize page.
    pub(crate) async fn decide(&self, client_id: &str, form: &[(&str, &str)]) -> Answer {
        self.call(
            Method::POST,
            &authorize(client_id, "read_write"),
            None,
            form,
        )
        .await
    }

    /// A new seller consents; its code.
    pub(crate) async fn code(&self, client_id: &str, email: &str) -> String {
        let form = [
            ("decision", "connect"),
            ("account", "new"),
            ("stripe_user[email]", email),
        ];
        let redirect = self.decide(client_id, &form).await.redirect();
        assert_eq!(
            (redirect["scope"].as_str(), redirect["state"].as_str()),
            ("read_write", "s1")
        );
        redirect["code"].clone()
    }

    pub(crate) async fn redeem(&self, key: &str, code: &str) -> Answer {
        self.post(
            "/oauth/token",
            key,
            &[("grant_type", "authorization_code"), ("code", code)],
        )
        .await
    }

    /// A new seller, connected; the token response.
    pub(crate) async fn connect(&self, client_id: &str, key: &str, email: &str) -> Value {
        let code = self.code(client_id, email).await;
        self.redeem(key, &code).await.ok()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.emulator
            .clock()
            .advance(std::time::Duration::from_secs(seconds));
    }
}

/// A request of `sk_test_market` to `/v2`: status and answer.
pub(crate) async fn v2(stripe: &Stripe, method: &str, path: &str, body: &Value) -> (u16, Value) {
    v2_with(stripe, method, path, &[], body).await
}

/// The same with other headers.
pub(crate) async fn v2_with(
    stripe: &Stripe,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> (u16, Value) {
    let mut call = caller(&stripe.emulator, "sk_test_market").call(method, path, "");
    if !body.is_null() {
        call = call.json(body);
    }
    for (name, value) in headers {
        call = call.header(name, value);
    }
    let answer = call.send().await;
    (answer.status.as_u16(), answer.json())
}

/// The path of a URL in an object.
pub(crate) fn path_of_url(url: &Value) -> String {
    let url = Url::parse(url.as_str().unwrap()).unwrap();
    url.path().to_owned()
}

/// The path and query of the authorize URL.
pub(crate) fn authorize(client_id: &str, scope: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", client_id),
            ("response_type", "code"),
            ("scope", scope),
            ("state", "s1"),
            ("redirect_uri", CALLBACK),
        ])
        .finish();
    format!("/oauth/authorize?{query}")
}

impl Answer {
    /// The query of the redirect back to the platform.
    #[track_caller]
    pub(crate) fn redirect(&self) -> BTreeMap<String, String> {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        let location = Url::parse(self.header("location").unwrap()).unwrap();
        assert!(location.as_str().starts_with(CALLBACK), "{location}");
        location.query_pairs().into_owned().collect()
    }
}

/// Every delivery of a webhook, and the statuses of the next answers; 200 once they are used up.
#[derive(Default)]
pub(crate) struct Inbox {
    pub(crate) received: Mutex<Vec<Received>>,
    pub(crate) answers: Mutex<Vec<u16>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) url: Uri,
    pub(crate) signature: String,
    pub(crate) raw: String,
    pub(crate) body: Value,
}

impl Inbox {
    /// Removes and returns the deliveries.
    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }

    /// Removes the deliveries; the types of their events, in order.
    pub(crate) fn types(&self) -> Vec<String> {
        self.take()
            .iter()
            .map(|event| event.body["type"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// The path of an endpoint that never answers.
pub(crate) const STUCK: &str = "/stuck";

struct Wire(Arc<Inbox>);

impl Transport for Wire {
    fn send(
        &self,
        request: TransportRequest,
    ) -> tollway::runtime::BoxFuture<'static, Result<TransportResponse, TransportError>> {
        if request.url.path() == STUCK {
            return Box::pin(std::future::pending());
        }
        let raw = String::from_utf8(request.body.to_vec()).unwrap();
        let signature = request.headers["stripe-signature"]
            .to_str()
            .unwrap()
            .to_owned();
        let body = serde_json::from_str(&raw).unwrap();
        self.0.received.lock().unwrap().push(Received {
            url: request.url,
            signature,
            raw,
            body,
        });
        let mut answers = self.0.answers.lock().unwrap();
        let status = if answers.is_empty() {
            200
        } else {
            answers.remove(0)
        };
        Box::pin(async move {
            if status == 0 {
                return Err(TransportError::new(
                    TransportErrorKind::Connect,
                    "nobody listens",
                ));
            }
            Ok(TransportResponse::new(
                StatusCode::from_u16(status).unwrap(),
                HeaderMap::new(),
                "noted",
            ))
        })
    }
}
