//! A charge captured in several parts has a transfer, or an application fee, of each part. The charge itself names the last one
//! only; the earlier ones are remembered here, so that a refund takes its share back from all of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::fees::proportional;

const PARTS: &str = "_parts";

/// What earlier captures of a charge have left, by id.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Parts {
    transfers: Vec<String>,
    fees: Vec<String>,
}

/// Remembers what the charge names, before another part is captured.
pub(crate) fn note(ctx: &mut Ctx<'_>, charge: &Value) {
    let id = charge["id"].as_str().unwrap_or_default();
    let (transfer, fee) = (
        charge["transfer"].as_str(),
        charge["application_fee"].as_str(),
    );
    if transfer.is_none() && fee.is_none() {
        return;
    }
    let mut parts: Parts = ctx.world.typed(&ctx.scope, PARTS, id).unwrap_or_default();
    parts.transfers.extend(transfer.map(str::to_owned));
    parts.fees.extend(fee.map(str::to_owned));
    let (scope, now) = (ctx.scope.clone(), ctx.now());
    ctx.world.put_typed(&scope, PARTS, id, &parts, now);
}

/// The transfers of a charge, the last one at the end.
pub(crate) fn transfers(ctx: &Ctx<'_>, charge: &Value) -> Vec<Value> {
    let id = charge["id"].as_str().unwrap_or_default();
    let parts: Parts = ctx.world.typed(&ctx.scope, PARTS, id).unwrap_or_default();
    let last = charge["transfer"].as_str().map(str::to_owned);
    let all = parts.transfers.into_iter().chain(last);
    all.filter_map(|id| ctx.get("transfer", &id)).collect()
}

/// The application fees of a charge, as the platform has them, the last one at the end.
pub(crate) fn fees(ctx: &mut Ctx<'_>, charge: &Value) -> Vec<Value> {
    let id = charge["id"].as_str().unwrap_or_default();
    let parts: Parts = ctx.world.typed(&ctx.scope, PARTS, id).unwrap_or_default();
    let last = charge["application_fee"].as_str().map(str::to_owned);
    let platform = ctx.in_scope(ctx.world.platform_scope(ctx.scope.mode));
    let all = parts.fees.into_iter().chain(last);
    all.filter_map(|id| platform.get("application_fee", &id))
        .collect()
}

/// How much of each of these goes back when `amount` of `whole` does: in proportion, and never more than is left of any.
///
/// `taken_back` names the member that says how much has gone back before.
pub(crate) fn shares(parts: &[Value], taken_back: &str, amount: i64, whole: i64) -> Vec<i64> {
    let number = |part: &Value, name: &str| part[name].as_i64().unwrap_or(0);
    let left = |part: &Value| number(part, "amount") - number(part, taken_back);
    let total: i64 = parts.iter().map(|part| number(part, "amount")).sum();
    let mut missing = proportional(total, amount, whole).min(parts.iter().map(left).sum());
    let mut shares: Vec<i64> = parts
        .iter()
        .map(|part| {
            let share = proportional(number(part, "amount"), amount, whole);
            let share = share.min(left(part)).min(missing);
            missing -= share;
            share
        })
        .collect();
    // What rounding has left over comes from whichever still has something.
    for (share, part) in shares.iter_mut().zip(parts) {
        let more = missing.min(left(part) - *share);
        *share += more;
        missing -= more;
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_part_gives_its_share_and_one_gives_the_odd_cent() {
        let part = |amount: i64, back: i64| json!({"amount": amount, "back": back});
        let parts = [part(333, 0), part(333, 0), part(334, 0)];
        assert_eq!(shares(&parts, "back", 1000, 1000), [333, 333, 334]);
        assert_eq!(shares(&parts, "back", 500, 1000), [167, 167, 166]);
        let used = [part(300, 300), part(700, 0)];
        assert_eq!(shares(&used, "back", 500, 1000), [0, 500]);
        assert_eq!(shares(&[], "back", 500, 1000), [0; 0]);
    }

    proptest! {
        #[test]
        fn shares_sum_to_the_share_of_the_whole(
            parts in prop::collection::vec((1i64..5000, 0i64..5000), 1..5), amount in 0i64..20_000,
        ) {
            let parts: Vec<Value> = parts
                .into_iter()
                .map(|(amount, back)| json!({"amount": amount, "back": back.min(amount)}))
                .collect();
            let left: Vec<i64> = parts.iter()
                .map(|part| part["amount"].as_i64().unwrap() - part["back"].as_i64().unwrap()).collect();
            let total: i64 = parts.iter().map(|part| part["amount"].as_i64().unwrap()).sum();
            let shares = shares(&parts, "back", amount, 20_000);
            prop_assert!(shares.iter().zip(&left).all(|(share, left)| 0 <= *share && share <= left));
            let due = proportional(total, amount, 20_000).min(left.iter().sum());
            prop_assert_eq!(shares.iter().sum::<i64>(), due);
        }
    }
}
