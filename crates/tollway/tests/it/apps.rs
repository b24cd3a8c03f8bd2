//! OAuth of Stripe Apps.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use tollway::oauth::Scope;
use tollway::testing::{StubAnswer, StubTransport};
use tollway::transport::TransportErrorKind;
use tollway::{Client, ErrorKind};

use crate::support::{pairs, stubbed};

fn client(stub: &Arc<StubTransport>) -> Client {
    stubbed(stub)
        .client_id("ca_app")
        .stripe_account("acct_1")
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_at_the_api_and_replaced() {
    let stub = Arc::new(StubTransport::new());
    stub.push_json(
        200,
        r#"{"access_token": "sk_acct", "refresh_token": "rt_2", "expires_in": 3600, "scope": "stripe_apps",
            "livemode": false, "stripe_user_id": "acct_2", "token_type": "bearer"}"#,
    );
    let token = client(&stub)
        .oauth()
        .apps()
        .token()
        .refresh_token("rt_1")
        .send()
        .await
        .unwrap();
    assert_eq!(token.scope(), Some(Scope::StripeApps));
    assert_eq!(token.expires_in(), Some(3600));
    assert_eq!(token.refresh_token().unwrap().expose_secret(), "rt_2");

    let sent = &stub.requests()[0];
    assert_eq!(sent.url(), "https://api.stripe.com/v1/oauth/token");
    assert_eq!(
        sent.form(),
        pairs([("grant_type", "refresh_token"), ("refresh_token", "rt_1")])
    );
    assert_eq!(sent.header("stripe-account"), None);
}

#[tokio::test]
async fn a_token_that_works_once_is_sent_once() {
    let stub = Arc::new(StubTransport::new());
    stub.push(StubAnswer::Fail(TransportErrorKind::Reset));
    let error = client(&stub)
        .oauth()
        .apps()
        .token()
        .authorization_code("ac_1")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), stub.requests().len()),
        (ErrorKind::OutcomeUnknown, 1)
    );
}

#[test]
fn the_authorize_url_needs_the_apps_client_id() {
    let stub = Arc::new(StubTransport::new());
    let url = client(&stub)
        .oauth()
        .apps()
        .authorize_url("https://example.com/cb?x=1", "a b")
        .unwrap();
    assert_eq!(
        url,
        "https://marketplace.stripe.com/oauth/v2/authorize?client_id=ca_app\
         &redirect_uri=https%3A%2F%2Fexample.com%2Fcb%3Fx%3D1&state=a+b"
    );
    let nameless = stubbed(&stub).build().unwrap();
    let error = nameless
        .oauth()
        .apps()
        .authorize_url("https://example.com/cb", "s")
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
}
