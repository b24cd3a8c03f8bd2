//! What a customer may use: the features of the products it is subscribed to (<https://docs.stripe.com/billing/entitlements>).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::ctx::{Ctx, noun};
use crate::error::ApiError;
use crate::generic::synth::empty_list;
use crate::generic::window;
use crate::json::{list, text};
use crate::params::Params;
use crate::product_objects::id_of;
use crate::registry::Registry;

const ACTIVE: &str = "entitlements.active_entitlement";

/// States of a subscription that entitle.
const ENTITLING: [&str; 3] = ["active", "trialing", "past_due"];

pub(crate) fn register(registry: &mut Registry) {
    registry.add("entitlements.active_entitlements.list", list_of);
    registry.add("entitlements.active_entitlements.retrieve", retrieve);
}

/// `GET /v1/entitlements/active_entitlements`.
fn list_of(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params.text("customer");
    let customer = customer.ok_or_else(|| ApiError::missing_parameter("customer"))?;
    ctx.referenced("customer", customer, "customer")?;
    let all = entitlements(ctx, customer);
    let ids: Vec<&str> = all.iter().map(id_of).collect();
    let (shown, has_more) = window(params, noun(ACTIVE), &ids)?;
    let mut page = empty_list("/v1/entitlements/active_entitlements");
    page["has_more"] = has_more.into();
    page["data"] = all[shown].to_vec().into();
    Ok(page)
}

/// `GET /v1/entitlements/active_entitlements/{id}`.
fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("id");
    let subscriptions = ctx.world.store.all(&ctx.scope, "subscription");
    let customers: BTreeSet<&str> = subscriptions
        .iter()
        .map(|subscription| text(subscription, "customer"))
        .collect();
    let mut all = customers
        .into_iter()
        .flat_map(|customer| entitlements(ctx, customer));
    all.find(|own| id_of(own) == id)
        .ok_or_else(|| ctx.no_such(ACTIVE, id))
}

/// What the customer is entitled to, by feature.
fn entitlements(ctx: &Ctx<'_>, customer: &str) -> Vec<Value> {
    let mut by_feature = BTreeMap::new();
    for subscription in ctx.all_with("subscription", "customer", customer) {
        if !ENTITLING.contains(&text(&subscription, "status")) {
            continue;
        }
        for item in list(&subscription["items"], "data") {
            for feature in features(ctx, text(&item["price"], "product")) {
                by_feature.insert(id_of(&feature).to_owned(), feature);
            }
        }
    }
    let entitled = by_feature.into_iter().map(|(id, feature)| {
        // One per customer and feature, so its id follows from both.
        let tail = |id: &str| id.rsplit('_').next().unwrap_or_default().to_owned();
        let own = format!("ent_{}{}", tail(&id), tail(customer));
        json!({
            "id": own, "object": ACTIVE, "feature": id, "livemode": ctx.scope.livemode(), "lookup_key": feature["lookup_key"],
        })
    });
    entitled.collect()
}

/// The features of a product that are not archived.
fn features(ctx: &Ctx<'_>, product: &str) -> Vec<Value> {
    let mut features = ctx.all_under("product_feature", product);
    let features = features
        .iter_mut()
        .map(|feature| feature["entitlement_feature"].take());
    features
        .filter(|feature| feature["active"] != false)
        .collect()
}
