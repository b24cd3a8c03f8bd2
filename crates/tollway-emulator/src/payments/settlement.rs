//! Settles a charge: moves its money to the charging account, Stripe, the platform and the destination.
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
use crate::payment_methods::cards::{self, Outcome};
use crate::payments::application::charging_application;
use crate::payments::application_fees::{self, NewFee};
use crate::payments::multicapture;
use crate::payments::payer::{debited_account, payer_of};
use crate::payments::split::Split;
use crate::payments::transfers::{self, NewTransfer};
use crate::payouts::payout_settings;

/// Moves `amount` of a charge of the context's scope and writes the results into the charge.
pub(super) fn settle(
    ctx: &mut Ctx<'_>,
    charge: &mut Value,
    amount: i64,
    split: &Split,
) -> Result<(), ApiError> {
    let id = charge["id"].as_str().unwrap_or_default().to_owned();
    let currency = charge["currency"].as_str().unwrap_or_default().to_owned();
    let at = available_on(ctx, charge)?;
    let settled = exchange::settle(ctx, amount, &currency);
    let method = charge["payment_method_details"]["type"].as_str();
    let method = method.unwrap_or("card").to_owned();
    let stripe_fee =
        FeeSchedule::of(ctx.services.config(), &method, &settled.currency).on(settled.amount);
    // In a destination charge the destination pays the application fee, out of the transfer.
    let own_fee = split
        .application_fee_amount
        .filter(|fee| *fee > 0 && split.destination.is_none());
    let account = Holder::Account(ctx.scope.account.to_string());
    let payer = payer_of(charge);
    let payer = exchange::outside(ctx, payer, amount, &currency, &settled, at)?;
    let journal = Journal::new(&settled.currency)
        .line(payer, -settled.amount, at)
        .line(Holder::Stripe, stripe_fee, at)
        .line(account, settled.amount - stripe_fee, at);
    post(ctx, &journal)?;
    let mut fees = vec![Fee::stripe(stripe_fee)];
    if let Some(fee) = own_fee {
        let fee = settled.part(fee, &currency);
        fees.insert(0, Fee::application(fee, charging_application(ctx)));
    }
    let movement = Movement {
        kind: if cards::is_card(&method) {
            "charge"
        } else {
            "payment"
        },
        amount: settled.amount,
        currency: &settled.currency,
        fees,
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
        let new_fee = NewFee {
            amount: fee,
            currency: &currency,
            payer: &payer,
            charge: &id,
            originating: None,
            available_on: at,
        };
        multicapture::remember_previous_capture(ctx, charge)?;
        charge["application_fee"] = application_fees::collect(ctx, &new_fee)?.into();
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
        multicapture::remember_previous_capture(ctx, charge)?;
        let result = transfers::execute(ctx, &transfer)?;
        charge["transfer"] = result.transfer["id"].clone();
        charge["transfer_group"] = result.transfer["transfer_group"].clone();
        charge["application_fee"] = result.application_fee.into();
    }
    Ok(())
}

/// When the money of a charge that is settled now is available.
fn available_on(ctx: &Ctx<'_>, charge: &Value) -> Result<i64, ApiError> {
    let is_available_now = debited_account(charge).is_some()
        || cards::of_charge(charge).is_some_and(|card| card.outcome == Outcome::BypassesPending);
    if is_available_now {
        Ok(ctx.now())
    } else {
        let delay_days = payout_settings::delay_days(ctx)?;
        Ok(available_after(ctx.now(), delay_days))
    }
}
