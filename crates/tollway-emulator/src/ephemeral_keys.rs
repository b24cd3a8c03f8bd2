//! Keys for an app on a customer's phone: they live an hour and belong to one customer, card or verification.
//!
//! See <https://docs.stripe.com/issuing/elements#ephemeral-key-authentication>.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::product_objects::{drafted, id_of};
use crate::registry::Registry;

const KEY: &str = "ephemeral_key";

/// Seconds.
const LIFETIME: i64 = 3600;

/// What a key may belong to: the parameter, and the type of its object.
const OWNERS: [(&str, &str); 3] = [
    ("customer", "customer"),
    ("issuing_card", "issuing.card"),
    ("verification_session", "identity.verification_session"),
];

pub(crate) fn register(registry: &mut Registry) {
    registry.add("ephemeral_keys.create", create);
    registry.add("ephemeral_keys.delete", delete);
}

/// `POST /v1/ephemeral_keys`: the secret is in this answer alone.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let named = OWNERS.iter().filter_map(|(param, object_type)| {
        let id = params.text(param)?;
        Some((*param, *object_type, id))
    });
    let named: Vec<_> = named.collect();
    let [(param, object_type, owner)] = named[..] else {
        let message = "Pass exactly one of customer, issuing_card or verification_session: the object that the key is for.";
        return Err(ApiError::invalid_request(message));
    };
    ctx.referenced(object_type, owner, param)?;
    let more = json!({"expires": ctx.now() + LIFETIME});
    let key = drafted(ctx, KEY, params, more)?;
    let mut kept = key.clone();
    if let Value::Object(kept) = &mut kept {
        kept.remove("secret");
    }
    ctx.insert(KEY, &kept);
    Ok(key)
}

/// `DELETE /v1/ephemeral_keys/{key}`: the key as it was, expired now.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut key = ctx.required(KEY, params.path("key"))?;
    key["expires"] = ctx.now().into();
    let id = id_of(&key).to_owned();
    ctx.delete(KEY, &id);
    Ok(key)
}
