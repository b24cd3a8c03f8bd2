//! However often a callback is opened, Stripe sees one exchange.

use crate::demo::script::{
    narrator::{Held, Narrator, same},
    seller::{Connected, Seller, success},
    stage::Stage,
};

/// The same callback opened again shows the same success.
pub(crate) async fn again(stage: &Stage, told: &mut Narrator, connected: &mut Connected) -> Held {
    let before = stage.exchanges().await?;
    let page = connected.seller.browser.open(&connected.callback).await?;
    success(&page)?;
    same("exchanges", stage.exchanges().await? - before, 0)?;
    same(
        "the account",
        stage.active(connected.seller.tenant).await?.account,
        connected.account.clone(),
    )?;
    told.held(
        "the same callback is opened again",
        "the same success, no further exchange",
    );
    Ok(())
}

/// Two windows of one browser open the same callback at the same moment.
pub(crate) async fn race(
    stage: &Stage,
    told: &mut Narrator,
    tenant: &'static str,
) -> Held<Connected> {
    let before = stage.exchanges().await?;
    let mut seller = Seller::new(tenant);
    let callback = seller.allow(stage, "new").await?;
    let (mut left, mut right) = (seller.browser.clone(), seller.browser.clone());
    let (first, second) = tokio::join!(left.open(&callback), right.open(&callback));
    success(&first?)?;
    success(&second?)?;
    same("exchanges", stage.exchanges().await? - before, 1)?;
    let account = stage.active(tenant).await?.account;
    stage
        .host
        .client_for(tenant)
        .await
        .map_err(|error| error.to_string())?
        .balance()
        .retrieve()
        .send()
        .await
        .map_err(super::charge::told_by_sdk)?;
    told.held(
        &format!("{tenant} connects, two callbacks race"),
        format!("both show success for {account}, one exchange"),
    );
    Ok(Connected {
        seller,
        account,
        callback,
    })
}
