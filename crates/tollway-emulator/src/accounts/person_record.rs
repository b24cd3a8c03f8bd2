//! The persons of an account, as they are stored: in the platform's scope, under their account.

use serde_json::Value;

use crate::ctx::Ctx;
use crate::store::Query;

pub(super) const PERSON: &str = "person";

/// Sets `…_provided` in `object` for each identification number in `params`: the numbers themselves are not stored.
pub(super) fn mark_provided_numbers(object: &mut Value, params: &Value) {
    for (number, provided) in [
        ("id_number", "id_number_provided"),
        ("id_number_secondary", "id_number_secondary_provided"),
        ("ssn_last_4", "ssn_last_4_provided"),
        ("tax_id", "tax_id_provided"),
        ("vat_id", "vat_id_provided"),
    ] {
        if params[number]
            .as_str()
            .is_some_and(|number| !number.is_empty())
        {
            object[provided] = true.into();
        }
    }
}

/// The representative of an account's business.
pub(super) fn representative(ctx: &Ctx<'_>, account: &str) -> Option<Value> {
    let persons = persons_of_account(ctx, account, 100);
    persons
        .into_iter()
        .find(|person| person["relationship"]["representative"] == true)
}

/// The persons of an account, newest first.
fn persons_of_account(ctx: &Ctx<'_>, account: &str, limit: usize) -> Vec<Value> {
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let query = Query {
        limit,
        parent: Some(account),
        ..Query::default()
    };
    let page = ctx.world.store.list(&platform, PERSON, &query);
    let records = page.map(|page| page.records).unwrap_or_default();
    records.iter().map(|record| record.parse()).collect()
}
