//! Connected accounts as the platform sees them: `/v1/accounts` and `/v1/account`.
//!
//! Accounts that came by OAuth belong to their sellers and are ready to be charged; accounts that the platform makes are
//! controlled by it and say in `requirements` what is missing.

use serde_json::{Map, Value, json};

use super::connection;
use super::records::{self, Seller};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::difference::previous_attributes;
use crate::money;
use crate::params::Params;
use crate::registry::Registry;
use crate::world::{Connection, ConnectionKind, GrantScope};

pub(super) fn register(registry: &mut Registry) {
    registry.add("accounts.create", create);
    registry.add("accounts.retrieve", retrieve);
    registry.add("accounts.retrieve_current", retrieve_current);
    registry.add("accounts.update", update);
    registry.add("accounts.delete", delete);
}

/// The account of a seller that came by OAuth: complete, and able to be charged and paid out.
pub(crate) fn of_seller(ctx: &mut Ctx<'_>, seller: &Seller) -> Value {
    let mut account = bare(ctx, &seller.account, &seller.country);
    account.insert("type".into(), seller.kind.as_str().into());
    account.insert("email".into(), seller.email.as_str().into());
    account.insert("created".into(), seller.created.into());
    if let Some(currency) = seller.profile.get("currency") {
        account.insert("default_currency".into(), currency.as_str().into());
    }
    account.insert(
        "business_type".into(),
        business_type(seller.profile.get("business_type").map(String::as_str)),
    );
    account["business_profile"]["name"] = seller.business_name.as_deref().into();
    account["business_profile"]["url"] = seller.profile.get("url").map(String::as_str).into();
    account["business_profile"]["product_description"] = seller
        .profile
        .get("product_description")
        .map(String::as_str)
        .into();
    account["settings"]["dashboard"]["display_name"] = seller.label().into();
    account.insert(
        "capabilities".into(),
        json!({"card_payments": "active", "transfers": "active"}),
    );
    account.insert("controller".into(), json!({"type": "account"}));
    ready(&mut account);
    Value::Object(account)
}

/// The API's word for what OAuth calls a sole proprietorship, a corporation and so on.
fn business_type(word: Option<&str>) -> Value {
    match word {
        Some("sole_prop" | "individual") => "individual".into(),
        Some("corporation" | "partnership" | "llc" | "company") => "company".into(),
        Some("non_profit") => "non_profit".into(),
        _ => Value::Null,
    }
}

/// `POST /v1/accounts`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    if !ctx.is_platform() {
        return Err(ApiError::permission(
            "Only a platform can create accounts: send the request without Stripe-Account.",
        ));
    }
    let kind = params.text("type").unwrap_or_else(|| {
        match params.text("controller.stripe_dashboard.type") {
            Some("express") => "express",
            Some("none") => "custom",
            _ => "standard",
        }
    });
    if kind == "none" {
        return Err(ApiError::invalid_enum(
            "type",
            &["custom", "express", "standard"],
        ));
    }
    let country = params
        .text("country")
        .unwrap_or(&ctx.world.platform.country)
        .to_owned();
    let id = ctx.new_id("account");
    let mut account = bare(ctx, &id, &country);
    account.insert("type".into(), kind.into());
    account.insert("controller".into(), controller(kind));
    account.insert("capabilities".into(), json!({}));
    account.insert("charges_enabled".into(), false.into());
    account.insert("payouts_enabled".into(), false.into());
    account.insert("details_submitted".into(), false.into());
    apply(ctx, &mut account, params)?;
    judge(&mut account);
    let account = Value::Object(account);
    ctx.insert("account", &account);
    remember(ctx, &account, kind);
    Ok(account)
}

