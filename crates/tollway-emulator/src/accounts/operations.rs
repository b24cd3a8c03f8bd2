//! Connected accounts as the platform sees them: `/v1/accounts` and `/v1/account`.
//!
//! Accounts that came by OAuth belong to their sellers and are ready to be charged; accounts that the platform makes are
//! controlled by it and say in `requirements` what is missing.

use serde_json::{Map, Value, json};

mod object;

pub(crate) use self::object::of_seller;
use crate::accounts::connection;
use crate::accounts::sellers::{self, Seller};
use crate::accounts::{account_links, capabilities, external_accounts, persons, requirements, v2};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events::EventCtx as _;
use crate::events::difference::previous_attributes;
use crate::generic::GenericCtx as _;
use crate::ledger::posting;
use crate::params::Params;
use crate::registry::Registry;
use crate::scope::Scope;
use crate::world::{Connection, ConnectionKind, GrantScope};

pub(crate) fn register(registry: &mut Registry) {
    registry.add("accounts.create", create);
    registry.add("accounts.retrieve", retrieve);
    registry.add("accounts.retrieve_current", retrieve_current);
    registry.add("accounts.update", update);
    registry.add("accounts.delete", delete);
    registry.add("accounts.reject", reject);
    registry.add("accounts.unreject", unreject);
}

/// `POST /v1/accounts`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = ctx.new_id("account");
    make(ctx, &id, params)
}

