//! Confirming: the card is charged, the card holder is asked first, or the card is refused.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::billing;
use crate::checkout;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::payment_methods::instrument::{self, Instrument};
use crate::payment_methods::operations as payment_methods;
use crate::payments::automatic_payment_methods;
use crate::payments::charge::{self, Payment};
use crate::payments::non_card;
use crate::payments::payment_intents::capture::captures_later;
use crate::payments::payment_intents::{INTENT, status, unexpected};
use crate::payments::settlement::Split;
use crate::scheduler::{ScheduledTask, schedule};

/// Ends the hold on an uncaptured payment.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExpireHold {
    pub(crate) intent: String,
}

impl ScheduledTask for ExpireHold {
    const KIND: &'static str = "hold_expires";

    fn run(self, ctx: &mut Ctx<'_>) -> Result<(), ApiError> {
        super::expire(ctx, &self.intent)
    }
}

/// How long a bank holds money that is not captured, in seconds.
pub(super) const HOLD: i64 = 7 * 86_400;

/// Intents whose card holder has authenticated, and that their owner has yet to confirm again.
const AUTHENTICATED: &str = "_authenticated";

#[derive(Debug, Serialize, Deserialize)]
struct Authenticated {
    payment_method: String,
}

/// Tries to be paid. A declined card leaves the intent waiting for another one.
pub(super) fn run(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    params: &Params,
) -> Result<Value, ApiError> {
    let Some(method) = intent["payment_method"].as_str().map(str::to_owned) else {
        let message = "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update \
                       the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a \
                       payment method or ConfirmationToken.";
        return Err(unexpected(&intent, "confirmed").with("message", message));
    };
    automatic_payment_methods::check_way_back(&intent, params, "PaymentIntent")
        .map_err(|error| error.with("payment_intent", intent.clone()))?;
    if let Some(method) = non_card::named(ctx, &method) {
        check_allowed(&intent, method["type"].as_str().unwrap_or_default())?;
        return non_card::confirm(ctx, intent, &method, params);
    }
    let instrument = instrument::resolve(ctx, &method, "payment_method")?;
    if instrument.present.is_some() {
        return charge_for(ctx, intent, instrument, true, false);
    }
    check_allowed(&intent, "card")?;
    intent["payment_method"] = instrument.id.as_str().into();
    let off_session = params.at("off_session").is_some_and(|it| *it != false);
    let authenticated = take_authenticated(ctx, &intent);
    let asks = instrument.card.asks(off_session, instrument.set_up) || asks_anyway(&intent);
    if asks && !off_session && !authenticated {
        return ask_for_action(ctx, intent, params);
    }
    charge_for(ctx, intent, instrument, authenticated, off_session)
}

