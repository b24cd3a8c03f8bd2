//! Payments by bank transfer: a PaymentIntent is paid from its customer's cash balance.
//!
//! An intent takes the available money at once and waits for a transfer of the rest. Money that arrives pays the intent that its
//! reference names, or else the oldest one that waits. See <https://docs.stripe.com/payments/customer-balance>.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::ledger::entries::{Holder, JournalEntry};
use crate::ledger::posting::post;
use crate::money::{Money, check_amount, parse_currency};
use crate::objects::status::PaymentIntentStatus;
use crate::objects::views::PaymentIntent;
use crate::params::Params;
use crate::payments::cash_balance::addresses::{country_of, financial_addresses, transfer_type};
use crate::payments::cash_balance::cash::{CashBalance, cash_balance_object, change_balance};
use crate::payments::intents::{PAYMENT_INTENT, action_page_url, unexpected_payment_status};
use crate::payments::non_card::non_card_charge::charge_intent;
use crate::registry::Registry;

/// The type of `next_action` that waits for a bank transfer.
pub(in crate::payments) const ACTION: &str = "display_bank_transfer_instructions";

pub(super) fn register(registry: &mut Registry) {
    registry.add("test_helpers.customers.fund_cash_balance", fund);
    registry.add(
        "payment_intents.apply_customer_balance",
        apply_customer_balance,
    );
}

/// `POST /v1/test_helpers/customers/{customer}/fund_cash_balance`: simulates a bank transfer from the customer.
fn fund(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params.path("customer").to_owned();
    ctx.required("customer", &customer)?;
    let amount = params.int("amount").unwrap_or(0);
    check_amount(amount, "amount")?;
    let currency = parse_currency(params.text("currency").unwrap_or_default(), "currency")?;
    let money = Money::new(amount, currency);
    receive_transfer(ctx, &customer, money, params.text("reference"))
}

/// Adds a transfer to the customer's cash balance, pays the intents that wait for it, and returns the cash balance transaction.
fn receive_transfer(
    ctx: &mut Ctx<'_>,
    customer: &str,
    money: Money,
    reference: Option<&str>,
) -> Result<Value, ApiError> {
    let (now, currency) = (ctx.now(), money.currency.as_str());
    let entry = JournalEntry::new(money.currency)
        .line(Holder::Banks, -money.amount, now)
        .line(Holder::Cash, money.amount, now);
    post(ctx, &entry)?;
    let kind = transfer_type(currency);
    let sender = match kind {
        "us_bank_transfer" => json!({"network": "ach", "sender_name": "Jenny Rosen"}),
        "eu_bank_transfer" => {
            json!({"bic": "TESTDEFFXXX", "iban_last4": "3000", "sender_name": "Jenny Rosen"})
        }
        "gb_bank_transfer" => json!({
            "account_number_last4": "2345", "sender_name": "Jenny Rosen", "sort_code": "108800",
        }),
        _ => json!({
            "sender_bank": "STRIPE TEST BANK", "sender_branch": "TEST", "sender_name": "Jenny Rosen",
        }),
    };
    let mut transfer = json!({"reference": reference, "type": kind});
    // The API description has no details of Mexican transfers.
    if kind != "mx_bank_transfer" {
        transfer[kind] = sender;
    }
    let details = json!({"funded": {"bank_transfer": transfer}});
    let transaction = change_balance(ctx, customer, money.amount, currency, "funded", &details)?;
    if !CashBalance::load(ctx, customer)?.is_reconciled_manually() {
        for intent in waiting_intents(ctx, customer, currency, reference) {
            apply_balance(ctx, intent, None)?;
        }
    }
    if CashBalance::load(ctx, customer)?.amount(currency) > 0 {
        let balance = cash_balance_object(ctx, customer)?;
        ctx.emit("cash_balance.funds_available", &balance, None);
    }
    Ok(transaction)
}

/// The intents of a customer that wait for money: the one with this reference, or else all of them, oldest first.
fn waiting_intents(
    ctx: &Ctx<'_>,
    customer: &str,
    currency: &str,
    reference: Option<&str>,
) -> Vec<Value> {
    let intents = ctx.all_with(PAYMENT_INTENT, "customer", customer);
    let intents = intents.into_iter().rev();
    let mut waiting: Vec<Value> = intents
        .filter(|intent| intent["next_action"]["type"] == ACTION && intent["currency"] == currency)
        .collect();
    let is_referenced = |intent: &Value| {
        reference.is_some_and(|reference| intent["next_action"][ACTION]["reference"] == reference)
    };
    if waiting.iter().any(is_referenced) {
        waiting.retain(is_referenced);
    }
    waiting
}

