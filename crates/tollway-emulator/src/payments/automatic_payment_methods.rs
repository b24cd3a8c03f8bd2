//! Automatic payment methods: an intent that takes whatever the account's dashboard has turned on.
//!
//! Some of those methods send the payer away, so confirming such an intent needs a way back
//! (<https://docs.stripe.com/api/payment_intents/create#create_payment_intent-automatic_payment_methods>).

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::payments::non_card;

/// Since this version an intent takes automatic payment methods unless the request names its methods.
const ASSUMED_SINCE: &str = "2023-08-16";

/// The parameter, and the member of an intent, that limits its methods.
const ALLOWED: &str = "allowed_payment_method_types";

/// What a request without a word of payment methods means in its version of the API.
pub(crate) fn assumed<'p>(ctx: &Ctx<'_>, params: &'p Params) -> Cow<'p, Params> {
    let said = params.has("automatic_payment_methods") || params.has(ALLOWED);
    if said || ctx.request.api_version.as_str() < ASSUMED_SINCE {
        return Cow::Borrowed(params);
    }
    let mut params = params.clone();
    let automatic = json!({"enabled": true});
    params
        .values_mut()
        .insert("automatic_payment_methods".to_owned(), automatic);
    Cow::Owned(params)
}

/// Writes what the request says of automatic payment methods into an intent.
pub(crate) fn write(intent: &mut Value, params: &Params) {
    if params.bool("automatic_payment_methods.enabled") == Some(true) {
        let redirects = params.text("automatic_payment_methods.allow_redirects");
        intent["automatic_payment_methods"] =
            json!({"allow_redirects": redirects.unwrap_or("always"), "enabled": true});
    }
    if let Some(allowed) = params.at(ALLOWED).filter(|types| types.is_array()) {
        intent[ALLOWED] = allowed.clone();
        intent["payment_method_types"] = allowed.clone();
    }
}

/// Is there a way back for a payer whom one of the methods may send away? `noun` is `PaymentIntent` or `SetupIntent`.
///
/// Nobody is sent away when the payer is not there (`off_session`), or when the page's own script handles what is next.
pub(crate) fn check_way_back(intent: &Value, params: &Params, noun: &str) -> Result<(), ApiError> {
    let allowed = intent[ALLOWED].as_array();
    let away = |kind: &Value| kind.as_str().is_some_and(non_card::sends_away);
    let redirects = intent["automatic_payment_methods"]["allow_redirects"] == "always"
        && allowed.is_none_or(|allowed| allowed.iter().any(away));
    let absent = params.at("off_session").is_some_and(|it| *it != false);
    let by_script = params.bool("use_stripe_sdk") == Some(true);
    if !redirects || absent || by_script || params.has("return_url") {
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
