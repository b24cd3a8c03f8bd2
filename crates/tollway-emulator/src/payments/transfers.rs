//! Transfers from the platform to connected accounts, and their reversals.
//!
//! The destination receives a payment (`py_…`, a charge object).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::ledger::exchange::{self, SettledMoney};
use crate::ledger::posting::{Fee, Movement, available_on, balance_of, create_balance_transaction};
use crate::money::{Currency, Money, check_amount, currency_param};
use crate::objects::status::{ChargeStatus, RefundStatus};
use crate::objects::views::{BalanceTransaction, Charge, Transfer};
use crate::params::Params;
use crate::payments::application::charging_application;
use crate::payments::application_fees::{self, NewFee};
use crate::payments::capability_checks;
use crate::payments::embedded_list::prepend_to_list;
use crate::registry::Registry;
use crate::world::PrivateRecord;

pub(super) fn register(registry: &mut Registry) {
    registry.add("transfers.create", create);
    registry.add("transfers.reversals.create", create_reversal);
}

/// The amount of a charge that transfers moved away.
#[derive(Debug, Serialize, Deserialize)]
struct TransferredAmount {
    amount: i64,
}

impl PrivateRecord for TransferredAmount {
    const TYPE: &'static str = "_transferred";
}

/// A transfer from the platform.
pub(super) struct NewTransfer<'a> {
    pub(super) money: Money,
    pub(super) destination: &'a str,
    /// The charge whose money is transferred.
    pub(super) source_transaction: Option<&'a str>,
    /// The application fee that the destination pays in a destination charge.
    pub(super) application_fee_amount: Option<i64>,
    pub(super) transfer_group: Option<String>,
    pub(super) available_on: i64,
    pub(super) description: Option<&'a str>,
    pub(super) metadata: Value,
}

/// The result of a transfer.
pub(super) struct TransferResult {
    pub(super) transfer: Value,
    pub(super) application_fee: Option<String>,
}

/// `POST /v1/transfers`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    if !ctx.is_platform() {
        return Err(ApiError::permission(
            "Only a platform can make transfers: send the request without Stripe-Account.",
        ));
    }
    let destination = params.text("destination").unwrap_or_default();
    if ctx.connection(destination).is_none() {
        return Err(ApiError::no_such_reference(
            "destination",
            destination,
            "destination",
        ));
    }
    capability_checks::check_transfers(ctx, destination, "destination")?;
    let source = params.text("source_transaction");
    let charge = source
        .map(|id| ctx.referenced("charge", id, "source_transaction"))
        .transpose()?;
    let currency = currency_param(params)?;
    let source_charge = charge
        .as_ref()
        .map(|charge| SourceCharge::load(ctx, charge))
        .transpose()?;
    let whole = source_charge.as_ref().map(|charge| charge.amount);
    let amount = params
        .int("amount")
        .or(whole)
        .ok_or_else(|| ApiError::missing_parameter("amount"))?;
    check_amount(amount, "amount")?;
    let available_on = if let Some(charge) = &source_charge {
        charge.check(amount, currency)?;
        charge.available_on
    } else {
        let available = balance_of(ctx.world, &ctx.scope)?.available(currency.as_str(), ctx.now());
        if available < amount {
            let message = format!(
                "You have insufficient available funds in your Stripe account: {available} {currency} are available. Charge the \
                 card 4000000000000077 to add test money that is available at once."
            );
            return Err(ApiError::invalid_request(message).code("balance_insufficient"));
        }
        ctx.now()
    };
    let group = params.text("transfer_group").map(str::to_owned);
    let inherited = charge
        .as_ref()
        .and_then(|charge| charge["transfer_group"].as_str().map(str::to_owned));
    let transfer = NewTransfer {
        money: Money::new(amount, currency),
        destination,
        source_transaction: source,
        application_fee_amount: None,
        transfer_group: group.or(inherited),
        available_on,
        description: params.text("description"),
        metadata: params
            .map("metadata")
            .cloned()
            .map_or_else(|| json!({}), Value::Object),
    };
    execute(ctx, &transfer).map(|result| result.transfer)
}

