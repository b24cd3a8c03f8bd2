//! Who asks, in which world, acting for which account.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use tollway_spec::Verb;

use crate::ctx::{Caller, noun};
use crate::engine::Engine;
use crate::error::ApiError;
use crate::generic::Matched;
use crate::key::{ApiKey, KeyKind, redact};
use crate::scope::{Mode, Scope};
use crate::world::{Access, GrantScope, TokenKind, World, WorldState, permission_resource};

/// An authenticated request.
pub(super) struct Authenticated {
    pub(super) world: Arc<World>,
    pub(super) scope: Scope,
    pub(super) caller: Caller,
}

/// What a publishable key may do: what a page in a browser does.
const PUBLISHABLE: &[&str] = &[
    "confirmation_tokens.retrieve",
    "payment_intents.confirm",
    "payment_intents.retrieve",
    "payment_intents.verify_microdeposits",
    "payment_methods.create",
    "setup_intents.confirm",
    "setup_intents.retrieve",
    "setup_intents.verify_microdeposits",
    "sources.create",
    "sources.retrieve",
    "tokens.create",
    "tokens.retrieve",
];

/// Finds out who asks.
///
/// # Errors
/// Stripe's 401 or 403.
pub(super) fn authenticate(
    engine: &Engine,
    headers: &HeaderMap,
    matched: &Matched<'_>,
) -> Result<Authenticated, ApiError> {
    let text = key_text(headers).ok_or_else(ApiError::no_key)?;
    let key = ApiKey::parse(&text).ok_or_else(|| ApiError::invalid_key(&redact(&text)))?;
    let world = engine.worlds().for_key(&key);
    let (scope, caller) = {
        let mut state = world.lock();
        let (own, caller) = owner(&state, &key)?;
        let (scope, caller) = if engine.config().mock {
            (mocked(own, headers), caller)
        } else {
            act_for(&state, &key, own, caller, headers, matched)?
        };
        may_ask(&state, &key, &scope, matched)?;
        if let Some(unreadable) = state.store.take_failure() {
            return Err(unreadable);
        }
        (scope, caller)
    };
    if caller.key == KeyKind::Publishable && !PUBLISHABLE.contains(&matched.plan.name.as_str()) {
        return Err(ApiError::secret_key_required());
    }
    Ok(Authenticated {
        world,
        scope,
        caller,
    })
}

/// The key of `Authorization: Bearer …`, or the user name of `Authorization: Basic …`.
pub fn key_text(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
    let credentials = credentials.trim();
    let key = if scheme.eq_ignore_ascii_case("bearer") {
        credentials.to_owned()
    } else if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
        decoded
            .split_once(':')
            .map_or(decoded.clone(), |(user, _)| user.to_owned())
    } else {
        return None;
    };
    (!key.is_empty()).then_some(key)
}

/// The account the key belongs to.
fn owner(state: &WorldState, key: &ApiKey) -> Result<(Scope, Caller), ApiError> {
    let mut caller = Caller {
        key: key.kind,
        redacted_key: key.redacted(),
        for_connected_account: false,
        oauth_client_id: None,
    };
    let Some(token) = state.token(key.mode, key.expose()) else {
        return Ok((state.platform_scope(key.mode), caller));
    };
    let connected = state
        .connection(key.mode, &token.account)
        .is_some_and(|connection| connection.active);
    if token.revoked || !connected || token.kind == TokenKind::Refresh {
        return Err(ApiError::expired_key(&key.redacted()));
    }
    if token.kind == TokenKind::Publishable {
        caller.key = KeyKind::Publishable;
    }
    caller.oauth_client_id = Some(token.client_id);
    Ok((Scope::new(key.mode, token.account), caller))
}

/// Follows `Stripe-Account` or `Stripe-Context`.
fn act_for(
    state: &WorldState,
    key: &ApiKey,
    own: Scope,
    mut caller: Caller,
    headers: &HeaderMap,
    matched: &Matched<'_>,
) -> Result<(Scope, Caller), ApiError> {
    // What is no text is no account either, and must not pass for the platform.
    let header = |name: &str| {
        let value = headers.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes())).filter(|value| !value.is_empty())
    };
    let (account, context) = (header("stripe-account"), header("stripe-context"));
    let account = match (account.as_deref(), context.as_deref()) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid_request(
                "You cannot set both the Stripe-Account and the Stripe-Context header on one request.",
            ));
        }
        (Some(account), None) => Some(account),
        // A context is a path whose last part is the account.
        (None, Some(context)) => context.rsplit('/').next(),
        (None, None) => None,
    };
    let scope = match account {
        Some(account) if *own.account != *account => {
            let is_platform = own.account == state.platform.account;
            let connection = state
                .connection(key.mode, account)
                .filter(|connection| connection.active && is_platform);
            let connection =
                connection.ok_or_else(|| ApiError::account_invalid(&key.redacted(), account))?;
            caller.for_connected_account = true;
            may_write(matched, connection.scope)?;
            own.for_account(connection.account)
        }
        _ => {
            if let Some(grant) = granted(state, key.mode, &own) {
                may_write(matched, grant)?;
            }
            own
        }
    };
    Ok((scope, caller))
}