/// Makes an account that the platform controls.
pub(crate) fn make(ctx: &mut Ctx<'_>, id: &str, params: &Params) -> Result<Value, ApiError> {
    if !ctx.is_platform() {
        return Err(ApiError::permission(
            "Only a platform can create accounts: send the request without Stripe-Account.",
        ));
    }
    let said = params.map("controller");
    if said.is_some() && params.has("type") {
        let message = "You may not provide the `type` parameter and `controller` parameters simultaneously. They are mutually \
                       exclusive.";
        return Err(ApiError::invalid_param("type", message));
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
    check_controller(kind, said)?;
    let country = params
        .text("country")
        .unwrap_or(&ctx.world.platform.country)
        .to_owned();
    let mut account = object::bare(ctx, id, &country);
    let shown = if said.is_some() { "none" } else { kind };
    account.insert("type".into(), shown.into());
    account.insert("controller".into(), controller(kind, said));
    account.insert("capabilities".into(), first_capabilities(kind));
    account.insert("charges_enabled".into(), false.into());
    account.insert("payouts_enabled".into(), false.into());
    account.insert("details_submitted".into(), false.into());
    apply(ctx, &mut account, params)?;
    let mut account = Value::Object(account);
    requirements::judge(ctx, &mut account);
    ctx.insert("account", &account);
    remember(ctx, &account, kind);
    external_accounts::announce(ctx, &Value::Null, &account);
    v2::mirror(ctx, &account);
    Ok(account)
}

/// A Standard account asks for what it takes to be paid by itself; for others the platform asks.
fn first_capabilities(kind: &str) -> Value {
    match kind {
        "standard" => json!({"card_payments": "inactive", "transfers": "inactive"}),
        _ => json!({}),
    }
}

/// Whoever gets no dashboard of Stripe's can only be looked after by the platform.
fn check_controller(kind: &str, said: Option<&Map<String, Value>>) -> Result<(), ApiError> {
    let at = |path: &str| said.and_then(|said| said.get(path));
    let collection = at("requirement_collection").and_then(Value::as_str);
    let losses = at("losses").and_then(|losses| losses["payments"].as_str());
    if collection == Some("application") && kind != "custom" {
        let message = "When controller[requirement_collection]=application, controller[stripe_dashboard][type] must be none.";
        return Err(ApiError::invalid_param(
            "controller[requirement_collection]",
            message,
        ));
    }
    if collection == Some("application") && losses == Some("stripe") {
        let message = "When controller[requirement_collection]=application, controller[losses][payments] must be application.";
        return Err(ApiError::invalid_param(
            "controller[losses][payments]",
            message,
        ));
    }
    Ok(())
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
    sellers::put_seller(ctx.world, &seller);
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
    let id = params.path("account");
    let account = reachable(ctx, id)?;
    let asked = OWNERS.iter().filter(|name| params.has(name));
    let asked: Vec<String> = asked.map(|name| format!("'{name}'")).collect();
    if !asked.is_empty() && is_owners(ctx, &account) {
        let parameters = match asked.len() {
            1 => "parameter",
            _ => "parameters",
        };
        return Err(ApiError::permission(format!(
            "This application does not have the required permissions for the {parameters} {} on account '{id}'.",
            asked.join(",")
        )));
    }
    change(ctx, id, params)
}

/// Members that are the owner's alone, once the owner tells them to Stripe.
const OWNERS: &[&str] = &[
    "business_type",
    "company",
    "external_account",
    "individual",
    "tos_acceptance",
];

/// Does the owner tell Stripe who it is? Where Stripe collects the requirements, the platform may say it in advance: until it
/// makes the first account link or account session.
fn is_owners(ctx: &Ctx<'_>, account: &Value) -> bool {
    let controller = &account["controller"];
    if controller["is_controller"] != true {
        return account["id"] != *ctx.world.platform.account;
    }
    let id = account["id"].as_str().unwrap_or_default();
    controller["requirement_collection"] != "application" && account_links::began(ctx, id)
}

/// An account whose persons the platform may still tell.
///
/// # Errors
/// 403 if that is its owner's business.
pub(crate) fn tellable(ctx: &mut Ctx<'_>, id: &str) -> Result<Value, ApiError> {
    let account = controlled(ctx, id)?;
    if is_owners(ctx, &account) {
        return Err(not_yours(id));
    }
    Ok(account)
}

/// An account whose requirements the platform collects, and so its external accounts.
///
/// # Errors
/// 403 if Stripe collects them.
pub(crate) fn collected(ctx: &mut Ctx<'_>, id: &str) -> Result<Value, ApiError> {
    let account = controlled(ctx, id)?;
    if account["controller"]["requirement_collection"] == "application" {
        return Ok(account);
    }
    Err(not_yours(id))
}

fn not_yours(account: &str) -> ApiError {
    ApiError::permission(format!(
        "This application does not have the required permissions for this endpoint on account '{account}'."
    ))
}

/// Writes into an account what is said of it.
pub(crate) fn change(ctx: &mut Ctx<'_>, account: &str, params: &Params) -> Result<Value, ApiError> {
    let before = reachable(ctx, account)?;
    if before["id"] == *ctx.world.platform.account {
        return Err(ApiError::permission(
            "A platform's own account is changed in its dashboard, not through the API.",
        ));
    }
    let mut account = before.as_object().cloned().unwrap_or_default();
    apply(ctx, &mut account, params)?;
    keep(ctx, &before, Value::Object(account))
}

/// Notifies that an account object changed.
#[derive(Debug)]
pub(crate) struct AccountChange {
    pub(crate) account: String,
}

/// Keeps a changed account, once its requirements are judged anew, and tells the account's listeners.
pub(crate) fn keep(
    ctx: &mut Ctx<'_>,
    before: &Value,
    mut account: Value,
) -> Result<Value, ApiError> {
    if account["controller"]["is_controller"] == true {
        requirements::judge(ctx, &mut account);
    }
    let platform = ctx.world.platform_scope(ctx.scope.mode);
    ctx.in_scope(platform).update("account", &account);
    let previous = previous_attributes(before, &account);
    if !previous.is_empty() {
        external_accounts::announce(ctx, before, &account);
        capabilities::announce(ctx, before, &account);
        let id = account["id"].as_str().unwrap_or_default().to_owned();
        ctx.acting_for(id)
            .emit("account.updated", &account, Some(Value::Object(previous)));
        v2::mirror(ctx, &account);
        let change = AccountChange {
            account: account["id"].as_str().unwrap_or_default().to_owned(),
        };
        ctx.notify(&change)?;
    }
    Ok(account)
}

/// `POST /v1/accounts/{account}/reject`: the platform wants nothing more to do with it.
fn reject(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = controlled(ctx, params.path("account"))?;
    let liable = before["controller"]["losses"]["payments"] == "application";
    if ctx.scope.livemode() && !liable {
        let message = "You can only reject accounts where your platform is liable for negative balances: Express and Custom accounts.";
        return Err(ApiError::invalid_request(message));
    }
    check_empty(ctx, params.path("account"), "reject")?;
    let reason = match params.text("reason").unwrap_or("other") {
        "terms_of_service" => "rejected.platform_terms_of_service",
        fraud if fraud.starts_with("fraud") => "rejected.platform_fraud",
        _ => "rejected.platform_other",
    };
    let mut account = before.clone();
    account["requirements"]["disabled_reason"] = reason.into();
    keep(ctx, &before, account)
}

/// `POST /v1/accounts/{account}/unreject`.
fn unreject(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = controlled(ctx, params.path("account"))?;
    let mut account = before.clone();
    account["requirements"]["disabled_reason"] = Value::Null;
    keep(ctx, &before, account)
}

/// An account that this platform made, and answers for.
pub(crate) fn controlled(ctx: &mut Ctx<'_>, account: &str) -> Result<Value, ApiError> {
    let object = reachable(ctx, account)?;
    if object["controller"]["is_controller"] == true {
        return Ok(object);
    }
    Err(ApiError::permission(
        "This account is not controlled by your platform: its owner looks after it in its own dashboard.",
    ))
}

/// In live mode nobody may be left with money, or with debts.
fn check_empty(ctx: &Ctx<'_>, account: &str, wanted: &str) -> Result<(), ApiError> {
    if !ctx.scope.livemode() {
        return Ok(());
    }
    let scope = Scope::new(ctx.scope.mode, account);
    let left: Vec<String> = posting::balance_of(ctx.world, &scope)?
        .at(ctx.now())
        .into_iter()
        .filter(|amounts| amounts.available != 0 || amounts.pending != 0)
        .map(|amounts| amounts.currency)
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid_request(format!(
        "For an account created with your live-mode key, you cannot {wanted} the account when the balance in any currency is \
         non-zero. Currencies with non-zero balances: {}.",
        left.join(", ")
    )))
}

