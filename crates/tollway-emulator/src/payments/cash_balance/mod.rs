//! Cash balances: money that a customer has sent by bank transfer, kept for them until it pays for something.
//!
//! ```text
//! fund_cash_balance ─▶ funded ─▶ applied_to_payment (by itself, or by apply_customer_balance) ─▶ the intent succeeds
//!                                      ▲ refunds: refunded_from_payment
//! ```
//!
//! A payment by `customer_balance` takes what the customer has at once, and waits for a transfer of the rest; when money comes it
//! goes to the intent that its reference names, or else to the oldest one that waits. See
//! <https://docs.stripe.com/payments/customer-balance>.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

mod addresses;

use self::addresses::{addresses, country_of, transfer_type};
use crate::ctx::Ctx;
use crate::currency;
use crate::error::ApiError;
use crate::ledger::entries::{Holder, Journal};
use crate::ledger::posting::post;
use crate::params::Params;
use crate::payments::account_debits;
use crate::payments::charge::check_amount;
use crate::payments::non_card;
use crate::payments::payment_intents::{self, INTENT};
use crate::registry::Registry;

const TRANSACTION: &str = "customer_cash_balance_transaction";
const CASH: &str = "_cash_balance";
const WAITS: &str = "display_bank_transfer_instructions";

pub(crate) fn register(registry: &mut Registry) {
    registry.add("customers.cash_balance.retrieve", retrieve);
    registry.add("customers.cash_balance.update", update);
    registry.add(
        "customers.funding_instructions.create",
        addresses::instructions,
    );
    registry.add("test_helpers.customers.fund_cash_balance", fund);
    registry.add("payment_intents.apply_customer_balance", apply_by_hand);
}

/// What a customer has sent and not spent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Cash {
    available: BTreeMap<String, i64>,
    /// Money waits until somebody says what it is for.
    manual: Option<bool>,
}

fn cash_of(ctx: &Ctx<'_>, customer: &str) -> Cash {
    ctx.world
        .typed(&ctx.scope, CASH, customer)
        .unwrap_or_default()
}

fn keep(ctx: &mut Ctx<'_>, customer: &str, cash: &Cash) {
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world.put_typed(&scope, CASH, customer, cash, now);
}

/// `GET /v1/customers/{customer}/cash_balance`.
fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params.path("customer");
    ctx.required("customer", customer)?;
    Ok(shown(ctx, customer))
}

fn shown(ctx: &Ctx<'_>, customer: &str) -> Value {
    let cash = cash_of(ctx, customer);
    let available: BTreeMap<_, _> = cash
        .available
        .iter()
        .filter(|(_, left)| **left != 0)
        .collect();
    json!({
        "object": "cash_balance",
        "available": (!available.is_empty()).then_some(available),
        "customer": customer,
        "customer_account": null,
        "livemode": ctx.scope.livemode(),
        "settings": {
            "reconciliation_mode": if cash.manual == Some(true) { "manual" } else { "automatic" },
            "using_merchant_default": cash.manual.is_none(),
        },
    })
}

/// `POST /v1/customers/{customer}/cash_balance`.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params.path("customer");
    ctx.required("customer", customer)?;
    if let Some(mode) = params.text("settings.reconciliation_mode") {
        let mut cash = cash_of(ctx, customer);
        cash.manual = match mode {
            "manual" => Some(true),
            "automatic" => Some(false),
            _ => None,
        };
        keep(ctx, customer, &cash);
    }
    Ok(shown(ctx, customer))
}

/// `POST /v1/test_helpers/customers/{customer}/fund_cash_balance`: as if the customer had sent money.
fn fund(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let customer = params.path("customer").to_owned();
    ctx.required("customer", &customer)?;
    let amount = params.int("amount").unwrap_or(0);
    check_amount(amount, "amount")?;
    let currency = params
        .text("currency")
        .unwrap_or_default()
        .to_ascii_lowercase();
    currency::check(&currency, "currency")?;
    receive(ctx, &customer, amount, &currency, params.text("reference"))
}

