//! `/v1/setup_intents`: keeping a payment method for later, with the card holder's consent.
//!
//! ```text
//! requires_payment_method ─▶ requires_confirmation ─▶ (confirm) ─▶ requires_action ─▶ succeeded
//!            ▲                                            │ declined, or not authenticated
//!            └────────────────────────────────────────────┘
//! ```

use serde_json::{Value, json};

use crate::billing;
use crate::checkout;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::payment_methods::instrument::{self, Instrument};
use crate::payment_methods::operations as payment_methods;
use crate::payments::automatic_payment_methods;
use crate::payments::charge;
use crate::payments::confirmation_tokens;
use crate::payments::non_card::{self, mandates, microdeposits};
use crate::payments::payment_intents;
use crate::payments::payment_intents::confirm::Waiting;
use crate::payments::settlement::application;
use crate::registry::Registry;

const INTENT: &str = "setup_intent";

pub(crate) fn register(registry: &mut Registry) {
    registry.add("setup_intents.create", |ctx, params| {
        create(ctx, &automatic_payment_methods::assumed(ctx, params))
    });
    registry.add("setup_intents.update", update);
    registry.add("setup_intents.confirm", confirm);
    registry.add("setup_intents.cancel", cancel);
}

pub(crate) fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut blank = ctx.blank(INTENT);
    let members = json!({
        "application": application(ctx),
        "automatic_payment_methods": null,
        "created": ctx.now(),
        "livemode": ctx.scope.livemode(),
        "metadata": {},
        "payment_method_options": {"card": {"mandate_options": null, "network": null, "request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        "usage": "off_session",
    });
    if let Value::Object(members) = members {
        blank.extend(members);
    }
    let said = confirmation_tokens::spend(ctx, params, None)?;
    let params = &*said;
    let mut intent = write(ctx, &Value::Object(blank), params)?;
    automatic_payment_methods::write(&mut intent, params);
    ctx.insert(INTENT, &intent);
    ctx.emit("setup_intent.created", &intent, None);
    if params.bool("confirm") == Some(true) {
        confirmation_tokens::note(ctx, params, INTENT, &intent);
        return run(ctx, intent, params);
    }
    Ok(intent)
}

fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = ctx.required(INTENT, params.path("intent"))?;
    if matches!(status(&intent), "succeeded" | "canceled" | "processing") {
        return Err(unexpected(&intent, "updated"));
    }
    let intent = write(ctx, &intent, params)?;
    ctx.update(INTENT, &intent);
    Ok(intent)
}

pub(crate) fn confirm(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = ctx.required(INTENT, params.path("intent"))?;
    let ready = [
        "requires_payment_method",
        "requires_confirmation",
        "requires_action",
    ];
    if !ready.contains(&status(&intent)) {
        return Err(unexpected(&intent, "confirmed"));
    }
    let said = confirmation_tokens::spend(ctx, params, Some(&intent))?;
    let params = &*said;
    let intent = write(ctx, &intent, params)?;
    confirmation_tokens::note(ctx, params, INTENT, &intent);
    run(ctx, intent, params)
}

fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, params.path("intent"))?;
    if matches!(status(&intent), "succeeded" | "canceled" | "processing") {
        return Err(unexpected(&intent, "canceled"));
    }
    intent["cancellation_reason"] = params.text("cancellation_reason").into();
    intent["next_action"] = Value::Null;
    intent["status"] = "canceled".into();
    ctx.update(INTENT, &intent);
    ctx.emit("setup_intent.canceled", &intent, None);
    Ok(intent)
}

/// Writes the parameters into the intent; a payment method makes it ready to be confirmed.
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
    ctx.apply(INTENT, &mut object, &plain)?;
    let mut intent = Value::Object(object);
    if let Some(method) = payment_intents::method_of(ctx, params, &intent)? {
        intent["payment_method"] = method.into();
        intent["next_action"] = Value::Null;
        intent["status"] = "requires_confirmation".into();
    }
    Ok(intent)
}

