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
use crate::ledger::entries::{Holder, JournalEntry};
use crate::ledger::exchange::{self, SettledMoney};
use crate::ledger::posting::{Fee, Movement, create_balance_transaction, post};
use crate::money::Money;
use crate::objects::views::Charge;
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
    let view = Charge::new(charge);
    let money = Money::new(amount, view.currency()?);
    let captured = view.amount_captured()?;
    let at = available_on(ctx, charge)?;
    let settled = exchange::settle(ctx, money)?;
    charge["balance_transaction"] = post_charge(ctx, charge, money, &settled, split, at)?.into();
    charge["captured"] = true.into();
    charge["amount_captured"] = (captured + amount).into();
    charge["application_fee_amount"] = split.application_fee_amount.into();
    if let Some(fee) = direct_fee(split) {
        collect_fee(ctx, charge, money.with_amount(fee), at)?;
    }
    if let Some(destination) = &split.destination {
        transfer_to_destination(ctx, charge, money, &settled, split, destination, at)?;
    }
    Ok(())
}

/// The application fee of a direct charge. In a destination charge the destination pays the fee, out of the transfer.
fn direct_fee(split: &Split) -> Option<i64> {
    split
        .application_fee_amount
        .filter(|fee| *fee > 0 && split.destination.is_none())
}

/// Posts the charge, less Stripe's fee, to the charging account; the id of its balance transaction.
fn post_charge(
    ctx: &mut Ctx<'_>,
    charge: &Value,
    money: Money,
    settled: &SettledMoney,
    split: &Split,
    at: i64,
) -> Result<String, ApiError> {
    let method = charge["payment_method_details"]["type"].as_str();
    let method = method.unwrap_or("card");
    let config = ctx.services.config();
    let gross = settled.money;
    let stripe_fee = FeeSchedule::of(config, method, gross.currency.as_str()).on(gross.amount);
    let account = Holder::Account(ctx.scope.account.to_string());
    let payer = exchange::counterparty(ctx, payer_of(charge), money, settled, at)?;
    let entry = JournalEntry::new(gross.currency)
        .line(payer, -gross.amount, at)
        .line(Holder::Stripe, stripe_fee, at)
        .line(account, gross.less(stripe_fee)?.amount, at);
    post(ctx, &entry)?;
    let mut fees = vec![Fee::stripe(stripe_fee)];
    if let Some(fee) = direct_fee(split) {
        let fee = settled.convert(money.with_amount(fee));
        fees.insert(0, Fee::application(fee.amount, charging_application(ctx)));
    }
    let view = Charge::new(charge);
    let movement = Movement {
        kind: if cards::is_card(method) {
            "charge"
        } else {
            "payment"
        },
        money: gross,
        fees,
        source: view.id()?,
        description: view.description(),
        available_on: at,
        exchange_rate: settled.exchange_rate(),
    };
    create_balance_transaction(ctx, &movement)
}

/// Collects the application fee of a direct charge.
fn collect_fee(ctx: &mut Ctx<'_>, charge: &mut Value, fee: Money, at: i64) -> Result<(), ApiError> {
    multicapture::remember_previous_capture(ctx, charge)?;
    let payer = ctx.scope.account.to_string();
    let new = NewFee {
        money: fee,
        payer: &payer,
        charge: Charge::new(charge).id()?,
        originating: None,
        available_on: at,
    };
    charge["application_fee"] = application_fees::collect(ctx, &new)?.into();
    Ok(())
}

/// Transfers the destination's share, from which the platform collects its application fee.
fn transfer_to_destination(
    ctx: &mut Ctx<'_>,
    charge: &mut Value,
    money: Money,
    settled: &SettledMoney,
    split: &Split,
    destination: &str,
    at: i64,
) -> Result<(), ApiError> {
    multicapture::remember_previous_capture(ctx, charge)?;
    let share = money.with_amount(split.transfer_amount.unwrap_or(money.amount));
    let fee = split.application_fee_amount.filter(|fee| *fee > 0);
    let view = Charge::new(charge);
    let id = view.id()?;
    let transfer = NewTransfer {
        money: settled.convert(share),
        destination,
        source_transaction: Some(id),
        application_fee_amount: fee.map(|fee| settled.convert(money.with_amount(fee)).amount),
        transfer_group: view
            .transfer_group()
            .map(str::to_owned)
            .or_else(|| Some(format!("group_{id}"))),
        available_on: at,
        description: None,
        metadata: json!({}),
    };
    let result = transfers::execute(ctx, &transfer)?;
    charge["transfer"] = result.transfer["id"].clone();
    charge["transfer_group"] = result.transfer["transfer_group"].clone();
    charge["application_fee"] = result.application_fee.into();
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
