//! Rejects refunds of charges whose dispute took the money.

use crate::ctx::Ctx;
use crate::disputes::funds::DISPUTE;
use crate::error::ApiError;
use crate::objects::status::DisputeStatus;
use crate::objects::views::Charge;
use crate::payments::notifications::RefundRequest;
use crate::registry::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.listen(on_refund_request);
}

/// Rejects the refund of a charge with a dispute that took its money.
fn on_refund_request(ctx: &mut Ctx<'_>, request: &RefundRequest) -> Result<(), ApiError> {
    let charge = &request.charge;
    if charge["disputed"] != true {
        return Ok(());
    }
    let id = Charge::new(charge).id()?.to_owned();
    let mut disputes = ctx.all_with(DISPUTE, "charge", &id).into_iter();
    let blocking = disputes.any(|dispute| {
        dispute["is_charge_refundable"] == false && dispute["status"] != DisputeStatus::Won.as_str()
    });
    if blocking {
        let message = format!("Charge {id} has been charged back; cannot issue a refund.");
        return Err(ApiError::invalid_request(message).code("charge_disputed"));
    }
    Ok(())
}
