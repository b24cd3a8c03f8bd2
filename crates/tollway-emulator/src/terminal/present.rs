//! A card is presented to a reader: the payment, the setup or the refund of the action in progress is made with it.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::payment_methods::instrument;
use crate::payment_methods::instrument::present::create_presented_method;
use crate::payments::intents::PAYMENT_INTENT;
use crate::payments::payment_intents::confirmation as payment_intents;
use crate::payments::{refunds, setup_intents};
use crate::scheduler::ScheduledTask;
use crate::terminal::action::{
    CompleteReaderAction, READER, SETUP_INTENT, action_in_progress, finish_action,
};

impl ScheduledTask for CompleteReaderAction {
    const KIND: &'static str = "reader";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        complete_action(ctx, &self.reader)
    }
}

/// The actions that a presented card continues.
const CARD_ACTIONS: &[&str] = &[
    "process_payment_intent",
    "collect_payment_method",
    "process_setup_intent",
    "refund_payment",
];

/// The default card number.
const DEFAULT_CARD_NUMBER: &str = "4242424242424242";

/// `POST /v1/test_helpers/terminal/readers/{reader}/present_payment_method`.
pub(super) fn present_payment_method(
    ctx: &mut Ctx<'_>,
    params: &Params,
) -> Result<Value, ApiError> {
    let mut reader = ctx.required(READER, params.path("reader"))?;
    let kind = action_in_progress(&reader, CARD_ACTIONS)?;
    let number = [
        "card_present.number",
        "interac_present.number",
        "card.number",
    ]
    .into_iter()
    .find_map(|name| params.text(name));
    let card = instrument::of_number(
        number.unwrap_or(DEFAULT_CARD_NUMBER),
        "card_present[number]",
    )?;
    let done = match kind.as_str() {
        "refund_payment" => refund_to_card(ctx, &mut reader, params),
        "process_setup_intent" => save_card(ctx, &mut reader, card),
        _ => {
            let intent = reader["action"][&kind][PAYMENT_INTENT].as_str();
            let mut intent = ctx.required(PAYMENT_INTENT, intent.unwrap_or_default())?;
            let method = create_presented_method(ctx, card, &reader)?;
            intent["payment_method"] = method["id"].clone();
            intent["status"] = "requires_confirmation".into();
            add_tip(&mut intent, params.int("amount_tip"));
            ctx.update(PAYMENT_INTENT, &intent);
            if kind == "collect_payment_method" {
                reader["action"][&kind]["payment_method"] = method;
                Ok(())
            } else {
                payment_intents::pay_in_person(ctx, intent).map(drop)
            }
        }
    };
    finish_action(ctx, &mut reader, done.err().as_ref());
    Ok(reader)
}

/// Adds the tip that the customer chose at the reader.
fn add_tip(intent: &mut Value, tip: Option<i64>) {
    let Some(tip) = tip.filter(|tip| *tip > 0) else {
        return;
    };
    let amount = intent["amount"].as_i64().unwrap_or(0);
    intent["amount"] = (amount + tip).into();
    intent["amount_details"]["tip"] = json!({"amount": tip});
}

/// Completes a reader action that needs no customer input.
fn complete_action(ctx: &mut Ctx<'_>, id: &str) -> Result<(), ApiError> {
    let mut reader = ctx.required(READER, id)?;
    let kinds = ["confirm_payment_intent", "set_reader_display"];
    let Ok(kind) = action_in_progress(&reader, &kinds) else {
        return Ok(());
    };
    let done = if kind == "confirm_payment_intent" {
        let intent = reader["action"][&kind][PAYMENT_INTENT].as_str();
        let intent = ctx.required(PAYMENT_INTENT, intent.unwrap_or_default())?;
        payment_intents::pay_in_person(ctx, intent).map(drop)
    } else {
        Ok(())
    };
    finish_action(ctx, &mut reader, done.err().as_ref());
    Ok(())
}

/// Saves the card as a generated card, because a presented card cannot be charged again.
fn save_card(
    ctx: &mut Ctx<'_>,
    reader: &mut Value,
    card: &'static crate::payment_methods::cards::Card,
) -> Result<(), ApiError> {
    let action = &reader["action"]["process_setup_intent"];
    let intent = action[SETUP_INTENT].as_str().unwrap_or_default();
    let mut intent = ctx.required(SETUP_INTENT, intent)?;
    let presented = create_presented_method(ctx, card, reader)?;
    intent["payment_method"] = presented["id"].clone();
    if let Some(decline) = card.attach_decline() {
        let error = decline.to_error();
        return Err(setup_intents::fail(ctx, &mut intent, error)?);
    }
    let generated = instrument::create_payment_method(ctx, card, &json!({}), &Map::new())?;
    let id = generated["id"].as_str().unwrap_or_default().to_owned();
    instrument::mark_set_up(ctx, &id)?;
    let intent = setup_intents::succeed(ctx, intent, &id, None)?;
    let attempt = intent["latest_attempt"].as_str().unwrap_or_default();
    if let Some(mut attempt) = ctx.get("setup_attempt", attempt) {
        attempt["payment_method_details"] = json!({
            "type": "card_present", "card_present": {"generated_card": id, "offline": null},
        });
        ctx.update("setup_attempt", &attempt);
    }
    reader["action"]["process_setup_intent"]["generated_card"] = id.into();
    Ok(())
}

fn refund_to_card(ctx: &mut Ctx<'_>, reader: &mut Value, params: &Params) -> Result<(), ApiError> {
    let mut refund_params = params.clone();
    let action = reader["action"]["refund_payment"].as_object();
    *refund_params.values_mut() = action.cloned().unwrap_or_default();
    refund_params.values_mut().remove("refund_payment_config");
    let refund = refunds::create(ctx, &refund_params)?;
    let action = &mut reader["action"]["refund_payment"];
    action["refund"] = refund["id"].clone();
    action["amount"] = refund["amount"].clone();
    Ok(())
}
