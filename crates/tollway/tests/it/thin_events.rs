//! Thin events of known types: what they are about and what they bring.

use std::sync::Arc;

use tollway::api::{
    V1BillingMeterErrorReportTriggeredEvent, V2CoreAccountUpdatedEvent, V2EventType,
};
use tollway::event::ThinEvent;
use tollway::testing::StubTransport;
use tollway::webhook::parse_event_notification_without_verification;

use crate::support::stubbed;

const REPORT: &str = r#"{"id": "evt_3", "object": "v2.core.event", "type": "v1.billing.meter.error_report_triggered",
    "context": "org_1/acct_2",
    "related_object": {"id": "mtr_1", "type": "billing.meter", "url": "/v1/billing/meters/mtr_1"}}"#;

#[tokio::test]
async fn a_typed_event_gives_its_object_and_its_data() {
    let stub = Arc::new(StubTransport::new());
    let client = stubbed(&stub).build().unwrap();
    let notification = parse_event_notification_without_verification(REPORT).unwrap();
    assert!(
        notification
            .of_type::<V2CoreAccountUpdatedEvent>()
            .is_none()
    );
    let event = notification
        .of_type::<V1BillingMeterErrorReportTriggeredEvent>()
        .unwrap();
    assert_eq!(event.id(), "evt_3");

    stub.push_json(
        200,
        r#"{"id": "mtr_1", "object": "billing.meter", "event_name": "calls"}"#,
    );
    let meter = event.fetch_related(&client).unwrap().await.unwrap();
    assert_eq!(meter.event_name(), "calls");

    stub.push_json(
        200,
        r#"{"id": "evt_3", "object": "v2.core.event", "type": "v1.billing.meter.error_report_triggered",
            "data": {"developer_message_summary": "2 events failed"}}"#,
    );
    let whole = event.fetch(&client).await.unwrap();
    let data = whole
        .data_as::<V1BillingMeterErrorReportTriggeredEvent>()
        .unwrap();
    assert_eq!(data.developer_message_summary(), "2 events failed");
    assert!(whole.data_as::<V2CoreAccountUpdatedEvent>().is_none());

    let requests = stub.requests();
    assert_eq!(requests[0].path(), "/v1/billing/meters/mtr_1");
    assert_eq!(requests[1].path(), "/v2/core/events/evt_3");
    for request in requests {
        assert_eq!(request.header("stripe-context"), Some("org_1/acct_2"));
    }
}

#[test]
fn types_are_called_as_the_words_are() {
    let word = V2EventType::from(V2CoreAccountUpdatedEvent::TYPE);
    assert_eq!(word, V2EventType::V2CoreAccountUpdated);
}
