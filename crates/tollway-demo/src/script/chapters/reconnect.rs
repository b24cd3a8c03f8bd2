//! A connected seller connects the same account again.

use crate::demo::script::{
    narrator::{Held, Narrator, same},
    seller::Connected,
    stage::Stage,
};

/// Signs in to the existing account on Stripe's page: the connection is refreshed, not doubled.
pub(crate) async fn same_account(
    stage: &Stage,
    told: &mut Narrator,
    connected: &mut Connected,
) -> Held {
    let tenant = connected.seller.tenant;
    let earlier = stage.active(tenant).await?;
    connected.callback = connected.seller.allow(stage, &connected.account).await?;
    let account = connected.seller.arrive(stage, &connected.callback).await?;
    let now = stage.active(tenant).await?;
    same("the account", account, connected.account.clone())?;
    same("the connection", now.id, earlier.id)?;
    told.held(
        &format!("{tenant} connects the same account again"),
        format!("{} stays, its connection is refreshed", connected.account),
    );
    Ok(())
}