/// The charge whose money is transferred, in the platform's settlement currency.
struct SourceCharge {
    amount: i64,
    /// The amount that was neither refunded nor transferred.
    left: i64,
    currency: Currency,
    available_on: i64,
}

impl SourceCharge {
    fn load(ctx: &Ctx<'_>, charge: &Value) -> Result<Self, ApiError> {
        let view = Charge::new(charge);
        let transaction = charge["balance_transaction"]
            .as_str()
            .and_then(|id| ctx.get("balance_transaction", id));
        let charged_in = view.currency()?;
        let (amount, currency) = match &transaction {
            Some(transaction) => {
                let money = BalanceTransaction::new(transaction).money()?;
                (money.amount, money.currency)
            }
            None => (view.amount_captured()?, charged_in),
        };
        let refunded = Money::new(view.amount_refunded()?, charged_in);
        let refunded = exchange::convert(ctx, refunded, currency);
        Ok(Self {
            amount,
            left: amount - refunded.amount - transferred_amount(ctx, view.id()?)?,
            available_on: available_on(ctx, &charge["balance_transaction"]),
            currency,
        })
    }

    /// Checks that `amount` of the charge is left to transfer.
    fn check(&self, amount: i64, currency: Currency) -> Result<(), ApiError> {
        if self.currency != currency {
            let message = format!(
                "The currency of source_transaction's balance transaction is {}, not {currency}.",
                self.currency
            );
            return Err(ApiError::invalid_param("currency", message));
        }
        if amount > self.left {
            let message = format!(
                "The transfer exceeds what is left of the source charge ({}).",
                self.left
            );
            return Err(ApiError::invalid_param("amount", message)
                .code("transfer_source_balance_parameters_mismatch"));
        }
        Ok(())
    }
}

/// The amount of a charge that transfers moved away.
fn transferred_amount(ctx: &Ctx<'_>, charge: &str) -> Result<i64, ApiError> {
    let record = ctx.load::<TransferredAmount>(charge)?;
    Ok(record.map_or(0, |record| record.amount))
}

/// Adds `amount` to the amount of a charge that transfers moved away; a reversal adds a negative amount.
fn add_transferred_amount(
    ctx: &mut Ctx<'_>,
    charge: Option<&str>,
    amount: i64,
) -> Result<(), ApiError> {
    if let Some(charge) = charge {
        let amount = transferred_amount(ctx, charge)? + amount;
        ctx.save(charge, &TransferredAmount { amount });
    }
    Ok(())
}

/// Moves the money to the destination, and the application fee back to the platform.
pub(super) fn execute(
    ctx: &mut Ctx<'_>,
    new: &NewTransfer<'_>,
) -> Result<TransferResult, ApiError> {
    let platform = ctx.scope.account.to_string();
    let received = exchange::settle(&ctx.acting_for(new.destination), new.money)?;
    exchange::transfer_between(
        ctx,
        (&platform, new.money),
        (new.destination, received.money),
        new.available_on,
    )?;
    let id = ctx.new_id("transfer");
    let payment_id = format!("py_1{}", ctx.world.random.alphanumeric(23));
    let movement = Movement {
        kind: "transfer",
        money: new.money.negated()?,
        fees: Vec::new(),
        source: &id,
        description: new.description,
        available_on: new.available_on,
        exchange_rate: None,
    };
    let transaction = create_balance_transaction(ctx, &movement)?;
    let application_fee = create_destination_payment(ctx, new, &received, &id, &payment_id)?;
    let transfer = json!({
        "id": id,
        "object": "transfer",
        "amount": new.money.amount,
        "amount_reversed": 0,
        "balance_transaction": transaction,
        "created": ctx.now(),
        "currency": new.money.currency,
        "description": new.description,
        "destination": new.destination,
        "destination_payment": payment_id,
        "livemode": ctx.scope.livemode(),
        "metadata": new.metadata,
        "reversals": {
            "object": "list", "data": [], "has_more": false, "total_count": 0, "url": format!("/v1/transfers/{id}/reversals"),
        },
        "reversed": false,
        "source_transaction": new.source_transaction,
        "source_type": "card",
        "transfer_group": new.transfer_group,
    });
    ctx.insert("transfer", &transfer);
    add_transferred_amount(ctx, new.source_transaction, new.money.amount)?;
    ctx.emit("transfer.created", &transfer, None);
    Ok(TransferResult {
        transfer,
        application_fee,
    })
}