fn run(ctx: &mut Ctx<'_>, mut intent: Value, params: &Params) -> Result<Value, ApiError> {
    let Some(method) = intent["payment_method"].as_str().map(str::to_owned) else {
        let message = "You cannot confirm this SetupIntent because it's missing a payment method. You can either update the \
                       SetupIntent with a payment method and then confirm it again, or confirm it again directly with a payment \
                       method or ConfirmationToken.";
        return Err(unexpected(&intent, "confirmed").with("message", message));
    };
    automatic_payment_methods::check_way_back(&intent, params, "SetupIntent")
        .map_err(|error| error.with("setup_intent", intent.clone()))?;
    if let Some(method) = non_card::named(ctx, &method) {
        if let Some(mandate) = mandates::give(ctx, &method, &intent["usage"], params)? {
            intent["mandate"] = mandate.into();
        }
        if microdeposits::are_needed(ctx, &intent, &method) {
            intent["payment_method"] = method["id"].clone();
            let intent = microdeposits::send(ctx, intent, INTENT);
            ctx.emit("setup_intent.requires_action", &intent, None);
            return Ok(intent);
        }
        let id = method["id"].as_str().unwrap_or_default();
        return succeed(ctx, intent, id, method["customer"].as_str());
    }
    let instrument = instrument::resolve(ctx, &method, "payment_method")?;
    intent["payment_method"] = instrument.id.as_str().into();
    let wish = &intent["payment_method_options"]["card"]["request_three_d_secure"];
    let asks =
        instrument.card.asks(false, false) || matches!(wish.as_str(), Some("any" | "challenge"));
    if asks {
        let id = intent["id"].as_str().unwrap_or_default();
        intent["next_action"] = payment_intents::next_action(ctx, id, params.text("return_url"));
        intent["status"] = "requires_action".into();
        ctx.update(INTENT, &intent);
        ctx.emit("setup_intent.requires_action", &intent, None);
        return Ok(intent);
    }
    finish(ctx, intent, &instrument)
}

/// The card holder has answered the bank's question.
pub(crate) fn authenticate(ctx: &mut Ctx<'_>, id: &str, approved: bool) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, id)?;
    if status(&intent) != "requires_action" {
        return Err(unexpected(&intent, "authenticated"));
    }
    if intent["next_action"]["type"] == "verify_with_microdeposits" {
        return if approved {
            microdeposits::verified(ctx, intent)
        } else {
            Ok(microdeposits::fail(ctx, intent))
        };
    }
    let method = intent["payment_method"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if approved {
        let instrument = instrument::resolve(ctx, &method, "payment_method")?;
        return finish(ctx, intent, &instrument);
    }
    let message =
        "The latest attempt to set up the payment method has failed because authentication failed.";
    let error = ApiError::invalid_request(message).code("setup_intent_authentication_failure");
    attempt(ctx, &mut intent, Some(&error));
    fail(ctx, &mut intent, error);
    Ok(intent)
}

/// The card is kept, with its customer if there is one; or its bank refuses.
fn finish(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    instrument: &Instrument,
) -> Result<Value, ApiError> {
    if let Some(decline) = instrument.card.refusal_to_attach() {
        let error = charge::refusal(&decline);
        attempt(ctx, &mut intent, Some(&error));
        let error = fail(ctx, &mut intent, error);
        return Err(error.with("setup_intent", intent).keeping_changes());
    }
    instrument::remember_set_up(ctx, &instrument.id);
    succeed(ctx, intent, &instrument.id, instrument.customer.as_deref())
}

/// The payment method is kept with the customer, unless it belongs to one already.
pub(crate) fn succeed(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    method: &str,
    owner: Option<&str>,
) -> Result<Value, ApiError> {
    if let (Some(customer), None) = (intent["customer"].as_str(), owner) {
        payment_methods::keep_with(ctx, method, customer)?;
    }
    attempt(ctx, &mut intent, None);
    intent["last_setup_error"] = Value::Null;
    intent["next_action"] = Value::Null;
    intent["status"] = "succeeded".into();
    ctx.update(INTENT, &intent);
    ctx.emit("setup_intent.succeeded", &intent, None);
    checkout::outcome::on_setup(ctx, &intent)?;
    billing::subscriptions::payment_methods::on_setup_succeeded(ctx, &intent);
    Ok(intent)
}

/// The intent says why and waits for another payment method.
pub(crate) fn fail(ctx: &mut Ctx<'_>, intent: &mut Value, error: ApiError) -> ApiError {
    const FIELDS: Waiting = Waiting {
        object_type: INTENT,
        error: "last_setup_error",
        event: "setup_intent.setup_failed",
    };
    FIELDS.wait(ctx, intent, error)
}

/// Keeps a `setup_attempt`.
fn attempt(ctx: &mut Ctx<'_>, intent: &mut Value, error: Option<&ApiError>) {
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

fn status(intent: &Value) -> &str {
    intent["status"].as_str().unwrap_or_default()
}

fn unexpected(intent: &Value, done: &str) -> ApiError {
    let message = format!(
        "This SetupIntent could not be {done} because it has a status of {}.",
        status(intent)
    );
    ApiError::invalid_request(message)
        .code("setup_intent_unexpected_state")
        .with("setup_intent", intent.clone())
}
