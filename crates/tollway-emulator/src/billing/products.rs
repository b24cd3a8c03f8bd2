//! Products: created with a price by `default_price_data`, and not deletable while they have a price.

use serde_json::Value;

use crate::billing::prices;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("products.create", create);
    registry.add("products.delete", delete);
}

/// `DELETE /v1/products/{id}`: only products without prices.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("id");
    if !ctx.all_with("price", "product", id).is_empty() {
        let message =
            "This product cannot be deleted because it has one or more user-created prices.";
        return Err(ApiError::invalid_request(message));
    }
    ctx.generic("products.delete", params)
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
