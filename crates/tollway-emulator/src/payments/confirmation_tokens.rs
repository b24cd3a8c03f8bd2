//! Confirmation tokens: the payment details that a customer entered for one confirmation of one intent.
//!
//! In test mode `POST /v1/test_helpers/confirmation_tokens` creates them. A token expires after twelve hours. Parameters of the
//! request take precedence over those of the token.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::durations::HOUR_SECONDS;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::payments::payment_method_params::payment_method_of_params;
use crate::registry::Registry;
use crate::world::PrivateRecord;

const TOKEN: &str = "confirmation_token";
/// How long a token is valid.
const LIFETIME_SECONDS: i64 = 12 * HOUR_SECONDS;

pub(super) fn register(registry: &mut Registry) {
    registry.add("test_helpers.confirmation_tokens.create", create);
}

/// The payment method behind a token.
#[derive(Debug, Serialize, Deserialize)]
struct TokenPaymentMethod {
    payment_method: String,
}

impl PrivateRecord for TokenPaymentMethod {
    const TYPE: &'static str = "_confirmation_token";
}

/// `POST /v1/test_helpers/confirmation_tokens`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let without_customer = json!({"customer": null});
    let id = match payment_method_of_params(ctx, params, &without_customer) {
        // A token may use a payment method that is attached to a customer.
        Err(error) if error.get("code") == Some("resource_missing") => {
            let id = params.text("payment_method").unwrap_or_default();
            ctx.get("payment_method", id).ok_or(error)?;
            Some(id.to_owned())
        }
        method => method?,
    };
    let id = id.ok_or_else(|| ApiError::missing_parameter("payment_method_data"))?;
    let method = ctx.required("payment_method", &id)?;
    let kind = method["type"].as_str().unwrap_or("card");
    let mut token = ctx.blank(TOKEN);
    token.remove("mandate_data");
    let members = json!({
        "created": ctx.now(),
        "expires_at": ctx.now() + LIFETIME_SECONDS,
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
    let method = TokenPaymentMethod { payment_method: id };
    ctx.save(token["id"].as_str().unwrap_or_default(), &method);
    Ok(token)
}

/// The parameters of a confirmation, completed from its token. Without a token they are unchanged.
pub(super) fn with_token_params<'p>(
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
    let method = ctx.load::<TokenPaymentMethod>(id)?;
    let method = method.ok_or_else(|| ApiError::no_such_reference(TOKEN, id, TOKEN))?;
    let mut with_token = params.clone();
    let values = with_token.values_mut();
    values.insert("payment_method".into(), method.payment_method.into());
    for name in ["return_url", "setup_future_usage", "shipping"] {
        if !values.contains_key(name) && !token[name].is_null() {
            values.insert(name.into(), token[name].clone());
        }
    }
    Ok(Cow::Owned(with_token))
}

/// Records in the token the intent that it was used for; `object_type` is `payment_intent` or `setup_intent`.
pub(super) fn mark_used(ctx: &mut Ctx<'_>, params: &Params, object_type: &str, intent: &Value) {
    let token = params.text(TOKEN).and_then(|id| ctx.get(TOKEN, id));
    if let Some(mut token) = token {
        token[object_type] = intent["id"].clone();
        ctx.update(TOKEN, &token);
    }
}
