//! Financial accounts and their features: what is asked for is active at once.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::generic::includable_fields;
use crate::json::{extend, list, text};
use crate::params::Params;
use crate::product_objects::{change, drafted, id_of, keep};
use crate::registry::Registry;
use crate::treasury::ACCOUNT;
use crate::treasury::ledger::cash;

/// The routing number of Stripe's test bank.
const ROUTING: &str = "110000000";

pub(super) fn register(registry: &mut Registry) {
    registry.add("treasury.financial_accounts.create", create);
    registry.add("treasury.financial_accounts.close", close);
    registry.add(
        "treasury.financial_accounts.features.retrieve",
        retrieve_features,
    );
    registry.add(
        "treasury.financial_accounts.features.update",
        update_features,
    );
}

/// `POST /v1/treasury/financial_accounts`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let zero = json!({"usd": 0});
    let more = json!({
        "balance": {"cash": zero, "inbound_pending": zero, "outbound_pending": zero},
        "country": "US",
        "financial_addresses": [],
        "pending_features": [],
        "restricted_features": [],
        "status": "open",
    });
    let mut account = drafted(ctx, ACCOUNT, params, more)?;
    let features = features(params.map("features"), &Value::Null);
    show(ctx, &mut account, &features);
    keep(ctx, ACCOUNT, &account, "treasury.financial_account.created");
    Ok(account)
}

/// `POST …/{financial_account}/close`: only an empty account can be closed.
fn close(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = ctx.required(ACCOUNT, params.path("financial_account"))?;
    let there = cash(&account);
    if there != 0 {
        let message = format!(
            "The financial account {} holds {there} usd: transfer them away before closing it.",
            id_of(&account)
        );
        return Err(ApiError::invalid_request(message));
    }
    ctx.generic("treasury.financial_accounts.close", params)
}

/// `GET …/{financial_account}/features`.
fn retrieve_features(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = ctx.required(ACCOUNT, params.path("financial_account"))?;
    Ok(includable_fields::load(ctx, id_of(&account), "features")
        .unwrap_or_else(|| features(None, &Value::Null)))
}

/// `POST …/{financial_account}/features`.
fn update_features(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = ctx.required(ACCOUNT, params.path("financial_account"))?;
    let known = includable_fields::load(ctx, id_of(&before), "features").unwrap_or_default();
    let features = features(Some(params.values()), &known);
    let mut account = before.clone();
    show(ctx, &mut account, &features);
    change(
        ctx,
        ACCOUNT,
        &before,
        account,
        "treasury.financial_account.features_status_updated",
    );
    Ok(features)
}

/// Features as they are after `asked` for some: those of before stay.
fn features(asked: Option<&Map<String, Value>>, before: &Value) -> Value {
    let mut features = json!({"object": "treasury.financial_account_features"});
    extend(&mut features, before.clone());
    for (name, feature) in asked.into_iter().flatten() {
        features[name] = switched(feature, &before[name]);
    }
    features
}

/// A feature, or a group of them, as it is after it was asked for.
fn switched(asked: &Value, before: &Value) -> Value {
    let Some(members) = asked.as_object() else {
        return before.clone();
    };
    if let Some(requested) = members.get("requested") {
        return json!({"requested": requested, "status": "active", "status_details": []});
    }
    let mut group = if before.is_object() {
        before.clone()
    } else {
        json!({})
    };
    for (name, feature) in members {
        group[name] = switched(feature, &before[name]);
    }
    group
}

/// The names of the features that are requested, `outbound_payments.ach`, sorted.
fn active(features: &Value) -> Vec<String> {
    let mut names = Vec::new();
    for (name, feature) in features.as_object().into_iter().flatten() {
        if feature["requested"] == true {
            names.push(name.clone());
        }
        let parts = feature.as_object().into_iter().flatten();
        let requested = parts.filter(|(_, part)| part["requested"] == true);
        names.extend(requested.map(|(part, _)| format!("{name}.{part}")));
    }
    names.sort();
    names
}

/// Writes features into their account; an address is given to an account that asks for one.
fn show(ctx: &mut Ctx<'_>, account: &mut Value, features: &Value) {
    let names = active(features);
    let has_address = !list(account, "financial_addresses").is_empty();
    if !has_address && names.iter().any(|name| name == "financial_addresses.aba") {
        let holder = ctx.get("account", &ctx.scope.account);
        let holder = holder.map(|account| text(&account["business_profile"], "name").to_owned());
        account["financial_addresses"] = json!([{
            "type": "aba",
            "aba": {
                "account_holder_name": holder.unwrap_or_default(), "account_number_last4": ctx.world.random.digits(4),
                "bank_name": "STRIPE TEST BANK", "routing_number": ROUTING,
            },
            "supported_networks": ["ach", "us_domestic_wire"],
        }]);
    }
    account["active_features"] = names.into();
    if let Value::Object(account) = account {
        account.remove("features");
    }
    includable_fields::store(ctx, id_of(account), &json!({"features": features}));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_switched_one_by_one() {
        let asked = json!({"card_issuing": {"requested": true}, "outbound_payments": {"ach": {"requested": true}}});
        let first = features(asked.as_object(), &Value::Null);
        assert_eq!(active(&first), ["card_issuing", "outbound_payments.ach"]);
        let more = json!({"card_issuing": {"requested": false}, "outbound_payments": {"us_domestic_wire": {"requested": true}}});
        let second = features(more.as_object(), &first);
        assert_eq!(
            active(&second),
            [
                "outbound_payments.ach",
                "outbound_payments.us_domestic_wire"
            ]
        );
    }
}