/// `DELETE /v1/accounts/{account}`: only accounts the platform made; live ones if they are empty, and no Standard ones.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = params.path("account").to_owned();
    let object = reachable(ctx, &account)?;
    if !ctx.is_platform() || !connection::is_controlled(ctx, &account) {
        return Err(ApiError::permission(
            "Only Express and Custom accounts can be deleted; disconnect a Standard account through /oauth/deauthorize.",
        ));
    }
    if ctx.scope.livemode() && object["controller"]["losses"]["payments"] == "stripe" {
        let message = "Live-mode accounts where Stripe is responsible for negative balances, Standard accounts among them, cannot be deleted.";
        return Err(ApiError::permission(message));
    }
    check_empty(ctx, &account, "delete")?;
    let_go(ctx, &account);
    v2::forget(ctx, &account);
    Ok(json!({"id": account, "object": "account", "deleted": true}))
}

/// The account is no more: nobody acts for it, and `/v1` does not know it.
pub(crate) fn let_go(ctx: &mut Ctx<'_>, account: &str) {
    if let Some(mut connection) = ctx.connection(account) {
        connection.active = false;
        connection.disconnected_at = Some(ctx.now());
        ctx.world.put_connection(ctx.scope.mode, &connection);
    }
    ctx.world.store.remove(&ctx.scope, "account", account);
}

/// The account, if the caller may see it: itself, or one connected to it.
pub(crate) fn reachable(ctx: &mut Ctx<'_>, account: &str) -> Result<Value, ApiError> {
    if *account == *ctx.world.platform.account && ctx.is_platform() {
        return Ok(object::of_platform(ctx));
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

/// Who answers for what, by kind of account; what the request says of it counts first.
fn controller(kind: &str, said: Option<&Map<String, Value>>) -> Value {
    let (fees, losses, collection, dashboard) = match kind {
        "custom" => ("application_custom", "application", "application", "none"),
        "express" => ("application_express", "application", "stripe", "express"),
        _ => ("account", "stripe", "stripe", "full"),
    };
    let mut controller = json!({
        "type": "application",
        "is_controller": true,
        "fees": {"payer": fees},
        "losses": {"payments": losses},
        "requirement_collection": collection,
        "stripe_dashboard": {"type": dashboard},
    });
    for (name, value) in said.into_iter().flatten() {
        controller[name] = value.clone();
    }
    controller
}

/// An account of which nothing is known but its id.
pub(crate) fn plain(ctx: &mut Ctx<'_>, id: &str) -> Value {
    let country = ctx.world.platform.country.clone();
    let mut account = object::bare(ctx, id, &country);
    account.insert("type".into(), "custom".into());
    account.insert("controller".into(), controller("custom", None));
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
    write(ctx, account, &copied)?;
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
        let made = external_accounts::make(ctx, account, given)?;
        external_accounts::replace_default(account, made);
    }
    Ok(())
}

/// Writes members into the account; numbers that are not shown leave a mark.
pub(crate) fn write(
    ctx: &mut Ctx<'_>,
    account: &mut Map<String, Value>,
    members: &Map<String, Value>,
) -> Result<(), ApiError> {
    ctx.apply("account", account, members)?;
    for part in ["individual", "company"] {
        if let (Some(object), Some(given)) = (account.get_mut(part), members.get(part)) {
            persons::mark(object, given);
        }
    }
    Ok(())
}
