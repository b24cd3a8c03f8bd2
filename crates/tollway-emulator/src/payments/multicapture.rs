//! Multicapture: a charge that is captured in parts has a transfer, or an application fee, for each capture.
//!
//! The charge names the last one. The earlier ones are a private record, so that a refund takes its share from each of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::fees::proportional;
use crate::objects::views::Charge;
use crate::world::PrivateRecord;

/// The ids of the transfers and application fees of a charge's earlier captures.
#[derive(Debug, Default, Serialize, Deserialize)]
struct CaptureParts {
    transfers: Vec<String>,
    fees: Vec<String>,
}

impl PrivateRecord for CaptureParts {
    const TYPE: &'static str = "_parts";
}

fn load_parts(ctx: &Ctx<'_>, charge: &Value) -> Result<CaptureParts, ApiError> {
    Ok(ctx.load(Charge::new(charge).id()?)?.unwrap_or_default())
}

/// Stores the transfer and the fee that the charge names, before a capture replaces them.
pub(super) fn remember_previous_capture(ctx: &mut Ctx<'_>, charge: &Value) -> Result<(), ApiError> {
    let view = Charge::new(charge);
    let (transfer, fee) = (view.transfer(), view.application_fee());
    if transfer.is_none() && fee.is_none() {
        return Ok(());
    }
    let mut parts = load_parts(ctx, charge)?;
    parts.transfers.extend(transfer.map(str::to_owned));
    parts.fees.extend(fee.map(str::to_owned));
    ctx.save(view.id()?, &parts);
    Ok(())
}

/// The transfers of all captures of a charge, oldest first.
pub(super) fn transfers_of_charge(ctx: &Ctx<'_>, charge: &Value) -> Result<Vec<Value>, ApiError> {
    let last = Charge::new(charge).transfer().map(str::to_owned);
    let ids = load_parts(ctx, charge)?.transfers.into_iter().chain(last);
    Ok(ids.filter_map(|id| ctx.get("transfer", &id)).collect())
}

/// The platform's application fees of all captures of a charge, oldest first.
pub(super) fn fees_of_charge(ctx: &mut Ctx<'_>, charge: &Value) -> Result<Vec<Value>, ApiError> {
    let last = Charge::new(charge).application_fee().map(str::to_owned);
    let ids = load_parts(ctx, charge)?.fees.into_iter().chain(last);
    let platform = ctx.in_scope(ctx.world.platform_scope(ctx.scope.mode));
    Ok(ids
        .filter_map(|id| platform.get("application_fee", &id))
        .collect())
}

/// A transfer or application fee of one capture, and the amount of it that was returned before.
#[derive(Debug, Clone, Copy)]
pub(super) struct CapturePart {
    pub(super) amount: i64,
    pub(super) returned: i64,
}

impl CapturePart {
    /// The amount that is left to return.
    fn left(self) -> i64 {
        self.amount - self.returned
    }
}

/// The share of each part that is returned when `amount` of `whole` is refunded: in proportion, and at most what is left of it.
pub(super) fn refund_shares(parts: &[CapturePart], amount: i64, whole: i64) -> Vec<i64> {
    let total: i64 = parts.iter().map(|part| part.amount).sum();
    let left: i64 = parts.iter().map(|part| part.left()).sum();
    let mut missing = proportional(total, amount, whole).min(left);
    let mut shares: Vec<i64> = parts
        .iter()
        .map(|part| {
            let share = proportional(part.amount, amount, whole);
            let share = share.min(part.left()).min(missing);
            missing -= share;
            share
        })
        .collect();
    // Parts that are not used up give what rounding left over.
    for (share, part) in shares.iter_mut().zip(parts) {
        let more = missing.min(part.left() - *share);
        *share += more;
        missing -= more;
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(amount: i64, returned: i64) -> CapturePart {
        CapturePart { amount, returned }
    }

    #[test]
    fn refund_shares_are_proportional_and_sum_to_the_refund() {
        let parts = [part(333, 0), part(333, 0), part(334, 0)];
        assert_eq!(refund_shares(&parts, 1000, 1000), [333, 333, 334]);
        assert_eq!(refund_shares(&parts, 500, 1000), [167, 167, 166]);
        let used = [part(300, 300), part(700, 0)];
        assert_eq!(refund_shares(&used, 500, 1000), [0, 500]);
        assert_eq!(refund_shares(&[], 500, 1000), [0; 0]);
    }

    proptest! {
        #[test]
        fn refund_shares_never_exceed_what_is_left_of_a_part(
            parts in prop::collection::vec((1i64..5000, 0i64..5000), 1..5), amount in 0i64..20_000,
        ) {
            let parts: Vec<CapturePart> = parts
                .into_iter()
                .map(|(amount, returned)| part(amount, returned.min(amount)))
                .collect();
            let left: Vec<i64> = parts.iter().map(|part| part.amount - part.returned).collect();
            let total: i64 = parts.iter().map(|part| part.amount).sum();
            let shares = refund_shares(&parts, amount, 20_000);
            prop_assert!(shares.iter().zip(&left).all(|(share, left)| 0 <= *share && share <= left));
            let due = proportional(total, amount, 20_000).min(left.iter().sum());
            prop_assert_eq!(shares.iter().sum::<i64>(), due);
        }
    }
}
