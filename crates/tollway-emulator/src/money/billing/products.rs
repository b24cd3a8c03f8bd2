//! Products that come with their price: `default_price_data`.

use serde_json::Value;

use super::prices;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("products.create", create);
}

fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut values = params.values().clone();
    let price = values.remove("default_price_data");
    let mut product = ctx.generic("products.create", &Params::new(Vec::new(), values))?;
    if let Some(Value::Object(mut price)) = price {
        price.insert("product".into(), product["id"].clone());
        let price = prices::create(ctx, &Params::new(Vec::new(), price))?;
        product["default_price"] = price["id"].clone();
        ctx.update("product", &product);
    }
    Ok(product)
}
