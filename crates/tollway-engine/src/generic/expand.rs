//! `expand`: ids replaced by the objects they name, as deep as the caller asks, four levels at most.
//!
//! What can be expanded follows from the description, so a wrong path is refused before anything is done.

use serde_json::Value;
use tollway_spec::{ObjectBody, Shape};

use super::{includable_fields, list};
use crate::ctx::Ctx;
use crate::description::Description;
use crate::error::ApiError;
use crate::services::Services;
use crate::store::Query;

/// Stripe's limit, `data.` of a list not counted.
const MAX_LEVELS: usize = 4;

/// The one thing that a search result tells of itself when asked: <https://docs.stripe.com/api/pagination/search>.
pub(super) const TOTAL_COUNT: &str = "total_count";

/// Refuses paths that the response does not have or that cannot be expanded.
///
/// # Errors
/// Stripe's 400.
pub fn check(services: &Services, response: &Shape, paths: &[String]) -> Result<(), ApiError> {
    let api = services.description();
    for path in paths {
        if path == TOTAL_COUNT && matches!(response, Shape::SearchResult(_)) {
            continue;
        }
        let levels = path
            .strip_prefix("data.")
            .unwrap_or(path)
            .split('.')
            .count();
        if levels > MAX_LEVELS {
            let message = format!(
                "You cannot expand more than {MAX_LEVELS} levels of a property. Property: {path}"
            );
            return Err(ApiError::invalid_request(message).code("property_expansion_max_depth"));
        }
        let mut shapes = vec![response];
        let mut last_can = false;
        for name in path.split('.') {
            let inside = shapes
                .iter()
                .flat_map(|shape| fields(api, shape, name))
                .collect::<Vec<_>>();
            last_can = inside.iter().any(|shape| can_expand(shape))
                || shapes
                    .iter()
                    .any(|shape| includable_fields::is_includable(services, shape, name));
            shapes = inside;
        }
        if shapes.is_empty() || !last_can {
            let hint = if matches!(response, Shape::List(_) | Shape::SearchResult(_))
                && !path.starts_with("data")
            {
                format!(" You may want to try expanding 'data.{path}' instead.")
            } else {
                String::new()
            };
            return Err(ApiError::invalid_request(format!(
                "This property cannot be expanded ({path}).{hint}"
            )));
        }
    }
    Ok(())
}

/// Whether asking for the field itself makes sense: it is an id, a list, or holds resources.
fn can_expand(shape: &Shape) -> bool {
    match shape {
        Shape::Expandable { .. }
        | Shape::List(_)
        | Shape::Ref(_)
        | Shape::Object { .. }
        | Shape::Any => true,
        Shape::Array(item) | Shape::Nullable(item) => can_expand(item),
        Shape::Union { variants, .. } => variants.iter().any(can_expand),
        _ => false,
    }
}

/// The shapes of a field in everything that a shape may be.
fn fields<'a>(api: &'a Description, shape: &'a Shape, name: &str) -> Vec<&'a Shape> {
    let of_object = |target: &str| match api.object(target).map(|object| &object.body) {
        Some(ObjectBody::Fields(fields)) => fields
            .iter()
            .filter(|field| field.name == name)
            .map(|field| &field.shape)
            .collect(),
        Some(ObjectBody::Alias(alias)) => self::fields(api, alias, name),
        None => Vec::new(),
    };
    match shape {
        Shape::Ref(target) => of_object(target),
        Shape::Expandable { targets } => targets
            .iter()
            .flat_map(|target| of_object(target))
            .collect(),
        Shape::Object { fields, .. } => fields
            .iter()
            .filter(|field| field.name == name)
            .map(|field| &field.shape)
            .collect(),
        Shape::Union { variants, .. } => variants
            .iter()
            .flat_map(|variant| self::fields(api, variant, name))
            .collect(),
        Shape::List(item) | Shape::SearchResult(item) if name == "data" => vec![item],
        Shape::Array(item) | Shape::Nullable(item) => self::fields(api, item, name),
        Shape::Any => vec![shape],
        _ => Vec::new(),
    }
}

/// Expands the paths in a value.
pub fn expand(ctx: &Ctx<'_>, response: &Shape, value: &mut Value, paths: &[String]) {
    for path in paths {
        let names: Vec<&str> = path.split('.').collect();
        walk(ctx, response, value, &names);
    }
}

fn walk(ctx: &Ctx<'_>, shape: &Shape, value: &mut Value, names: &[&str]) {
    let api = ctx.services.description();
    match value {
        Value::Array(items) => {
            let item = match shape {
                Shape::Array(item) | Shape::List(item) | Shape::SearchResult(item) => item,
                other => other,
            };
            for value in items {
                walk(ctx, item, value, names);
            }
            return;
        }
        Value::String(id) => {
            if let Some(object) = targets(shape)
                .iter()
                .find_map(|target| find(ctx, target, id))
            {
                *value = object;
            }
        }
        _ => {}
    }
    let Some((name, rest)) = names.split_first() else {
        return;
    };
    let inside = fields(api, shape, name);
    let Value::Object(members) = value else {
        return;
    };
    includable_fields::insert_into(ctx, members, name);
    if !members.contains_key(*name)
        && let Some(list) = inside.iter().find_map(|shape| {
            part_list(
                ctx,
                members.get("object")?.as_str()?,
                members.get("id")?.as_str()?,
                name,
                shape,
            )
        })
    {
        members.insert((*name).to_owned(), list);
    }
    let Some(member) = members.get_mut(*name) else {
        return;
    };
    for shape in inside {
        walk(ctx, shape, member, rest);
    }
}

fn targets(shape: &Shape) -> &[String] {
    match shape {
        Shape::Expandable { targets } => targets,
        Shape::Nullable(inner) | Shape::Array(inner) => targets(inner),
        _ => &[],
    }
}

/// An object by id. An account is found in its own scope or the platform's, everything else in the request's.
fn find(ctx: &Ctx<'_>, target: &str, id: &str) -> Option<Value> {
    let record = ctx.world.store.get(&ctx.scope, target, id);
    let record = record.or_else(|| {
        let scopes = [
            ctx.scope.for_account(id),
            ctx.world.platform_scope(ctx.scope.mode),
        ];
        let mut accounts = scopes.iter().filter(|_| target == "account");
        accounts.find_map(|scope| ctx.world.store.get(scope, target, id))
    });
    record.map(|record| record.parse())
}

/// A list that is only sent when asked for, as `customer.subscriptions`.
fn part_list(
    ctx: &Ctx<'_>,
    owner_type: &str,
    owner: &str,
    name: &str,
    shape: &Shape,
) -> Option<Value> {
    let Shape::List(item) = shape else {
        return None;
    };
    let item_type = ctx.services.description().resource_of(item)?;
    let filters = [(owner_type, owner)];
    let by_parent = Query {
        limit: 10,
        parent: Some(owner),
        ..Query::default()
    };
    let by_field = Query {
        limit: 10,
        filters: &filters,
        ..Query::default()
    };
    let found = [by_parent, by_field].iter().find_map(|query| {
        let page = ctx.world.store.list(&ctx.scope, item_type, query).ok()?;
        (!page.records.is_empty()).then_some(page)
    });
    let url = format!("/v1/{}s/{owner}/{name}", owner_type.replace('.', "/"));
    serde_json::from_slice(&list::v1_body(&url, &found.unwrap_or_default())).ok()
}
