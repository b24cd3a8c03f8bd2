//! `/v1/accounts` and `/v1/account`: connected accounts as the platform sees them.
//!
//! Accounts that were connected by OAuth belong to their sellers, and charges are enabled. Accounts that the platform creates are
//! controlled by it and list in `requirements` what is missing.

use serde_json::{Map, Value, json};

use crate::accounts::access::{controlled_account, is_managed_by_owner, reachable_account};
use crate::accounts::account_changes::{apply_params, change_account, save_account};
use crate::accounts::account_object::{blank_account, controller_of};
use crate::accounts::external_account_object::emit_external_account_changes;
use crate::accounts::sellers::{self, Seller};
use crate::accounts::{connection, requirements, v2_records};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::ledger::posting;
use crate::params::Params;
use crate::registry::Registry;
use crate::scope::Scope;
use crate::world::{Connection, ConnectionKind, GrantScope};

pub(super) fn register(registry: &mut Registry) {
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
    create_account(ctx, &id, params)
}

/// Creates an account that the platform controls.
///
/// # Errors
/// 403 if the caller is not a platform; 400 for parameters that do not fit.
pub(super) fn create_account(
    ctx: &mut Ctx<'_>,
    id: &str,
    params: &Params,
) -> Result<Value, ApiError> {
    if !ctx.is_platform() {
        return Err(ApiError::permission(
            "Only a platform can create accounts: send the request without Stripe-Account.",
        ));
    }
    let requested_controller = params.map("controller");
    if requested_controller.is_some() && params.has("type") {
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
    check_controller(kind, requested_controller)?;
    let country = params
        .text("country")
        .unwrap_or(&ctx.world.platform.country)
        .to_owned();
    let mut account = blank_account(ctx, id, &country);
    let shown_type = if requested_controller.is_some() {
        "none"
    } else {
        kind
    };
    account.insert("type".into(), shown_type.into());
    account.insert(
        "controller".into(),
        controller_of(kind, requested_controller),
    );
    account.insert("capabilities".into(), initial_capabilities(kind));
    account.insert("charges_enabled".into(), false.into());
    account.insert("payouts_enabled".into(), false.into());
    account.insert("details_submitted".into(), false.into());
    apply_params(ctx, &mut account, params)?;
    let mut account = Value::Object(account);
    requirements::update_requirements(ctx, &mut account);
    ctx.insert("account", &account);
    connect_to_platform(ctx, &account, kind);
    emit_external_account_changes(ctx, &Value::Null, &account);
    v2_records::sync_account(ctx, &account);
    Ok(account)
}

/// The capabilities of a new account. Standard accounts request theirs; for the others the platform requests them.
fn initial_capabilities(kind: &str) -> Value {
    match kind {
        "standard" => json!({"card_payments": "inactive", "transfers": "inactive"}),
        _ => json!({}),
    }
}

/// Checks that Stripe collects the requirements of accounts with a dashboard, and that liability and collection fit.
fn check_controller(kind: &str, requested: Option<&Map<String, Value>>) -> Result<(), ApiError> {
    let at = |path: &str| requested.and_then(|requested| requested.get(path));
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

/// Connects a new account to the platform, and stores its seller so that the owner can sign in.
fn connect_to_platform(ctx: &mut Ctx<'_>, account: &Value, kind: &str) {
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
    sellers::save_seller(ctx.world, &seller);
}

/// `GET /v1/accounts/{account}`.
fn retrieve(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    reachable_account(ctx, params.path("account"))
}

/// `GET /v1/account`: the caller's own account, or that of `Stripe-Account`.
fn retrieve_current(ctx: &mut Ctx<'_>, _params: &Params) -> Result<Value, ApiError> {
    let account = ctx.scope.account.to_string();
    reachable_account(ctx, &account)
}

/// `POST /v1/accounts/{account}`.
fn update(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("account");
    let account = reachable_account(ctx, id)?;
    let requested = OWNER_MEMBERS.iter().filter(|name| params.has(name));
    let requested: Vec<String> = requested.map(|name| format!("'{name}'")).collect();
    if !requested.is_empty() && is_managed_by_owner(ctx, &account)? {
        let parameters = match requested.len() {
            1 => "parameter",
            _ => "parameters",
        };
        return Err(ApiError::permission(format!(
            "This application does not have the required permissions for the {parameters} {} on account '{id}'.",
            requested.join(",")
        )));
    }
    change_account(ctx, id, params)
}

/// Members that only the owner can change once onboarding has started.
const OWNER_MEMBERS: &[&str] = &[
    "business_type",
    "company",
    "external_account",
    "individual",
    "tos_acceptance",
];

/// `POST /v1/accounts/{account}/reject`.
fn reject(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = controlled_account(ctx, params.path("account"))?;
    let liable = before["controller"]["losses"]["payments"] == "application";
    if ctx.scope.livemode() && !liable {
        let message = "You can only reject accounts where your platform is liable for negative balances: Express and Custom accounts.";
        return Err(ApiError::invalid_request(message));
    }
    require_empty_balance(ctx, params.path("account"), "reject")?;
    let reason = match params.text("reason").unwrap_or("other") {
        "terms_of_service" => "rejected.platform_terms_of_service",
        fraud if fraud.starts_with("fraud") => "rejected.platform_fraud",
        _ => "rejected.platform_other",
    };
    let mut account = before.clone();
    account["requirements"]["disabled_reason"] = reason.into();
    save_account(ctx, &before, account)
}

/// `POST /v1/accounts/{account}/unreject`.
fn unreject(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let before = controlled_account(ctx, params.path("account"))?;
    let mut account = before.clone();
    account["requirements"]["disabled_reason"] = Value::Null;
    save_account(ctx, &before, account)
}

/// Checks that a live account has neither money nor debts.
fn require_empty_balance(ctx: &Ctx<'_>, account: &str, action: &str) -> Result<(), ApiError> {
    if !ctx.scope.livemode() {
        return Ok(());
    }
    let scope = Scope::new(ctx.scope.mode, account);
    let nonzero: Vec<String> = posting::balance_of(ctx.world, &scope)?
        .at(ctx.now())
        .into_iter()
        .filter(|amounts| amounts.available != 0 || amounts.pending != 0)
        .map(|amounts| amounts.currency)
        .collect();
    if nonzero.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid_request(format!(
        "For an account created with your live-mode key, you cannot {action} the account when the balance in any currency is \
         non-zero. Currencies with non-zero balances: {}.",
        nonzero.join(", ")
    )))
}

/// `DELETE /v1/accounts/{account}`: only accounts that the platform created; in live mode only empty ones, and no Standard ones.
fn delete(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = params.path("account").to_owned();
    let object = reachable_account(ctx, &account)?;
    if !ctx.is_platform() || !connection::is_controlled(ctx, &account)? {
        return Err(ApiError::permission(
            "Only Express and Custom accounts can be deleted; disconnect a Standard account through /oauth/deauthorize.",
        ));
    }
    if ctx.scope.livemode() && object["controller"]["losses"]["payments"] == "stripe" {
        let message = "Live-mode accounts where Stripe is responsible for negative balances, Standard accounts among them, cannot be deleted.";
        return Err(ApiError::permission(message));
    }
    require_empty_balance(ctx, &account, "delete")?;
    remove_account(ctx, &account);
    v2_records::remove_account_record(ctx, &account);
    Ok(json!({"id": account, "object": "account", "deleted": true}))
}

/// Ends the connection of an account, and removes its object from `/v1`.
pub(super) fn remove_account(ctx: &mut Ctx<'_>, account: &str) {
    if let Some(mut connection) = ctx.connection(account) {
        connection.active = false;
        connection.disconnected_at = Some(ctx.now());
        ctx.world.put_connection(ctx.scope.mode, &connection);
    }
    ctx.world.store.remove(&ctx.scope, "account", account);
}
