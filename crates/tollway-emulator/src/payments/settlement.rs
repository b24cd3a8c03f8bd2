//! Who gets what of a payment: the account that charges, Stripe, the platform, and the account it is destined for.
//!
//! | charge | the charging account | the platform | the destination |
//! | --- | --- | --- | --- |
//! | plain | amount − Stripe's fee | | |
//! | direct, for a connected account | amount − Stripe's fee − application fee | application fee | |
//! | destination, on the platform | amount − Stripe's fee − transfer | + application fee | transfer − application fee |
//!
//! See <https://docs.stripe.com/connect/charges>.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::fees::{FeeSchedule, available_after};
use crate::ledger::entries::{Holder, Journal};
use crate::ledger::exchange;
use crate::ledger::posting::{Fee, Movement, balance_transaction, post};
use crate::params::Params;
use crate::payment_methods::cards::{self, Outcome};
use crate::payments::account_debits;
use crate::payments::application_fees::{self, NewFee};
use crate::payments::capability_checks;
use crate::payments::cash_balance;
use crate::payments::multicapture;
use crate::payments::transfers::{self, NewTransfer};
use crate::payouts::payout_settings;

/// How a payment is shared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) application_fee_amount: Option<i64>,
    /// The account that a destination charge is for.
    pub(crate) destination: Option<String>,
    /// How much is transferred there; all of it if not said.
    pub(crate) transfer_amount: Option<i64>,
}

impl Split {
    /// Reads `application_fee_amount`, `transfer_data[…]` and the older `application_fee` and `destination[…]`.
    pub(crate) fn of_params(params: &Params) -> Self {
        let destination = params
            .text("transfer_data.destination")
            .or(params.text("destination.account"));
        Self {
            application_fee_amount: params
                .int("application_fee_amount")
                .or(params.int("application_fee")),
            destination: destination
                .or(params.text("destination"))
                .map(str::to_owned),
            transfer_amount: params
                .int("transfer_data.amount")
                .or(params.int("destination.amount")),
        }
    }

    /// Reads it back from a charge or a payment intent.
    pub(crate) fn of_object(object: &Value) -> Self {
        Self {
            application_fee_amount: object["application_fee_amount"].as_i64(),
            destination: object["transfer_data"]["destination"]
                .as_str()
                .map(str::to_owned),
            transfer_amount: object["transfer_data"]["amount"].as_i64(),
        }
    }

    /// `transfer_data` of a charge.
    pub(crate) fn transfer_data(&self) -> Value {
        let data = |destination: &String| json!({"amount": self.transfer_amount, "destination": destination});
        self.destination.as_ref().map_or(Value::Null, data)
    }
}

/// The client id in whose name a connected account is charged; none for the platform's own charges.
pub(crate) fn application(ctx: &Ctx<'_>) -> Option<String> {
    if ctx.is_platform() {
        return None;
    }
    let connection = ctx.connection(&ctx.scope.account);
    let client_id = connection.and_then(|connection| connection.client_id);
    Some(client_id.unwrap_or_else(|| ctx.world.platform.mode(ctx.scope.mode).client_id.clone()))
}

/// Can a payment of `amount` be shared so?
pub(crate) fn check(ctx: &Ctx<'_>, split: &Split, amount: i64) -> Result<(), ApiError> {
    if let Some(destination) = &split.destination {
        if !ctx.is_platform() {
            let message = "A destination charge is made by the platform: send the request without Stripe-Account.";
            return Err(ApiError::invalid_param(
                "transfer_data[destination]",
                message,
            ));
        }
        if ctx.connection(destination).is_none() {
            return Err(ApiError::no_such_reference(
                "destination",
                destination,
                "transfer_data[destination]",
            ));
        }
        capability_checks::check_transfers(ctx, destination, "transfer_data[destination]")?;
        if split
            .transfer_amount
            .is_some_and(|part| part > amount || part < 1)
        {
            let message = "The transfer must be at least 1 and at most the amount of the charge.";
            return Err(ApiError::invalid_param("transfer_data[amount]", message));
        }
    }
    let Some(fee) = split.application_fee_amount else {
        return Ok(());
    };
    if ctx.is_platform() && split.destination.is_none() {
        let message = "An application_fee_amount can only be taken from another account: pass Stripe-Account or \
                       transfer_data[destination], or use an OAuth key.";
        return Err(ApiError::invalid_param("application_fee_amount", message));
    }
    if split.transfer_amount.is_some() {
        let message = "Pass either application_fee_amount or transfer_data[amount], not both.";
        return Err(ApiError::invalid_param("application_fee_amount", message));
    }
    if fee < 0 || fee > amount {
        let message =
            "The application fee must be at least 0 and at most the amount of the charge.";
        return Err(ApiError::invalid_param("application_fee_amount", message));
    }
    Ok(())
}

