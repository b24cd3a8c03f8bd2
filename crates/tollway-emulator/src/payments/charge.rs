//! Charging a card: the one place that makes `charge` objects, for charges and payment intents alike.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::currency;
use crate::disputes;
use crate::error::ApiError;
use crate::params::Params;
use crate::payment_methods::cards::{self, Decline};
use crate::payment_methods::instrument::Instrument;
use crate::payments::capability_checks;
use crate::payments::settlement::{self, Split};
use crate::payments::statement_descriptors;

/// A payment to be made in the context's scope.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) instrument: Instrument,
    /// Take the money now, or only hold it.
    pub(crate) capture: bool,
    /// The card holder has authenticated already.
    pub(crate) authenticated: bool,
    /// `payment_method_options[card]` of the intent.
    pub(crate) options: Value,
    /// The card holder is not there.
    pub(crate) off_session: bool,
    pub(crate) split: Split,
    pub(crate) customer: Option<String>,
    pub(crate) intent: Option<String>,
    /// Members that the charge takes over as they are.
    pub(crate) said: Map<String, Value>,
}

/// What a charge takes over from the request or the payment intent.
const SAID: &[&str] = &[
    "description",
    "metadata",
    "on_behalf_of",
    "receipt_email",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
];

/// The members of `values` that a charge takes over.
pub(crate) fn said(values: &Map<String, Value>) -> Map<String, Value> {
    let kept = values
        .iter()
        .filter(|(name, value)| SAID.contains(&name.as_str()) && !value.is_null());
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// A payment that did not go through: the failed charge, and the error that says why.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) charge: Value,
    pub(crate) error: ApiError,
}

/// Charges the card. A refused payment leaves a failed charge behind.
pub(crate) fn pay(
    ctx: &mut Ctx<'_>,
    payment: &Payment,
) -> Result<Result<Value, Refused>, ApiError> {
    settlement::check(ctx, &payment.split, payment.amount)?;
    settlement::check_on_behalf_of(ctx, payment.said.get("on_behalf_of"))?;
    capability_checks::check_charges(ctx, payment.said.get("on_behalf_of"))?;
    let mut charge = new_charge(ctx, payment);
    if let Some(decline) = decline_of(payment) {
        fail(&mut charge, &decline);
        ctx.insert("charge", &charge);
        ctx.emit("charge.failed", &charge, None);
        let error = declined(&decline, &charge);
        return Ok(Err(Refused { charge, error }));
    }
    charge["paid"] = true.into();
    charge["status"] = "succeeded".into();
    ctx.insert("charge", &charge);
    if payment.capture {
        settlement::settle(ctx, &mut charge, payment.amount, &payment.split)?;
        ctx.update("charge", &charge);
    }
    ctx.emit("charge.succeeded", &charge, None);
    disputes::expect(ctx, &charge, payment.instrument.card)?;
    Ok(Ok(charge))
}

/// The most that can be captured of a charge: what is held, or more where that was agreed on.
pub(crate) fn most_capturable(charge: &Value) -> i64 {
    let captured = charge["amount_captured"].as_i64().unwrap_or(0);
    let agreed = &charge["payment_method_details"]["card"]["overcapture"];
    let held = charge["amount"].as_i64().unwrap_or(0);
    let most = agreed["maximum_amount_capturable"].as_i64();
    most.unwrap_or(held).max(held) - captured
}

/// Writes down how much may be captured of an authorization of `amount`: a fifth more, if that was asked for.
pub(crate) fn offer_overcapture(charge: &mut Value, amount: i64, asked: bool) {
    let most = if asked { amount + amount / 5 } else { amount };
    charge["payment_method_details"]["card"]["overcapture"] = json!({
        "maximum_amount_capturable": most, "status": if asked { "available" } else { "unavailable" },
    });
}

/// Takes the money that a charge has held: `amount`, or all of it. What is left goes back to the card holder, unless more is to be
/// taken: then this is not the `last` time.
pub(crate) fn capture(
    ctx: &mut Ctx<'_>,
    charge: &mut Value,
    amount: Option<i64>,
    split: &Split,
    last: bool,
) -> Result<(), ApiError> {
    let held = charge["amount"].as_i64().unwrap_or(0);
    let most = most_capturable(charge);
    let amount = amount.unwrap_or(held);
    if charge["captured"] == true {
        let id = charge["id"].as_str().unwrap_or_default();
        return Err(
            ApiError::invalid_request(format!("Charge {id} has already been captured."))
                .code("charge_already_captured"),
        );
    }
    if charge["status"] != "succeeded" || charge["refunded"] == true {
        let id = charge["id"].as_str().unwrap_or_default();
        return Err(ApiError::invalid_request(format!(
            "Charge {id} cannot be captured: it holds no money."
        )));
    }
    if amount > most {
        let message =
            format!("You cannot capture more than the amount that was authorized ({most}).");
        return Err(ApiError::invalid_param("amount", message).code("amount_too_large"));
    }
    settlement::check(ctx, split, amount)?;
    settlement::settle(ctx, charge, amount, split)?;
    if last {
        close(ctx, charge);
    } else {
        charge["captured"] = false.into();
        ctx.update("charge", charge);
        ctx.emit("charge.updated", charge, None);
    }
    Ok(())
}

