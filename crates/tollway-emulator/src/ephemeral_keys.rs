//! Ephemeral keys for mobile apps: each gives access to one customer, card or verification session for an hour.
//!
//! See <https://docs.stripe.com/issuing/elements#ephemeral-key-authentication>.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::product_objects::{id_of, new_object};
use crate::registry::Registry;

const EPHEMERAL_KEY: &str = "ephemeral_key";

/// A key expires after one hour.
const KEY_LIFETIME_SECONDS: i64 = 3600;

/// The objects that a key can give access to: the parameter, and the type of the object.
const KEY_OBJECTS: [(&str, &str); 3] = [
    ("customer", "customer"),
    ("issuing_card", "issuing.card"),
    ("verification_session", "identity.verification_session"),
];

pub(crate) fn register(registry: &mut Registry) {
    registry.add("ephemeral_keys.create", create);
    registry.add("ephemeral_keys.delete", delete);
}

/// `POST /v1/ephemeral_keys`: only this response contains the secret.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let named = KEY_OBJECTS.iter().filter_map(|(param, object_type)| {
        let id = params.text(param)?;
        Some((*param, *object_type, id))
    });
    let named: Vec<_> = named.collect();
    let [(param, object_type, owner)] = named[..] else {
        let message = "Pass exactly one of customer, issuing_card or verification_session: the object that the key is for.";
        return Err(ApiError::invalid_request(message));
    };
    ctx.referenced(object_type, owner, param)?;
    let members = json!({"expires": ctx.now() + KEY_LIFETIME_SECONDS});
    let key = new_object(ctx, EPHEMERAL_KEY, params, members)?;
    let mut stored = key.clone();
    if let Value::Object(members) = &mut stored {
        members.remove("secret");
    }
    ctx.insert(EPHEMERAL_KEY, &stored);
    Ok(key)
}

/// `DELETE /v1/ephemeral_keys/{key}`: the response is the key, which expires now.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut key = ctx.required(EPHEMERAL_KEY, params.path("key"))?;
    key["expires"] = ctx.now().into();
    let id = id_of(&key).to_owned();
    ctx.delete(EPHEMERAL_KEY, &id);
    Ok(key)
}
