//! Transfers from the platform to connected accounts, and their reversals.
//!
//! The other side of a transfer is a payment (`py_…`, a charge object) on the destination.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::ledger::exchange::{self, Settled};
use crate::ledger::posting::{Fee, Movement, arrival, balance_of, balance_transaction};
use crate::params::Params;
use crate::payments::application_fees::{self, NewFee};
use crate::payments::capability_checks;
use crate::payments::charge::{check_amount, currency_of};
use crate::payments::settlement::application;
use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("transfers.create", create);
    registry.add("transfers.reversals.create", create_reversal);
}

const MOVED: &str = "_transferred";

/// How much of a charge has been transferred away.
#[derive(Debug, Serialize, Deserialize)]
struct Moved {
    amount: i64,
}

/// A transfer to be made by the platform.
pub(crate) struct NewTransfer<'a> {
    pub(crate) amount: i64,
    pub(crate) currency: &'a str,
    pub(crate) destination: &'a str,
    /// The charge whose money it is.
    pub(crate) source_transaction: Option<&'a str>,
    /// Taken from the destination in a destination charge.
    pub(crate) application_fee_amount: Option<i64>,
    pub(crate) transfer_group: Option<String>,
    pub(crate) available_on: i64,
    pub(crate) description: Option<&'a str>,
    pub(crate) metadata: Value,
}

/// What came of it.
pub(crate) struct Transferred {
    pub(crate) transfer: Value,
    pub(crate) application_fee: Option<String>,
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
    let currency = currency_of(params)?;
    let origin = charge.as_ref().map(|charge| Origin::of(ctx, charge));
    let whole = origin.as_ref().map(|origin| origin.amount);
    let amount = params
        .int("amount")
        .or(whole)
        .ok_or_else(|| ApiError::missing_parameter("amount"))?;
    check_amount(amount, "amount")?;
    let available_on = if let Some(origin) = &origin {
        origin.check(amount, &currency)?;
        origin.available_on
    } else {
        let available = balance_of(ctx.world, &ctx.scope).available(&currency, ctx.now());
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
    make(ctx, &transfer).map(|made| made.transfer)
}

/// The money of a charge, as the platform has it.
struct Origin {
    amount: i64,
    /// Of which nobody has had anything yet.
    left: i64,
    currency: String,
    available_on: i64,
}

impl Origin {
    fn of(ctx: &Ctx<'_>, charge: &Value) -> Self {
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
        Self {
            amount,
            left: amount - refunded - moved_of(ctx, &text(charge, "id")),
            available_on: arrival(ctx, &charge["balance_transaction"]),
            currency,
        }
    }

    /// Does the charge still hold `amount` that has not been transferred?
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

/// How much of a charge has been transferred away.
fn moved_of(ctx: &Ctx<'_>, charge: &str) -> i64 {
    let moved: Option<Moved> = ctx.world.typed(&ctx.scope, MOVED, charge);
    moved.map_or(0, |moved| moved.amount)
}

/// Remembers that `amount` more of a charge was transferred away, or came back when it is negative.
fn note_moved(ctx: &mut Ctx<'_>, charge: Option<&str>, amount: i64) {
    let Some(charge) = charge else { return };
    let moved = Moved {
        amount: moved_of(ctx, charge) + amount,
    };
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world.put_typed(&scope, MOVED, charge, &moved, now);
}

/// Money that is in the account's own currency already.
fn unconverted(amount: i64, currency: &str) -> Settled {
    Settled {
        amount,
        currency: currency.to_owned(),
        rate: None,
    }
}

/// Moves the money to the destination, and the application fee back from there.
pub(crate) fn make(ctx: &mut Ctx<'_>, new: &NewTransfer<'_>) -> Result<Transferred, ApiError> {
    let platform = ctx.scope.account.to_string();
    let given = unconverted(new.amount, new.currency);
    let received = exchange::settle(&ctx.acting_for(new.destination), new.amount, new.currency);
    exchange::between(
        ctx,
        (&platform, &given),
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
    let application_fee = receive(ctx, new, &received, &id, &payment_id)?;
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
    note_moved(ctx, new.source_transaction, new.amount);
    ctx.emit("transfer.created", &transfer, None);
    Ok(Transferred {
        transfer,
        application_fee,
    })
}

/// The destination's side: a payment, less the platform's fee.
fn receive(
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
            Some(application_fees::take(ctx, &fee)?)
        }
        None => None,
    };
    let mut there = ctx.acting_for(new.destination);
    let application = application(&there);
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
    let balance_transaction = balance_transaction(&mut there, &movement);
    let mut payment = Value::Object(there.blank("charge"));
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
        "created": there.now(),
        "currency": new.currency,
        "disputed": false,
        "fraud_details": {},
        "livemode": there.scope.livemode(),
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
    there.insert("charge", &payment);
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

/// Moves `amount` of a transfer back to the platform; the `transfer_reversal`.
pub(crate) fn reverse(
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
    let payment_refund = return_payment(ctx, transfer, amount, &returned, at);
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
    note_moved(ctx, transfer["source_transaction"].as_str(), -amount);
    ctx.emit("transfer.reversed", &transfer, None);
    Ok(reversal)
}

/// The destination's side of a reversal: its payment is refunded by as much.
fn return_payment(
    ctx: &mut Ctx<'_>,
    transfer: &Value,
    amount: i64,
    returned: &Settled,
    at: i64,
) -> String {
    let text = |name: &str| transfer[name].as_str().unwrap_or_default();
    let (payment, currency) = (text("destination_payment"), text("currency"));
    let mut there = ctx.acting_for(text("destination"));
    let id = format!("pyr_1{}", there.world.random.alphanumeric(23));
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
    let balance_transaction = balance_transaction(&mut there, &movement);
    let mut refund = Value::Object(there.blank("refund"));
    refund["id"] = id.as_str().into();
    refund["amount"] = amount.into();
    refund["balance_transaction"] = balance_transaction.into();
    refund["charge"] = payment.into();
    refund["currency"] = currency.into();
    refund["created"] = there.now().into();
    refund["metadata"] = json!({});
    refund["status"] = "succeeded".into();
    there.insert("refund", &refund);
    if let Some(mut payment) = there.get("charge", payment) {
        let refunded = payment["amount_refunded"].as_i64().unwrap_or(0) + amount;
        payment["amount_refunded"] = refunded.into();
        payment["refunded"] = (payment["amount"] == refunded).into();
        there.update("charge", &payment);
    }
    id
}

/// Gives back as much of the application fee on a transfer's payment as `amount` is of the transfer.
pub(crate) fn refund_fee_of_payment(
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
    let part = crate::payments::refunds::fee_share(&fee, amount, whole);
    if part > 0 {
        application_fees::give_back(ctx, &fee, part, &serde_json::Map::new())?;
        application_fees::note_for_payer(ctx, &fee, part);
    }
    Ok(())
}
