//! headers, user_agent, stripe_context, telemetry

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use tollway::context::StripeContext;
use tollway::request::{RequestBuilder, Verb};
use tollway::testing::{ManualClock, StubRequest, StubResponse, StubTransport};
use tollway::{AppInfo, Client, ClientBuilder};

use super::{VECTORS, id, run};
use crate::support::stubbed;

/// Applies a vector's client settings.
pub(super) fn configure(mut builder: ClientBuilder, settings: &Json) -> ClientBuilder {
    for (name, value) in settings.as_object().unwrap() {
        let value = value.as_str().unwrap();
        builder = match name.as_str() {
            "stripe_account" => builder.stripe_account(value),
            "stripe_context" => builder.stripe_context(value),
            "api_version" => builder.stripe_version(value),
            "api_key" => builder,
            other => panic!("unknown setting {other}"),
        };
    }
    builder
}

/// Applies a vector's options of one call.
pub(super) fn apply(mut request: RequestBuilder, options: &Json) -> RequestBuilder {
    for (name, value) in options.as_object().unwrap() {
        request = match (name.as_str(), value.as_str()) {
            ("stripe_account", Some(account)) => request.stripe_account(account),
            ("stripe_account", None) => request.no_stripe_account(),
            ("stripe_context", Some(context)) => request.stripe_context(context),
            ("stripe_context", None) => request.no_stripe_context(),
            ("api_key", Some(key)) => request.api_key(key),
            ("api_version", Some(version)) => request.stripe_version(version),
            other => panic!("unknown option {other:?}"),
        };
    }
    request
}

/// Checks a request's headers; null means absent.
pub(super) fn expect(request: &StubRequest, headers: &Json, id: &str) {
    for (name, value) in headers.as_object().unwrap() {
        assert_eq!(request.header(name), value.as_str(), "{id} {name}");
    }
}

async fn one(builder: ClientBuilder, stub: &StubTransport, options: &Json) -> StubRequest {
    let client = builder.build().unwrap();
    apply(client.request(Verb::Get, "/v1/customers"), options)
        .send::<()>()
        .await
        .unwrap();
    stub.requests().pop().unwrap()
}

#[tokio::test]
async fn requests_have_the_headers_of_client_and_call() {
    let stub = Arc::new(StubTransport::responding(|_| StubResponse::json(200, "{}")));
    let mut sent = Vec::new();
    for vector in VECTORS["headers"].as_array().unwrap() {
        let key = vector["client"]["api_key"]
            .as_str()
            .unwrap_or("sk_test_123");
        let builder = configure(
            Client::builder(key).transport(stub.clone()),
            &vector["client"],
        );
        sent.push(one(builder, &stub, &vector["request"]).await);
    }
    let at = std::cell::Cell::new(0);
    run("headers", |vector| {
        expect(
            &sent[at.replace(at.get() + 1)],
            &vector["expect"],
            id(vector),
        );
    });
}

#[tokio::test]
async fn the_user_agent_names_the_program() {
    let stub = Arc::new(StubTransport::responding(|_| StubResponse::json(200, "{}")));
    let none = Json::Object(serde_json::Map::new());
    let mut sent = Vec::new();
    for vector in VECTORS["user_agent"].as_array().unwrap() {
        let mut builder = stubbed(&stub);
        if let Some(name) = vector["app_info"]["name"].as_str() {
            let mut app = AppInfo::new(name);
            for (member, value) in vector["app_info"].as_object().unwrap() {
                let value = value.as_str().unwrap();
                app = match member.as_str() {
                    "version" => app.version(value),
                    "url" => app.url(value),
                    "partner_id" => app.partner_id(value),
                    _ => app,
                };
            }
            builder = builder.app_info(app);
        }
        sent.push(one(builder, &stub, &none).await);
    }
    let at = std::cell::Cell::new(0);
    run("user_agent", |vector| {
        let request = &sent[at.replace(at.get() + 1)];
        let version = env!("CARGO_PKG_VERSION");
        let suffix = vector["suffix"].as_str().unwrap();
        let expected = format!("Stripe/v1 RustBindings/{version}{suffix}");
        assert_eq!(
            request.header("user-agent"),
            Some(expected.as_str()),
            "{}",
            id(vector)
        );
        let about: Json =
            serde_json::from_str(request.header("x-stripe-client-user-agent").unwrap()).unwrap();
        assert_eq!(
            about["application"]["partner_id"],
            vector["app_info"]["partner_id"],
            "{}",
            id(vector)
        );
    });
}