/// Money has come: it is kept, and pays for what waits for it.
fn receive(
    ctx: &mut Ctx<'_>,
    customer: &str,
    amount: i64,
    currency: &str,
    reference: Option<&str>,
) -> Result<Value, ApiError> {
    let now = ctx.now();
    let journal = Journal::new(currency)
        .line(Holder::Banks, -amount, now)
        .line(Holder::Cash, amount, now);
    post(ctx, &journal)?;
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
    // The description has no details of Mexican transfers.
    if kind != "mx_bank_transfer" {
        transfer[kind] = sender;
    }
    let details = json!({"funded": {"bank_transfer": transfer}});
    let funded = record(ctx, customer, amount, currency, "funded", &details);
    if cash_of(ctx, customer).manual != Some(true) {
        for intent in waiting(ctx, customer, currency, reference) {
            apply(ctx, intent, None)?;
        }
    }
    let left = cash_of(ctx, customer).available.get(currency).copied();
    if left.unwrap_or(0) > 0 {
        let balance = shown(ctx, customer);
        ctx.emit("cash_balance.funds_available", &balance, None);
    }
    Ok(funded)
}

/// Writes down a change of what a customer has.
fn record(
    ctx: &mut Ctx<'_>,
    customer: &str,
    amount: i64,
    currency: &str,
    kind: &str,
    details: &Value,
) -> Value {
    let mut cash = cash_of(ctx, customer);
    let left = cash.available.entry(currency.to_owned()).or_default();
    *left += amount;
    let left = *left;
    keep(ctx, customer, &cash);
    let mut transaction = json!({
        "id": ctx.new_id(TRANSACTION),
        "object": TRANSACTION,
        "created": ctx.now(),
        "currency": currency,
        "customer": customer,
        "customer_account": null,
        "ending_balance": left,
        "livemode": ctx.scope.livemode(),
        "net_amount": amount,
        "type": kind,
    });
    if let (Some(members), Some(details)) = (transaction.as_object_mut(), details.as_object()) {
        members.extend(details.clone());
    }
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world
        .store
        .insert_under(&scope, TRANSACTION, Some(customer), &transaction, now);
    ctx.emit(
        "customer_cash_balance_transaction.created",
        &transaction,
        None,
    );
    transaction
}

/// The intents of a customer that wait for money: the one with this reference, or all of them, oldest first.
fn waiting(ctx: &Ctx<'_>, customer: &str, currency: &str, reference: Option<&str>) -> Vec<Value> {
    let intents = ctx.all_with(INTENT, "customer", customer);
    let intents = intents.into_iter().rev();
    let mut waiting: Vec<Value> = intents
        .filter(|intent| intent["next_action"]["type"] == WAITS && intent["currency"] == currency)
        .collect();
    let named = |intent: &Value| {
        reference.is_some_and(|reference| intent["next_action"][WAITS]["reference"] == reference)
    };
    if waiting.iter().any(named) {
        waiting.retain(named);
    }
    waiting
}

/// Confirms an intent that the customer's balance is to pay for.
pub(crate) fn confirm(
    ctx: &mut Ctx<'_>,
    mut intent: Value,
    method: &Value,
) -> Result<Value, ApiError> {
    let Some(customer) = intent["customer"].as_str().map(str::to_owned) else {
        let message =
            "A payment with customer_balance needs a customer, whose money it is: pass customer.";
        return Err(ApiError::invalid_param("customer", message).code("parameter_missing"));
    };
    let amount = intent["amount"].as_i64().unwrap_or(0);
    let currency = intent["currency"].as_str().unwrap_or_default().to_owned();
    let options = &intent["payment_method_options"]["customer_balance"];
    let cash = cash_of(ctx, &customer);
    let there = cash.available.get(&currency).copied().unwrap_or(0);
    if there < amount && options["funding_type"] != "bank_transfer" {
        let message = format!(
            "The customer's balance of {there} {currency} does not cover the payment: pass \
             payment_method_options[customer_balance][funding_type]=bank_transfer to have the rest sent."
        );
        let param = "payment_method_options[customer_balance][funding_type]";
        return Err(ApiError::invalid_param(param, message).code("parameter_missing"));
    }
    let by_currency = transfer_type(&currency);
    let kind = options["bank_transfer"]["type"]
        .as_str()
        .unwrap_or(by_currency);
    let country = options["bank_transfer"]["eu_bank_transfer"]["country"].as_str();
    let country = country.unwrap_or(country_of(kind));
    let id = intent["id"].as_str().unwrap_or_default();
    let page = format!("{}/_tollway/authenticate/{id}", ctx.request.base_url);
    let reference = ctx.world.random.alphanumeric(10).to_ascii_uppercase();
    intent["next_action"] = json!({
        "type": WAITS,
        WAITS: {
            "amount_remaining": amount,
            "currency": currency,
            "financial_addresses": addresses(kind, country, &customer),
            "hosted_instructions_url": page,
            "reference": reference,
            "type": kind,
        },
    });
    intent["payment_method"] = method["id"].clone();
    intent["last_payment_error"] = Value::Null;
    intent["status"] = "requires_action".into();
    ctx.update(INTENT, &intent);
    if there >= amount || (there > 0 && cash.manual != Some(true)) {
        intent = apply(ctx, intent, None)?;
    }
    if intent["status"] == "requires_action" {
        ctx.emit("payment_intent.requires_action", &intent, None);
    }
    Ok(intent)
}