/// Makes the platform's connection to an account it created, and lets its owner sign in to it.
fn remember(ctx: &mut Ctx<'_>, account: &Value, kind: &str) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let id = text(&account["id"]).unwrap_or_default();
    let connection = Connection {
        account: id.as_str().into(),
        client_id: None,
        kind: ConnectionKind::Api,
        scope: if kind == "express" {
            GrantScope::Express
        } else {
            GrantScope::ReadWrite
        },
        active: true,
        connected_at: ctx.now(),
        disconnected_at: None,
    };
    ctx.world.put_connection(ctx.scope.mode, &connection);
    let seller = Seller {
        email: text(&account["email"]).unwrap_or_else(|| id.clone()),
        account: id,
        kind: kind.to_owned(),
        business_name: text(&account["business_profile"]["name"]),
        country: text(&account["country"]).unwrap_or_default(),
        created: ctx.now(),
        ..Seller::default()
    };
    records::put_seller(ctx.world, &seller);
}

/// `GET /v1/accounts/{account}`.
fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    reachable(ctx, params.path("account"))
}

/// `GET /v1/account`: whoever is asking, or the connected account acted for.
fn retrieve_current(ctx: &mut Ctx<'_>, _params: &Params) -> Result<Value, ApiError> {
    let account = ctx.scope.account.to_string();
    reachable(ctx, &account)
}

/// `POST /v1/accounts/{account}`.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = reachable(ctx, params.path("account"))?;
    if before["id"] == *ctx.world.platform.account {
        return Err(ApiError::permission(
            "A platform's own account is changed in its dashboard, not through the API.",
        ));
    }
    let Value::Object(mut account) = before.clone() else {
        return Ok(before);
    };
    apply(ctx, &mut account, params)?;
    if account["type"] != "standard" {
        judge(&mut account);
    }
    let account = Value::Object(account);
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    ctx.in_scope(platform).update("account", &account);
    let previous = previous_attributes(&before, &account);
    if !previous.is_empty() {
        let id = account["id"].as_str().unwrap_or_default().to_owned();
        ctx.acting_for(id)
            .emit("account.updated", &account, Some(Value::Object(previous)));
    }
    Ok(account)
}

/// `DELETE /v1/accounts/{account}`: only accounts the platform made, and no Standard ones.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = params.path("account").to_owned();
    reachable(ctx, &account)?;
    if !ctx.is_platform() || !connection::is_controlled(ctx, &account) {
        return Err(ApiError::permission(
            "Only Express and Custom accounts can be deleted; disconnect a Standard account through /oauth/deauthorize.",
        ));
    }
    if let Some(mut connection) = ctx.connection(&account) {
        connection.active = false;
        connection.disconnected_at = Some(ctx.now());
        ctx.world.put_connection(ctx.scope.mode, &connection);
    }
    ctx.world.store.remove(&ctx.scope, "account", &account);
    Ok(json!({"id": account, "object": "account", "deleted": true}))
}

/// The account, if the caller may see it: itself, or one connected to it.
fn reachable(ctx: &mut Ctx<'_>, account: &str) -> Result<Value, ApiError> {
    if *account == *ctx.world.platform.account && ctx.is_platform() {
        return Ok(of_platform(ctx));
    }
    let itself = *account == *ctx.scope.account;
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    let object = if itself || ctx.is_platform() {
        ctx.world.store.object(&platform, "account", account)
    } else {
        None
    };
    object.ok_or_else(|| ApiError::account_invalid(&ctx.caller.redacted_key, account))
}

/// The platform's own account.
fn of_platform(ctx: &mut Ctx<'_>) -> Value {
    let platform = ctx.world.platform.clone();
    let mut account = bare(ctx, &platform.account, &platform.country);
    account.insert("type".into(), "standard".into());
    account.insert("email".into(), platform.email.into());
    account.insert("default_currency".into(), platform.default_currency.into());
    account.insert("created".into(), 0.into());
    account["business_profile"]["name"] = platform.business_name.as_str().into();
    account["settings"]["dashboard"]["display_name"] = platform.business_name.into();
    account.insert(
        "capabilities".into(),
        json!({"card_payments": "active", "transfers": "active"}),
    );
    account.remove("controller");
    ready(&mut account);
    Value::Object(account)
}

