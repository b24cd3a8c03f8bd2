//! Event types, and the data of those v2 events that carry some.

use tollway_spec::{Shape, V2Event};

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
            "What a snapshot event is about",
            "https://docs.stripe.com/api/events/types",
            v1,
        ),
        (
            "V2EventType",
            "What a thin event is about",
            "https://docs.stripe.com/api/v2/core/events/event-types",
            v2,
        ),
    ] {
        let name = plan.taken.claim(&[name.to_owned()]);
        enums::push(plan, GROUP, &name, about.to_owned(), url, &types);
    }
    // The SDK reads thin events whatever the description knows of them.
    if plan.type_of("v2.core.event").is_none() {
        let about = "A thin event, of which this description says nothing.";
        let url = "https://docs.stripe.com/api/v2/core/events/object";
        views::inline_object(plan, GROUP, "V2CoreEvent", "v2.core.event", url, about, &[]);
    }
    for event in &spec.events.v2 {
        thin_event(plan, event);
    }
}

/// The type of a thin event, and of its data where it has some.
fn thin_event(plan: &mut Plan<'_>, event: &V2Event) {
    let url = "https://docs.stripe.com/api/v2/core/events/event-types";
    let kind = &event.type_;
    let data = if let Some(Shape::Object { fields, .. }) = &event.data {
        let class = event.class.strip_suffix("Event").unwrap_or(&event.class);
        let name = format!("{}EventData", pascal(class));
        let about = format!("The `data` of a `{kind}` event.");
        let data = views::inline_object(plan, GROUP, &name, kind, url, &about, fields);
        format!("api::{data}")
    } else {
        "Json".to_owned()
    };
    let related = event.related_object.as_deref();
    let about = match related {
        Some(object) if event.related_object_singleton => {
            format!("about the `{object}`, of which an account has one")
        }
        Some(object) => format!("about a `{object}`"),
        None => "about no object".to_owned(),
    };
    let related = related
        .and_then(|object| plan.type_of(object))
        .map_or_else(|| "Json".to_owned(), |ty| format!("api::{ty}"));
    let class = pascal(&event.class);
    let name = plan.taken.claim(&[class.clone(), format!("{class}Type")]);
    plan.push(
        GROUP,
        Part::Events,
        format!(
            "/// A `{kind}` event, {about}.\n///\n/// <{url}>\npub enum {name} {{}}\n\n\
             impl ThinEvent for {name} {{\n    type Related = {related};\n    type Data = {data};\n\n    \
             const TYPE: &'static str = \"{kind}\";\n}}\n\n"
        ),
    );
}