/// Whoever nobody made is acted for as well.
fn mocked(own: Scope, headers: &HeaderMap) -> Scope {
    let account = ["stripe-account", "stripe-context"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
        .filter(|account| !account.is_empty());
    match account.and_then(|path| path.rsplit('/').next()) {
        Some(account) => own.for_account(account),
        None => own,
    }
}

/// A restricted key that is configured may do what it was given: reading with `GET`, writing with the rest.
fn may_ask(
    state: &WorldState,
    key: &ApiKey,
    scope: &Scope,
    matched: &Matched<'_>,
) -> Result<(), ApiError> {
    if key.kind != KeyKind::Restricted {
        return Ok(());
    }
    let Some(restricted) = state.restricted_key(key.mode, key.expose()) else {
        return Ok(());
    };
    let resource = permission_resource(matched.plan.resource.as_deref().unwrap_or_default());
    let (needed, word) = match matched.operation.verb {
        Verb::Get => (Access::Read, "read"),
        _ => (Access::Write, "write"),
    };
    if restricted.access(&resource) >= needed {
        return Ok(());
    }
    let permission = format!("rak_{resource}_{word}");
    let account = &scope.account;
    Err(ApiError::missing_permission(
        &key.redacted(),
        account,
        &permission,
    ))
}

/// With a publishable key an intent or a source is reached only by those who know its client secret.
///
/// # Errors
/// 400 without the secret, or with another one.
pub(super) fn check_client_secret(
    caller: &Authenticated,
    matched: &Matched<'_>,
    secret: Option<&str>,
) -> Result<(), ApiError> {
    let kind = matched.plan.resource.as_deref().unwrap_or_default();
    let id = matched.path.first().map(|(_, id)| id.as_str());
    let (Some(id), "payment_intent" | "setup_intent" | "source") = (id, kind) else {
        return Ok(());
    };
    let secret = secret.ok_or_else(|| ApiError::missing_parameter("client_secret"))?;
    let object = caller.world.lock().store.object(&caller.scope, kind, id);
    if object.is_some_and(|object| object["client_secret"] == secret) {
        return Ok(());
    }
    let message = format!(
        "The client_secret provided does not match any associated {} on this account. Ensure the publishable key used belongs to the same account that created the {}.",
        noun(kind),
        noun(kind)
    );
    Err(ApiError::invalid_param("client_secret", message).code("resource_missing"))
}

/// The scope a token's owner granted; none for the platform itself.
fn granted(state: &WorldState, mode: Mode, own: &Scope) -> Option<GrantScope> {
    if own.account == state.platform.account {
        return None;
    }
    state
        .connection(mode, &own.account)
        .map(|connection| connection.scope)
}

fn may_write(matched: &Matched<'_>, grant: GrantScope) -> Result<(), ApiError> {
    if grant == GrantScope::ReadOnly && matched.operation.verb != Verb::Get {
        let message = "The provided key does not have the required permissions for this endpoint on this account: the account was connected with the scope read_only.";
        return Err(ApiError::permission(message).code("insufficient_permissions"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", value.parse().unwrap());
        key_text(&headers)
    }

    #[test]
    fn bearer_and_basic_carry_keys() {
        assert_eq!(key("Bearer sk_test_1").as_deref(), Some("sk_test_1"));
        assert_eq!(key("bearer   sk_test_1 ").as_deref(), Some("sk_test_1"));
        assert_eq!(
            key(&format!("Basic {}", STANDARD.encode("sk_test_1:"))).as_deref(),
            Some("sk_test_1")
        );
        assert_eq!(
            key(&format!("Basic {}", STANDARD.encode("sk_test_1"))).as_deref(),
            Some("sk_test_1")
        );
        for bad in ["Basic", "Basic ???", "Bearer", "Digest x", "", "sk_test_1"] {
            assert_eq!(key(bad), None, "{bad}");
        }
    }
}
