//! Confirmation tokens: what a customer has said about how to pay, once, for one intent.
//!
//! In test mode `POST /v1/test_helpers/confirmation_tokens` makes them. A token is good for twelve hours and for one confirmation;
//! what a request says beside the token counts before it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::payments::payment_intents;
use crate::registry::Registry;

const TOKEN: &str = "confirmation_token";
const HIDDEN: &str = "_confirmation_token";
/// In seconds.
const LIFE: i64 = 12 * 3600;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("test_helpers.confirmation_tokens.create", create);
}

/// What a token stands for, and does not show.
#[derive(Debug, Serialize, Deserialize)]
struct Hidden {
    payment_method: String,
}

/// `POST /v1/test_helpers/confirmation_tokens`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let nobody = json!({"customer": null});
    let id = match payment_intents::method_of(ctx, params, &nobody) {
        // A token may be made of a payment method that a customer keeps.
        Err(error) if error.get("code") == Some("resource_missing") => {
            let id = params.text("payment_method").unwrap_or_default();
            ctx.get("payment_method", id).ok_or(error)?;
            Some(id.to_owned())
        }
        found => found?,
    };
    let id = id.ok_or_else(|| ApiError::missing_parameter("payment_method_data"))?;
    let method = ctx.required("payment_method", &id)?;
    let kind = method["type"].as_str().unwrap_or("card");
    let mut token = ctx.blank(TOKEN);
    token.remove("mandate_data");
    let members = json!({
        "created": ctx.now(),
        "expires_at": ctx.now() + LIFE,
        "livemode": ctx.scope.livemode(),
        "payment_intent": null,
        "payment_method_options": null,
        "payment_method_preview": {
            "billing_details": method["billing_details"],
            "customer": method["customer"],
            "customer_account": null,
            "type": kind,
        },
        "return_url": params.text("return_url"),
        "setup_future_usage": params.text("setup_future_usage"),
        "setup_intent": null,
        "shipping": null,
        "use_stripe_sdk": true,
    });
    if let Value::Object(members) = members {
        token.extend(members);
    }
    if method[kind].is_object() {
        token["payment_method_preview"][kind] = method[kind].clone();
    }
    let mut shaped = params.values().clone();
    shaped.retain(|name, _| matches!(name.as_str(), "payment_method_options" | "shipping"));
    ctx.apply(TOKEN, &mut token, &shaped)?;
    let token = Value::Object(token);
    ctx.insert(TOKEN, &token);
    let hidden = Hidden { payment_method: id };
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    let name = token["id"].as_str().unwrap_or_default();
    ctx.world.put_typed(&scope, HIDDEN, name, &hidden, now);
    Ok(token)
}

/// The parameters of a confirmation, with what its token says filled in. Without a token they stay as they are.
pub(crate) fn spend<'p>(
    ctx: &Ctx<'_>,
    params: &'p Params,
    intent: Option<&Value>,
) -> Result<Cow<'p, Params>, ApiError> {
    let Some(id) = params.text(TOKEN) else {
        return Ok(Cow::Borrowed(params));
    };
    let confirms = intent.is_some() || params.bool("confirm") == Some(true);
    if !confirms {
        let message = "confirmation_token can only be passed with confirm=true.";
        return Err(ApiError::invalid_param(TOKEN, message));
    }
    if params.has("payment_method") || params.has("payment_method_data") {
        let message = "Pass either a confirmation_token or a payment method, not both.";
        return Err(ApiError::invalid_param(TOKEN, message));
    }
    let token = ctx.referenced(TOKEN, id, TOKEN)?;
    if !token["payment_intent"].is_null() || !token["setup_intent"].is_null() {
        let message =
            format!("The ConfirmationToken {id} has been used already: make another one.");
        return Err(ApiError::invalid_param(TOKEN, message));
    }
    if token["expires_at"]
        .as_i64()
        .is_some_and(|at| at <= ctx.now())
    {
        let message = format!("The ConfirmationToken {id} has expired: make another one.");
        return Err(ApiError::invalid_param(TOKEN, message));
    }
    let hidden: Option<Hidden> = ctx.world.typed(&ctx.scope, HIDDEN, id);
    let hidden = hidden.ok_or_else(|| ApiError::no_such_reference(TOKEN, id, TOKEN))?;
    let mut told = params.clone();
    let said = told.values_mut();
    said.insert("payment_method".into(), hidden.payment_method.into());
    for name in ["return_url", "setup_future_usage", "shipping"] {
        if !said.contains_key(name) && !token[name].is_null() {
            said.insert(name.into(), token[name].clone());
        }
    }
    Ok(Cow::Owned(told))
}

/// The token says which intent it was used for.
pub(crate) fn note(ctx: &mut Ctx<'_>, params: &Params, kind: &str, intent: &Value) {
    let token = params.text(TOKEN).and_then(|id| ctx.get(TOKEN, id));
    if let Some(mut token) = token {
        token[kind] = intent["id"].clone();
        ctx.update(TOKEN, &token);
    }
}
