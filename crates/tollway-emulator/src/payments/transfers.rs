//! Transfers from the platform to connected accounts, and their reversals.
//!
//! The destination receives a payment (`py_…`, a charge object).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::generic::GenericCtx as _;
use crate::ledger::exchange::{self, Settled};
use crate::ledger::posting::{Fee, Movement, arrival, balance_of, balance_transaction};
use crate::money::{check_amount, currency_param};
use crate::params::Params;
use crate::payments::application::charging_application;
use crate::payments::application_fees::{self, NewFee};
use crate::payments::capability_checks;
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
    pub(super) amount: i64,
    pub(super) currency: &'a str,
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
        charge.check(amount, &currency)?;
        charge.available_on
    } else {
        let available = balance_of(ctx.world, &ctx.scope)?.available(&currency, ctx.now());
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
        amount,
        currency: &currency,
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
    currency: String,
    available_on: i64,
}

impl SourceCharge {
    fn load(ctx: &Ctx<'_>, charge: &Value) -> Result<Self, ApiError> {
        let text =
            |object: &Value, name: &str| object[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| charge[name].as_i64().unwrap_or(0);
        let transaction = ctx.get("balance_transaction", &text(charge, "balance_transaction"));
        let charged_in = text(charge, "currency");
        let currency = transaction
            .as_ref()
            .map_or_else(|| charged_in.clone(), |it| text(it, "currency"));
        let whole = transaction.and_then(|it| it["amount"].as_i64());
        let amount = whole.unwrap_or_else(|| number("amount_captured"));
        let refunded = exchange::convert(ctx, number("amount_refunded"), &charged_in, &currency);
        Ok(Self {
            amount,
            left: amount - refunded - transferred_amount(ctx, &text(charge, "id"))?,
            available_on: arrival(ctx, &charge["balance_transaction"]),
            currency,
        })
    }

    /// Checks that `amount` of the charge is left to transfer.
    fn check(&self, amount: i64, currency: &str) -> Result<(), ApiError> {
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

/// An amount that needs no conversion.
fn unconverted(amount: i64, currency: &str) -> Settled {
    Settled {
        amount,
        currency: currency.to_owned(),
        rate: None,
    }
}

/// Moves the money to the destination, and the application fee back to the platform.
pub(super) fn execute(
    ctx: &mut Ctx<'_>,
    new: &NewTransfer<'_>,
) -> Result<TransferResult, ApiError> {
    let platform = ctx.scope.account.to_string();
    let sent = unconverted(new.amount, new.currency);
    let received = exchange::settle(&ctx.acting_for(new.destination), new.amount, new.currency);
    exchange::between(
        ctx,
        (&platform, &sent),
        (new.destination, &received),
        new.available_on,
    )?;
    let id = ctx.new_id("transfer");
    let payment_id = format!("py_1{}", ctx.world.random.alphanumeric(23));
    let movement = Movement {
        kind: "transfer",
        amount: -new.amount,
        currency: new.currency,
        fees: Vec::new(),
        source: &id,
        description: new.description,
        available_on: new.available_on,
        exchange_rate: None,
    };
    let own = balance_transaction(ctx, &movement);
    let application_fee = create_destination_payment(ctx, new, &received, &id, &payment_id)?;
    let transfer = json!({
        "id": id,
        "object": "transfer",
        "amount": new.amount,
        "amount_reversed": 0,
        "balance_transaction": own,
        "created": ctx.now(),
        "currency": new.currency,
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
    add_transferred_amount(ctx, new.source_transaction, new.amount)?;
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
    received: &Settled,
    transfer: &str,
    payment_id: &str,
) -> Result<Option<String>, ApiError> {
    let application_fee = match new.application_fee_amount {
        Some(amount) => {
            let fee = NewFee {
                amount,
                currency: new.currency,
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
        .map(|amount| received.part(amount, new.currency))
        .map(|amount| Fee::application(amount, application.clone()));
    let movement = Movement {
        kind: "payment",
        amount: received.amount,
        currency: &received.currency,
        fees: fee.into_iter().collect(),
        source: payment_id,
        description: new.description,
        available_on: new.available_on,
        exchange_rate: received.exchange_rate(),
    };
    let balance_transaction = balance_transaction(&mut destination_ctx, &movement);
    let mut payment = Value::Object(destination_ctx.blank("charge"));
    let members = json!({
        "id": payment_id,
        "amount": new.amount,
        "amount_captured": new.amount,
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
        "currency": new.currency,
        "disputed": false,
        "fraud_details": {},
        "livemode": destination_ctx.scope.livemode(),
        "metadata": {},
        "outcome": null,
        "paid": true,
        "payment_method_details": {"type": "stripe_account", "stripe_account": {}},
        "refunded": false,
        "source_transfer": transfer,
        "status": "succeeded",
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
    let left = transfer["amount"].as_i64().unwrap_or(0)
        - transfer["amount_reversed"].as_i64().unwrap_or(0);
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
    let text = |name: &str| transfer[name].as_str().unwrap_or_default();
    let (id, currency, destination) = (text("id"), text("currency"), text("destination"));
    let at = arrival(ctx, &transfer["balance_transaction"]);
    let platform = ctx.scope.account.to_string();
    let returned = exchange::settle(&ctx.acting_for(destination), amount, currency);
    exchange::between(
        ctx,
        (destination, &returned),
        (&platform, &unconverted(amount, currency)),
        at,
    )?;
    let reversal_id = ctx.new_id("transfer_reversal");
    let payment_refund = refund_destination_payment(ctx, transfer, amount, &returned, at);
    let movement = Movement {
        kind: "transfer_refund",
        amount,
        currency,
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
        "balance_transaction": balance_transaction(ctx, &movement),
        "created": ctx.now(),
        "currency": currency,
        "destination_payment_refund": payment_refund,
        "metadata": metadata,
        "source_refund": source_refund,
        "transfer": id,
    });
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world
        .store
        .insert_under(&scope, "transfer_reversal", Some(id), &reversal, now);
    let mut transfer = transfer.clone();
    let reversed = transfer["amount_reversed"].as_i64().unwrap_or(0) + amount;
    transfer["amount_reversed"] = reversed.into();
    transfer["reversed"] = (transfer["amount"] == reversed).into();
    if let Some(data) = transfer["reversals"]["data"].as_array_mut() {
        data.insert(0, reversal.clone());
        data.truncate(10);
    }
    let count = transfer["reversals"]["total_count"].as_i64().unwrap_or(0) + 1;
    transfer["reversals"]["total_count"] = count.into();
    transfer["reversals"]["has_more"] = (count > 10).into();
    ctx.update("transfer", &transfer);
    add_transferred_amount(ctx, transfer["source_transaction"].as_str(), -amount)?;
    ctx.emit("transfer.reversed", &transfer, None);
    Ok(reversal)
}

/// Refunds the destination's payment by the amount of a reversal; the id of the refund.
fn refund_destination_payment(
    ctx: &mut Ctx<'_>,
    transfer: &Value,
    amount: i64,
    returned: &Settled,
    at: i64,
) -> String {
    let text = |name: &str| transfer[name].as_str().unwrap_or_default();
    let (payment, currency) = (text("destination_payment"), text("currency"));
    let mut destination_ctx = ctx.acting_for(text("destination"));
    let id = format!("pyr_1{}", destination_ctx.world.random.alphanumeric(23));
    let movement = Movement {
        kind: "payment_refund",
        amount: -returned.amount,
        currency: &returned.currency,
        fees: Vec::new(),
        source: &id,
        description: None,
        available_on: at,
        exchange_rate: returned.exchange_rate(),
    };
    let balance_transaction = balance_transaction(&mut destination_ctx, &movement);
    let mut refund = Value::Object(destination_ctx.blank("refund"));
    refund["id"] = id.as_str().into();
    refund["amount"] = amount.into();
    refund["balance_transaction"] = balance_transaction.into();
    refund["charge"] = payment.into();
    refund["currency"] = currency.into();
    refund["created"] = destination_ctx.now().into();
    refund["metadata"] = json!({});
    refund["status"] = "succeeded".into();
    destination_ctx.insert("refund", &refund);
    if let Some(mut payment) = destination_ctx.get("charge", payment) {
        let refunded = payment["amount_refunded"].as_i64().unwrap_or(0) + amount;
        payment["amount_refunded"] = refunded.into();
        payment["refunded"] = (payment["amount"] == refunded).into();
        destination_ctx.update("charge", &payment);
    }
    id
}

/// Refunds the share of the application fee on a transfer's payment that `amount` is of the transfer.
pub(super) fn refund_fee_of_payment(
    ctx: &mut Ctx<'_>,
    transfer: &Value,
    amount: i64,
) -> Result<(), ApiError> {
    let text = |name: &str| transfer[name].as_str().unwrap_or_default().to_owned();
    let payment = ctx
        .acting_for(text("destination"))
        .get("charge", &text("destination_payment"));
    let fee_id = payment.and_then(|payment| payment["application_fee"].as_str().map(str::to_owned));
    let Some(fee) = fee_id.and_then(|id| ctx.get("application_fee", &id)) else {
        return Ok(());
    };
    let whole = transfer["amount"].as_i64().unwrap_or(0);
    let share = application_fees::refundable_share(&fee, amount, whole);
    if share > 0 {
        application_fees::refund_fee(ctx, &fee, share, &serde_json::Map::new())?;
        application_fees::record_refund_for_payer(ctx, &fee, share);
    }
    Ok(())
}
