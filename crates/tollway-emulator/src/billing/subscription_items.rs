//! `/v1/subscription_items`: changes of one item, made through its subscription.

use serde_json::{Map, Value, json};

use crate::billing::subscriptions::update;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::registry::Registry;

const SUBSCRIPTION_ITEM: &str = "subscription_item";

pub(super) fn register(registry: &mut Registry) {
    registry.add("subscription_items.create", create);
    registry.add("subscription_items.update", update);
    registry.add("subscription_items.delete", delete);
}

/// Parameters of the change; all others describe the item.
const SUBSCRIPTION_PARAMS: &[&str] = &[
    "payment_behavior",
    "proration_behavior",
    "proration_date",
    "off_session",
    "subscription",
];

/// Updates the subscription with one item of a request.
fn update_subscription(
    ctx: &mut Ctx<'_>,
    subscription: &str,
    params: &Params,
    more: Value,
) -> Result<Value, ApiError> {
    let mut item = Map::new();
    let mut form = Map::new();
    for (name, value) in params.values() {
        if SUBSCRIPTION_PARAMS.contains(&name.as_str()) {
            form.insert(name.clone(), value.clone());
        } else {
            item.insert(name.clone(), value.clone());
        }
    }
    form.remove("subscription");
    if let Value::Object(more) = more {
        item.extend(more);
    }
    form.insert("items".into(), json!([item]));
    let path = vec![(
        "subscription_exposed_id".to_owned(),
        subscription.to_owned(),
    )];
    update::update(ctx, &Params::new(path, form))
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.text("subscription").unwrap_or_default();
    ctx.referenced("subscription", id, "subscription")?;
    let after = update_subscription(ctx, id, params, json!({}))?;
    let items = after["items"]["data"].as_array();
    let last = items.and_then(|items| items.last()).cloned();
    last.ok_or_else(|| ApiError::internal("the subscription has no items"))
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("item");
    let item = ctx.required(SUBSCRIPTION_ITEM, id)?;
    let subscription = item["subscription"].as_str().unwrap_or_default();
    update_subscription(ctx, subscription, params, json!({"id": id}))?;
    ctx.required(SUBSCRIPTION_ITEM, id)
}

fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("item");
    let item = ctx.required(SUBSCRIPTION_ITEM, id)?;
    let subscription = item["subscription"].as_str().unwrap_or_default();
    update_subscription(
        ctx,
        subscription,
        params,
        json!({"id": id, "deleted": true}),
    )?;
    Ok(json!({"id": id, "object": SUBSCRIPTION_ITEM, "deleted": true}))
}
