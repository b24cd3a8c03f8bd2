//! Card payments: creates the charge of a payment, settles it, and captures it later.

use serde_json::{Map, Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::money::Money;
use crate::objects::status::ChargeStatus;
use crate::objects::views::Charge;
use crate::payment_methods::cards::{self, Decline};
use crate::payment_methods::instrument::Instrument;
use crate::payments::capability_checks;
use crate::payments::charge_object::{self, NewCharge};
use crate::payments::notifications::ChargeSuccess;
use crate::payments::settlement;
use crate::payments::split::{self, Split};

/// The part of an authorized amount that over-capture adds: a fifth (20 %).
const OVERCAPTURE_DIVISOR: i64 = 5;

/// A card payment in the context's scope.
#[derive(Debug, Clone)]
pub(super) struct CardPayment {
    pub(super) money: Money,
    pub(super) instrument: Instrument,
    /// Capture the money now, or only authorize it.
    pub(super) capture: bool,
    /// The card holder has authenticated.
    pub(super) authenticated: bool,
    /// `payment_method_options[card]` of the intent.
    pub(super) options: Value,
    /// The card holder is not present.
    pub(super) off_session: bool,
    pub(super) split: Split,
    pub(super) customer: Option<String>,
    /// The id of the PaymentIntent.
    pub(super) intent: Option<String>,
    /// The members that the charge copies.
    pub(super) copied_fields: Map<String, Value>,
}

/// The result of a card payment.
#[derive(Debug)]
pub(super) enum PaymentOutcome {
    /// The charge, captured or authorized.
    Succeeded(Value),
    Declined(DeclinedPayment),
}

/// A declined payment: the failed charge, and the error to respond with.
#[derive(Debug)]
pub(super) struct DeclinedPayment {
    pub(super) charge: Value,
    pub(super) error: ApiError,
}

/// Charges the card. A declined payment stores a failed charge.
pub(super) fn pay(ctx: &mut Ctx<'_>, payment: &CardPayment) -> Result<PaymentOutcome, ApiError> {
    let on_behalf_of = payment.copied_fields.get("on_behalf_of");
    split::check(ctx, &payment.split, payment.money.amount)?;
    split::check_on_behalf_of(ctx, on_behalf_of)?;
    capability_checks::check_charges(ctx, on_behalf_of)?;
    let mut charge = new_card_charge(ctx, payment);
    if let Some(decline) = decline_of(payment) {
        charge_object::write_decline(&mut charge, &decline)?;
        ctx.insert("charge", &charge);
        ctx.emit("charge.failed", &charge, None);
        let error = decline
            .to_error()
            .with("charge", charge["id"].clone())
            .keeping_changes();
        return Ok(PaymentOutcome::Declined(DeclinedPayment { charge, error }));
    }
    charge["paid"] = true.into();
    ChargeStatus::Succeeded.set(&mut charge)?;
    ctx.insert("charge", &charge);
    if payment.capture {
        settlement::settle(ctx, &mut charge, payment.money.amount, &payment.split)?;
        ctx.update("charge", &charge);
    }
    ctx.emit("charge.succeeded", &charge, None);
    let charge = ChargeSuccess::notify(ctx, charge)?;
    Ok(PaymentOutcome::Succeeded(charge))
}

/// The largest amount that can still be captured: the rest of the authorized amount, or more with over-capture.
pub(super) fn capturable_amount(charge: &Value) -> Result<i64, ApiError> {
    let view = Charge::new(charge);
    let authorized = view.amount()?;
    let overcapture = &charge["payment_method_details"]["card"]["overcapture"];
    let maximum = overcapture["maximum_amount_capturable"].as_i64();
    Ok(maximum.unwrap_or(authorized).max(authorized) - view.amount_captured()?)
}

/// Changes the authorized amount of a charge; `overcapture` is whether its intent requested over-capture.
pub(super) fn change_authorized_amount(charge: &mut Value, amount: i64, overcapture: bool) {
    charge["amount"] = amount.into();
    charge["payment_method_details"]["card"]["amount_authorized"] = amount.into();
    charge["payment_method_details"]["card"]["overcapture"] =
        overcapture_details(amount, overcapture);
}

/// `payment_method_details[card][overcapture]` for an authorization of `amount`.
fn overcapture_details(amount: i64, requested: bool) -> Value {
    if requested {
        let maximum = amount + amount / OVERCAPTURE_DIVISOR;
        json!({"maximum_amount_capturable": maximum, "status": "available"})
    } else {
        json!({"maximum_amount_capturable": amount, "status": "unavailable"})
    }
}

/// Captures `amount` of an authorized charge, or all of it. A `final_capture` returns the rest to the card holder.
pub(super) fn capture(
    ctx: &mut Ctx<'_>,
    charge: &mut Value,
    amount: Option<i64>,
    split: &Split,
    final_capture: bool,
) -> Result<(), ApiError> {
    let most = capturable_amount(charge)?;
    let amount = match amount {
        Some(amount) => amount,
        None => Charge::new(charge).amount()?,
    };
    if charge["captured"] == true {
        let id = charge["id"].as_str().unwrap_or_default();
        return Err(
            ApiError::invalid_request(format!("Charge {id} has already been captured."))
                .code("charge_already_captured"),
        );
    }
    if ChargeStatus::of(charge)? != ChargeStatus::Succeeded || charge["refunded"] == true {
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
    split::check(ctx, split, amount)?;
    settlement::settle(ctx, charge, amount, split)?;
    if final_capture {
        finish_capture(ctx, charge)?;
    } else {
        charge["captured"] = false.into();
        ctx.update("charge", charge);
        ctx.emit("charge.updated", charge, None);
    }
    Ok(())
}

/// Ends the captures of a charge: the money that was not captured returns to the card holder.
pub(super) fn finish_capture(ctx: &mut Ctx<'_>, charge: &mut Value) -> Result<(), ApiError> {
    let view = Charge::new(charge);
    let uncaptured = view.amount()? - view.amount_captured()?;
    charge["amount_refunded"] = uncaptured.max(0).into();
    charge["captured"] = true.into();
    ctx.update("charge", charge);
    ctx.emit("charge.captured", charge, None);
    Ok(())
}

/// Why the payment is declined. A card that requires authentication is declined without it.
fn decline_of(payment: &CardPayment) -> Option<Decline> {
    let Instrument { card, set_up, .. } = &payment.instrument;
    if !payment.authenticated && card.requires_authentication(payment.off_session, *set_up) {
        return Some(cards::UNAUTHENTICATED);
    }
    card.decline()
}

/// Builds the charge of a card payment. It is not stored.
fn new_card_charge(ctx: &mut Ctx<'_>, payment: &CardPayment) -> Value {
    let instrument = &payment.instrument;
    let new = NewCharge {
        money: payment.money,
        billing_details: &instrument.billing_details,
        customer: payment
            .customer
            .as_deref()
            .or(instrument.customer.as_deref()),
        intent: payment.intent.as_deref(),
        method: &instrument.id,
        details: card_details(payment),
        risk: instrument.card.risk,
        source: instrument.source.as_ref(),
        split: &payment.split,
        copied_fields: &payment.copied_fields,
    };
    charge_object::build(ctx, &new)
}

/// `payment_method_details` of a card payment.
fn card_details(payment: &CardPayment) -> Value {
    let Instrument {
        card,
        exp_month,
        exp_year,
        ..
    } = &payment.instrument;
    if let Some(present) = &payment.instrument.present {
        let mut present = present.clone();
        present["amount_authorized"] = payment.money.amount.into();
        return json!({"type": "card_present", "card_present": present});
    }
    let availability = |option: &str| {
        if payment.options[option] == "if_available" {
            "available"
        } else {
            "unavailable"
        }
    };
    let overcapture = overcapture_details(
        payment.money.amount,
        payment.options["request_overcapture"] == "if_available",
    );
    let three_d_secure = payment.authenticated.then(|| {
        json!({
            "authentication_flow": "challenge", "electronic_commerce_indicator": "05", "exemption_indicator": null,
            "result": "authenticated", "result_reason": null, "transaction_id": null, "version": "2.2.0",
        })
    });
    json!({
        "type": "card",
        "card": {
            "amount_authorized": payment.money.amount,
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
            "incremental_authorization": {"status": availability("request_incremental_authorization")},
            "installments": null,
            "last4": card.last4(),
            "mandate": null,
            "multicapture": {"status": availability("request_multicapture")},
            "network": card.brand,
            "network_token": {"used": false},
            "network_transaction_id": null,
            "overcapture": overcapture,
            "regulated_status": "unregulated",
            "three_d_secure": three_d_secure,
            "transaction_link_id": null,
            "wallet": null,
        },
    })
}