/// Nothing more will be captured: what is left is the card holder's again.
pub(crate) fn close(ctx: &mut Ctx<'_>, charge: &mut Value) {
    let number = |name: &str| charge[name].as_i64().unwrap_or(0);
    let left = number("amount") - number("amount_captured");
    charge["amount_refunded"] = left.max(0).into();
    charge["captured"] = true.into();
    ctx.update("charge", charge);
    ctx.emit("charge.captured", charge, None);
}

/// Why the payment is refused. A card that has to be authenticated and was not is refused for that.
fn decline_of(payment: &Payment) -> Option<Decline> {
    let Instrument { card, set_up, .. } = &payment.instrument;
    if !payment.authenticated && card.asks(payment.off_session, *set_up) {
        return Some(cards::UNAUTHENTICATED);
    }
    card.decline()
}

/// The 402 of a declined card.
fn declined(decline: &Decline, charge: &Value) -> ApiError {
    refusal(decline)
        .with("charge", charge["id"].clone())
        .keeping_changes()
}

/// What a declined card is refused with: code, decline code, advice.
pub(crate) fn refusal(decline: &Decline) -> ApiError {
    let mut error = ApiError::card(decline.code, decline.message);
    if let Some(reason) = decline.reason {
        error = error.decline_code(reason);
    }
    if let Some(param) = decline.param {
        error = error.param(param);
    }
    if let Some(advice) = decline.advice {
        error = error.with("advice_code", advice);
    }
    if let Some(network) = decline.network {
        error = error.with("network_decline_code", network);
    }
    error
}

fn fail(charge: &mut Value, decline: &Decline) {
    charge["paid"] = false.into();
    charge["captured"] = false.into();
    charge["amount_captured"] = 0.into();
    charge["status"] = "failed".into();
    charge["failure_code"] = decline.code.into();
    charge["failure_message"] = decline.message.into();
    charge["outcome"]["network_status"] = if decline.blocked {
        "not_sent_to_network"
    } else {
        "declined_by_network"
    }
    .into();
    charge["outcome"]["reason"] = if decline.blocked {
        "highest_risk_level"
    } else {
        decline.reason.unwrap_or(decline.code)
    }
    .into();
    charge["outcome"]["type"] = if decline.blocked {
        "blocked"
    } else {
        "issuer_declined"
    }
    .into();
    charge["outcome"]["advice_code"] = decline.advice.into();
    charge["outcome"]["network_decline_code"] = decline.network.into();
    charge["outcome"]["seller_message"] = if decline.blocked {
        "Stripe blocked this payment as too risky."
    } else {
        "The bank declined the payment."
    }
    .into();
    charge["receipt_url"] = Value::Null;
}

fn risk_score(level: &str) -> i64 {
    match level {
        "highest" => 90,
        "elevated" => 70,
        _ => 20,
    }
}

/// What a new charge says, whatever it is paid with.
pub(crate) struct Base<'a> {
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    pub(crate) billing_details: &'a Value,
    pub(crate) customer: Option<&'a str>,
    pub(crate) intent: Option<&'a str>,
    /// The payment method or card, by id.
    pub(crate) method: &'a str,
    /// `payment_method_details`.
    pub(crate) details: Value,
    /// `normal`, `elevated` or `highest`.
    pub(crate) risk: &'a str,
    /// The card object, when it was named as a `source`.
    pub(crate) source: Option<&'a Value>,
    pub(crate) split: &'a Split,
    pub(crate) said: &'a Map<String, Value>,
}

fn new_charge(ctx: &mut Ctx<'_>, payment: &Payment) -> Value {
    let instrument = &payment.instrument;
    let base = Base {
        amount: payment.amount,
        currency: &payment.currency,
        billing_details: &instrument.billing_details,
        customer: payment
            .customer
            .as_deref()
            .or(instrument.customer.as_deref()),
        intent: payment.intent.as_deref(),
        method: &instrument.id,
        details: payment_method_details(payment),
        risk: instrument.card.risk,
        source: instrument.source.as_ref(),
        split: &payment.split,
        said: &payment.said,
    };
    blank(ctx, &base)
}

