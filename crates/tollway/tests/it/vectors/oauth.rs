//! authorize_url, oauth_requests, oauth_callback

use std::sync::Arc;

use serde_json::Value as Json;
use tollway::oauth::parse_callback;
use tollway::params::ParamValue;
use tollway::testing::{StubRequest, StubResponse, StubTransport};
use tollway::{Client, ErrorKind};

use super::{VECTORS, headers, id, pairs, params, query_pairs, run, sorted};

#[test]
fn authorize_urls_have_their_parameters() {
    run("authorize_url", |vector| {
        let mut builder = Client::builder("sk_test_123").transport(Arc::new(StubTransport::new()));
        if let Some(client_id) = vector["client_client_id"].as_str() {
            builder = builder.client_id(client_id);
        }
        if let Some(base) = vector["connect_base"].as_str() {
            builder = builder.connect_base(base);
        }
        let mut url = builder.build().unwrap().oauth().authorize_url();
        for (name, value) in params(vector, "params").iter() {
            url = match (name, value) {
                ("scope", ParamValue::Str(text)) => url.scope(text.as_str()),
                ("state", ParamValue::Str(text)) => url.state(text),
                ("redirect_uri", ParamValue::Str(text)) => url.redirect_uri(text),
                ("client_id", ParamValue::Str(text)) => url.client_id(text),
                (name, value) => url.param(name, value.clone()),
            };
        }
        if vector["express"] == true {
            url = url.express();
        }
        let url = match (url.build(), vector["error"].as_str()) {
            (Ok(url), None) => url,
            (Err(error), Some("missing_client_id")) => {
                assert_eq!(error.kind(), ErrorKind::Authentication, "{}", id(vector));
                return;
            }
            (result, _) => panic!("{}: {result:?}", id(vector)),
        };
        let (base, query) = url.split_once('?').unwrap();
        assert_eq!(
            base,
            vector["base_and_path"].as_str().unwrap(),
            "{}",
            id(vector)
        );
        assert_eq!(
            sorted(query_pairs(query)),
            pairs(&vector["query_pairs"]),
            "{}",
            id(vector)
        );
    });
}

async fn send(vector: &Json) -> StubRequest {
    let stub = Arc::new(StubTransport::responding(|_| {
        StubResponse::json(200, r#"{"stripe_user_id": "acct_123"}"#)
    }));
    let mut builder = Client::builder("sk_test_123")
        .transport(stub.clone())
        .client_id("ca_client");
    if let Some(account) = vector["client_stripe_account"].as_str() {
        builder = builder.stripe_account(account);
    }
    let oauth = builder.build().unwrap().oauth();
    let params = &vector["params"];
    let text = |name: &str| params[name].as_str();
    if vector["operation"] == "deauthorize" {
        let mut request = oauth.deauthorize(text("stripe_user_id").unwrap());
        if let Some(client_id) = text("client_id") {
            request = request.client_id(client_id);
        }
        let gone = request.send().await.unwrap();
        assert_eq!(gone.stripe_user_id(), "acct_123");
    } else {
        let mut request = oauth.token();
        if let Some(code) = text("code") {
            request = request.authorization_code(code);
        }
        if let Some(token) = text("refresh_token") {
            request = request.refresh_token(token);
        }
        if let Some(scope) = text("scope") {
            request = request.scope(scope);
        }
        if let Some(secret) = text("client_secret") {
            request = request.client_secret(secret);
        }
        if let Some(capabilities) = params["assert_capabilities"].as_array() {
            request = request.assert_capabilities(capabilities.iter().filter_map(Json::as_str));
        }
        assert_eq!(request.send().await.unwrap().stripe_user_id(), "acct_123");
    }
    stub.requests().pop().unwrap()
}

#[tokio::test]
async fn oauth_requests_have_their_bodies_and_keys() {
    let mut sent = Vec::new();
    for vector in VECTORS["oauth_requests"].as_array().unwrap() {
        sent.push(send(vector).await);
    }
    let at = std::cell::Cell::new(0);
    run("oauth_requests", |vector| {
        let request = &sent[at.replace(at.get() + 1)];
        assert_eq!(
            request.method(),
            vector["method"].as_str().unwrap(),
            "{}",
            id(vector)
        );
        assert_eq!(
            request.url(),
            vector["url"].as_str().unwrap(),
            "{}",
            id(vector)
        );
        assert_eq!(
            sorted(request.form()),
            pairs(&vector["body_pairs"]),
            "{}",
            id(vector)
        );
        headers::expect(request, &vector["headers"], id(vector));
    });
}

#[test]
fn callbacks_parse_or_say_why_not() {
    run("oauth_callback", |vector| {
        let result = parse_callback(
            vector["callback_url"].as_str().unwrap(),
            vector["expected_state"].as_str(),
        );
        match (&vector["result"]["ok"], result) {
            (Json::Null, Err(error)) => {
                assert_eq!(
                    error.code(),
                    vector["result"]["error"].as_str().unwrap(),
                    "{}",
                    id(vector)
                );
                if let Some(description) = vector["result"]["description"].as_str() {
                    assert!(
                        error.to_string().contains(description),
                        "{}: {error}",
                        id(vector)
                    );
                }
            }
            (ok, Ok(callback)) => {
                assert_eq!(
                    callback.code(),
                    ok["code"].as_str().unwrap(),
                    "{}",
                    id(vector)
                );
                assert_eq!(
                    callback.scope().map(tollway::oauth::Scope::as_str),
                    ok["scope"].as_str(),
                    "{}",
                    id(vector)
                );
                assert_eq!(callback.state(), ok["state"].as_str(), "{}", id(vector));
            }
            (_, result) => panic!("{}: {result:?}", id(vector)),
        }
    });
}
