//! `/v1/setup_intents`: sets up a payment method for future payments, with its holder's consent.
//!
//! ```text
//! requires_payment_method ─▶ requires_confirmation ─▶ (confirm) ─▶ requires_action ─▶ succeeded
//!            ▲                                            │ declined, or not authenticated
//!            └────────────────────────────────────────────┘
//! ```

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::objects::status::SetupIntentStatus;
use crate::objects::views::SetupIntent;
use crate::params::Params;
use crate::payment_methods::instrument::{self, Instrument};
use crate::payment_methods::non_card::{find_non_card, mark_verified};
use crate::payment_methods::operations as payment_methods;
use crate::payments::application::charging_application;
use crate::payments::automatic_payment_methods::{self, require_return_url};
use crate::payments::confirmation_tokens;
use crate::payments::intents::{
    FailureFields, SETUP_INTENT, authentication_action, requests_authentication,
    unexpected_setup_status,
};
use crate::payments::non_card::{mandates, microdeposits};
use crate::payments::notifications::SetupSuccess;
use crate::payments::payment_method_params::payment_method_of_params;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.add("setup_intents.create", |ctx, params| {
        create(
            ctx,
            &automatic_payment_methods::with_version_default(ctx, params),
        )
    });
    registry.add("setup_intents.update", update);
    registry.add("setup_intents.confirm", confirm);
    registry.add("setup_intents.cancel", cancel);
    registry.add("setup_intents.verify_microdeposits", verify_microdeposits);
}

/// `POST /v1/setup_intents`.
pub(crate) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut blank = ctx.blank(SETUP_INTENT);
    let members = json!({
        "application": charging_application(ctx),
        "automatic_payment_methods": null,
        "created": ctx.now(),
        "livemode": ctx.scope.livemode(),
        "metadata": {},
        "payment_method_options": {"card": {"mandate_options": null, "network": null, "request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "status": SetupIntentStatus::RequiresPaymentMethod.as_str(),
        "usage": "off_session",
    });
    if let Value::Object(members) = members {
        blank.extend(members);
    }
    let with_token = confirmation_tokens::with_token_params(ctx, params, None)?;
    let params = &*with_token;
    let mut intent = write(ctx, &Value::Object(blank), params)?;
    automatic_payment_methods::write_to_intent(&mut intent, params);
    ctx.insert(SETUP_INTENT, &intent);
    ctx.emit("setup_intent.created", &intent, None);
    if params.bool("confirm") == Some(true) {
        confirmation_tokens::mark_used(ctx, params, SETUP_INTENT, &intent);
        return run(ctx, intent, params);
    }
    Ok(intent)
}

/// `POST /v1/setup_intents/{intent}`.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = ctx.required(SETUP_INTENT, params.path("intent"))?;
    if is_final(&intent)? {
        return Err(unexpected_setup_status(&intent, "updated"));
    }
    let intent = write(ctx, &intent, params)?;
    ctx.update(SETUP_INTENT, &intent);
    Ok(intent)
}

/// `POST /v1/setup_intents/{intent}/confirm`.
pub(crate) fn confirm(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = ctx.required(SETUP_INTENT, params.path("intent"))?;
    if is_final(&intent)? {
        return Err(unexpected_setup_status(&intent, "confirmed"));
    }
    let with_token = confirmation_tokens::with_token_params(ctx, params, Some(&intent))?;
    let params = &*with_token;
    let intent = write(ctx, &intent, params)?;
    confirmation_tokens::mark_used(ctx, params, SETUP_INTENT, &intent);
    run(ctx, intent, params)
}

/// `POST /v1/setup_intents/{intent}/cancel`.
fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(SETUP_INTENT, params.path("intent"))?;
    if is_final(&intent)? {
        return Err(unexpected_setup_status(&intent, "canceled"));
    }
    intent["cancellation_reason"] = params.text("cancellation_reason").into();
    intent["next_action"] = Value::Null;
    SetupIntentStatus::Canceled.set(&mut intent)?;
    ctx.update(SETUP_INTENT, &intent);
    ctx.emit("setup_intent.canceled", &intent, None);
    Ok(intent)
}

