//! Lists of events, `/v1/events` and `/v2/core/events`.

use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::thin;
use crate::generic::{GenericCtx, v2_page};
use crate::params::Params;
use crate::registry::Registry;
use crate::store::{CreatedRange, Query};

pub(super) fn register(registry: &mut Registry) {
    registry.add("events.list", list_events);
    registry.add("v2.core.events.list", list_thin_events);
}

/// `GET /v1/events`: in `type` a `*` stands for the rest of a name, `charge.*`.
fn list_events(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let stem = params.text("type").and_then(|name| name.strip_suffix('*'));
    let Some(stem) = stem else {
        return ctx.generic("events.list", params);
    };
    let known = &ctx.services.description().catalog().events().v1;
    let types = known.iter().map(|event| event.type_.as_str());
    let types: Vec<Value> = types
        .filter(|name| name.starts_with(stem))
        .map(Value::from)
        .collect();
    let mut values = params.values().clone();
    values.remove("type");
    values.insert("types".into(), types.into());
    ctx.generic("events.list", &Params::new(Vec::new(), values))
}

/// `GET /v2/core/events`.
fn list_thin_events(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let object = params.text("object_id");
    let filters: Vec<(&str, &str)> = object
        .into_iter()
        .map(|id| ("related_object.id", id))
        .collect();
    let types = params.list("types").iter().filter_map(Value::as_str);
    let types: Vec<String> = types.map(str::to_owned).collect();
    let any_of = [("type", types.as_slice())];
    let query = Query {
        created: created(params)?,
        filters: &filters,
        any_of: if types.is_empty() { &[] } else { &any_of },
        ..Query::default()
    };
    v2_page::of(ctx, thin::EVENT, params, query)
}

/// `created[gte]` and its like, which are instants in `/v2`.
fn created(params: &Params) -> Result<CreatedRange, ApiError> {
    let at = |name: &str| {
        let path = format!("created.{name}");
        let parsed = params.text(&path).map(str::parse::<jiff::Timestamp>);
        let wrong = |_| {
            let message = "Give an instant such as 2026-01-31T12:00:00Z.";
            ApiError::invalid_param(&format!("created[{name}]"), message)
        };
        parsed
            .transpose()
            .map_err(wrong)
            .map(|at| at.map(jiff::Timestamp::as_second))
    };
    let (after, before) = (at("gt")?.map(|at| at + 1), at("lt")?.map(|at| at - 1));
    Ok(CreatedRange {
        from: at("gte")?.max(after),
        to: [at("lte")?, before].into_iter().flatten().min(),
    })
}