/// An account with every member in its place and nothing known but its country.
fn bare(ctx: &mut Ctx<'_>, id: &str, country: &str) -> Map<String, Value> {
    let country = country.to_ascii_uppercase();
    let mut account = ctx.blank("account");
    account.remove("livemode");
    let members = json!({
        "id": id,
        "business_profile": {
            "mcc": null, "minority_owned_business_designation": null, "name": null, "product_description": null,
            "specified_commercial_transactions_act_url": null,
            "support_address": null, "support_email": null, "support_phone": null, "support_url": null, "url": null,
        },
        "business_type": null,
        "country": country,
        "created": ctx.now(),
        "default_currency": currency_of(&country),
        "email": null,
        "external_accounts": {
            "object": "list", "data": [], "has_more": false, "total_count": 0,
            "url": format!("/v1/accounts/{id}/external_accounts"),
        },
        "future_requirements": no_requirements(),
        "metadata": {},
        "requirements": no_requirements(),
        "settings": {
            "bacs_debit_payments": {"display_name": null, "service_user_number": null},
            "branding": {"icon": null, "logo": null, "primary_color": null, "secondary_color": null},
            "card_issuing": {"tos_acceptance": {"date": null, "ip": null}},
            "card_payments": {
                "decline_on": {"avs_failure": false, "cvc_failure": false}, "statement_descriptor_prefix": null,
                "statement_descriptor_prefix_kana": null, "statement_descriptor_prefix_kanji": null,
            },
            "dashboard": {"display_name": null, "timezone": "Etc/UTC"},
            "invoices": {"default_account_tax_ids": null, "hosted_payment_method_save": "offer"},
            "payments": {
                "statement_descriptor": null, "statement_descriptor_kana": null, "statement_descriptor_kanji": null,
                "statement_descriptor_prefix_kana": null, "statement_descriptor_prefix_kanji": null,
            },
            "payouts": {
                "debit_negative_balances": true, "schedule": {"delay_days": 2, "interval": "daily"},
                "statement_descriptor": null,
            },
            "sepa_debit_payments": {},
        },
        "tos_acceptance": {"date": null, "ip": null, "user_agent": null},
    });
    if let Value::Object(members) = members {
        account.extend(members);
    }
    account
}

fn no_requirements() -> Value {
    json!({
        "alternatives": [], "current_deadline": null, "currently_due": [], "disabled_reason": null, "errors": [],
        "eventually_due": [], "past_due": [], "pending_verification": [],
    })
}

fn ready(account: &mut Map<String, Value>) {
    for name in ["charges_enabled", "payouts_enabled", "details_submitted"] {
        account.insert(name.into(), true.into());
    }
}

/// Who answers for what, by kind of account.
fn controller(kind: &str) -> Value {
    let (fees, losses, collection, dashboard) = match kind {
        "custom" => ("application_custom", "application", "application", "none"),
        "express" => ("application_express", "application", "stripe", "express"),
        _ => ("account", "stripe", "stripe", "full"),
    };
    json!({
        "type": "application",
        "is_controller": true,
        "fees": {"payer": fees},
        "losses": {"payments": losses},
        "requirement_collection": collection,
        "stripe_dashboard": {"type": dashboard},
    })
}

/// An account of which nothing is known but its id.
pub(crate) fn plain(ctx: &mut Ctx<'_>, id: &str) -> Value {
    let country = ctx.world.platform.country.clone();
    let mut account = bare(ctx, id, &country);
    account.insert("type".into(), "custom".into());
    account.insert("controller".into(), controller("custom"));
    account.insert("capabilities".into(), json!({}));
    Value::Object(account)
}

/// Members of a request that become members of the account.
const COPIED: &[&str] = &[
    "business_profile",
    "business_type",
    "company",
    "default_currency",
    "email",
    "individual",
    "metadata",
    "settings",
    "tos_acceptance",
];

