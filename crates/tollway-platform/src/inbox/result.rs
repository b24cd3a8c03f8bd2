//! The result of handling a delivery.

use crate::hooks::HookError;
use crate::store::StoreError;
use crate::stripe::StripeError;

/// A delivery was handled.
pub(super) enum WorkResult {
    Done,
    /// There was nothing to do; the text says why.
    Ignored(String),
}

/// A delivery could not be handled now. The text is shown to the operator and contains no secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("Stripe could not be asked whether access stands: {0}")]
    AccessUnknown(#[source] StripeError),
    #[error("Stripe could not be asked for the account as it is now: {0}")]
    AccountUnknown(#[source] StripeError),
    #[error("the on_event hook failed: {0}")]
    Hook(#[source] HookError),
}
