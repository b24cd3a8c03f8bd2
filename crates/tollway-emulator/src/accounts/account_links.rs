//! Links to Stripe's pages for an account: account links, login links, account sessions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::accounts::access::{controlled_account, reachable_account};
use crate::accounts::onboarding_start::record_onboarding_start;
use crate::accounts::v2_records::fields::timestamp;
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;
use crate::world::PrivateRecord;

/// An account link can be opened once, for five minutes.
const LINK_LIFETIME_SECONDS: i64 = 5 * 60;
/// An account session lasts an hour.
const SESSION_LIFETIME_SECONDS: i64 = 3600;

pub(super) fn register(registry: &mut Registry) {
    registry.add("account_links.create", create);
    registry.add("v2.core.account_links.create", create_v2);
    registry.add("accounts.login_links.create", create_login_link);
    registry.add("account_sessions.create", create_account_session);
}

/// A link to the onboarding page, stored under its token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AccountLink {
    pub(crate) account: String,
    pub(crate) refresh_url: String,
    pub(crate) return_url: String,
    /// Unix seconds.
    pub(crate) expires_at: i64,
    /// Whether it was opened; it cannot be opened again.
    #[serde(default)]
    pub(crate) opened: bool,
    /// Whether the form was submitted.
    #[serde(default)]
    pub(crate) done: bool,
    /// Whether it collects `eventually_due` fields as well.
    #[serde(default)]
    pub(crate) eventually: bool,
    /// The use case of a link of `/v2`, as `account_onboarding`; its return emits an event.
    #[serde(default)]
    pub(crate) use_case: Option<String>,
}

impl PrivateRecord for AccountLink {
    const TYPE: &'static str = "_account_link";
    const ID_IS_SECRET: bool = true;
}

/// Stores a link under its token.
pub(super) fn save_link(ctx: &mut Ctx<'_>, token: &str, link: &AccountLink) {
    let scope = ctx.world.platform_scope(ctx.scope.mode);
    let now = ctx.now();
    ctx.world.save(&scope, token, link, now);
}

/// The link of a token, in the context's mode.
///
/// # Errors
/// A 500 if the stored link cannot be read.
pub(super) fn load_link(ctx: &Ctx<'_>, token: &str) -> Result<Option<AccountLink>, ApiError> {
    let scope = ctx.world.platform_scope(ctx.scope.mode);
    ctx.world.load(&scope, token)
}

/// Creates a link, and returns its URL.
fn create_link(
    ctx: &mut Ctx<'_>,
    account: &str,
    refresh_url: Option<&str>,
    return_url: Option<&str>,
    eventually: bool,
    use_case: Option<&str>,
) -> Result<String, ApiError> {
    controlled_account(ctx, account)?;
    let (Some(refresh_url), return_url) = (refresh_url, return_url) else {
        return Err(ApiError::missing_parameter("refresh_url"));
    };
    for (name, url) in [
        ("refresh_url", Some(refresh_url)),
        ("return_url", return_url),
    ] {
        let is_valid = url.is_none_or(|url| {
            url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        });
        if !is_valid {
            return Err(ApiError::invalid_param(name, "Not a valid URL").code("url_invalid"));
        }
    }
    let token = ctx.world.random.alphanumeric(32);
    let link = AccountLink {
        account: account.to_owned(),
        refresh_url: refresh_url.to_owned(),
        return_url: return_url.unwrap_or(refresh_url).to_owned(),
        expires_at: ctx.now() + LINK_LIFETIME_SECONDS,
        opened: false,
        done: false,
        eventually,
        use_case: use_case.map(str::to_owned),
    };
    save_link(ctx, &token, &link);
    record_onboarding_start(ctx, account);
    Ok(format!(
        "{}/_tollway/onboarding/{token}",
        ctx.request.base_url
    ))
}

/// Checks that the account can have such a link: there are no update links where Stripe collects the requirements.
fn check_link_type(
    ctx: &mut Ctx<'_>,
    account: &str,
    is_update: bool,
    param: &str,
) -> Result<(), ApiError> {
    let object = controlled_account(ctx, account)?;
    if is_update && object["controller"]["requirement_collection"] != "application" {
        let message = "You cannot create `account_update` type Account Links for this account: Stripe collects its requirements.";
        return Err(ApiError::invalid_param(param, message));
    }
    Ok(())
}

/// Emits `v2.core.account_link.returned` when the owner leaves the page of a link of `/v2`.
pub(super) fn emit_link_returned(ctx: &mut Ctx<'_>, link: &AccountLink) {
    let Some(use_case) = &link.use_case else {
        return;
    };
    let account = ctx.get("v2.core.account", &link.account);
    let configurations = account.map(|account| account["applied_configurations"].clone());
    let data = json!({
        "account_id": link.account, "configurations": configurations.unwrap_or_else(|| json!([])), "use_case": use_case,
    });
    let nothing = Value::Null;
    events::notify(
        ctx,
        "v2.core.account_link.returned",
        "",
        &nothing,
        Some(data),
    );
}

