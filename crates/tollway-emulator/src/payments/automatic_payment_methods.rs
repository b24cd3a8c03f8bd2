//! Automatic payment methods: an intent that accepts the methods that are enabled in the account's Dashboard.
//!
//! Some of those methods redirect the payer, so the confirmation of such an intent needs a `return_url`
//! (<https://docs.stripe.com/api/payment_intents/create#create_payment_intent-automatic_payment_methods>).

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::payment_methods::method_types::is_redirect_based;

/// The API version since which automatic payment methods are the default of a request that names no methods.
const DEFAULT_SINCE: &str = "2023-08-16";

/// The parameter and member that limits the methods of an intent.
const ALLOWED: &str = "allowed_payment_method_types";

/// The parameters, with automatic payment methods where they are the default of the request's API version.
pub(super) fn with_version_default<'p>(ctx: &Ctx<'_>, params: &'p Params) -> Cow<'p, Params> {
    let names_methods = params.has("automatic_payment_methods") || params.has(ALLOWED);
    if names_methods || ctx.request.api_version.as_str() < DEFAULT_SINCE {
        return Cow::Borrowed(params);
    }
    let mut params = params.clone();
    let automatic = json!({"enabled": true});
    params
        .values_mut()
        .insert("automatic_payment_methods".to_owned(), automatic);
    Cow::Owned(params)
}

/// Writes the parameters about automatic payment methods into an intent.
pub(super) fn write_to_intent(intent: &mut Value, params: &Params) {
    if params.bool("automatic_payment_methods.enabled") == Some(true) {
        let allow_redirects = params.text("automatic_payment_methods.allow_redirects");
        intent["automatic_payment_methods"] =
            json!({"allow_redirects": allow_redirects.unwrap_or("always"), "enabled": true});
    }
    if let Some(allowed) = params.at(ALLOWED).filter(|types| types.is_array()) {
        intent[ALLOWED] = allowed.clone();
        intent["payment_method_types"] = allowed.clone();
    }
}

/// Requires `return_url` if one of the intent's methods may redirect the payer. `noun` is `PaymentIntent` or `SetupIntent`.
///
/// There is no redirect when the payer is not present (`off_session`), or when a script of the shop's page handles the next action.
pub(super) fn require_return_url(
    intent: &Value,
    params: &Params,
    noun: &str,
) -> Result<(), ApiError> {
    let allowed = intent[ALLOWED].as_array();
    let is_redirect = |kind: &Value| kind.as_str().is_some_and(is_redirect_based);
    let may_redirect = intent["automatic_payment_methods"]["allow_redirects"] == "always"
        && allowed.is_none_or(|allowed| allowed.iter().any(is_redirect));
    let off_session = params.at("off_session").is_some_and(|it| *it != false);
    let by_script = params.bool("use_stripe_sdk") == Some(true);
    if !may_redirect || off_session || by_script || params.has("return_url") {
        return Ok(());
    }
    let message = format!(
        "This {noun} is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods \
         might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept \
         redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and \
         `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents."
    );
    Err(ApiError::invalid_request(message))
}
