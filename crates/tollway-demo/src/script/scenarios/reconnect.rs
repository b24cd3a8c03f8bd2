//! A connected seller connects the same account again.

use crate::script::{
    environment::Environment,
    report::{Report, StepResult, same},
    seller::Connected,
};

/// Signs in to the existing account on Stripe's page: the connection is refreshed, not doubled.
pub(crate) async fn same_account(
    environment: &Environment,
    report: &mut Report,
    connected: &mut Connected,
) -> StepResult {
    let tenant = connected.seller.tenant;
    let earlier = environment.active(tenant).await?;
    connected.callback = connected
        .seller
        .allow(environment, &connected.account)
        .await?;
    let account = connected
        .seller
        .arrive(environment, &connected.callback)
        .await?;
    let now = environment.active(tenant).await?;
    same("the account", account, connected.account.clone())?;
    same("the connection", now.id, earlier.id)?;
    report.step(
        &format!("{tenant} connects the same account again"),
        format!("{} stays, its connection is refreshed", connected.account),
    );
    Ok(())
}
