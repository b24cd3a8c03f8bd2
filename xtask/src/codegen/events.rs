//! Event types, and the data of those v2 events that carry some.

use tollway_spec::Shape;

use super::enums;
use super::names::pascal;
use super::plan::{Part, Plan};
use super::views;

const GROUP: &str = "event_types";

pub(super) fn emit_all(plan: &mut Plan<'_>) {
    let spec = plan.spec;
    let v1: Vec<String> = spec
        .events
        .v1
        .iter()
        .map(|event| event.type_.clone())
        .collect();
    let v2: Vec<String> = spec
        .events
        .v2
        .iter()
        .map(|event| event.type_.clone())
        .collect();
    for (name, about, url, types) in [
        (
            "EventType",
            "What a snapshot event is about.",
            "https://docs.stripe.com/api/events/types",
            v1,
        ),
        (
            "V2EventType",
            "What a thin event is about.",
            "https://docs.stripe.com/api/v2/core/events/event-types",
            v2,
        ),
    ] {
        if !types.is_empty() {
            let name = plan.taken.claim(&[name.to_owned()]);
            plan.push(GROUP, Part::Words, enums::code(&name, about, url, &types));
            enums::remember_shared(plan, &name, &types);
        }
    }
    for event in &spec.events.v2 {
        let Some(Shape::Object { fields, .. }) = &event.data else {
            continue;
        };
        let class = event.class.strip_suffix("Event").unwrap_or(&event.class);
        let about = format!("The `data` of a `{}` event.", event.type_);
        let url = "https://docs.stripe.com/api/v2/core/events/event-types";
        views::inline_object(
            plan,
            GROUP,
            &format!("{}EventData", pascal(class)),
            &event.type_,
            url,
            &about,
            fields,
        );
    }
}
