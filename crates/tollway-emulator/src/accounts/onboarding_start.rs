//! Records that the owner of an account was sent to Stripe's onboarding.

use serde::{Deserialize, Serialize};

use crate::ctx::Ctx;
use crate::error::ApiError;
use crate::world::PrivateRecord;

/// The latest start of an account's onboarding, stored under the account's id.
#[derive(Debug, Serialize, Deserialize)]
struct OnboardingStarted {
    /// Unix seconds.
    at: i64,
}

impl PrivateRecord for OnboardingStarted {
    const TYPE: &'static str = "_onboarding_began";
}

/// Whether the platform has made an account link or an account session for the account.
pub(super) fn has_onboarding_started(ctx: &Ctx<'_>, account: &str) -> Result<bool, ApiError> {
    let scope = ctx.world.platform_scope(ctx.scope.mode);
    let started = ctx.world.load::<OnboardingStarted>(&scope, account)?;
    Ok(started.is_some())
}

/// Records that the platform has made an account link or an account session for the account.
pub(super) fn record_onboarding_start(ctx: &mut Ctx<'_>, account: &str) {
    let scope = ctx.world.platform_scope(ctx.scope.mode);
    let now = ctx.now();
    let started = OnboardingStarted { at: now };
    ctx.world.save(&scope, account, &started, now);
}