/// Creates the destination's payment, less the platform's fee; the id of the application fee.
fn create_destination_payment(
    ctx: &mut Ctx<'_>,
    new: &NewTransfer<'_>,
    received: &SettledMoney,
    transfer: &str,
    payment_id: &str,
) -> Result<Option<String>, ApiError> {
    let application_fee = match new.application_fee_amount {
        Some(amount) => {
            let fee = NewFee {
                money: new.money.with_amount(amount),
                payer: new.destination,
                charge: payment_id,
                originating: new.source_transaction,
                available_on: new.available_on,
            };
            Some(application_fees::collect(ctx, &fee)?)
        }
        None => None,
    };
    let mut destination_ctx = ctx.acting_for(new.destination);
    let application = charging_application(&destination_ctx);
    let fee = new
        .application_fee_amount
        .map(|amount| received.convert(new.money.with_amount(amount)))
        .map(|fee| Fee::application(fee.amount, application.clone()));
    let movement = Movement {
        kind: "payment",
        money: received.money,
        fees: fee.into_iter().collect(),
        source: payment_id,
        description: new.description,
        available_on: new.available_on,
        exchange_rate: received.exchange_rate(),
    };
    let balance_transaction = create_balance_transaction(&mut destination_ctx, &movement)?;
    let mut payment = Value::Object(destination_ctx.blank("charge"));
    let members = json!({
        "id": payment_id,
        "amount": new.money.amount,
        "amount_captured": new.money.amount,
        "amount_refunded": 0,
        "application": application,
        "application_fee": application_fee,
        "application_fee_amount": new.application_fee_amount,
        "balance_transaction": balance_transaction,
        "billing_details": {
            "address": {"city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null},
            "email": null, "name": null, "phone": null, "tax_id": null,
        },
        "captured": true,
        "created": destination_ctx.now(),
        "currency": new.money.currency,
        "disputed": false,
        "fraud_details": {},
        "livemode": destination_ctx.scope.livemode(),
        "metadata": {},
        "outcome": null,
        "paid": true,
        "payment_method_details": {"type": "stripe_account", "stripe_account": {}},
        "refunded": false,
        "source_transfer": transfer,
        "status": ChargeStatus::Succeeded.as_str(),
        "transfer_group": new.transfer_group,
    });
    if let (Value::Object(payment), Value::Object(members)) = (&mut payment, members) {
        payment.extend(members);
    }
    destination_ctx.insert("charge", &payment);
    Ok(application_fee)
}

/// `POST /v1/transfers/{id}/reversals`.
fn create_reversal(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let transfer = ctx.required("transfer", params.path("id"))?;
    let view = Transfer::new(&transfer);
    let left = view.amount()? - view.amount_reversed()?;
    let amount = params.int("amount").unwrap_or(left);
    if amount < 1 || amount > left {
        let message = format!(
            "The reversal must be at least 1 and at most what is left of the transfer ({left})."
        );
        return Err(ApiError::invalid_param("amount", message));
    }
    let metadata = params
        .map("metadata")
        .cloned()
        .map_or_else(|| json!({}), Value::Object);
    let reversal = reverse(ctx, &transfer, amount, None, &metadata)?;
    if params.bool("refund_application_fee") == Some(true) {
        refund_fee_of_payment(ctx, &transfer, amount)?;
    }
    Ok(reversal)
}

/// Moves `amount` of a transfer back to the platform and returns the `transfer_reversal`.
pub(super) fn reverse(
    ctx: &mut Ctx<'_>,
    transfer: &Value,
    amount: i64,
    source_refund: Option<&str>,
    metadata: &Value,
) -> Result<Value, ApiError> {
    let view = Transfer::new(transfer);
    let (id, destination) = (view.id()?, view.destination()?);
    let money = Money::new(amount, view.currency()?);
    let at = available_on(ctx, &transfer["balance_transaction"]);
    let platform = ctx.scope.account.to_string();
    let returned = exchange::settle(&ctx.acting_for(destination), money)?;
    exchange::transfer_between(ctx, (destination, returned.money), (&platform, money), at)?;
    let reversal_id = ctx.new_id("transfer_reversal");
    let payment_refund = refund_destination_payment(ctx, view, money, &returned, at)?;
    let movement = Movement {
        kind: "transfer_refund",
        money,
        fees: Vec::new(),
        source: &reversal_id,
        description: None,
        available_on: at,
        exchange_rate: None,
    };
    let reversal = json!({
        "id": reversal_id,
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": create_balance_transaction(ctx, &movement)?,
        "created": ctx.now(),
        "currency": money.currency,
        "destination_payment_refund": payment_refund,
        "metadata": metadata,
        "source_refund": source_refund,
        "transfer": id,
    });
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world
        .store
        .insert_under(&scope, "transfer_reversal", Some(id), &reversal, now);
    let total_reversed = view.amount_reversed()? + amount;
    let mut transfer = transfer.clone();
    transfer["amount_reversed"] = total_reversed.into();
    transfer["reversed"] = (transfer["amount"] == total_reversed).into();
    prepend_to_list(&mut transfer["reversals"], &reversal);
    ctx.update("transfer", &transfer);
    add_transferred_amount(ctx, view.source_transaction(), -amount)?;
    ctx.emit("transfer.reversed", &transfer, None);
    Ok(reversal)
}

/// Refunds the destination's payment by the amount of a reversal; the id of the refund.
fn refund_destination_payment(
    ctx: &mut Ctx<'_>,
    transfer: Transfer<'_>,
    money: Money,
    returned: &SettledMoney,
    at: i64,
) -> Result<String, ApiError> {
    let payment = transfer.destination_payment()?;
    let mut destination_ctx = ctx.acting_for(transfer.destination()?);
    let id = format!("pyr_1{}", destination_ctx.world.random.alphanumeric(23));
    let movement = Movement {
        kind: "payment_refund",
        money: returned.money.negated()?,
        fees: Vec::new(),
        source: &id,
        description: None,
        available_on: at,
        exchange_rate: returned.exchange_rate(),
    };
    let balance_transaction = create_balance_transaction(&mut destination_ctx, &movement)?;
    let mut refund = Value::Object(destination_ctx.blank("refund"));
    refund["id"] = id.as_str().into();
    refund["amount"] = money.amount.into();
    refund["balance_transaction"] = balance_transaction.into();
    refund["charge"] = payment.into();
    refund["currency"] = money.currency.as_str().into();
    refund["created"] = destination_ctx.now().into();
    refund["metadata"] = json!({});
    refund["status"] = RefundStatus::Succeeded.as_str().into();
    destination_ctx.insert("refund", &refund);
    if let Some(mut payment) = destination_ctx.get("charge", payment) {
        let refunded = Charge::new(&payment).amount_refunded()? + money.amount;
        payment["amount_refunded"] = refunded.into();
        payment["refunded"] = (payment["amount"] == refunded).into();
        destination_ctx.update("charge", &payment);
    }
    Ok(id)
}

/// Refunds the share of the application fee on a transfer's payment that `amount` is of the transfer.
pub(super) fn refund_fee_of_payment(
    ctx: &mut Ctx<'_>,
    transfer: &Value,
    amount: i64,
) -> Result<(), ApiError> {
    let transfer = Transfer::new(transfer);
    let payment = ctx
        .acting_for(transfer.destination()?)
        .get("charge", transfer.destination_payment()?);
    let fee_id = payment.and_then(|payment| payment["application_fee"].as_str().map(str::to_owned));
    let Some(fee) = fee_id.and_then(|id| ctx.get("application_fee", &id)) else {
        return Ok(());
    };
    let share = application_fees::refundable_share(&fee, amount, transfer.amount()?)?;
    if share > 0 {
        application_fees::refund_fee(ctx, &fee, share, &serde_json::Map::new())?;
        application_fees::record_refund_for_payer(ctx, &fee, share)?;
    }
    Ok(())
}
