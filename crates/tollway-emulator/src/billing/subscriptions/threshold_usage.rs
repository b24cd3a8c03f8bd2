//! The usage that invoices of `billing_thresholds` billed before the end of the period.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::json::text;
use crate::world::PrivateRecord;

/// The usage of a period that was billed before its end.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ThresholdUsage {
    /// The start of the period, in Unix seconds.
    pub(super) since: i64,
    /// Billed quantities by the id of the subscription item.
    pub(super) quantities: BTreeMap<String, i64>,
}

impl PrivateRecord for ThresholdUsage {
    const TYPE: &'static str = "_threshold_billed";
}

/// The usage of an item in the period from `since` that was billed.
pub(super) fn billed_quantity(
    ctx: &Ctx<'_>,
    subscription: &Value,
    item: &Value,
    since: i64,
) -> i64 {
    let billed: Option<ThresholdUsage> =
        ctx.world.load_or_fail(&ctx.scope, text(subscription, "id"));
    let billed = billed.filter(|billed| billed.since == since);
    let quantity = billed.and_then(|it| it.quantities.get(text(item, "id")).copied());
    quantity.unwrap_or(0)
}
