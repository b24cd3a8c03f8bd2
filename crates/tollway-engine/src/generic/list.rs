//! Pages: cursors, limits, ranges and field filters, joined from ready-made bytes.

use std::ops::Range;

use bytes::Bytes;
use serde_json::Value;
use tollway_spec::{ApiMode, ObjectBody, Operation};

use super::page_limit::page_limit;
use super::{Plan, parent_id, resource, v2_page};
use crate::ctx::{Ctx, noun};
use crate::error::ApiError;
use crate::params::Params;
use crate::store::{CreatedRange, Page, Query, UnknownCursor};

/// Parameters that steer the page rather than filter it.
const STEERING: &[&str] = &[
    "limit",
    "starting_after",
    "ending_before",
    "created",
    "page",
    "include",
];

/// Answers a list.
///
/// # Errors
/// 400 for a limit out of range, or a cursor that is not in the collection.
pub(super) fn page(
    ctx: &Ctx<'_>,
    operation: &Operation,
    plan: &Plan,
    params: &Params,
) -> Result<Bytes, ApiError> {
    let object_type = resource(plan);
    let filters = filters(ctx, object_type, params);
    let texts: Vec<(&str, &[String])> = filters
        .texts
        .iter()
        .map(|(name, any)| (name.as_str(), any.as_slice()))
        .collect();
    let ranges: Vec<(&str, CreatedRange)> = filters
        .ranges
        .iter()
        .map(|(name, range)| (name.as_str(), *range))
        .collect();
    let query = Query {
        limit: page_limit(params)?,
        starting_after: params.text("starting_after"),
        ending_before: params.text("ending_before"),
        created: params.at("created").map(range).unwrap_or_default(),
        parent: parent_id(plan, params),
        filters: &[],
        any_of: &texts,
        ranges: &ranges,
    };
    if operation.mode == ApiMode::V2 {
        let query = v2_page::steered(params, query)?;
        let page = ctx.world.store.list(&ctx.scope, object_type, &query);
        let page = page.map_err(v2_page::unknown)?;
        return Ok(v2_body(ctx, params, &query, &page));
    }
    let found = ctx.world.store.list(&ctx.scope, object_type, &query);
    let page = found.map_err(|UnknownCursor(id)| {
        let param = if params.has("starting_after") {
            "starting_after"
        } else {
            "ending_before"
        };
        ApiError::no_such_reference(noun(object_type), &id, param)
    })?;
    Ok(v1_body(&ctx.request.path, &page))
}

/// Where a page of things that are in no store begins and ends among their ids, and whether there are more beyond it.
///
/// # Errors
/// 400 for a limit out of range, or a cursor that is none of the ids.
pub fn window(params: &Params, noun: &str, ids: &[&str]) -> Result<(Range<usize>, bool), ApiError> {
    let limit = page_limit(params)?;
    let place = |param: &str| {
        let cursor = params.text(param)?;
        let place = ids.iter().position(|id| *id == cursor);
        Some(place.ok_or_else(|| ApiError::no_such_reference(noun, cursor, param)))
    };
    let after = place("starting_after").transpose()?;
    let before = place("ending_before").transpose()?;
    if let (None, Some(end)) = (after, before) {
        let start = end.saturating_sub(limit);
        return Ok((start..end, start > 0));
    }
    let start = after.map_or(0, |after| after + 1);
    let end = (start + limit).min(ids.len());
    Ok((start..end, end < ids.len()))
}

/// A v1 list around members that are JSON already.
pub(super) fn v1_body(url: &str, page: &Page) -> Bytes {
    let size: usize = page
        .records
        .iter()
        .map(|record| record.body.len() + 1)
        .sum();
    let mut body = Vec::with_capacity(size + url.len() + 64);
    body.extend_from_slice(b"{\"object\":\"list\",\"data\":[");
    join(&mut body, page);
    body.extend_from_slice(if page.has_more {
        b"],\"has_more\":true,\"url\":"
    } else {
        b"],\"has_more\":false,\"url\":"
    });
    // Writing text into memory cannot fail.
    let _ = serde_json::to_writer(&mut body, url);
    body.push(b'}');
    body.into()
}

