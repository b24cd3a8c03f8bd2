//! Pages of `/v2`: `data`, and the ways to the next page and to the one before.
//!
//! See <https://docs.stripe.com/api-v2-overview#pagination>.

use serde_json::{Value, json};

use super::page_limit::page_limit;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::store::{Page, Query, UnknownCursor};

/// Before the id of the last object of the page before.
const FORWARD: &str = "page_after_";
/// Before the id of the first object of the page behind.
const BACKWARD: &str = "page_before_";

/// The page of an object type that `limit` and `page` ask for, of what passes the query's filters.
///
/// # Errors
/// 400 for a limit out of range, or a page that there is not.
pub fn of(
    ctx: &Ctx<'_>,
    object_type: &str,
    params: &Params,
    query: Query<'_>,
) -> Result<Value, ApiError> {
    let query = steered(params, query)?;
    let page = ctx.world.store.list(&ctx.scope, object_type, &query);
    let page = page.map_err(unknown)?;
    let (next, previous) = urls(&ctx.request.path, params, &query, &page);
    let data: Vec<Value> = page.records.iter().map(|record| record.parse()).collect();
    Ok(json!({"data": data, "next_page_url": next, "previous_page_url": previous}))
}

/// The query for the page that `limit` and `page` ask for.
pub(super) fn steered<'q>(params: &'q Params, query: Query<'q>) -> Result<Query<'q>, ApiError> {
    let token = params.text("page");
    let starting_after = token.and_then(|token| token.strip_prefix(FORWARD));
    let ending_before = token.and_then(|token| token.strip_prefix(BACKWARD));
    if let Some(token) = token.filter(|_| starting_after.or(ending_before).is_none()) {
        return Err(unknown(UnknownCursor(token.to_owned())));
    }
    Ok(Query {
        limit: page_limit(params)?,
        starting_after,
        ending_before,
        ..query
    })
}

/// The refusal of a page that there is not.
pub(super) fn unknown(UnknownCursor(token): UnknownCursor) -> ApiError {
    ApiError::invalid_param(
        "page",
        format!("There is no page '{token}' in this list: pass what next_page_url says."),
    )
}

/// The ways to the next page and to the one before, with everything else that was asked for.
pub(super) fn urls(
    path: &str,
    params: &Params,
    query: &Query<'_>,
    page: &Page,
) -> (Option<String>, Option<String>) {
    let went_back = query.ending_before.is_some();
    let url = |token: &str, id: &str| {
        let mut pairs = Vec::new();
        for (name, value) in params.values().iter().filter(|(name, _)| *name != "page") {
            flatten(name, value, &mut pairs);
        }
        pairs.push(("page".to_owned(), format!("{token}{id}")));
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        format!("{path}?{query}")
    };
    // Whoever came from a page knows that there is one.
    let more = page.has_more || went_back;
    let next = page.records.last().filter(|_| more);
    let before = (page.has_more && went_back) || query.starting_after.is_some();
    let first = page.records.first().filter(|_| before);
    (
        next.map(|last| url(FORWARD, &last.id)),
        first.map(|first| url(BACKWARD, &first.id)),
    )
}

fn flatten(name: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{name}[{index}]"), item, into);
            }
        }
        Value::Object(members) => {
            for (key, item) in members {
                flatten(&format!("{name}[{key}]"), item, into);
            }
        }
        Value::String(text) => into.push((name.to_owned(), text.clone())),
        other => into.push((name.to_owned(), other.to_string())),
    }
}
