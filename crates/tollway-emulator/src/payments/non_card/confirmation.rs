//! Confirms a PaymentIntent with a payment method that is not a card, and applies the payer's decision on the page.

use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::objects::status::PaymentIntentStatus;
use crate::params::Params;
use crate::payment_methods::method_types::{self, PaymentFlow};
use crate::payments::intents::{PAYMENT_INTENT, is_captured_manually};
use crate::payments::non_card::bank_transfers;
use crate::payments::non_card::debits;
use crate::payments::non_card::mandates;
use crate::payments::non_card::microdeposits;
use crate::payments::non_card::non_card_charge::charge_intent;
use crate::payments::non_card::vouchers;
use crate::payments::payment_attempt::{fail_attempt, fail_authentication, require_action};

/// Confirms the intent with the payment method `method`.
pub(in crate::payments) fn confirm(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    method: &Value,
    params: &Params,
) -> Result<Value, ApiError> {
    let kind = method["type"].as_str().unwrap_or_default();
    let Some(method_type) = method_types::find_method_type(kind) else {
        let message = format!(
            "The emulator does not know how payments by '{kind}' go. It knows cards, {}.",
            method_types::method_type_names()
        );
        return Err(ApiError::invalid_param("payment_method", message));
    };
    if let Some(currency) = method_type
        .currency
        .filter(|currency| intent["currency"] != *currency)
    {
        let message = format!(
            "The currency provided ({}) is invalid. Payments with {kind} support the following currencies: {currency}.",
            intent["currency"].as_str().unwrap_or_default()
        );
        return Err(ApiError::invalid_param("currency", message));
    }
    check_manual_capture(&intent, kind)?;
    intent["payment_method"] = method["id"].clone();
    mandates::create_for_payment(ctx, &intent, method, params)?;
    match method_type.flow {
        PaymentFlow::Redirect => require_action(ctx, intent, params),
        PaymentFlow::Voucher { days } => {
            vouchers::create_voucher(ctx, intent, method, days, params)
        }
        PaymentFlow::BankTransfer => bank_transfers::confirm(ctx, intent, method),
        PaymentFlow::Debit { .. } if microdeposits::are_required(ctx, &intent, method)? => {
            PaymentIntentStatus::RequiresAction.set(&mut intent)?;
            let intent = microdeposits::send_deposits(ctx, intent, PAYMENT_INTENT);
            ctx.emit("payment_intent.requires_action", &intent, None);
            Ok(intent)
        }
        PaymentFlow::Debit { days } => debits::start_debit(ctx, intent, method, days),
    }
}

/// Rejects `capture_method=manual` for types of payment methods that do not support it.
pub(in crate::payments) fn check_manual_capture(
    intent: &Value,
    kind: &str,
) -> Result<(), ApiError> {
    if method_types::supports_manual_capture(kind) || !is_captured_manually(intent, kind) {
        return Ok(());
    }
    let message = format!(
        "Payments with {kind} cannot be captured later: use capture_method=automatic_async or automatic, or another payment \
         method."
    );
    Err(ApiError::invalid_param("capture_method", message))
}

/// Applies the payer's decision on the page of the intent.
pub(in crate::payments) fn apply_decision(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    method: &Value,
    approved: bool,
) -> Result<Value, ApiError> {
    match intent["next_action"]["type"].as_str() {
        Some(microdeposits::ACTION) if approved => debits::verify(ctx, intent),
        Some(microdeposits::ACTION) => {
            fail_attempt(ctx, &mut intent, microdeposits::verification_failure())?;
            Ok(intent)
        }
        Some(bank_transfers::ACTION) if approved => {
            bank_transfers::send_remaining_amount(ctx, &intent)
        }
        Some(action) if !approved && vouchers::is_voucher(action) => {
            vouchers::expire_voucher(ctx, intent)
        }
        _ if approved => charge_intent(ctx, intent, method),
        _ => fail_authentication(ctx, intent),
    }
}
