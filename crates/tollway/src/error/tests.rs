use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{Error, ErrorKind};
use crate::meta::ResponseMeta;
use crate::params::ParamError;
use crate::wire::path;

fn answer(status: u16, body: &'static str) -> Error {
    let meta = ResponseMeta {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        retries: 0,
        elapsed: Duration::ZERO,
        read_only: false,
        sent: crate::meta::SentRequest::default(),
    };
    let json = serde_json::from_str(body).unwrap_or_default();
    Error::from_response(
        Arc::new(meta),
        Bytes::from_static(body.as_bytes()),
        json,
        false,
    )
}

#[test]
fn an_error_is_one_pointer_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

#[test]
fn display_names_class_code_status_and_message() {
    let error = answer(
        402,
        r#"{"error":{"type":"card_error","code":"card_declined","message":"Declined"}}"#,
    );
    assert_eq!(
        error.to_string(),
        "card (card_declined) [status 402]: Declined"
    );
}

#[test]
fn debug_keeps_the_body_out() {
    let error = answer(
        402,
        r#"{"error":{"type":"card_error","message":"Declined","payment_intent":{"client_secret":"pi_1_secret_2"}}}"#,
    );
    assert!(!format!("{error:?} {error}").contains("pi_1_secret_2"));
    assert!(error.field("payment_intent").is_some());
}

#[test]
fn an_error_without_a_type_keeps_everything_else() {
    let error = answer(402, r#"{"error":{"code":"card_declined"}}"#);
    assert_eq!(
        (error.kind(), error.code(), error.message()),
        (ErrorKind::Card, Some("card_declined"), "")
    );
}

#[test]
fn a_refused_parameter_or_path_stays_the_source_of_the_error() {
    use std::error::Error as StdError;
    let param = Error::from(ParamError::BracketInKey("a[b]".to_owned()));
    let cause = StdError::source(&param).unwrap();
    let refused = ParamError::BracketInKey("a[b]".to_owned());
    assert_eq!(cause.downcast_ref::<ParamError>(), Some(&refused));
    assert_eq!(param.message(), cause.to_string());
    let path = Error::from(path::guard("//elsewhere").unwrap_err());
    assert!(StdError::source(&path).unwrap().is::<path::PathError>());
}
