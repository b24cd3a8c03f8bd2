//! Confirms a PaymentIntent: the card is charged, its holder must authenticate, or the card is declined.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::objects::status::PaymentIntentStatus;
use crate::objects::views::PaymentIntent;
use crate::params::Params;
use crate::payment_methods::instrument::{self, Instrument};
use crate::payment_methods::method_types::is_redirect_based;
use crate::payment_methods::non_card::find_non_card;
use crate::payment_methods::operations as payment_methods;
use crate::payments::automatic_payment_methods::require_return_url;
use crate::payments::charge::{self, CardPayment, PaymentOutcome};
use crate::payments::charge_object::copied_fields;
use crate::payments::intents::{
    PAYMENT_INTENT, is_captured_manually, requests_authentication, unexpected_payment_status,
};
use crate::payments::non_card::confirmation as non_card;
use crate::payments::payment_attempt::{
    apply_charge, decline, fail_authentication, require_action,
};
use crate::payments::split::Split;
use crate::world::PrivateRecord;

/// The payment method of an intent that its holder authenticated and that waits for its second, manual confirmation.
#[derive(Debug, Serialize, Deserialize)]
struct AuthenticatedMethod {
    payment_method: String,
}

impl PrivateRecord for AuthenticatedMethod {
    const TYPE: &'static str = "_authenticated";
}

/// Confirms the intent. A declined card returns it to `requires_payment_method`.
pub(super) fn run(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    params: &Params,
) -> Result<Value, ApiError> {
    let Some(method) = intent["payment_method"].as_str().map(str::to_owned) else {
        let message = "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update \
                       the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a \
                       payment method or ConfirmationToken.";
        return Err(unexpected_payment_status(&intent, "confirmed").with("message", message));
    };
    require_return_url(&intent, params, "PaymentIntent")
        .map_err(|error| error.with("payment_intent", intent.clone()))?;
    if let Some(method) = find_non_card(ctx, &method) {
        check_allowed(&intent, method["type"].as_str().unwrap_or_default())?;
        return non_card::confirm(ctx, intent, &method, params);
    }
    let instrument = instrument::resolve(ctx, &method, "payment_method")?;
    if instrument.present.is_some() {
        return charge_card(ctx, intent, instrument, true, false);
    }
    check_allowed(&intent, "card")?;
    intent["payment_method"] = instrument.id.as_str().into();
    let off_session = params.at("off_session").is_some_and(|it| *it != false);
    let authenticated = take_authentication(ctx, &intent)?;
    let card = instrument.card;
    let needs_authentication = card.requires_authentication(off_session, instrument.set_up)
        || requests_authentication(&intent);
    if needs_authentication && !off_session && !authenticated {
        return require_action(ctx, intent, params);
    }
    charge_card(ctx, intent, instrument, authenticated, off_session)
}

/// Rejects a type of payment method that the intent does not accept. An intent without a list accepts every type.
fn check_allowed(intent: &Value, kind: &str) -> Result<(), ApiError> {
    let list = |name: &str| -> Option<Vec<&str>> {
        let all = intent[name].as_array()?;
        Some(all.iter().filter_map(Value::as_str).collect())
    };
    let allowed = list("allowed_payment_method_types");
    let is_allowed = allowed.as_ref().is_none_or(|kinds| kinds.contains(&kind));
    let is_excluded =
        list("excluded_payment_method_types").is_some_and(|kinds| kinds.contains(&kind));
    let redirect_is_allowed = intent["automatic_payment_methods"]["allow_redirects"] != "never"
        || !is_redirect_based(kind);
    if is_allowed && !is_excluded && redirect_is_allowed {
        return Ok(());
    }
    let instead = allowed.map_or_else(
        || "Please attach one of another type.".to_owned(),
        |kinds| {
            let kinds = kinds.join(", ");
            format!("Please attach one of the following PaymentMethod types: {kinds}.")
        },
    );
    let message = format!(
        "The PaymentMethod provided ({kind}) is not allowed for this PaymentIntent. {instead}"
    );
    Err(ApiError::invalid_param("payment_method", message)
        .code("payment_intent_incompatible_payment_method")
        .with("payment_intent", intent.clone()))
}