/// Is the payment method one of those that the intent was made for? An intent that nobody told takes any.
fn check_allowed(intent: &Value, kind: &str) -> Result<(), ApiError> {
    let list = |name: &str| -> Option<Vec<&str>> {
        let all = intent[name].as_array()?;
        Some(all.iter().filter_map(Value::as_str).collect())
    };
    let allowed = list("allowed_payment_method_types");
    let named = allowed.as_ref().is_none_or(|kinds| kinds.contains(&kind));
    let excluded = list("excluded_payment_method_types").is_some_and(|kinds| kinds.contains(&kind));
    let stays = intent["automatic_payment_methods"]["allow_redirects"] != "never"
        || !non_card::sends_away(kind);
    if named && !excluded && stays {
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

/// `request_three_d_secure` of `any` or `challenge` asks the card holder whatever the card is.
fn asks_anyway(intent: &Value) -> bool {
    let wish = &intent["payment_method_options"]["card"]["request_three_d_secure"];
    matches!(wish.as_str(), Some("any" | "challenge"))
}

fn take_authenticated(ctx: &mut Ctx<'_>, intent: &Value) -> bool {
    let id = intent["id"].as_str().unwrap_or_default();
    let kept: Option<Authenticated> = ctx.world.typed(&ctx.scope, AUTHENTICATED, id);
    let scope = ctx.scope.clone();
    kept.is_some_and(|kept| {
        ctx.world.store.remove(&scope, AUTHENTICATED, id);
        intent["payment_method"] == kept.payment_method
    })
}

/// Charges for an intent whose card needs nothing more from its holder.
fn charge_for(
    ctx: &mut Ctx<'_>,
    intent: Value,
    instrument: Instrument,
    authenticated: bool,
    off_session: bool,
) -> Result<Value, ApiError> {
    let amount = intent["amount"].as_i64().unwrap_or(0);
    let kind = instrument
        .present
        .as_ref()
        .map_or("card", |_| "card_present");
    let manual = captures_later(&intent, kind);
    let payment = Payment {
        amount,
        currency: intent["currency"].as_str().unwrap_or_default().to_owned(),
        instrument,
        capture: !manual,
        authenticated,
        options: intent["payment_method_options"]["card"].clone(),
        off_session,
        split: Split::of_object(&intent),
        customer: intent["customer"].as_str().map(str::to_owned),
        intent: intent["id"].as_str().map(str::to_owned),
        said: intent.as_object().map(charge::said).unwrap_or_default(),
    };
    let charge = match charge::pay(ctx, &payment)? {
        Ok(charge) => charge,
        Err(refused) => return Err(decline(ctx, intent, refused)?),
    };
    keep_for_later(ctx, &intent, &payment.instrument)?;
    conclude(ctx, intent, &charge, manual)
}

/// Charges the card that was presented to a reader for an intent. Whoever holds it is there: nobody is asked anything.
pub(crate) fn pay_in_person(ctx: &mut Ctx<'_>, intent: Value) -> Result<Value, ApiError> {
    let method = intent["payment_method"].as_str().unwrap_or_default();
    let instrument = instrument::resolve(ctx, method, "payment_method")?;
    charge_for(ctx, intent, instrument, true, false)
}

/// The intent has its charge: it is paid, or its money is held.
pub(crate) fn conclude(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    charge: &Value,
    held: bool,
) -> Result<Value, ApiError> {
    let amount = intent["amount"].clone();
    intent["latest_charge"] = charge["id"].clone();
    intent["transfer_group"] = charge["transfer_group"].clone();
    intent["last_payment_error"] = Value::Null;
    intent["next_action"] = Value::Null;
    if held {
        intent["status"] = "requires_capture".into();
        intent["amount_capturable"] = amount;
        let intent = intent["id"].as_str().unwrap_or_default().to_owned();
        let at = ctx.now() + HOLD;
        schedule(ctx, None, at, &ExpireHold { intent })?;
    } else {
        intent["status"] = "succeeded".into();
        intent["amount_received"] = amount;
    }
    ctx.update(INTENT, &intent);
    let event = if held {
        "payment_intent.amount_capturable_updated"
    } else {
        "payment_intent.succeeded"
    };
    ctx.emit(event, &intent, None);
    if !held {
        billing::invoices::payments::on_payment_succeeded(ctx, &intent)?;
    }
    checkout::outcome::on_payment(ctx, &intent);
    Ok(intent)
}

/// With `setup_future_usage` the customer keeps the payment method.
fn keep_for_later(
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
        instrument::remember_set_up(ctx, &instrument.id);
    }
    let keeps = instrument.source.is_none() && instrument.present.is_none();
    if keeps && instrument.customer.is_none() {
        payment_methods::keep_with(ctx, &instrument.id, customer)?;
    }
    Ok(())
}

/// The card holder has answered the bank's question.
pub(crate) fn authenticate(ctx: &mut Ctx<'_>, id: &str, approved: bool) -> Result<Value, ApiError> {
    let mut intent = ctx.required(INTENT, id)?;
    if status(&intent) != "requires_action" {
        return Err(unexpected(&intent, "authenticated"));
    }
    let method = intent["payment_method"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if approved && intent["confirmation_method"] == "manual" {
        let (scope, now) = (ctx.scope.clone(), ctx.now());
        let kept = Authenticated {
            payment_method: method,
        };
        ctx.world.put_typed(&scope, AUTHENTICATED, id, &kept, now);
        intent["next_action"] = Value::Null;
        intent["status"] = "requires_confirmation".into();
        ctx.update(INTENT, &intent);
        return Ok(intent);
    }
    if let Some(method) = non_card::named(ctx, &method) {
        return non_card::answered(ctx, intent, &method, approved);
    }
    if approved {
        let instrument = instrument::resolve(ctx, &method, "payment_method")?;
        return charge_for(ctx, intent, instrument, true, false);
    }
    Ok(not_authenticated(ctx, intent))
}

/// The payer has refused, or could not show who they are.
pub(crate) fn not_authenticated(ctx: &mut Ctx<'_>, mut intent: Value) -> Value {
    let message = "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new \
                   PaymentMethod to attempt to fulfill this PaymentIntent again.";
    let error = ApiError::invalid_request(message).code("payment_intent_authentication_failure");
    back_to_payment_method(ctx, &mut intent, error);
    intent
}

/// The intent says why it was not paid, and waits for another payment method; so does the error that is given back.
pub(crate) fn back_to_payment_method(
    ctx: &mut Ctx<'_>,
    intent: &mut Value,
    error: ApiError,
) -> ApiError {
    const FIELDS: Waiting = Waiting {
        object_type: INTENT,
        error: "last_payment_error",
        event: "payment_intent.payment_failed",
    };
    FIELDS.wait(ctx, intent, error)
}

/// How an intent of either kind goes back to waiting for a payment method.
pub(crate) struct Waiting {
    pub(crate) object_type: &'static str,
    /// The field that says why.
    pub(crate) error: &'static str,
    pub(crate) event: &'static str,
}

impl Waiting {
    /// Writes it, keeps it, tells of it; the error with the payment method that failed.
    pub(crate) fn wait(
        &self,
        ctx: &mut Ctx<'_>,
        intent: &mut Value,
        mut error: ApiError,
    ) -> ApiError {
        let method = intent["payment_method"].as_str().unwrap_or_default();
        if let Some(method) = ctx.get("payment_method", method) {
            error = error.with("payment_method", method);
        }
        intent[self.error] = error.to_json()["error"].take();
        intent["next_action"] = Value::Null;
        intent["payment_method"] = Value::Null;
        intent["status"] = "requires_payment_method".into();
        ctx.update(self.object_type, intent);
        ctx.emit(self.event, intent, None);
        error
    }
}

/// The intent waits for the card holder, who is sent to a page.
pub(crate) fn ask_for_action(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    params: &Params,
) -> Result<Value, ApiError> {
    if params.bool("error_on_requires_action") == Some(true) {
        let error = ApiError::card(
            "authentication_required",
            "Your card was declined. This transaction requires authentication.",
        );
        let error = error.decline_code("authentication_required");
        let error = back_to_payment_method(ctx, &mut intent, error);
        return Err(error.with("payment_intent", intent).keeping_changes());
    }
    let id = intent["id"].as_str().unwrap_or_default();
    intent["next_action"] = next_action(ctx, id, params.text("return_url"));
    intent["status"] = "requires_action".into();
    ctx.update(INTENT, &intent);
    ctx.emit("payment_intent.requires_action", &intent, None);
    billing::invoices::payments::on_payment_failed(ctx, &intent)?;
    Ok(intent)
}

/// Where the card holder of an intent goes: by a redirect if there is a way back, or else in the page's own script.
pub(crate) fn next_action(ctx: &Ctx<'_>, intent: &str, return_url: Option<&str>) -> Value {
    let url = format!("{}/_tollway/authenticate/{intent}", ctx.request.base_url);
    match return_url {
        Some(return_url) => json!({
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": return_url, "url": url},
        }),
        None => json!({
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url},
        }),
    }
}

/// The card was refused.
fn decline(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    refused: charge::Refused,
) -> Result<ApiError, ApiError> {
    let mut error = refused.error;
    if error.get("decline_code") == Some("authentication_required") {
        error = error.code("authentication_required");
    }
    intent["latest_charge"] = refused.charge["id"].clone();
    let error = back_to_payment_method(ctx, &mut intent, error);
    billing::invoices::payments::on_payment_failed(ctx, &intent)?;
    Ok(error.with("payment_intent", intent))
}