/// Spends what the customer has, or only `amount` of it, on an intent that waits.
fn apply(ctx: &mut Ctx<'_>, mut intent: Value, amount: Option<i64>) -> Result<Value, ApiError> {
    let text = |name: &str| intent[name].as_str().unwrap_or_default().to_owned();
    let (id, customer, currency) = (text("id"), text("customer"), text("currency"));
    let remaining = intent["next_action"][WAITS]["amount_remaining"]
        .as_i64()
        .unwrap_or(0);
    let there = cash_of(ctx, &customer).available.get(&currency).copied();
    let spent = there
        .unwrap_or(0)
        .min(remaining)
        .min(amount.unwrap_or(remaining));
    if spent < 1 {
        return Ok(intent);
    }
    let details = json!({"applied_to_payment": {"payment_intent": id}});
    record(
        ctx,
        &customer,
        -spent,
        &currency,
        "applied_to_payment",
        &details,
    );
    intent["next_action"][WAITS]["amount_remaining"] = (remaining - spent).into();
    if spent < remaining {
        ctx.update(INTENT, &intent);
        ctx.emit("payment_intent.partially_funded", &intent, None);
        return Ok(intent);
    }
    let method = intent["payment_method"].as_str().unwrap_or_default();
    let method = ctx.required("payment_method", method)?;
    non_card::pay(ctx, intent, &method)
}

/// `POST /v1/payment_intents/{intent}/apply_customer_balance`.
fn apply_by_hand(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let intent = ctx.required(INTENT, params.path("intent"))?;
    if intent["next_action"]["type"] != WAITS {
        return Err(payment_intents::unexpected(
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
    apply(ctx, intent, amount)
}

/// Somebody presses the button on the page with the instructions: what is still asked for is sent.
pub(crate) fn send_what_is_asked(ctx: &mut Ctx<'_>, intent: &Value) -> Result<Value, ApiError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let action = &intent["next_action"][WAITS];
    let amount = action["amount_remaining"].as_i64().unwrap_or(0);
    let (customer, currency) = (text(&intent["customer"]), text(&intent["currency"]));
    receive(
        ctx,
        &customer,
        amount,
        &currency,
        Some(&text(&action["reference"])),
    )?;
    let waits = ctx.required(INTENT, &text(&intent["id"]))?;
    if waits["next_action"]["type"] == WAITS {
        return apply(ctx, waits, None);
    }
    Ok(waits)
}

/// The intent is canceled: what was applied to it is the customer's again.
pub(crate) fn unapply(ctx: &mut Ctx<'_>, intent: &Value) {
    let action = &intent["next_action"];
    let remaining = action[WAITS]["amount_remaining"].as_i64();
    let (Some(remaining), Some(customer)) = (remaining, intent["customer"].as_str()) else {
        return;
    };
    let applied = intent["amount"].as_i64().unwrap_or(0) - remaining;
    if applied > 0 {
        let currency = intent["currency"].as_str().unwrap_or_default();
        let details = json!({"unapplied_from_payment": {"payment_intent": intent["id"]}});
        record(
            ctx,
            customer,
            applied,
            currency,
            "unapplied_from_payment",
            &details,
        );
    }
}

/// A payment out of a customer's balance is refunded into it.
pub(crate) fn refund(ctx: &mut Ctx<'_>, charge: &Value, amount: i64, refund: &str) {
    if !pays(charge) {
        return;
    }
    let text = |name: &str| charge[name].as_str().unwrap_or_default();
    let details = json!({"refunded_from_payment": {"refund": refund}});
    record(
        ctx,
        text("customer"),
        amount,
        text("currency"),
        "refunded_from_payment",
        &details,
    );
}

/// Who has paid a charge: a customer's balance, a connected account, or somebody with a card or a bank account.
pub(crate) fn payer(charge: &Value) -> Holder {
    if let Some(account) = account_debits::debited(charge) {
        return Holder::Account(account.to_owned());
    }
    if pays(charge) {
        Holder::Cash
    } else {
        Holder::Cards
    }
}

fn pays(charge: &Value) -> bool {
    charge["payment_method_details"]["type"] == "customer_balance"
}
