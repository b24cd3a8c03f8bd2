//! What is written as a form reads back as the same pairs; JSON bodies take any text.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tollway::params::{ParamValue, Params};
use tollway::request::Verb;
use tollway::testing::{StubResponse, StubRequest, StubTransport};
use tollway::{Error, blocking};

/// What reaches the transport, if anything does.
fn send(path: &str, params: Params) -> Result<StubRequest, Error> {
    let stub = Arc::new(StubTransport::responding(|_| StubResponse::json(200, "{}")));
    let client = stub.client().build().expect("a client");
    blocking::wait(client.request(Verb::Post, path).params(params).send::<()>())?;
    Ok(stub.requests().remove(0))
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut params = Params::new();
    let mut expected = Vec::new();
    for (at, pair) in text.split('&').enumerate() {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // Unique, since a second value of one name replaces the first.
        let name = format!("{at}_{name}");
        expected.push((name.clone(), value.to_owned()));
        params.set(name, value);
    }
    match send("/v1/things", params.clone()) {
        Ok(request) => assert_eq!(request.form(), expected),
        Err(_) => assert!(expected.iter().any(|(name, _)| name.contains(['[', ']']))),
    }
    let nested = ParamValue::List(vec![ParamValue::Map(params), ParamValue::Str(text.into_owned())]);
    let nested = Params::new().with("a", nested);
    let _ = (send("/v1/things", nested.clone()), send("/v2/things", nested));
});
