//! v2_json, v2_response, multipart

use tollway::params::{Params, Upload};
use tollway::wire::{json_body, multipart};

use super::{id, params, run};

#[test]
fn v2_json() {
    run("v2_json", |vector| {
        let body = json_body::encode(&params(vector, "input"))
            .unwrap_or_else(|error| panic!("{}: {error:?}", id(vector)));
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(json, vector["json"], "{}", id(vector));
    });
}

#[test]
fn an_empty_body_is_an_empty_object() {
    assert_eq!(
        json_body::encode(&tollway::params::Params::new()).unwrap(),
        b"{}"
    );
}

#[test]
fn v2_response() {
    run("v2_response", |vector| {
        let json = tollway::Json::parse(vector["json"].as_str().unwrap().to_owned()).unwrap();
        for (name, value) in vector["value"].as_object().unwrap() {
            let text = json
                .get(name)
                .and_then(|value| value.as_str().map(str::to_owned));
            // Both travel as text and stay exact: the integer fits, the decimal keeps its scale.
            let exact = value["$int64"].as_str().or(value["$decimal"].as_str());
            assert_eq!(text.as_deref(), exact, "{} {name}", id(vector));
        }
    });
}

#[test]
fn multipart() {
    run("multipart", |vector| {
        let mut params = Params::new();
        for part in vector["parts"].as_array().unwrap() {
            let name = part["name"].as_str().unwrap();
            match part["bytes_hex"].as_str() {
                Some(hex) => {
                    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
                    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
                    params
                        .set_path(name, Upload::new(part["filename"].as_str().unwrap(), bytes))
                        .unwrap();
                }
                None => params
                    .set_path(name, part["value"].as_str().unwrap())
                    .unwrap(),
            }
        }
        let boundary = vector["boundary"].as_str().unwrap();
        let body = multipart::encode(&params, boundary).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&body),
            vector["body"].as_str().unwrap(),
            "{}",
            id(vector)
        );
        assert_eq!(
            multipart::content_type(boundary),
            vector["content_type"].as_str().unwrap(),
            "{}",
            id(vector)
        );
    });
}