/// Writes the parameters into the intent. A payment method changes its status to `requires_confirmation`.
fn write(ctx: &mut Ctx<'_>, intent: &Value, params: &Params) -> Result<Value, ApiError> {
    let mut object = intent.as_object().cloned().unwrap_or_default();
    let mut plain = params.values().clone();
    for name in [
        "automatic_payment_methods",
        "confirmation_token",
        "payment_method",
        "payment_method_data",
    ] {
        plain.remove(name);
    }
    ctx.apply(SETUP_INTENT, &mut object, &plain)?;
    let mut intent = Value::Object(object);
    if let Some(method) = payment_method_of_params(ctx, params, &intent)? {
        intent["payment_method"] = method.into();
        intent["next_action"] = Value::Null;
        SetupIntentStatus::RequiresConfirmation.set(&mut intent)?;
    }
    Ok(intent)
}

/// Confirms the intent.
fn run(ctx: &mut Ctx<'_>, mut intent: Value, params: &Params) -> Result<Value, ApiError> {
    let method = SetupIntent::new(&intent).payment_method();
    let Some(method) = method.map(str::to_owned) else {
        let message = "You cannot confirm this SetupIntent because it's missing a payment method. You can either update the \
                       SetupIntent with a payment method and then confirm it again, or confirm it again directly with a payment \
                       method or ConfirmationToken.";
        return Err(unexpected_setup_status(&intent, "confirmed").with("message", message));
    };
    require_return_url(&intent, params, "SetupIntent")
        .map_err(|error| error.with("setup_intent", intent.clone()))?;
    if let Some(method) = find_non_card(ctx, &method) {
        if let Some(mandate) = mandates::create_mandate(ctx, &method, &intent["usage"], params)? {
            intent["mandate"] = mandate.into();
        }
        if microdeposits::are_required(ctx, &intent, &method)? {
            intent["payment_method"] = method["id"].clone();
            SetupIntentStatus::RequiresAction.set(&mut intent)?;
            let intent = microdeposits::send_deposits(ctx, intent, SETUP_INTENT);
            ctx.emit("setup_intent.requires_action", &intent, None);
            return Ok(intent);
        }
        let id = method["id"].as_str().unwrap_or_default();
        return succeed(ctx, intent, id, method["customer"].as_str());
    }
    let instrument = instrument::resolve(ctx, &method, "payment_method")?;
    intent["payment_method"] = instrument.id.as_str().into();
    let needs_authentication =
        instrument.card.requires_authentication(false, false) || requests_authentication(&intent);
    if needs_authentication {
        let id = intent["id"].as_str().unwrap_or_default();
        intent["next_action"] = authentication_action(ctx, id, params.text("return_url"));
        SetupIntentStatus::RequiresAction.set(&mut intent)?;
        ctx.update(SETUP_INTENT, &intent);
        ctx.emit("setup_intent.requires_action", &intent, None);
        return Ok(intent);
    }
    complete_card_setup(ctx, intent, &instrument)
}

/// `POST /v1/setup_intents/{intent}/verify_microdeposits`.
fn verify_microdeposits(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = microdeposits::find_waiting_intent(ctx, SETUP_INTENT, params)?;
    microdeposits::check_amounts_or_code(params)?;
    verify(ctx, intent)
}

/// Marks the intent's bank account as verified and completes the setup.
fn verify(ctx: &mut Ctx<'_>, intent: Value) -> Result<Value, ApiError> {
    let method = intent["payment_method"].as_str().unwrap_or_default();
    mark_verified(ctx, method)?;
    let method = ctx.required("payment_method", method)?;
    let id = method["id"].as_str().unwrap_or_default();
    succeed(ctx, intent, id, method["customer"].as_str())
}

/// Whether the status of the intent allows neither changes nor a confirmation.
fn is_final(intent: &Value) -> Result<bool, ApiError> {
    Ok(match SetupIntentStatus::of(intent)? {
        SetupIntentStatus::Processing
        | SetupIntentStatus::Succeeded
        | SetupIntentStatus::Canceled => true,
        SetupIntentStatus::RequiresPaymentMethod
        | SetupIntentStatus::RequiresConfirmation
        | SetupIntentStatus::RequiresAction => false,
    })
}