/// A charge that nothing came of yet. It is not kept.
pub(crate) fn blank(ctx: &mut Ctx<'_>, base: &Base<'_>) -> Value {
    let mut charge = Value::Object(ctx.blank("charge"));
    let id = charge["id"].as_str().unwrap_or_default().to_owned();
    let application = settlement::application(ctx);
    let descriptor = statement_descriptors::calculated(ctx, base.said);
    let members = json!({
        "amount": base.amount,
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": application,
        "application_fee": null,
        "application_fee_amount": base.split.application_fee_amount,
        "balance_transaction": null,
        "billing_details": base.billing_details,
        "calculated_statement_descriptor": descriptor,
        "captured": false,
        "created": ctx.now(),
        "currency": base.currency,
        "customer": base.customer,
        "description": null,
        "disputed": false,
        "failure_balance_transaction": null,
        "failure_code": null,
        "failure_message": null,
        "fraud_details": {},
        "metadata": {},
        "on_behalf_of": null,
        "outcome": {
            "advice_code": null, "network_advice_code": null, "network_decline_code": null,
            "network_status": "approved_by_network", "reason": null, "risk_level": base.risk,
            "risk_score": risk_score(base.risk),
            "seller_message": "Payment complete.", "type": "authorized",
        },
        "paid": false,
        "payment_intent": base.intent,
        "payment_method": base.method,
        "payment_method_details": base.details,
        "receipt_email": null,
        "receipt_number": null,
        "receipt_url": format!("{}/_tollway/receipts/{id}", ctx.request.base_url),
        "refunded": false,
        "review": null,
        "shipping": null,
        "source": base.source,
        "source_transfer": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "transfer_data": base.split.transfer_data(),
        "transfer_group": null,
    });
    if let (Value::Object(charge), Value::Object(members)) = (&mut charge, members) {
        charge.extend(members);
        charge.extend(base.said.clone());
        // Members that Stripe sends only where they apply.
        for name in [
            "destination",
            "level3",
            "transfer",
            "authorization_code",
            "presentment_details",
            "radar_options",
            "refunds",
        ] {
            charge.remove(name);
        }
    }
    charge
}

fn payment_method_details(payment: &Payment) -> Value {
    let Instrument {
        card,
        exp_month,
        exp_year,
        ..
    } = &payment.instrument;
    if let Some(present) = &payment.instrument.present {
        let mut present = present.clone();
        present["amount_authorized"] = payment.amount.into();
        return json!({"type": "card_present", "card_present": present});
    }
    let offered = |wish: &str| {
        if payment.options[wish] == "if_available" {
            "available"
        } else {
            "unavailable"
        }
    };
    let overcapture = offered("request_overcapture");
    let three_d_secure = payment.authenticated.then(|| {
        json!({
            "authentication_flow": "challenge", "electronic_commerce_indicator": "05", "exemption_indicator": null,
            "result": "authenticated", "result_reason": null, "transaction_id": null, "version": "2.2.0",
        })
    });
    json!({
        "type": "card",
        "card": {
            "amount_authorized": payment.amount,
            "authorization_code": null,
            "brand": card.brand,
            "checks": card.checks(),
            "country": card.country,
            "electronic_commerce_indicator": null,
            "exp_month": exp_month,
            "exp_year": exp_year,
            "extended_authorization": {"status": "disabled"},
            "fingerprint": card.fingerprint(),
            "funding": card.funding,
            "incremental_authorization": {"status": offered("request_incremental_authorization")},
            "installments": null,
            "last4": card.last4(),
            "mandate": null,
            "multicapture": {"status": offered("request_multicapture")},
            "network": card.brand,
            "network_token": {"used": false},
            "network_transaction_id": null,
            "overcapture": {
                "maximum_amount_capturable": if overcapture == "available" { payment.amount + payment.amount / 5 } else { payment.amount },
                "status": overcapture,
            },
            "regulated_status": "unregulated",
            "three_d_secure": three_d_secure,
            "transaction_link_id": null,
            "wallet": null,
        },
    })
}

/// `amount` and `currency` of a request, such that a card can be charged with them.
pub(crate) fn chargeable(params: &Params) -> Result<(i64, String), ApiError> {
    let (amount, currency) = amount_and_currency(params)?;
    currency::check_amount(amount, &currency, "amount")?;
    Ok((amount, currency))
}

/// `amount` and `currency` of a request, within Stripe's bounds.
pub(crate) fn amount_and_currency(params: &Params) -> Result<(i64, String), ApiError> {
    let amount = params
        .int("amount")
        .ok_or_else(|| ApiError::missing_parameter("amount"))?;
    let currency = currency_of(params)?;
    check_amount(amount, "amount")?;
    Ok((amount, currency))
}

/// `currency` of a request.
pub(crate) fn currency_of(params: &Params) -> Result<String, ApiError> {
    let currency = params
        .text("currency")
        .ok_or_else(|| ApiError::missing_parameter("currency"))?
        .to_ascii_lowercase();
    currency::check(&currency, "currency")?;
    Ok(currency)
}

/// Is `amount` something a card can be charged with?
pub(crate) fn check_amount(amount: i64, param: &str) -> Result<(), ApiError> {
    if amount < 1 {
        let message = "This value must be greater than or equal to 1.";
        return Err(ApiError::invalid_param(param, message).code("parameter_invalid_integer"));
    }
    if amount > 99_999_999 {
        let message = "Amount must be no more than 99999999 (eight digits).";
        return Err(ApiError::invalid_param(param, message).code("amount_too_large"));
    }
    Ok(())
}
