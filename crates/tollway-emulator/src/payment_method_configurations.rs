//! Which payment methods an account offers. Every account has a default configuration, which nobody made.
//!
//! See <https://docs.stripe.com/api/payment_method_configurations>.

use serde_json::{Value, json};
use tollway_spec::Shape;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;

const CONFIGURATION: &str = "payment_method_configuration";
const METHOD: &str = "payment_method_config_resource_payment_method_properties";

/// What a new account offers.
const ON: [&str; 4] = ["apple_pay", "card", "google_pay", "link"];

pub(crate) fn register(registry: &mut Registry) {
    registry.add("payment_method_configurations.list", list);
    registry.add("payment_method_configurations.create", create);
    registry.add("payment_method_configurations.update", update);
}

fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    default(ctx);
    ctx.generic("payment_method_configurations.list", params)
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let default = default(ctx);
    let mut configuration = ctx.generic("payment_method_configurations.create", params)?;
    configuration["active"] = true.into();
    for method in methods(ctx) {
        let chosen = configuration[&method]["display_preference"]["preference"].take();
        configuration[&method] = with_preference(&chosen, &default[&method]);
    }
    ctx.update(CONFIGURATION, &configuration);
    Ok(configuration)
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let default = default(ctx);
    let mut configuration = ctx.generic("payment_method_configurations.update", params)?;
    for method in methods(ctx).into_iter().filter(|method| params.has(method)) {
        let chosen = configuration[&method]["display_preference"]["preference"].take();
        configuration[&method] = with_preference(&chosen, &default[&method]);
    }
    ctx.update(CONFIGURATION, &configuration);
    Ok(configuration)
}

/// A method as it is chosen: `none`, or nothing at all, leaves it to the default configuration.
fn with_preference(chosen: &Value, default: &Value) -> Value {
    let value = match chosen.as_str() {
        Some(own @ ("on" | "off")) => own,
        _ => default["display_preference"]["value"]
            .as_str()
            .unwrap_or("off"),
    };
    let preference = chosen
        .as_str()
        .filter(|own| !own.is_empty())
        .unwrap_or("none");
    method(preference, value)
}

fn method(preference: &str, value: &str) -> Value {
    json!({
        "available": value == "on",
        "display_preference": {"overridable": null, "preference": preference, "value": value},
    })
}

/// The account's default configuration, made at its first use.
fn default(ctx: &mut Ctx<'_>) -> Value {
    let all = ctx.world.store.all(&ctx.scope, CONFIGURATION);
    if let Some(known) = all.into_iter().find(|known| known["is_default"] == true) {
        return known;
    }
    let mut made = Value::Object(ctx.blank(CONFIGURATION));
    for name in methods(ctx) {
        let value = if ON.contains(&name.as_str()) {
            "on"
        } else {
            "off"
        };
        made[name] = method(value, value);
    }
    made["active"] = true.into();
    made["is_default"] = true.into();
    made["name"] = "Default".into();
    ctx.insert(CONFIGURATION, &made);
    made
}

/// The fields that are payment methods.
fn methods(ctx: &Ctx<'_>) -> Vec<String> {
    let object = ctx.services.description().object(CONFIGURATION);
    let fields = object.map_or(&[][..], |object| object.fields());
    let methods = fields
        .iter()
        .filter(|field| matches!(&field.shape, Shape::Ref(name) if name == METHOD));
    methods.map(|field| field.name.clone()).collect()
}
