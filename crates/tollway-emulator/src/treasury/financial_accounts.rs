//! Financial accounts and their features. A requested feature is active at once.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::generic::includable_fields;
use crate::json::{extend, list, text};
use crate::params::Params;
use crate::product_objects::{id_of, insert_and_emit, new_object, update_and_emit};
use crate::registry::Registry;
use crate::treasury::transactions::{FINANCIAL_ACCOUNT, cash_balance};

/// The routing number of Stripe's test bank.
const ROUTING_NUMBER: &str = "110000000";

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
    let members = json!({
        "balance": {"cash": zero, "inbound_pending": zero, "outbound_pending": zero},
        "country": "US",
        "financial_addresses": [],
        "pending_features": [],
        "restricted_features": [],
        "status": "open",
    });
    let mut account = new_object(ctx, FINANCIAL_ACCOUNT, params, members)?;
    let features = merge_features(params.map("features"), &Value::Null);
    write_features(ctx, &mut account, &features);
    insert_and_emit(
        ctx,
        FINANCIAL_ACCOUNT,
        &account,
        "treasury.financial_account.created",
    );
    Ok(account)
}

/// `POST …/{financial_account}/close`: only an empty account can be closed.
fn close(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = ctx.required(FINANCIAL_ACCOUNT, params.path("financial_account"))?;
    let balance = cash_balance(&account);
    if balance != 0 {
        let message = format!(
            "The financial account {} holds {balance} usd: transfer them away before closing it.",
            id_of(&account)
        );
        return Err(ApiError::invalid_request(message));
    }
    ctx.generic("treasury.financial_accounts.close", params)
}

/// `GET …/{financial_account}/features`.
fn retrieve_features(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = ctx.required(FINANCIAL_ACCOUNT, params.path("financial_account"))?;
    Ok(includable_fields::load(ctx, id_of(&account), "features")
        .unwrap_or_else(|| merge_features(None, &Value::Null)))
}

/// `POST …/{financial_account}/features`.
fn update_features(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = ctx.required(FINANCIAL_ACCOUNT, params.path("financial_account"))?;
    let stored = includable_fields::load(ctx, id_of(&before), "features").unwrap_or_default();
    let features = merge_features(Some(params.values()), &stored);
    let mut account = before.clone();
    write_features(ctx, &mut account, &features);
    update_and_emit(
        ctx,
        FINANCIAL_ACCOUNT,
        &before,
        account,
        "treasury.financial_account.features_status_updated",
    );
    Ok(features)
}

/// The features after some were requested; the others stay as they were.
fn merge_features(requested: Option<&Map<String, Value>>, before: &Value) -> Value {
    let mut features = json!({"object": "treasury.financial_account_features"});
    extend(&mut features, before.clone());
    for (name, feature) in requested.into_iter().flatten() {
        features[name] = merge_feature(feature, &before[name]);
    }
    features
}

/// A feature, or a group of features, after the request.
fn merge_feature(params: &Value, before: &Value) -> Value {
    let Some(members) = params.as_object() else {
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
        group[name] = merge_feature(feature, &before[name]);
    }
    group
}

/// The sorted names of the requested features, such as `outbound_payments.ach`.
fn active_feature_names(features: &Value) -> Vec<String> {
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

/// Writes features into their account, and adds a financial address if one is requested.
fn write_features(ctx: &mut Ctx<'_>, account: &mut Value, features: &Value) {
    let names = active_feature_names(features);
    let has_address = !list(account, "financial_addresses").is_empty();
    if !has_address && names.iter().any(|name| name == "financial_addresses.aba") {
        let holder = ctx.get("account", &ctx.scope.account);
        let holder = holder.map(|account| text(&account["business_profile"], "name").to_owned());
        account["financial_addresses"] = json!([{
            "type": "aba",
            "aba": {
                "account_holder_name": holder.unwrap_or_default(), "account_number_last4": ctx.world.random.digits(4),
                "bank_name": "STRIPE TEST BANK", "routing_number": ROUTING_NUMBER,
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
    fn features_are_requested_one_by_one() {
        let params = json!({"card_issuing": {"requested": true}, "outbound_payments": {"ach": {"requested": true}}});
        let first = merge_features(params.as_object(), &Value::Null);
        assert_eq!(
            active_feature_names(&first),
            ["card_issuing", "outbound_payments.ach"]
        );
        let more = json!({"card_issuing": {"requested": false}, "outbound_payments": {"us_domestic_wire": {"requested": true}}});
        let second = merge_features(more.as_object(), &first);
        assert_eq!(
            active_feature_names(&second),
            [
                "outbound_payments.ach",
                "outbound_payments.us_domestic_wire"
            ]
        );
    }
}