/// `POST /v1/account_links`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = params.text("account").unwrap_or_default();
    if params.text("return_url").is_none() {
        return Err(ApiError::missing_parameter("return_url"));
    }
    let is_update = params.text("type") == Some("account_update");
    if params.has("collect") && params.has("collection_options") {
        let message = "You may only specify one of these parameters: collect, collection_options.";
        return Err(ApiError::invalid_request(message));
    }
    let fields = params.text("collection_options.fields");
    let eventually = fields.or(params.text("collect")) == Some("eventually_due");
    check_link_type(ctx, account, is_update, "type")?;
    let url = create_link(
        ctx,
        account,
        params.text("refresh_url"),
        params.text("return_url"),
        eventually,
        None,
    )?;
    Ok(json!({
        "object": "account_link", "created": ctx.now(), "expires_at": ctx.now() + LINK_LIFETIME_SECONDS, "url": url,
    }))
}

/// `POST /v2/core/account_links`.
fn create_v2(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let account = params.text("account").unwrap_or_default().to_owned();
    let kind = params.text("use_case.type").unwrap_or("account_onboarding");
    let at = |name: &str| params.text(&format!("use_case.{kind}.{name}"));
    if params.map(&format!("use_case.{kind}")).is_none() {
        return Err(ApiError::missing_parameter(&format!("use_case[{kind}]")));
    }
    check_link_type(ctx, &account, kind == "account_update", "use_case[type]")?;
    let url = create_link(
        ctx,
        &account,
        at("refresh_url"),
        at("return_url"),
        at("collection_options.fields") == Some("eventually_due"),
        Some(kind),
    )?;
    let mut link = ctx.generic("v2.core.account_links.create", params)?;
    link["account"] = account.into();
    link["created"] = timestamp(ctx.now());
    link["expires_at"] = timestamp(ctx.now() + LINK_LIFETIME_SECONDS);
    link["livemode"] = ctx.scope.livemode().into();
    link["url"] = url.into();
    link["use_case"] = params.at("use_case").cloned().unwrap_or_default();
    Ok(link)
}

/// `POST /v1/accounts/{account}/login_links`: for accounts with the Express dashboard.
fn create_login_link(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("account");
    let account = reachable_account(ctx, id)?;
    if account["controller"]["stripe_dashboard"]["type"] != "express" {
        let message = "Cannot create a login link for an account that does not have access to the Express Dashboard.";
        return Err(ApiError::invalid_request(message));
    }
    if account["details_submitted"] != true {
        let message =
            "Cannot create a login link for an account that has not completed onboarding.";
        return Err(ApiError::invalid_request(message));
    }
    let url = format!("{}/_tollway/dashboard/{id}", ctx.request.base_url);
    Ok(json!({"object": "login_link", "created": ctx.now(), "url": url}))
}

/// Checks that only platforms that collect the requirements disable Stripe's sign-in.
fn check_features(account: &Value, requested: Option<&Map<String, Value>>) -> Result<(), ApiError> {
    if account["controller"]["requirement_collection"] == "application" {
        return Ok(());
    }
    let mut components = requested.into_iter().flatten();
    let disabled = components
        .find(|(_, component)| component["features"]["disable_stripe_user_authentication"] == true);
    let Some((name, _)) = disabled else {
        return Ok(());
    };
    let message = "You can only disable Stripe user authentication for accounts where your platform is responsible for collecting \
                   requirements: `controller.requirement_collection` is `application`.";
    let param = format!("components[{name}][features][disable_stripe_user_authentication]");
    Err(ApiError::invalid_param(&param, message))
}

/// `POST /v1/account_sessions`.
fn create_account_session(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.text("account").unwrap_or_default().to_owned();
    let account = reachable_account(ctx, &id)?;
    let components = params.map("components");
    let is_enabled =
        components.is_some_and(|components| components.values().any(|it| it["enabled"] == true));
    if !is_enabled {
        let message = "You must enable at least one component.";
        return Err(ApiError::invalid_param("components", message));
    }
    check_features(&account, components)?;
    let mut session = ctx.generic("account_sessions.create", params)?;
    record_onboarding_start(ctx, &id);
    session["account"] = id.into();
    session["client_secret"] = format!("accs_secret__{}", ctx.world.random.alphanumeric(48)).into();
    session["expires_at"] = (ctx.now() + SESSION_LIFETIME_SECONDS).into();
    session["livemode"] = ctx.scope.livemode().into();
    Ok(session)
}