#[test]
fn contexts_parse_and_print() {
    run("stripe_context", |vector| {
        let context = StripeContext::parse(vector["input"].as_str().unwrap());
        let result = match vector["op"].as_str().unwrap() {
            "parse" => Ok(context),
            "push" => context.push(vector["arg"].as_str().unwrap()),
            "pop" => context.pop(),
            other => panic!("unknown operation {other}"),
        };
        if vector["error"] == true {
            assert!(result.is_err(), "{}", id(vector));
            return;
        }
        let context = result.unwrap_or_else(|error| panic!("{}: {error:?}", id(vector)));
        assert_eq!(
            context.to_string(),
            vector["string"].as_str().unwrap(),
            "{}",
            id(vector)
        );
        if let Some(segments) = vector["segments"].as_array() {
            assert_eq!(
                &context
                    .segments()
                    .iter()
                    .map(|s| Json::from(s.as_str()))
                    .collect::<Vec<_>>(),
                segments
            );
        }
    });
}

#[tokio::test]
async fn telemetry_reports_the_request_before() {
    let mut sent = Vec::new();
    for vector in VECTORS["telemetry"].as_array().unwrap() {
        let clock = Arc::new(ManualClock::default());
        let previous = vector["previous"].clone();
        let (ticking, id) = (
            clock.clone(),
            previous["request_id"].as_str().map(str::to_owned),
        );
        let stub = Arc::new(StubTransport::responding(move |_| {
            ticking.advance(Duration::from_millis(
                previous["duration_ms"].as_u64().unwrap_or_default(),
            ));
            let answer = StubResponse::json(200, "{}");
            id.as_deref()
                .map_or(answer.clone(), |id| answer.header("Request-Id", id))
        }));
        let client = stubbed(&stub).clock(clock).telemetry(true).build().unwrap();
        // Words about use are said by the request they are about.
        let used = vector["previous"]["usage"]
            .as_array()
            .is_some_and(|usage| !usage.is_empty());
        let first = client.request(Verb::Get, "/v1/balance");
        let first = if used {
            first.usage("stripe_client")
        } else {
            first
        };
        first.send::<()>().await.unwrap();
        client
            .request(Verb::Get, "/v1/balance")
            .send::<()>()
            .await
            .unwrap();
        sent.push(
            stub.requests()
                .pop()
                .unwrap()
                .header("x-stripe-client-telemetry")
                .map(str::to_owned),
        );
    }
    let at = std::cell::Cell::new(0);
    run("telemetry", |vector| {
        assert_eq!(
            sent[at.replace(at.get() + 1)].as_deref(),
            vector["header"].as_str(),
            "{}",
            id(vector)
        );
    });
}

#[tokio::test]
async fn telemetry_is_off_unless_asked_for() {
    let stub = Arc::new(StubTransport::responding(|_| {
        StubResponse::json(200, "{}").header("Request-Id", "req_1")
    }));
    let client = stubbed(&stub).build().unwrap();
    for _ in 0..2 {
        client
            .request(Verb::Get, "/v1/balance")
            .send::<()>()
            .await
            .unwrap();
    }
    assert!(
        stub.requests()
            .iter()
            .all(|request| request.header("x-stripe-client-telemetry").is_none())
    );
}
