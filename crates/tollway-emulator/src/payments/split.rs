//! The shares that a request gives to the platform and to a destination account.

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::params::Params;
use crate::payments::capability_checks;

/// The shares of a payment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) application_fee_amount: Option<i64>,
    /// The destination of a destination charge.
    pub(crate) destination: Option<String>,
    /// The amount that is transferred to the destination; all of the payment if none.
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

    /// Reads the shares of a charge or a PaymentIntent.
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

/// Checks the shares of a payment of `amount`.
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
            .is_some_and(|transfer| transfer > amount || transfer < 1)
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

/// Rejects an `on_behalf_of` that is neither the context's account nor a connected one.
pub(crate) fn check_on_behalf_of(ctx: &Ctx<'_>, account: Option<&Value>) -> Result<(), ApiError> {
    let Some(account) = account.and_then(Value::as_str) else {
        return Ok(());
    };
    let is_own = *account == *ctx.scope.account;
    if is_own || ctx.connection(account).is_some() {
        return Ok(());
    }
    Err(ApiError::no_such_reference(
        "account",
        account,
        "on_behalf_of",
    ))
}
