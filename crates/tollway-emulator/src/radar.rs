//! Radar's value lists. A list contains its newest items, and accepts only values of its type.
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
use crate::product_objects::{id_of, insert_and_emit, new_object};
use crate::registry::Registry;

const VALUE_LIST: &str = "radar.value_list";
const VALUE_LIST_ITEM: &str = "radar.value_list_item";

/// The number of items that a list object contains.
const SHOWN_ITEMS: usize = 10;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("radar.value_lists.create", create);
    registry.add("radar.value_lists.delete", delete);
    registry.add("radar.value_list_items.create", add_item);
    registry.add("radar.value_list_items.delete", remove_item);
}

/// `POST /v1/radar/value_lists`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let alias = params.text("alias").unwrap_or_default();
    let lists = ctx.world.store.all(&ctx.scope, VALUE_LIST);
    if lists.iter().any(|list| list["alias"] == alias) {
        let message = format!(
            "There is a value list of this alias already: {alias}. Choose another alias, or use that list."
        );
        return Err(ApiError::invalid_param("alias", message));
    }
    let item_type = params.text("item_type").unwrap_or("string");
    let members = json!({"created_by": ctx.caller.redacted_key, "item_type": item_type});
    let mut list = new_object(ctx, VALUE_LIST, params, members)?;
    list["list_items"] = empty_list(&items_url(id_of(&list)));
    insert_and_emit(ctx, VALUE_LIST, &list, "radar.value_list.created");
    Ok(list)
}

/// `DELETE /v1/radar/value_lists/{value_list}`: deletes its items as well.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("value_list").to_owned();
    let deleted = ctx.generic("radar.value_lists.delete", params)?;
    for item in ctx.all_with(VALUE_LIST_ITEM, "value_list", &id) {
        ctx.delete(VALUE_LIST_ITEM, id_of(&item));
    }
    Ok(deleted)
}

/// `POST /v1/radar/value_list_items`.
fn add_item(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let list = params.text("value_list").unwrap_or_default();
    let list = ctx.referenced(VALUE_LIST, list, "value_list")?;
    let (value, item_type) = (
        params.text("value").unwrap_or_default(),
        text(&list, "item_type"),
    );
    if !has_item_type(value, item_type) {
        let message = format!("The value {value} is no {item_type}, which this list holds.");
        return Err(ApiError::invalid_param("value", message));
    }
    let mut items = ctx.all_with(VALUE_LIST_ITEM, "value_list", id_of(&list));
    if items.iter().any(|item| item["value"] == value) {
        let message = format!("The value {value} is in this list already.");
        return Err(ApiError::invalid_param("value", message));
    }
    let members = json!({"created_by": ctx.caller.redacted_key});
    let item = new_object(ctx, VALUE_LIST_ITEM, params, members)?;
    ctx.insert(VALUE_LIST_ITEM, &item);
    items.insert(0, item.clone());
    write_items(ctx, list, items);
    Ok(item)
}

/// `DELETE /v1/radar/value_list_items/{item}`.
fn remove_item(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let item = ctx.required(VALUE_LIST_ITEM, params.path("item"))?;
    let deleted = ctx.generic("radar.value_list_items.delete", params)?;
    if let Some(list) = ctx.get(VALUE_LIST, text(&item, "value_list")) {
        let items = ctx.all_with(VALUE_LIST_ITEM, "value_list", id_of(&list));
        write_items(ctx, list, items);
    }
    Ok(deleted)
}

/// Writes the newest items into their list. `items` is sorted, newest first.
fn write_items(ctx: &mut Ctx<'_>, mut list: Value, items: Vec<Value>) {
    let mut shown = empty_list(&items_url(id_of(&list)));
    shown["has_more"] = (items.len() > SHOWN_ITEMS).into();
    shown["data"] = items.into_iter().take(SHOWN_ITEMS).collect();
    list["list_items"] = shown;
    ctx.update(VALUE_LIST, &list);
}

fn items_url(list: &str) -> String {
    format!("/v1/radar/value_list_items?value_list={list}")
}

/// Whether a value fits the type of a list.
fn has_item_type(value: &str, item_type: &str) -> bool {
    let digits = |length| value.len() == length && value.bytes().all(|byte| byte.is_ascii_digit());
    match item_type {
        "card_bin" => digits(6) || digits(8),
        "country" => value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_alphabetic()),
        "email" => value
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.')),
        "ip_address" => is_ip_range(value),
        "account" => value.starts_with("acct_"),
        "customer_id" => value.starts_with("cus_"),
        _ => !value.is_empty(),
    }
}

/// Whether the value is an IP address or a range in CIDR notation.
fn is_ip_range(value: &str) -> bool {
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
    fn lists_accept_only_values_of_their_type() {
        let good = [
            ("424242", "card_bin"),
            ("DE", "country"),
            ("a@b.example", "email"),
            ("10.0.0.0/8", "ip_address"),
            ("::1", "ip_address"),
            ("cus_1", "customer_id"),
            ("anything", "string"),
        ];
        assert!(
            good.iter()
                .all(|(value, item_type)| has_item_type(value, item_type))
        );
        let bad = [
            ("42424", "card_bin"),
            ("DEU", "country"),
            ("a@b", "email"),
            ("10.0.0.0/33", "ip_address"),
            ("acct_1", "customer_id"),
            ("", "string"),
        ];
        assert!(
            !bad.iter()
                .any(|(value, item_type)| has_item_type(value, item_type))
        );
    }
}