/// Confirms an intent with a payment method of type `customer_balance`.
pub(super) fn confirm(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    method: &Value,
) -> Result<Value, ApiError> {
    let Some(customer) = intent["customer"].as_str().map(str::to_owned) else {
        let message =
            "A payment with customer_balance needs a customer, whose money it is: pass customer.";
        return Err(ApiError::invalid_param("customer", message).code("parameter_missing"));
    };
    let Money { amount, currency } = PaymentIntent::new(&intent).money()?;
    let currency = currency.as_str();
    let options = &intent["payment_method_options"]["customer_balance"];
    let balance = CashBalance::load(ctx, &customer)?;
    let available = balance.amount(currency);
    if available < amount && options["funding_type"] != "bank_transfer" {
        let message = format!(
            "The customer's balance of {available} {currency} does not cover the payment: pass \
             payment_method_options[customer_balance][funding_type]=bank_transfer to have the rest sent."
        );
        let param = "payment_method_options[customer_balance][funding_type]";
        return Err(ApiError::invalid_param(param, message).code("parameter_missing"));
    }
    let kind = options["bank_transfer"]["type"]
        .as_str()
        .unwrap_or(transfer_type(currency));
    let country = options["bank_transfer"]["eu_bank_transfer"]["country"].as_str();
    let country = country.unwrap_or(country_of(kind));
    let id = intent["id"].as_str().unwrap_or_default();
    let page = action_page_url(ctx, id);
    let reference = ctx.world.random.alphanumeric(10).to_ascii_uppercase();
    intent["next_action"] = json!({
        "type": ACTION,
        ACTION: {
            "amount_remaining": amount,
            "currency": currency,
            "financial_addresses": financial_addresses(kind, country, &customer),
            "hosted_instructions_url": page,
            "reference": reference,
            "type": kind,
        },
    });
    intent["payment_method"] = method["id"].clone();
    intent["last_payment_error"] = Value::Null;
    PaymentIntentStatus::RequiresAction.set(&mut intent)?;
    ctx.update(PAYMENT_INTENT, &intent);
    if available >= amount || (available > 0 && !balance.is_reconciled_manually()) {
        intent = apply_balance(ctx, intent, None)?;
    }
    if PaymentIntentStatus::of(&intent)? == PaymentIntentStatus::RequiresAction {
        ctx.emit("payment_intent.requires_action", &intent, None);
    }
    Ok(intent)
}

/// Applies the customer's cash balance, or at most `amount` of it, to an intent that waits.
fn apply_balance(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    amount: Option<i64>,
) -> Result<Value, ApiError> {
    let view = PaymentIntent::new(&intent);
    let (customer, currency) = (view.customer().unwrap_or_default(), view.currency()?);
    let remaining = remaining_amount(&intent)?;
    let applied = CashBalance::load(ctx, customer)?
        .amount(currency.as_str())
        .min(remaining)
        .min(amount.unwrap_or(remaining));
    if applied < 1 {
        return Ok(intent);
    }
    let details = json!({"applied_to_payment": {"payment_intent": view.id()?}});
    change_balance(
        ctx,
        customer,
        -applied,
        currency.as_str(),
        "applied_to_payment",
        &details,
    )?;
    intent["next_action"][ACTION]["amount_remaining"] = (remaining - applied).into();
    if applied < remaining {
        ctx.update(PAYMENT_INTENT, &intent);
        ctx.emit("payment_intent.partially_funded", &intent, None);
        return Ok(intent);
    }
    let method = intent["payment_method"].as_str().unwrap_or_default();
    let method = ctx.required("payment_method", method)?;
    charge_intent(ctx, intent, &method)
}

/// `POST /v1/payment_intents/{intent}/apply_customer_balance`.
fn apply_customer_balance(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = ctx.required(PAYMENT_INTENT, params.path("intent"))?;
    if intent["next_action"]["type"] != ACTION {
        return Err(unexpected_payment_status(
            &intent,
            "paid from the customer's balance",
        ));
    }
    let amount = params.int("amount");
    if amount.is_some_and(|amount| amount < 1) {
        let message = "This value must be greater than or equal to 1.";
        return Err(ApiError::invalid_param("amount", message).code("parameter_invalid_integer"));
    }
    if let Some(currency) = params.text("currency")
        && !intent["currency"]
            .as_str()
            .is_some_and(|own| own.eq_ignore_ascii_case(currency))
    {
        let message = format!(
            "The PaymentIntent is in {}, not in {currency}.",
            intent["currency"]
        );
        return Err(ApiError::invalid_param("currency", message));
    }
    apply_balance(ctx, intent, amount)
}

/// Simulates a bank transfer of the amount that the intent still waits for.
pub(super) fn send_remaining_amount(ctx: &mut Ctx<'_>, intent: &Value) -> Result<Value, ApiError> {
    let view = PaymentIntent::new(intent);
    let money = Money::new(remaining_amount(intent)?, view.currency()?);
    let customer = view.customer().unwrap_or_default();
    let reference = intent["next_action"][ACTION]["reference"].as_str();
    receive_transfer(ctx, customer, money, Some(reference.unwrap_or_default()))?;
    let intent = ctx.required(PAYMENT_INTENT, view.id()?)?;
    if intent["next_action"]["type"] == ACTION {
        return apply_balance(ctx, intent, None);
    }
    Ok(intent)
}

/// The amount that an intent still waits for.
fn remaining_amount(intent: &Value) -> Result<i64, ApiError> {
    intent["next_action"][ACTION]["amount_remaining"]
        .as_i64()
        .ok_or_else(|| {
            let id = &intent["id"];
            ApiError::internal(format!(
                "The stored payment_intent {id} waits for a bank transfer but has no 'amount_remaining'."
            ))
        })
}

/// Returns the money that was applied to a canceled intent to the customer's cash balance.
pub(in crate::payments) fn return_applied_balance(
    ctx: &mut Ctx<'_>,
    intent: &Value,
) -> Result<(), ApiError> {
    if intent["next_action"]["type"] != ACTION {
        return Ok(());
    }
    let view = PaymentIntent::new(intent);
    let Some(customer) = view.customer() else {
        return Ok(());
    };
    let applied = view.amount()? - remaining_amount(intent)?;
    if applied > 0 {
        let currency = view.currency()?;
        let details = json!({"unapplied_from_payment": {"payment_intent": intent["id"]}});
        change_balance(
            ctx,
            customer,
            applied,
            currency.as_str(),
            "unapplied_from_payment",
            &details,
        )?;
    }
    Ok(())
}
