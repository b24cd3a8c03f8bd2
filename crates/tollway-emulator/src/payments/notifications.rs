//! What payments notify the products above them of: Billing, Checkout and disputes listen.

use std::cell::RefCell;

use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;

/// Notifies that a charge succeeded, captured or only authorized.
#[derive(Debug)]
pub(crate) struct ChargeSuccess {
    pub(crate) charge: Value,
}

impl ChargeSuccess {
    /// Notifies the listeners and returns the charge.
    pub(super) fn notify(ctx: &mut Ctx<'_>, charge: Value) -> Result<Value, ApiError> {
        let success = Self { charge };
        ctx.notify(&success)?;
        Ok(success.charge)
    }
}

/// Asks whether a charge may be refunded: the error of a listener rejects the refund.
#[derive(Debug)]
pub(crate) struct RefundRequest {
    pub(crate) charge: Value,
}

impl RefundRequest {
    /// Notifies the listeners and returns the charge.
    pub(super) fn notify(ctx: &mut Ctx<'_>, charge: Value) -> Result<Value, ApiError> {
        let request = Self { charge };
        ctx.notify(&request)?;
        Ok(request.charge)
    }
}

/// The stage that a PaymentIntent reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaymentStage {
    /// The money was captured.
    Succeeded,
    /// The money was authorized and waits for its capture.
    Authorized,
    /// The payer must act, on a page or in their bank's app.
    RequiresAction,
    /// The card was declined at its confirmation.
    Declined,
    /// A payment that was processing, or a voucher, failed after its confirmation.
    FailedLater,
}

/// Notifies that a PaymentIntent reached a stage.
#[derive(Debug)]
pub(crate) struct PaymentUpdate {
    pub(crate) intent: Value,
    pub(crate) stage: PaymentStage,
}

impl PaymentUpdate {
    /// Notifies the listeners and returns the PaymentIntent.
    pub(super) fn notify(
        ctx: &mut Ctx<'_>,
        intent: Value,
        stage: PaymentStage,
    ) -> Result<Value, ApiError> {
        let update = Self { intent, stage };
        ctx.notify(&update)?;
        Ok(update.intent)
    }
}

/// Notifies that a SetupIntent succeeded.
#[derive(Debug)]
pub(crate) struct SetupSuccess {
    pub(crate) intent: Value,
}

impl SetupSuccess {
    /// Notifies the listeners and returns the SetupIntent.
    pub(super) fn notify(ctx: &mut Ctx<'_>, intent: Value) -> Result<Value, ApiError> {
        let success = Self { intent };
        ctx.notify(&success)?;
        Ok(success.intent)
    }
}

/// Asks where the payer goes after a PaymentIntent or SetupIntent: a listener whose page embeds the intent sets the URL.
#[derive(Debug)]
pub(crate) struct ReturnUrlQuery {
    /// The id of the intent.
    pub(crate) intent: String,
    /// The answer.
    pub(crate) url: RefCell<Option<url::Url>>,
}

impl ReturnUrlQuery {
    /// The URL that a listener set.
    pub(super) fn find(ctx: &mut Ctx<'_>, intent: &str) -> Result<Option<url::Url>, ApiError> {
        let query = Self {
            intent: intent.to_owned(),
            url: RefCell::new(None),
        };
        ctx.notify(&query)?;
        Ok(query.url.into_inner())
    }
}
