//! Operations of `/v1/terminal`: readers, connection tokens and reader actions.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::payments::intents::PAYMENT_INTENT;
use crate::registry::Registry;
use crate::scheduler::schedule;
use crate::terminal::action::{
    CompleteReaderAction, READER, SETUP_INTENT, requested_members, start_action,
};
use crate::terminal::{inputs, present};

pub(crate) fn register(registry: &mut Registry) {
    registry.add_task::<CompleteReaderAction>();
    registry.add("terminal.readers.create", create);
    registry.add("terminal.connection_tokens.create", connection_token);
    registry.add("terminal.readers.process_payment_intent", process_payment);
    registry.add(
        "terminal.readers.collect_payment_method",
        collect_payment_method,
    );
    registry.add("terminal.readers.confirm_payment_intent", confirm_payment);
    registry.add("terminal.readers.process_setup_intent", process_setup);
    registry.add("terminal.readers.refund_payment", refund_payment);
    registry.add("terminal.readers.collect_inputs", inputs::collect_inputs);
    registry.add("terminal.readers.set_reader_display", set_display);
    registry.add("terminal.readers.cancel_action", cancel_action);
    registry.add(
        "test_helpers.terminal.readers.present_payment_method",
        present::present_payment_method,
    );
    registry.add(
        "test_helpers.terminal.readers.succeed_input_collection",
        inputs::succeed_input_collection,
    );
    registry.add(
        "test_helpers.terminal.readers.timeout_input_collection",
        inputs::time_out_input_collection,
    );
}

/// `POST /v1/terminal/readers`. The registration code determines the model.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let code = params.text("registration_code").unwrap_or_default();
    let mut reader = ctx.generic("terminal.readers.create", params)?;
    reader["device_type"] = match code {
        "simulated-wpe" => "simulated_wisepos_e".to_owned(),
        _ => match code.strip_prefix("simulated-") {
            Some(model @ ("s700" | "s710" | "t600")) => format!("simulated_stripe_{model}"),
            _ => "bbpos_wisepos_e".to_owned(),
        },
    }
    .into();
    if reader["label"] == "" {
        reader["label"] = code.into();
    }
    if reader["serial_number"] == "" {
        reader["serial_number"] = format!("{code}-{}", ctx.world.random.alphanumeric(8)).into();
    }
    ctx.update(READER, &reader);
    Ok(reader)
}

/// `POST /v1/terminal/connection_tokens`: a token for the reader's SDK.
fn connection_token(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mode = if ctx.scope.livemode() { "live" } else { "test" };
    let secret = format!("pst_{mode}_{}", ctx.world.random.alphanumeric(24));
    let mut token = json!({"object": "terminal.connection_token", "secret": secret});
    if let Some(location) = params.text("location") {
        ctx.referenced("terminal.location", location, "location")?;
        token["location"] = location.into();
    }
    Ok(token)
}

/// The intent of the request, in one of the statuses `ready`.
fn intent_for_reader(
    ctx: &Ctx<'_>,
    object_type: &str,
    id: &str,
    ready: &[&str],
) -> Result<Value, ApiError> {
    let intent = ctx.referenced(object_type, id, object_type)?;
    if ready.iter().any(|status| intent["status"] == *status) {
        return Ok(intent);
    }
    let noun = if object_type == SETUP_INTENT {
        "SetupIntent"
    } else {
        "PaymentIntent"
    };
    let message = format!(
        "This {noun} cannot be processed by a reader: its status is {}, and has to be {}.",
        intent["status"].as_str().unwrap_or_default(),
        ready.join(" or ")
    );
    Err(ApiError::invalid_param(object_type, message)
        .code("intent_invalid_state")
        .with(object_type, intent))
}

/// Requires an intent that accepts `card_present` payment methods.
fn check_card_present(intent: &Value) -> Result<(), ApiError> {
    let allowed = intent["allowed_payment_method_types"].as_array();
    let in_person = |kind: &Value| *kind == "card_present" || *kind == "interac_present";
    if allowed.is_none_or(|kinds| kinds.iter().any(in_person)) {
        return Ok(());
    }
    let message = "The PaymentIntent does not take cards that are presented to a reader: make it with card_present among \
                   its payment method types.";
    Err(ApiError::invalid_param(PAYMENT_INTENT, message).with(PAYMENT_INTENT, intent.clone()))
}

