//! Terminal: a reader is told what to do, a card is presented to it, and the payment is made.
//!
//! ```text
//! process_payment_intent, process_setup_intent, ┐               present_payment_method ┌▶ succeeded
//! refund_payment, collect_payment_method,       ├▶ in_progress ─ succeed_…, timeout_… ─┤
//! collect_inputs                                ┘      │ cancel_action: no action      └▶ failed
//! confirm_payment_intent, set_reader_display ──▶ in_progress ─(at once)─▶ succeeded or failed
//! ```
//!
//! Readers are simulated: what a person does at one is said by the test helpers. What a card does follows from its number, as
//! everywhere. See <https://docs.stripe.com/terminal/references/testing>.

mod inputs;
mod present;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::payments::intents::PAYMENT_INTENT as INTENT;
use crate::registry::Registry;
use crate::scheduler::{ScheduledTask, schedule};

pub(crate) use self::present::by_itself;

const READER: &str = "terminal.reader";
const SETUP: &str = "setup_intent";

/// Completes a reader action that needs no customer input.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CompleteReaderAction {
    pub(crate) reader: String,
}

impl ScheduledTask for CompleteReaderAction {
    const KIND: &'static str = "reader";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        by_itself(ctx, &self.reader)
    }
}

pub(crate) fn register(registry: &mut Registry) {
    registry.add_task::<CompleteReaderAction>();
    registry.add("terminal.readers.create", create);
    registry.add("terminal.connection_tokens.create", connection_token);
    registry.add("terminal.readers.process_payment_intent", process_payment);
    registry.add("terminal.readers.collect_payment_method", collect);
    registry.add("terminal.readers.confirm_payment_intent", confirm);
    registry.add("terminal.readers.process_setup_intent", process_setup);
    registry.add("terminal.readers.refund_payment", refund);
    registry.add("terminal.readers.collect_inputs", inputs::collect);
    registry.add("terminal.readers.set_reader_display", display);
    registry.add("terminal.readers.cancel_action", cancel);
    registry.add(
        "test_helpers.terminal.readers.present_payment_method",
        present::run,
    );
    registry.add(
        "test_helpers.terminal.readers.succeed_input_collection",
        inputs::succeed,
    );
    registry.add(
        "test_helpers.terminal.readers.timeout_input_collection",
        inputs::time_out,
    );
}

/// `POST /v1/terminal/readers`: which reader it is follows from its registration code.
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

/// `POST /v1/terminal/connection_tokens`: what a reader's own program shows.
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

/// What the request says of `names`, as the action of the reader repeats it.
fn said(params: &Params, names: &[&str]) -> Map<String, Value> {
    let said = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), params.at(name)?.clone())));
    said.collect()
}

/// The reader begins to do something, whatever it was about before.
fn begin(
    ctx: &mut Ctx<'_>,
    params: &Params,
    kind: &str,
    details: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let mut reader = ctx.required(READER, params.path("reader"))?;
    if reader["status"] == "offline" {
        let message = "Reader is currently offline, please ensure the reader is powered on and connected to the internet \
                       before retrying your request.";
        return Err(ApiError::invalid_request(message).code("terminal_reader_offline"));
    }
    reader["action"] = json!({
        "api_error": null, "failure_code": null, "failure_message": null, "status": "in_progress", "type": kind, kind: details,
    });
    reader["last_seen_at"] = (ctx.now() * 1000).into();
    ctx.update(READER, &reader);
    ctx.emit("terminal.reader.action_updated", &reader, None);
    Ok(reader)
}

