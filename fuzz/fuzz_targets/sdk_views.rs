//! Views read any JSON without a panic, and so does the strict verdict.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollway::{Json, List, View, api, view, webhook};

fuzz_target!(|data: &[u8]| {
    let _ = webhook::parse_event_notification_without_verification(data).map(|event| {
        let related = event.related_object();
        format!("{event:?} {:?} {:?} {:?}", related, event.reason(), event.context())
    });
    if let Ok(event) = webhook::construct_event_without_verification(data) {
        let _ = (event.type_(), event.account(), event.data_object(), event.data_as::<api::Charge>());
        let _ = (event.request(), event.created(), event.check());
    }
    let Ok(json) = Json::parse(data.to_vec()) else { return };
    let name = json.get("object");
    if let Some(name) = name.as_ref().and_then(Json::as_str) {
        let _ = view::check(name, &json);
    }
    let charge = api::Charge::from_json(json.clone());
    let _ = (charge.id(), charge.amount(), charge.created(), charge.status(), charge.paid(), charge.metadata());
    let _ = (charge.billing_details().address().map(|address| address.city().map(str::to_owned)), charge.refunds());
    if let Some(customer) = charge.customer() {
        let _ = (customer.id().to_owned(), customer.object().map(|object| format!("{object:?}")));
    }
    let _ = (charge.source().map(|source| format!("{source:?}")), charge.check(), format!("{charge:?}"));
    for item in List::<api::PaymentIntent>::from_json(json.clone()).data() {
        let _ = (item.id(), item.amount(), item.latest_charge().map(|charge| charge.id().to_owned()), item.check());
    }
    let account = api::V2CoreAccount::from_json(json);
    let _ = (account.id(), account.created(), account.applied_configurations(), account.check());
});
