//! Active entitlements of a customer: the features of the products of its subscriptions (<https://docs.stripe.com/billing/entitlements>).

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

const ACTIVE_ENTITLEMENT: &str = "entitlements.active_entitlement";

/// The statuses of subscriptions that entitle their customer.
const ENTITLING_STATUSES: [&str; 3] = ["active", "trialing", "past_due"];

pub(crate) fn register(registry: &mut Registry) {
    registry.add("entitlements.active_entitlements.list", list_of_customer);
    registry.add("entitlements.active_entitlements.retrieve", retrieve);
}

/// `GET /v1/entitlements/active_entitlements`.
fn list_of_customer(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params.text("customer");
    let customer = customer.ok_or_else(|| ApiError::missing_parameter("customer"))?;
    ctx.referenced("customer", customer, "customer")?;
    let all = customer_entitlements(ctx, customer);
    let ids: Vec<&str> = all.iter().map(id_of).collect();
    let (shown, has_more) = window(params, noun(ACTIVE_ENTITLEMENT), &ids)?;
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
        .flat_map(|customer| customer_entitlements(ctx, customer));
    all.find(|entitlement| id_of(entitlement) == id)
        .ok_or_else(|| ctx.no_such(ACTIVE_ENTITLEMENT, id))
}

/// The entitlements of a customer, sorted by feature.
fn customer_entitlements(ctx: &Ctx<'_>, customer: &str) -> Vec<Value> {
    let mut by_feature = BTreeMap::new();
    for subscription in ctx.all_with("subscription", "customer", customer) {
        if !ENTITLING_STATUSES.contains(&text(&subscription, "status")) {
            continue;
        }
        for item in list(&subscription["items"], "data") {
            for feature in product_features(ctx, text(&item["price"], "product")) {
                by_feature.insert(id_of(&feature).to_owned(), feature);
            }
        }
    }
    let entitled = by_feature.into_iter().map(|(id, feature)| {
        // The id is derived from customer and feature, because entitlements are not stored.
        let tail = |id: &str| id.rsplit('_').next().unwrap_or_default().to_owned();
        let entitlement_id = format!("ent_{}{}", tail(&id), tail(customer));
        json!({
            "id": entitlement_id, "object": ACTIVE_ENTITLEMENT, "feature": id, "livemode": ctx.scope.livemode(), "lookup_key": feature["lookup_key"],
        })
    });
    entitled.collect()
}

/// The features of a product that are not archived.
fn product_features(ctx: &Ctx<'_>, product: &str) -> Vec<Value> {
    let mut features = ctx.all_under("product_feature", product);
    let features = features
        .iter_mut()
        .map(|feature| feature["entitlement_feature"].take());
    features
        .filter(|feature| feature["active"] != false)
        .collect()
}