/// A payment is made on behalf of a connected account only.
pub(crate) fn check_on_behalf_of(ctx: &Ctx<'_>, account: Option<&Value>) -> Result<(), ApiError> {
    let Some(account) = account.and_then(Value::as_str) else {
        return Ok(());
    };
    let own = *account == *ctx.scope.account;
    if own || ctx.connection(account).is_some() {
        return Ok(());
    }
    Err(ApiError::no_such_reference(
        "account",
        account,
        "on_behalf_of",
    ))
}

/// Moves the money of a charge of the context's scope and writes into it what came of that.
pub(crate) fn settle(
    ctx: &mut Ctx<'_>,
    charge: &mut Value,
    amount: i64,
    split: &Split,
) -> Result<(), ApiError> {
    let id = charge["id"].as_str().unwrap_or_default().to_owned();
    let currency = charge["currency"].as_str().unwrap_or_default().to_owned();
    let at = arrives(ctx, charge);
    let settled = exchange::settle(ctx, amount, &currency);
    let method = charge["payment_method_details"]["type"].as_str();
    let method = method.unwrap_or("card").to_owned();
    let stripe_fee =
        FeeSchedule::of(ctx.engine.config(), &method, &settled.currency).on(settled.amount);
    // In a destination charge the destination pays the application fee, out of the transfer.
    let own_fee = split
        .application_fee_amount
        .filter(|fee| *fee > 0 && split.destination.is_none());
    let account = Holder::Account(ctx.scope.account.to_string());
    let payer = cash_balance::payer(charge);
    let payer = exchange::outside(ctx, payer, amount, &currency, &settled, at)?;
    let journal = Journal::new(&settled.currency)
        .line(payer, -settled.amount, at)
        .line(Holder::Stripe, stripe_fee, at)
        .line(account, settled.amount - stripe_fee, at);
    post(ctx, &journal)?;
    let mut taken = vec![Fee::stripe(stripe_fee)];
    if let Some(fee) = own_fee {
        let fee = settled.part(fee, &currency);
        taken.insert(0, Fee::application(fee, application(ctx)));
    }
    let movement = Movement {
        kind: if cards::is_card(&method) {
            "charge"
        } else {
            "payment"
        },
        amount: settled.amount,
        currency: &settled.currency,
        fees: taken,
        source: &id,
        description: charge["description"].as_str(),
        available_on: at,
        exchange_rate: settled.exchange_rate(),
    };
    charge["balance_transaction"] = balance_transaction(ctx, &movement).into();
    charge["captured"] = true.into();
    let captured = charge["amount_captured"].as_i64().unwrap_or(0);
    charge["amount_captured"] = (captured + amount).into();
    charge["application_fee_amount"] = split.application_fee_amount.into();
    if let Some(fee) = own_fee {
        let payer = ctx.scope.account.to_string();
        let new = NewFee {
            amount: fee,
            currency: &currency,
            payer: &payer,
            charge: &id,
            originating: None,
            available_on: at,
        };
        multicapture::note(ctx, charge);
        charge["application_fee"] = application_fees::take(ctx, &new)?.into();
    }
    if let Some(destination) = &split.destination {
        let transfer = NewTransfer {
            amount: settled.part(split.transfer_amount.unwrap_or(amount), &currency),
            currency: &settled.currency,
            destination,
            source_transaction: Some(&id),
            application_fee_amount: split
                .application_fee_amount
                .filter(|fee| *fee > 0)
                .map(|fee| settled.part(fee, &currency)),
            transfer_group: charge["transfer_group"]
                .as_str()
                .map(str::to_owned)
                .or_else(|| Some(format!("group_{id}"))),
            available_on: at,
            description: None,
            metadata: json!({}),
        };
        multicapture::note(ctx, charge);
        let made = transfers::make(ctx, &transfer)?;
        charge["transfer"] = made.transfer["id"].clone();
        charge["transfer_group"] = made.transfer["transfer_group"].clone();
        charge["application_fee"] = made.application_fee.into();
    }
    Ok(())
}

/// When the money of a charge made now is available.
fn arrives(ctx: &Ctx<'_>, charge: &Value) -> i64 {
    let bypasses = account_debits::debited(charge).is_some()
        || cards::of_charge(charge).is_some_and(|card| card.outcome == Outcome::BypassesPending);
    if bypasses {
        ctx.now()
    } else {
        available_after(ctx.now(), payout_settings::delay_days(ctx))
    }
}