/// Removes the stored authentication of the intent; whether it was for the intent's payment method.
fn take_authentication(ctx: &mut Ctx<'_>, intent: &Value) -> Result<bool, ApiError> {
    let id = intent["id"].as_str().unwrap_or_default();
    let Some(authenticated) = ctx.load::<AuthenticatedMethod>(id)? else {
        return Ok(false);
    };
    ctx.remove::<AuthenticatedMethod>(id);
    Ok(intent["payment_method"] == authenticated.payment_method)
}

/// Charges the card of an intent that needs no action.
fn charge_card(
    ctx: &mut Ctx<'_>,
    intent: Value,
    instrument: Instrument,
    authenticated: bool,
    off_session: bool,
) -> Result<Value, ApiError> {
    let kind = instrument
        .present
        .as_ref()
        .map_or("card", |_| "card_present");
    let manual = is_captured_manually(&intent, kind);
    let payment = CardPayment {
        money: PaymentIntent::new(&intent).money()?,
        instrument,
        capture: !manual,
        authenticated,
        options: intent["payment_method_options"]["card"].clone(),
        off_session,
        split: Split::of_object(&intent),
        customer: intent["customer"].as_str().map(str::to_owned),
        intent: intent["id"].as_str().map(str::to_owned),
        copied_fields: intent.as_object().map(copied_fields).unwrap_or_default(),
    };
    let charge = match charge::pay(ctx, &payment)? {
        PaymentOutcome::Succeeded(charge) => charge,
        PaymentOutcome::Declined(declined) => return Err(decline(ctx, intent, declined)?),
    };
    attach_for_future_usage(ctx, &intent, &payment.instrument)?;
    apply_charge(ctx, intent, &charge, manual)
}

/// Charges the card that was presented to a reader. Its holder is present, so no authentication is required.
pub(crate) fn pay_in_person(ctx: &mut Ctx<'_>, intent: Value) -> Result<Value, ApiError> {
    let method = intent["payment_method"].as_str().unwrap_or_default();
    let instrument = instrument::resolve(ctx, method, "payment_method")?;
    charge_card(ctx, intent, instrument, true, false)
}

/// With `setup_future_usage`, attaches the payment method to the intent's customer.
fn attach_for_future_usage(
    ctx: &mut Ctx<'_>,
    intent: &Value,
    instrument: &Instrument,
) -> Result<(), ApiError> {
    let of_card = &intent["payment_method_options"]["card"]["setup_future_usage"];
    let of_card = of_card.as_str().filter(|usage| !usage.is_empty());
    let usage = of_card.or(intent["setup_future_usage"].as_str());
    let usage = usage.filter(|usage| *usage != "none");
    let (Some(usage), Some(customer)) = (usage, intent["customer"].as_str()) else {
        return Ok(());
    };
    if usage == "off_session" {
        instrument::mark_set_up(ctx, &instrument.id)?;
    }
    let keeps = instrument.source.is_none() && instrument.present.is_none();
    if keeps && instrument.customer.is_none() {
        payment_methods::attach_to_customer(ctx, &instrument.id, customer)?;
    }
    Ok(())
}

/// Applies the payer's decision on the authentication page: the payer approves or not.
pub(crate) fn authenticate(ctx: &mut Ctx<'_>, id: &str, approved: bool) -> Result<Value, ApiError> {
    let mut intent = ctx.required(PAYMENT_INTENT, id)?;
    if PaymentIntentStatus::of(&intent)? != PaymentIntentStatus::RequiresAction {
        return Err(unexpected_payment_status(&intent, "authenticated"));
    }
    let method = intent["payment_method"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if approved && intent["confirmation_method"] == "manual" {
        let authenticated = AuthenticatedMethod {
            payment_method: method,
        };
        ctx.save(id, &authenticated);
        intent["next_action"] = Value::Null;
        PaymentIntentStatus::RequiresConfirmation.set(&mut intent)?;
        ctx.update(PAYMENT_INTENT, &intent);
        return Ok(intent);
    }
    if let Some(method) = find_non_card(ctx, &method) {
        return non_card::apply_decision(ctx, intent, &method, approved);
    }
    if approved {
        let instrument = instrument::resolve(ctx, &method, "payment_method")?;
        return charge_card(ctx, intent, instrument, true, false);
    }
    fail_authentication(ctx, intent)
}
