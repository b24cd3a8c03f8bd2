//! Parsers of a delivery's body.

use bytes::Bytes;

use super::error::WebhookError;
use crate::api;
use crate::event::{self, EventNotification};
use crate::json::Json;
use crate::view::View as _;

pub(super) fn parse_snapshot(payload: &[u8]) -> Result<api::Event, WebhookError> {
    let json = parse(payload)?;
    match object_of(&json).as_deref() {
        Some("event") => Ok(api::Event::from_json(json)),
        Some(other) => Err(WebhookError::WrongKind {
            object: other.to_owned(),
        }),
        None => Err(WebhookError::Unrecognized),
    }
}

pub(super) fn parse_notification(payload: &[u8]) -> Result<EventNotification, WebhookError> {
    let json = parse(payload)?;
    match object_of(&json).as_deref() {
        Some(event::NAME) => Ok(EventNotification::new(json)),
        Some(other) => Err(WebhookError::WrongKind {
            object: other.to_owned(),
        }),
        None if json.get("id").is_some() && json.get("type").is_some() => {
            Ok(EventNotification::new(json))
        }
        None => Err(WebhookError::Unrecognized),
    }
}

/// Returns the event inside an EventBridge (`detail`) or Event Grid (`specversion` and `data`) envelope, or the payload
/// itself.
pub(super) fn open_envelope(payload: &[u8]) -> Result<Vec<u8>, WebhookError> {
    let json = parse(payload)?;
    let inner = match (
        json.get("detail"),
        json.get("specversion"),
        json.get("data"),
    ) {
        (Some(detail), _, _) => detail,
        (None, Some(_), Some(data)) => data,
        _ => return Ok(payload.to_vec()),
    };
    Ok(inner.text().into_owned().into_bytes())
}

fn object_of(json: &Json) -> Option<String> {
    json.get("object")?.as_str().map(str::to_owned)
}

fn parse(payload: &[u8]) -> Result<Json, WebhookError> {
    Json::parse(Bytes::copy_from_slice(payload))
        .map_err(|cause| WebhookError::NotJson(cause.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_object_in_an_event_is_typed_on_demand() {
        let event = parse_snapshot(
            br#"{"object": "event", "type": "charge.succeeded",
                 "data": {"object": {"object": "charge", "id": "ch_1", "amount": "odd"}}}"#,
        )
        .unwrap();
        assert_eq!(event.data_as::<api::Charge>().unwrap().id(), "ch_1");
        assert!(event.data_as::<api::Customer>().is_none());
        // An event without its object is still an event.
        let bare = parse_snapshot(br#"{"object": "event", "type": "brand.new"}"#).unwrap();
        assert_eq!((bare.type_().as_str(), bare.id()), ("brand.new", ""));
        assert!(bare.data_object().is_null());
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(payload in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse_snapshot(&payload);
            let _ = parse_notification(&payload);
            let _ = open_envelope(&payload);
        }
    }
}
