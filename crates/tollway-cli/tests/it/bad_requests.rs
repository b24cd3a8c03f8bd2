//! A running emulator gets nonsense: Stripe's error body each time, and it goes on as before.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

use crate::program::Service;

/// Sends bytes as they are and reads to the end; gives status and body.
fn exchange(service: &Service, request: &str) -> (u16, String) {
    let address = service.url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a timeout");
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it is answered");
    let answer = String::from_utf8(answer).expect("text");
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status.unwrap_or_default(), body.to_owned())
}

/// One request with the key in Bearer form; gives status and the error in the body.
fn refused(service: &Service, method: &str, path: &str, key: &str, body: &str) -> (u16, Value) {
    let (status, body) = exchange(
        service,
        &format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {key}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    let body: Value = serde_json::from_str(&body)
        .unwrap_or_else(|error| panic!("{method} {path} answered {status} {body:?}: {error}"));
    (status, body["error"].clone())
}

#[test]
fn bad_requests_get_stripes_error_body_and_leave_nothing_behind() {
    let service = Service::start(["emulator", "--port", "0"]);
    let key = "sk_test_123";
    for (method, path, key, body, status, code, param) in [
        ("GET", "/v1/customers", "", "", 401, None, None),
        ("GET", "/v1/customers", "sk_nonsense", "", 401, None, None),
        ("GET", "/v1/customers", "sk_test_ü", "", 401, None, None),
        (
            "GET",
            "/v1/customers",
            "pk_test_123",
            "",
            401,
            Some("secret_key_required"),
            None,
        ),
        ("GET", "/v1/nothing", key, "", 404, None, None),
        (
            "GET",
            "/v1/customers/cus_no",
            key,
            "",
            404,
            Some("resource_missing"),
            Some("id"),
        ),
        (
            "POST",
            "/v1/customers",
            key,
            "colour=green",
            400,
            Some("parameter_unknown"),
            Some("colour"),
        ),
        (
            "POST",
            "/v1/charges",
            key,
            "amount=much&currency=eur",
            400,
            Some("parameter_invalid_integer"),
            Some("amount"),
        ),
        (
            "POST",
            "/v1/transfers",
            key,
            "amount=100",
            400,
            Some("parameter_missing"),
            Some("currency"),
        ),
        (
            "GET",
            "/v1/customers?limit=1000",
            key,
            "",
            400,
            Some("parameter_invalid_integer"),
            Some("limit"),
        ),
        (
            "GET",
            "/v1/customers?expand[]=data.nothing",
            key,
            "",
            400,
            None,
            None,
        ),
    ] {
        let (seen, error) = refused(&service, method, path, key, body);
        assert_eq!(seen, status, "{method} {path} {body}: {error}");
        assert!(
            error["type"] == "invalid_request_error" && error["message"].is_string(),
            "{method} {path} {body}: {error}"
        );
        assert_eq!(error["code"].as_str(), code, "{error}");
        if param.is_some() {
            let named = error["param"]
                .as_str()
                .map(|name| name.trim_end_matches("[]"));
            assert_eq!(named, param, "{error}");
        }
        assert!(
            !error["message"]
                .as_str()
                .unwrap_or_default()
                .contains("nonsense"),
            "a key is not repeated: {error}"
        );
    }
    let (status, list) = exchange(
        &service,
        "GET /v1/customers HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer sk_test_123\r\n\r\n",
    );
    assert_eq!(status, 200, "{list}");
    let list: Value = serde_json::from_str(&list).expect("a list");
    assert_eq!(list["data"], serde_json::json!([]), "nothing was made");
    assert_eq!(service.terminate(), Some(0));
}

#[test]
fn what_is_not_http_ends_the_connection_and_nothing_else() {
    let service = Service::start(["emulator", "--port", "0"]);
    for nonsense in [
        "NONSENSE\r\n\r\n",
        "GET /v1/customers HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1} a TLS greeting\r\n\r\n",
    ] {
        let (status, _) = exchange(&service, nonsense);
        assert!(status == 0 || status == 400, "{nonsense:?}: {status}");
    }
    let (status, error) = refused(&service, "GET", "/v1/customers", "", "");
    assert_eq!(status, 401, "{error}");
}
