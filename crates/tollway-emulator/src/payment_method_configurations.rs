//! The payment methods that an account offers. Every account has a default configuration, created at its first use.
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
const METHOD_PROPERTIES: &str = "payment_method_config_resource_payment_method_properties";

/// The payment methods that the default configuration turns on.
const DEFAULT_METHODS: [&str; 4] = ["apple_pay", "card", "google_pay", "link"];

pub(crate) fn register(registry: &mut Registry) {
    registry.add("payment_method_configurations.list", list);
    registry.add("payment_method_configurations.create", create);
    registry.add("payment_method_configurations.update", update);
}

fn list(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    default_configuration(ctx);
    ctx.generic("payment_method_configurations.list", params)
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let default = default_configuration(ctx);
    let mut configuration = ctx.generic("payment_method_configurations.create", params)?;
    configuration["active"] = true.into();
    for method in method_names(ctx) {
        let preference = configuration[&method]["display_preference"]["preference"].take();
        configuration[&method] = with_preference(&preference, &default[&method]);
    }
    ctx.update(CONFIGURATION, &configuration);
    Ok(configuration)
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let default = default_configuration(ctx);
    let mut configuration = ctx.generic("payment_method_configurations.update", params)?;
    for method in method_names(ctx)
        .into_iter()
        .filter(|method| params.has(method))
    {
        let preference = configuration[&method]["display_preference"]["preference"].take();
        configuration[&method] = with_preference(&preference, &default[&method]);
    }
    ctx.update(CONFIGURATION, &configuration);
    Ok(configuration)
}

/// The properties of a method with this preference; `none` and null mean the value of the default configuration.
fn with_preference(preference: &Value, default: &Value) -> Value {
    let value = match preference.as_str() {
        Some(own @ ("on" | "off")) => own,
        _ => default["display_preference"]["value"]
            .as_str()
            .unwrap_or("off"),
    };
    let preference = preference
        .as_str()
        .filter(|own| !own.is_empty())
        .unwrap_or("none");
    method_properties(preference, value)
}

fn method_properties(preference: &str, value: &str) -> Value {
    json!({
        "available": value == "on",
        "display_preference": {"overridable": null, "preference": preference, "value": value},
    })
}

/// The account's default configuration. Creates it at its first use.
fn default_configuration(ctx: &mut Ctx<'_>) -> Value {
    let all = ctx.world.store.all(&ctx.scope, CONFIGURATION);
    if let Some(default) = all.into_iter().find(|it| it["is_default"] == true) {
        return default;
    }
    let mut default = Value::Object(ctx.blank(CONFIGURATION));
    for name in method_names(ctx) {
        let value = if DEFAULT_METHODS.contains(&name.as_str()) {
            "on"
        } else {
            "off"
        };
        default[name] = method_properties(value, value);
    }
    default["active"] = true.into();
    default["is_default"] = true.into();
    default["name"] = "Default".into();
    ctx.insert(CONFIGURATION, &default);
    default
}

/// The members of a configuration that are payment methods.
fn method_names(ctx: &Ctx<'_>) -> Vec<String> {
    let object = ctx.services.description().object(CONFIGURATION);
    let fields = object.map_or(&[][..], |object| object.fields());
    let methods = fields
        .iter()
        .filter(|field| matches!(&field.shape, Shape::Ref(name) if name == METHOD_PROPERTIES));
    methods.map(|field| field.name.clone()).collect()
}