fn v2_body(ctx: &Ctx<'_>, params: &Params, query: &Query<'_>, page: &Page) -> Bytes {
    let mut body = b"{\"data\":[".to_vec();
    join(&mut body, page);
    let (next, previous) = v2_page::urls(&ctx.request.path, params, query, page);
    // Writing text into memory cannot fail.
    body.extend_from_slice(b"],\"next_page_url\":");
    let _ = serde_json::to_writer(&mut body, &next);
    body.extend_from_slice(b",\"previous_page_url\":");
    let _ = serde_json::to_writer(&mut body, &previous);
    body.push(b'}');
    body.into()
}

pub(super) fn join(body: &mut Vec<u8>, page: &Page) {
    for (position, record) in page.records.iter().enumerate() {
        if position > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&record.body);
    }
}

#[derive(Default)]
struct Filters {
    /// Fields and the texts any of which they must have.
    texts: Vec<(String, Vec<String>)>,
    ranges: Vec<(String, CreatedRange)>,
}

/// The parameters that have the name of a field (or its plural), as filters.
fn filters(ctx: &Ctx<'_>, object_type: &str, params: &Params) -> Filters {
    let mut filters = Filters::default();
    let fields = match ctx
        .services
        .description()
        .object(object_type)
        .map(|object| &object.body)
    {
        Some(ObjectBody::Fields(fields)) => fields.as_slice(),
        _ => return union_filters(params),
    };
    let is_field = |name: &str| fields.iter().any(|field| field.name == name);
    for (name, value) in params.values() {
        if STEERING.contains(&name.as_str()) {
            continue;
        }
        match value {
            Value::Array(items) => {
                let singular = name.strip_suffix('s').unwrap_or(name);
                if let Some(field) = [name.as_str(), singular]
                    .into_iter()
                    .find(|name| is_field(name))
                {
                    filters
                        .texts
                        .push((field.to_owned(), items.iter().map(text).collect()));
                }
            }
            // `status=all` lists what is left out otherwise.
            Value::String(all) if name == "status" && all == "all" => {}
            _ if is_field(name) => add(&mut filters, name, value),
            _ => {}
        }
    }
    filters
}

/// Types of several shapes share only these.
fn union_filters(params: &Params) -> Filters {
    let object = params
        .text("object")
        .map(|object| ("object".to_owned(), vec![object.to_owned()]));
    Filters {
        texts: object.into_iter().collect(),
        ranges: Vec::new(),
    }
}

fn add(filters: &mut Filters, path: &str, value: &Value) {
    match value {
        Value::Object(members)
            if members
                .keys()
                .all(|key| matches!(key.as_str(), "gt" | "gte" | "lt" | "lte")) =>
        {
            filters.ranges.push((path.to_owned(), range(value)));
        }
        Value::Object(members) => members
            .iter()
            .for_each(|(name, value)| add(filters, &format!("{path}.{name}"), value)),
        Value::Null => {}
        scalar => filters.texts.push((path.to_owned(), vec![text(scalar)])),
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// A moment, or `gt`, `gte`, `lt`, `lte`.
fn range(value: &Value) -> CreatedRange {
    if let Some(moment) = value.as_i64() {
        return CreatedRange {
            from: Some(moment),
            to: Some(moment),
        };
    }
    let bound = |name: &str| value.get(name).and_then(Value::as_i64);
    let after = bound("gt").map(|moment| moment.saturating_add(1));
    let before = bound("lt").map(|moment| moment.saturating_sub(1));
    CreatedRange {
        from: bound("gte").max(after),
        to: [bound("lte"), before].into_iter().flatten().min(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ranges_are_inclusive_inside() {
        assert_eq!(
            range(&json!(5)),
            CreatedRange {
                from: Some(5),
                to: Some(5)
            }
        );
        assert_eq!(
            range(&json!({"gt": 5, "gte": 3, "lt": 9})),
            CreatedRange {
                from: Some(6),
                to: Some(8)
            }
        );
        assert_eq!(
            range(&json!({"lte": 9, "lt": 20})),
            CreatedRange {
                from: None,
                to: Some(9)
            }
        );
    }
}