/// Writes what the request sets into the account.
fn apply(
    ctx: &mut Ctx<'_>,
    account: &mut Map<String, Value>,
    params: &Params,
) -> Result<(), ApiError> {
    let mut copied = Map::new();
    for (name, value) in params
        .values()
        .iter()
        .filter(|(name, _)| COPIED.contains(&name.as_str()))
    {
        copied.insert(name.clone(), value.clone());
    }
    ctx.apply("account", account, &copied)?;
    for (name, wish) in params.map("capabilities").into_iter().flatten() {
        let requested = wish["requested"].as_bool().unwrap_or(true);
        account["capabilities"][name] = if requested {
            "inactive".into()
        } else {
            Value::Null
        };
    }
    if let Some(capabilities) = account["capabilities"].as_object_mut() {
        capabilities.retain(|_, state| !state.is_null());
    }
    if let Some(given) = params
        .at("external_account")
        .filter(|value| !value.is_null())
    {
        let bank = bank_account(ctx, account, given);
        account["external_accounts"]["data"] = json!([bank]);
        account["external_accounts"]["total_count"] = 1.into();
    }
    Ok(())
}

/// The external account that a request describes, or that its token stands for.
fn bank_account(ctx: &mut Ctx<'_>, account: &Map<String, Value>, given: &Value) -> Value {
    let currency = account["default_currency"].as_str().unwrap_or("usd");
    let mut bank = money::bank_account(ctx, given, currency);
    bank["account"] = account["id"].clone();
    bank["available_payout_methods"] = json!(["standard"]);
    bank["default_for_currency"] = true.into();
    bank["metadata"] = json!({});
    if given["country"].is_null() {
        bank["country"] = account["country"].clone();
    }
    bank
}

/// What a platform-made account still lacks, and so whether its capabilities work.
fn judge(account: &mut Map<String, Value>) {
    let unset = |path: &str| lookup(account, path).is_none_or(Value::is_null);
    let missing: Vec<&str> = [
        "business_profile.mcc",
        "business_profile.url",
        "business_type",
        "external_account",
        "tos_acceptance.date",
        "tos_acceptance.ip",
    ]
    .into_iter()
    .filter(|path| match *path {
        "external_account" => account["external_accounts"]["data"]
            .as_array()
            .is_none_or(Vec::is_empty),
        // A description of the product will do instead of a web address.
        "business_profile.url" => unset(path) && unset("business_profile.product_description"),
        path => unset(path),
    })
    .collect();
    let complete = missing.is_empty();
    let wanted = account["capabilities"]
        .as_object()
        .is_some_and(|capabilities| !capabilities.is_empty());
    account["requirements"]["currently_due"] = missing.clone().into();
    account["requirements"]["eventually_due"] = missing.clone().into();
    account["requirements"]["past_due"] = missing.into();
    account["requirements"]["disabled_reason"] = if complete {
        Value::Null
    } else {
        "requirements.past_due".into()
    };
    account.insert("details_submitted".into(), complete.into());
    for name in ["charges_enabled", "payouts_enabled"] {
        account.insert(name.into(), (complete && wanted).into());
    }
    let state = if complete { "active" } else { "inactive" };
    for (_, capability) in account["capabilities"]
        .as_object_mut()
        .into_iter()
        .flatten()
    {
        *capability = state.into();
    }
}

fn lookup<'a>(account: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let (first, rest) = path
        .split_once('.')
        .map_or((path, None), |(first, rest)| (first, Some(rest)));
    rest.map_or_else(|| account.get(first), |rest| account.get(first)?.get(rest))
}

/// The currency of a country; US dollars where no better one is known.
fn currency_of(country: &str) -> &'static str {
    match country {
        "AT" | "BE" | "CY" | "DE" | "EE" | "ES" | "FI" | "FR" | "GR" | "HR" | "IE" | "IT"
        | "LT" | "LU" | "LV" | "MT" | "NL" | "PT" | "SI" | "SK" => "eur",
        "AU" => "aud",
        "BR" => "brl",
        "CA" => "cad",
        "CH" | "LI" => "chf",
        "CZ" => "czk",
        "DK" => "dkk",
        "GB" | "GI" => "gbp",
        "HK" => "hkd",
        "HU" => "huf",
        "IN" => "inr",
        "JP" => "jpy",
        "MX" => "mxn",
        "MY" => "myr",
        "NO" => "nok",
        "NZ" => "nzd",
        "PL" => "pln",
        "RO" => "ron",
        "SE" => "sek",
        "SG" => "sgd",
        "TH" => "thb",
        _ => "usd",
    }
}
