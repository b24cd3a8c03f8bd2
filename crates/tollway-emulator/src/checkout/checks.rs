//! Checks of parameters that depend on each other.

use serde_json::{Map, Value};

use crate::billing::cart;
use crate::checkout::buyer;
use crate::checkout::session_record::is_hosted;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::payments::split::{self, Split};

/// Seconds from its creation in which a session cannot expire yet.
const MIN_EXPIRY_SECONDS: i64 = 30 * 60;

/// Seconds from its creation after which a session expires, at the latest and by default.
const MAX_EXPIRY_SECONDS: i64 = 24 * 3600;

/// The parameter for the payment, subscription or setup, by mode.
const DATA_PARAMS: [(&str, &str); 3] = [
    ("payment", "payment_intent_data"),
    ("subscription", "subscription_data"),
    ("setup", "setup_intent_data"),
];

/// Requires the return URLs of the `ui_mode`, and that they are URLs.
pub(super) fn check_return_urls(params: &Params, link: bool) -> Result<(), ApiError> {
    let ui_mode = params.text("ui_mode");
    let hosted = is_hosted(ui_mode);
    let others: &[&str] = if hosted {
        &["redirect_on_completion", "return_url"]
    } else {
        &["cancel_url", "success_url"]
    };
    let sent = others.iter().filter(|name| params.has(name));
    let sent: Vec<&str> = sent.copied().collect();
    if !sent.is_empty() {
        let message = format!(
            "The following parameters are not supported with `ui_mode: {}`: {}.",
            ui_mode.unwrap_or("hosted_page"),
            sent.join(", ")
        );
        return Err(ApiError::invalid_request(message));
    }
    for name in ["success_url", "cancel_url", "return_url"] {
        if let Some(url) = params.text(name)
            && url::Url::parse(url).is_err()
        {
            let message =
                "Invalid URL: An explicit scheme (such as https) must be provided.".to_owned();
            return Err(ApiError::invalid_param(name, message).code("url_invalid"));
        }
    }
    let never = params.text("redirect_on_completion") == Some("never");
    if never && params.has("return_url") {
        let message = "You can not pass `return_url` when `redirect_on_completion` is `never`.";
        return Err(ApiError::invalid_param("return_url", message));
    }
    let needed = match (hosted, link) {
        (_, true) => return Ok(()),
        (true, false) => "success_url",
        (false, false) if never => return Ok(()),
        (false, false) => "return_url",
    };
    if params.text(needed).is_none() {
        return Err(ApiError::missing_parameter(needed));
    }
    Ok(())
}

pub(super) fn check_customer(ctx: &Ctx<'_>, params: &Params) -> Result<(), ApiError> {
    let customer = params.text("customer");
    if customer.is_some() && params.has("customer_email") {
        let message = "You may only specify one of these parameters: customer, customer_email.";
        return Err(ApiError::invalid_request(message));
    }
    if customer.is_some() && params.has("customer_creation") {
        let message = "You may only specify one of these parameters: customer, customer_creation.";
        return Err(ApiError::invalid_request(message));
    }
    buyer::check_buyer_params(params)?;
    match customer {
        Some(customer) => ctx.referenced("customer", customer, "customer").map(drop),
        None => Ok(()),
    }
}

/// The parameter for the payment of this mode; those of other modes are refused.
pub(super) fn data_of_mode(params: &Params, mode: &str) -> Result<Map<String, Value>, ApiError> {
    for (other, name) in DATA_PARAMS {
        if other != mode && params.has(name) {
            let message = format!("You can not pass `{name}` in `{mode}` mode.");
            return Err(ApiError::invalid_param(name, message));
        }
    }
    let name = DATA_PARAMS.iter().find(|(its, _)| *its == mode);
    let data = name.and_then(|(_, name)| params.map(name));
    Ok(data.cloned().unwrap_or_default())
}

pub(super) fn check_mode(mode: &str, cart: &cart::Cart) -> Result<(), ApiError> {
    let message = match (mode, cart.is_recurring()) {
        ("payment", true) => {
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only \
             one-time prices."
        }
        ("subscription", false) => {
            "You specified `subscription` mode but passed only one-time prices. Either switch to `payment` mode or use at \
             least one recurring price."
        }
        _ => return Ok(()),
    };
    Err(ApiError::invalid_param("line_items", message))
}

/// Refuses application fees and transfers that the payment would be refused for.
pub(super) fn check_split(
    ctx: &Ctx<'_>,
    session: &Value,
    data: &Map<String, Value>,
) -> Result<(), ApiError> {
    if session["mode"] != "payment" {
        return Ok(());
    }
    let params = Params::new(Vec::new(), data.clone());
    let amount = session["amount_total"].as_i64().unwrap_or(0);
    split::check(ctx, &Split::of_params(&params), amount)
        .and_then(|()| split::check_on_behalf_of(ctx, params.at("on_behalf_of")))
        .map_err(|error| {
            let param = error.get("param").map(|param| {
                let (first, rest) = param.split_at(param.find('[').unwrap_or(param.len()));
                format!("payment_intent_data[{first}]{rest}")
            });
            match param {
                Some(param) => error.param(&param),
                None => error,
            }
        })
}

pub(super) fn read_expires_at(ctx: &Ctx<'_>, params: &Params) -> Result<i64, ApiError> {
    let Some(at) = params.int("expires_at") else {
        return Ok(ctx.now() + MAX_EXPIRY_SECONDS);
    };
    let message = if at < ctx.now() + MIN_EXPIRY_SECONDS {
        "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
    } else if at > ctx.now() + MAX_EXPIRY_SECONDS {
        "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
    } else {
        return Ok(at);
    };
    Err(ApiError::invalid_param("expires_at", message))
}

/// Refuses `collected_information` unless the session is embedded and lets the server update shipping details.
pub(super) fn check_update(session: &Value, params: &Params) -> Result<(), ApiError> {
    let allowed = !is_hosted(session["ui_mode"].as_str())
        && session["permissions"]["update_shipping_details"] == "server_only";
    if params.has("collected_information") && !allowed {
        let message = "You can only pass `collected_information` for a Checkout Session that is not hosted by Stripe and has \
                       `permissions[update_shipping_details]` set to `server_only`.";
        return Err(ApiError::invalid_param("collected_information", message));
    }
    Ok(())
}

/// Refuses `invoice_creation` outside of `payment` mode: a subscription has its own invoices.
pub(super) fn check_invoice_creation(params: &Params, mode: &str) -> Result<(), ApiError> {
    if mode != "payment" && params.has("invoice_creation") {
        let message = format!("You can not pass `invoice_creation` in `{mode}` mode.");
        return Err(ApiError::invalid_param("invoice_creation", message));
    }
    Ok(())
}