const PAYABLE_STATUSES: &[&str] = &["requires_payment_method", "requires_confirmation"];

/// `POST /v1/terminal/readers/{reader}/process_payment_intent`.
fn process_payment(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = params.text(PAYMENT_INTENT).unwrap_or_default();
    check_card_present(&intent_for_reader(
        ctx,
        PAYMENT_INTENT,
        intent,
        PAYABLE_STATUSES,
    )?)?;
    let details = requested_members(params, &[PAYMENT_INTENT, "process_config"]);
    start_action(ctx, params, "process_payment_intent", &details)
}

/// `POST /v1/terminal/readers/{reader}/collect_payment_method`.
fn collect_payment_method(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = params.text(PAYMENT_INTENT).unwrap_or_default();
    check_card_present(&intent_for_reader(
        ctx,
        PAYMENT_INTENT,
        intent,
        PAYABLE_STATUSES,
    )?)?;
    let details = requested_members(params, &[PAYMENT_INTENT, "collect_config"]);
    start_action(ctx, params, "collect_payment_method", &details)
}

/// `POST /v1/terminal/readers/{reader}/confirm_payment_intent`, with a collected payment method.
fn confirm_payment(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = params.text(PAYMENT_INTENT).unwrap_or_default();
    intent_for_reader(ctx, PAYMENT_INTENT, intent, &["requires_confirmation"])?;
    let details = requested_members(params, &[PAYMENT_INTENT, "confirm_config"]);
    let reader = start_action(ctx, params, "confirm_payment_intent", &details)?;
    schedule_completion(ctx, params)?;
    Ok(reader)
}

/// `POST /v1/terminal/readers/{reader}/process_setup_intent`.
fn process_setup(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = params.text(SETUP_INTENT).unwrap_or_default();
    intent_for_reader(ctx, SETUP_INTENT, intent, PAYABLE_STATUSES)?;
    let details = requested_members(params, &[SETUP_INTENT, "process_config"]);
    start_action(ctx, params, "process_setup_intent", &details)
}

/// `POST /v1/terminal/readers/{reader}/refund_payment`.
fn refund_payment(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    match (params.text("charge"), params.text(PAYMENT_INTENT)) {
        (Some(id), _) => drop(ctx.referenced("charge", id, "charge")?),
        (None, Some(id)) => drop(ctx.referenced(PAYMENT_INTENT, id, PAYMENT_INTENT)?),
        (None, None) => return Err(ApiError::missing_parameter(PAYMENT_INTENT)),
    }
    let names = [
        "amount",
        "charge",
        "metadata",
        PAYMENT_INTENT,
        "refund_application_fee",
        "refund_payment_config",
        "reverse_transfer",
    ];
    start_action(
        ctx,
        params,
        "refund_payment",
        &requested_members(params, &names),
    )
}

/// `POST /v1/terminal/readers/{reader}/set_reader_display`.
fn set_display(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut cart = params.map("cart").cloned();
    if let Some(cart) = &mut cart {
        cart.entry("tax").or_insert(Value::Null);
    }
    let details = json!({"cart": cart, "type": "cart"});
    let details = details.as_object().cloned().unwrap_or_default();
    let reader = start_action(ctx, params, "set_reader_display", &details)?;
    schedule_completion(ctx, params)?;
    Ok(reader)
}

/// `POST /v1/terminal/readers/{reader}/cancel_action`.
fn cancel_action(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut reader = ctx.required(READER, params.path("reader"))?;
    reader["action"] = Value::Null;
    ctx.update(READER, &reader);
    Ok(reader)
}

/// Schedules the completion of an action that needs no customer.
fn schedule_completion(ctx: &mut Ctx<'_>, params: &Params) -> Result<(), ApiError> {
    let (reader, now) = (params.path("reader").to_owned(), ctx.now());
    schedule(ctx, None, now, &CompleteReaderAction { reader })
}
