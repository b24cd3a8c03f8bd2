//! Radar's lists of what to block, allow or review: each shows its newest items, and takes only what fits its type.
//!
//! See <https://docs.stripe.com/radar/lists>.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::generic::GenericCtx as _;
use crate::generic::synth::empty_list;
use crate::json::text;
use crate::params::Params;
use crate::product_objects::{drafted, id_of, keep};
use crate::registry::Registry;

const LIST: &str = "radar.value_list";
const ITEM: &str = "radar.value_list_item";

/// How many items a list shows itself.
const SHOWN: usize = 10;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("radar.value_lists.create", create);
    registry.add("radar.value_lists.delete", delete);
    registry.add("radar.value_list_items.create", add);
    registry.add("radar.value_list_items.delete", remove);
}

/// `POST /v1/radar/value_lists`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let alias = params.text("alias").unwrap_or_default();
    let lists = ctx.world.store.all(&ctx.scope, LIST);
    if lists.iter().any(|list| list["alias"] == alias) {
        let message = format!(
            "There is a value list of this alias already: {alias}. Choose another alias, or use that list."
        );
        return Err(ApiError::invalid_param("alias", message));
    }
    let item_type = params.text("item_type").unwrap_or("string");
    let more = json!({"created_by": ctx.caller.redacted_key, "item_type": item_type});
    let mut list = drafted(ctx, LIST, params, more)?;
    list["list_items"] = empty_list(&items_url(id_of(&list)));
    keep(ctx, LIST, &list, "radar.value_list.created");
    Ok(list)
}

/// `DELETE /v1/radar/value_lists/{value_list}`: its items go with it.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("value_list").to_owned();
    let gone = ctx.generic("radar.value_lists.delete", params)?;
    for item in ctx.all_with(ITEM, "value_list", &id) {
        ctx.delete(ITEM, id_of(&item));
    }
    Ok(gone)
}

/// `POST /v1/radar/value_list_items`.
fn add(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let list = params.text("value_list").unwrap_or_default();
    let list = ctx.referenced(LIST, list, "value_list")?;
    let (value, item_type) = (
        params.text("value").unwrap_or_default(),
        text(&list, "item_type"),
    );
    if !fits(value, item_type) {
        let message = format!("The value {value} is no {item_type}, which this list holds.");
        return Err(ApiError::invalid_param("value", message));
    }
    let mut items = ctx.all_with(ITEM, "value_list", id_of(&list));
    if items.iter().any(|item| item["value"] == value) {
        let message = format!("The value {value} is in this list already.");
        return Err(ApiError::invalid_param("value", message));
    }
    let more = json!({"created_by": ctx.caller.redacted_key});
    let item = drafted(ctx, ITEM, params, more)?;
    ctx.insert(ITEM, &item);
    items.insert(0, item.clone());
    show(ctx, list, items);
    Ok(item)
}

/// `DELETE /v1/radar/value_list_items/{item}`.
fn remove(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let item = ctx.required(ITEM, params.path("item"))?;
    let gone = ctx.generic("radar.value_list_items.delete", params)?;
    if let Some(list) = ctx.get(LIST, text(&item, "value_list")) {
        let items = ctx.all_with(ITEM, "value_list", id_of(&list));
        show(ctx, list, items);
    }
    Ok(gone)
}

/// Writes the first of these items, the newest ones, into their list.
fn show(ctx: &mut Ctx<'_>, mut list: Value, items: Vec<Value>) {
    let mut shown = empty_list(&items_url(id_of(&list)));
    shown["has_more"] = (items.len() > SHOWN).into();
    shown["data"] = items.into_iter().take(SHOWN).collect();
    list["list_items"] = shown;
    ctx.update(LIST, &list);
}

fn items_url(list: &str) -> String {
    format!("/v1/radar/value_list_items?value_list={list}")
}

/// Whether a value is one of a list's type.
fn fits(value: &str, item_type: &str) -> bool {
    let digits = |length| value.len() == length && value.bytes().all(|byte| byte.is_ascii_digit());
    match item_type {
        "card_bin" => digits(6) || digits(8),
        "country" => value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_alphabetic()),
        "email" => value
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.')),
        "ip_address" => is_address(value),
        "account" => value.starts_with("acct_"),
        "customer_id" => value.starts_with("cus_"),
        _ => !value.is_empty(),
    }
}

/// An address, or a range of them.
fn is_address(value: &str) -> bool {
    let (address, length) = value.split_once('/').unwrap_or((value, "0"));
    let Ok(address) = address.parse::<IpAddr>() else {
        return false;
    };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    length.parse::<u8>().is_ok_and(|length| length <= longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_take_what_fits_their_type() {
        let good = [
            ("424242", "card_bin"),
            ("DE", "country"),
            ("a@b.example", "email"),
            ("10.0.0.0/8", "ip_address"),
            ("::1", "ip_address"),
            ("cus_1", "customer_id"),
            ("anything", "string"),
        ];
        assert!(good.iter().all(|(value, item_type)| fits(value, item_type)));
        let bad = [
            ("42424", "card_bin"),
            ("DEU", "country"),
            ("a@b", "email"),
            ("10.0.0.0/33", "ip_address"),
            ("acct_1", "customer_id"),
            ("", "string"),
        ];
        assert!(!bad.iter().any(|(value, item_type)| fits(value, item_type)));
    }
}