/// The intent that a reader is to take a payment for: one that waits for a payment method.
fn waiting(ctx: &Ctx<'_>, object_type: &str, id: &str, ready: &[&str]) -> Result<Value, ApiError> {
    let intent = ctx.referenced(object_type, id, object_type)?;
    if ready.iter().any(|status| intent["status"] == *status) {
        return Ok(intent);
    }
    let noun = if object_type == SETUP {
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

/// Is the intent made for cards that are presented?
fn check_takes_cards(intent: &Value) -> Result<(), ApiError> {
    let allowed = intent["allowed_payment_method_types"].as_array();
    let in_person = |kind: &Value| *kind == "card_present" || *kind == "interac_present";
    if allowed.is_none_or(|kinds| kinds.iter().any(in_person)) {
        return Ok(());
    }
    let message = "The PaymentIntent does not take cards that are presented to a reader: make it with card_present among \
                   its payment method types.";
    Err(ApiError::invalid_param(INTENT, message).with(INTENT, intent.clone()))
}

const PAYABLE: &[&str] = &["requires_payment_method", "requires_confirmation"];

/// `POST /v1/terminal/readers/{reader}/process_payment_intent`.
fn process_payment(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = params.text(INTENT).unwrap_or_default();
    check_takes_cards(&waiting(ctx, INTENT, intent, PAYABLE)?)?;
    let details = said(params, &[INTENT, "process_config"]);
    begin(ctx, params, "process_payment_intent", &details)
}

/// `POST /v1/terminal/readers/{reader}/collect_payment_method`.
fn collect(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = params.text(INTENT).unwrap_or_default();
    check_takes_cards(&waiting(ctx, INTENT, intent, PAYABLE)?)?;
    let details = said(params, &[INTENT, "collect_config"]);
    begin(ctx, params, "collect_payment_method", &details)
}

/// `POST /v1/terminal/readers/{reader}/confirm_payment_intent`: of a payment method that was collected.
fn confirm(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = params.text(INTENT).unwrap_or_default();
    waiting(ctx, INTENT, intent, &["requires_confirmation"])?;
    let details = said(params, &[INTENT, "confirm_config"]);
    let reader = begin(ctx, params, "confirm_payment_intent", &details)?;
    finish_at_once(ctx, params)?;
    Ok(reader)
}

/// `POST /v1/terminal/readers/{reader}/process_setup_intent`.
fn process_setup(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = params.text(SETUP).unwrap_or_default();
    waiting(ctx, SETUP, intent, PAYABLE)?;
    let details = said(params, &[SETUP, "process_config"]);
    begin(ctx, params, "process_setup_intent", &details)
}

/// `POST /v1/terminal/readers/{reader}/refund_payment`.
fn refund(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    match (params.text("charge"), params.text(INTENT)) {
        (Some(id), _) => drop(ctx.referenced("charge", id, "charge")?),
        (None, Some(id)) => drop(ctx.referenced(INTENT, id, INTENT)?),
        (None, None) => return Err(ApiError::missing_parameter(INTENT)),
    }
    let names = [
        "amount",
        "charge",
        "metadata",
        INTENT,
        "refund_application_fee",
        "refund_payment_config",
        "reverse_transfer",
    ];
    begin(ctx, params, "refund_payment", &said(params, &names))
}

/// `POST /v1/terminal/readers/{reader}/set_reader_display`.
fn display(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut cart = params.map("cart").cloned();
    if let Some(cart) = &mut cart {
        cart.entry("tax").or_insert(Value::Null);
    }
    let details = json!({"cart": cart, "type": "cart"});
    let details = details.as_object().cloned().unwrap_or_default();
    let reader = begin(ctx, params, "set_reader_display", &details)?;
    finish_at_once(ctx, params)?;
    Ok(reader)
}

/// `POST /v1/terminal/readers/{reader}/cancel_action`.
fn cancel(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut reader = ctx.required(READER, params.path("reader"))?;
    reader["action"] = Value::Null;
    ctx.update(READER, &reader);
    Ok(reader)
}

/// Nobody has to do anything at the reader: it is done when the request is over.
fn finish_at_once(ctx: &mut Ctx<'_>, params: &Params) -> Result<(), ApiError> {
    let (reader, now) = (params.path("reader").to_owned(), ctx.now());
    schedule(ctx, None, now, &CompleteReaderAction { reader })
}

/// What a reader is about, if it is one of these actions.
fn about(reader: &Value, kinds: &[&str]) -> Result<String, ApiError> {
    let action = &reader["action"];
    let kind = action["type"].as_str().unwrap_or_default();
    if action["status"] == "in_progress" && kinds.contains(&kind) {
        return Ok(kind.to_owned());
    }
    let message = format!(
        "The reader is not waiting for this: have it do one of {} first.",
        kinds.join(", ")
    );
    Err(ApiError::invalid_request(message))
}

/// The reader's action is over: as it should, or with this error.
fn end(ctx: &mut Ctx<'_>, reader: &mut Value, error: Option<&ApiError>) {
    let action = &mut reader["action"];
    let event = if let Some(error) = error {
        let told = error.to_json()["error"].take();
        action["status"] = "failed".into();
        action["failure_code"] = told["code"].clone();
        action["failure_message"] = told["message"].clone();
        action["api_error"] = told;
        "terminal.reader.action_failed"
    } else {
        action["status"] = "succeeded".into();
        "terminal.reader.action_succeeded"
    };
    ctx.update(READER, reader);
    ctx.emit(event, reader, None);
}
