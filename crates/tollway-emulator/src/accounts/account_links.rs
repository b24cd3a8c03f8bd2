//! Ways to Stripe's pages for an account: account links, login links, account sessions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::accounts::{operations as accounts, v2};
use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::events;
use crate::generic::GenericCtx as _;
use crate::params::Params;
use crate::registry::Registry;

/// An account link works once, for five minutes.
pub(crate) const LIFETIME: i64 = 5 * 60;
/// An account session lasts an hour.
const SESSION: i64 = 3600;
const LINK: &str = "_account_link";

pub(crate) fn register(registry: &mut Registry) {
    registry.add("account_links.create", create);
    registry.add("v2.core.account_links.create", create_v2);
    registry.add("accounts.login_links.create", login);
    registry.add("account_sessions.create", session);
}

/// A way to the onboarding page, and back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) account: String,
    pub(crate) refresh_url: String,
    pub(crate) return_url: String,
    /// Unix seconds.
    pub(crate) expires_at: i64,
    /// It was opened, and works no more for anybody else.
    #[serde(default)]
    pub(crate) opened: bool,
    /// The answers were sent.
    #[serde(default)]
    pub(crate) done: bool,
    /// It asks for what will be due one day, too.
    #[serde(default)]
    pub(crate) eventually: bool,
    /// What a link made by `/v2` is for, `account_onboarding`: its return is told of.
    #[serde(default)]
    pub(crate) use_case: Option<String>,
}

/// An account whose owner was sent to Stripe to tell about itself.
const BEGAN: &str = "_onboarding_began";

/// When that was last, in Unix seconds.
#[derive(Debug, Serialize, Deserialize)]
struct Began {
    at: i64,
}

/// Was the owner of an account sent to Stripe to tell about itself?
pub(crate) fn began(ctx: &Ctx<'_>, account: &str) -> bool {
    let scope = ctx.world.platform_scope(ctx.scope.mode);
    let began: Option<Began> = ctx.world.typed(&scope, BEGAN, account);
    began.is_some()
}

fn begin(ctx: &mut Ctx<'_>, account: &str) {
    let scope = ctx.world.platform_scope(ctx.scope.mode);
    let now = ctx.now();
    let began = Began { at: now };
    ctx.world.put_typed(&scope, BEGAN, account, &began, now);
}

/// Keeps a link under its token.
pub(crate) fn put(ctx: &mut Ctx<'_>, token: &str, link: &Link) {
    let scope = ctx.world.platform_scope(ctx.scope.mode);
    let now = ctx.now();
    ctx.world.put_typed(&scope, LINK, token, link, now);
}

/// The link of a token, in the context's mode.
pub(crate) fn get(ctx: &Ctx<'_>, token: &str) -> Option<Link> {
    let scope = ctx.world.platform_scope(ctx.scope.mode);
    ctx.world.typed(&scope, LINK, token)
}

/// Makes a link; its URL.
fn make(
    ctx: &mut Ctx<'_>,
    account: &str,
    refresh_url: Option<&str>,
    return_url: Option<&str>,
    eventually: bool,
    use_case: Option<&str>,
) -> Result<String, ApiError> {
    accounts::controlled(ctx, account)?;
    let (Some(refresh_url), return_url) = (refresh_url, return_url) else {
        return Err(ApiError::missing_parameter("refresh_url"));
    };
    for (name, url) in [
        ("refresh_url", Some(refresh_url)),
        ("return_url", return_url),
    ] {
        let good = url.is_none_or(|url| {
            url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        });
        if !good {
            return Err(ApiError::invalid_param(name, "Not a valid URL").code("url_invalid"));
        }
    }
    let token = ctx.world.random.alphanumeric(32);
    let link = Link {
        account: account.to_owned(),
        refresh_url: refresh_url.to_owned(),
        return_url: return_url.unwrap_or(refresh_url).to_owned(),
        expires_at: ctx.now() + LIFETIME,
        opened: false,
        done: false,
        eventually,
        use_case: use_case.map(str::to_owned),
    };
    put(ctx, &token, &link);
    begin(ctx, account);
    Ok(format!(
        "{}/_tollway/onboarding/{token}",
        ctx.request.base_url
    ))
}

/// Is this a link that the account may have? Where Stripe collects the requirements, it asks for changes by itself.
fn allowed(ctx: &mut Ctx<'_>, account: &str, is_update: bool, param: &str) -> Result<(), ApiError> {
    let object = accounts::controlled(ctx, account)?;
    if is_update && object["controller"]["requirement_collection"] != "application" {
        let message = "You cannot create `account_update` type Account Links for this account: Stripe collects its requirements.";
        return Err(ApiError::invalid_param(param, message));
    }
    Ok(())
}

/// The owner has come back from the page of a link of `/v2`.
pub(crate) fn returned(ctx: &mut Ctx<'_>, link: &Link) {
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
    allowed(ctx, account, is_update, "type")?;
    let url = make(
        ctx,
        account,
        params.text("refresh_url"),
        params.text("return_url"),
        eventually,
        None,
    )?;
    Ok(json!({
        "object": "account_link", "created": ctx.now(), "expires_at": ctx.now() + LIFETIME, "url": url,
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
    allowed(ctx, &account, kind == "account_update", "use_case[type]")?;
    let url = make(
        ctx,
        &account,
        at("refresh_url"),
        at("return_url"),
        at("collection_options.fields") == Some("eventually_due"),
        Some(kind),
    )?;
    let mut link = ctx.generic("v2.core.account_links.create", params)?;
    link["account"] = account.into();
    link["created"] = v2::instant(ctx.now());
    link["expires_at"] = v2::instant(ctx.now() + LIFETIME);
    link["livemode"] = ctx.scope.livemode().into();
    link["url"] = url.into();
    link["use_case"] = params.at("use_case").cloned().unwrap_or_default();
    Ok(link)
}

/// `POST /v1/accounts/{account}/login_links`: for accounts with the Express dashboard.
fn login(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("account");
    let account = accounts::reachable(ctx, id)?;
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

/// Only where the platform collects the requirements may it let people in without Stripe's sign-in.
fn check_features(account: &Value, asked: Option<&Map<String, Value>>) -> Result<(), ApiError> {
    if account["controller"]["requirement_collection"] == "application" {
        return Ok(());
    }
    let mut components = asked.into_iter().flatten();
    let without = components
        .find(|(_, component)| component["features"]["disable_stripe_user_authentication"] == true);
    let Some((name, _)) = without else {
        return Ok(());
    };
    let message = "You can only disable Stripe user authentication for accounts where your platform is responsible for collecting \
                   requirements: `controller.requirement_collection` is `application`.";
    let param = format!("components[{name}][features][disable_stripe_user_authentication]");
    Err(ApiError::invalid_param(&param, message))
}

/// `POST /v1/account_sessions`.
fn session(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.text("account").unwrap_or_default().to_owned();
    let account = accounts::reachable(ctx, &id)?;
    let asked = params.map("components");
    let enabled = asked.is_some_and(|asked| asked.values().any(|it| it["enabled"] == true));
    if !enabled {
        let message = "You must enable at least one component.";
        return Err(ApiError::invalid_param("components", message));
    }
    check_features(&account, asked)?;
    let mut session = ctx.generic("account_sessions.create", params)?;
    begin(ctx, &id);
    session["account"] = id.into();
    session["client_secret"] = format!("accs_secret__{}", ctx.world.random.alphanumeric(48)).into();
    session["expires_at"] = (ctx.now() + SESSION).into();
    session["livemode"] = ctx.scope.livemode().into();
    Ok(session)
}