/// Applies the payer's decision on the authentication page: the payer approves or not.
pub(crate) fn authenticate(ctx: &mut Ctx<'_>, id: &str, approved: bool) -> Result<Value, ApiError> {
    let mut intent = ctx.required(SETUP_INTENT, id)?;
    if SetupIntentStatus::of(&intent)? != SetupIntentStatus::RequiresAction {
        return Err(unexpected_setup_status(&intent, "authenticated"));
    }
    if intent["next_action"]["type"] == microdeposits::ACTION {
        return if approved {
            verify(ctx, intent)
        } else {
            fail(ctx, &mut intent, microdeposits::verification_failure())?;
            Ok(intent)
        };
    }
    let method = intent["payment_method"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if approved {
        let instrument = instrument::resolve(ctx, &method, "payment_method")?;
        return complete_card_setup(ctx, intent, &instrument);
    }
    let message =
        "The latest attempt to set up the payment method has failed because authentication failed.";
    let error = ApiError::invalid_request(message).code("setup_intent_authentication_failure");
    create_attempt(ctx, &mut intent, Some(&error));
    fail(ctx, &mut intent, error)?;
    Ok(intent)
}

/// Completes the setup of a card, or declines it.
fn complete_card_setup(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    instrument: &Instrument,
) -> Result<Value, ApiError> {
    if let Some(decline) = instrument.card.attach_decline() {
        let error = decline.to_error();
        create_attempt(ctx, &mut intent, Some(&error));
        let error = fail(ctx, &mut intent, error)?;
        return Err(error.with("setup_intent", intent).keeping_changes());
    }
    instrument::mark_set_up(ctx, &instrument.id)?;
    succeed(ctx, intent, &instrument.id, instrument.customer.as_deref())
}

/// Completes the setup. Attaches the payment method to the intent's customer, unless it has an `owner`.
pub(crate) fn succeed(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    method: &str,
    owner: Option<&str>,
) -> Result<Value, ApiError> {
    if let (Some(customer), None) = (SetupIntent::new(&intent).customer(), owner) {
        payment_methods::attach_to_customer(ctx, method, customer)?;
    }
    create_attempt(ctx, &mut intent, None);
    intent["last_setup_error"] = Value::Null;
    intent["next_action"] = Value::Null;
    SetupIntentStatus::Succeeded.set(&mut intent)?;
    ctx.update(SETUP_INTENT, &intent);
    ctx.emit("setup_intent.succeeded", &intent, None);
    SetupSuccess::notify(ctx, intent)
}

/// Returns the intent to `requires_payment_method` with the error as `last_setup_error`. Returns the error with the payment
/// method that failed.
pub(crate) fn fail(
    ctx: &mut Ctx<'_>,
    intent: &mut Value,
    error: ApiError,
) -> Result<ApiError, ApiError> {
    const FIELDS: FailureFields = FailureFields {
        object_type: SETUP_INTENT,
        error: "last_setup_error",
        event: "setup_intent.setup_failed",
    };
    SetupIntentStatus::RequiresPaymentMethod.set(intent)?;
    Ok(FIELDS.record_failure(ctx, intent, error))
}

/// Creates the `setup_attempt` of a confirmation; `error` is why it failed.
fn create_attempt(ctx: &mut Ctx<'_>, intent: &mut Value, error: Option<&ApiError>) {
    let mut attempt = Value::Object(ctx.blank("setup_attempt"));
    for name in [
        "application",
        "customer",
        "on_behalf_of",
        "payment_method",
        "usage",
    ] {
        attempt[name] = intent[name].clone();
    }
    attempt["created"] = ctx.now().into();
    attempt["livemode"] = ctx.scope.livemode().into();
    let method = intent["payment_method"].as_str().unwrap_or_default();
    let method = ctx.get("payment_method", method).unwrap_or_default();
    attempt["payment_method_details"] = match method["type"].as_str().unwrap_or("card") {
        "card" => json!({"type": "card", "card": {"three_d_secure": null}}),
        kind => json!({"type": kind, kind: {}}),
    };
    attempt["setup_error"] = error.map_or(Value::Null, |error| error.to_json()["error"].take());
    attempt["setup_intent"] = intent["id"].clone();
    attempt["status"] = if error.is_some() {
        "failed"
    } else {
        "succeeded"
    }
    .into();
    ctx.insert("setup_attempt", &attempt);
    intent["latest_attempt"] = attempt["id"].clone();
}
