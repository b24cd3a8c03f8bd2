//! A callback that is opened several times exchanges its code once.

use crate::script::{
    environment::Environment,
    report::{Report, StepResult, same},
    seller::{Connected, Seller, success},
};

/// The same callback opened again shows the same success.
pub(crate) async fn again(
    environment: &Environment,
    report: &mut Report,
    connected: &mut Connected,
) -> StepResult {
    let before = environment.exchanges().await?;
    let page = connected.seller.browser.open(&connected.callback).await?;
    success(&page)?;
    same("exchanges", environment.exchanges().await? - before, 0)?;
    same(
        "the account",
        environment.active(connected.seller.tenant).await?.account,
        connected.account.clone(),
    )?;
    report.step(
        "the same callback is opened again",
        "the same success, no further exchange",
    );
    Ok(())
}

/// Two windows of one browser open the same callback at the same moment.
pub(crate) async fn race(
    environment: &Environment,
    report: &mut Report,
    tenant: &'static str,
) -> StepResult<Connected> {
    let before = environment.exchanges().await?;
    let mut seller = Seller::new(tenant)?;
    let callback = seller.allow(environment, "new").await?;
    let (mut left, mut right) = (seller.browser.clone(), seller.browser.clone());
    let (first, second) = tokio::join!(left.open(&callback), right.open(&callback));
    success(&first?)?;
    success(&second?)?;
    same("exchanges", environment.exchanges().await? - before, 1)?;
    let account = environment.active(tenant).await?.account;
    environment
        .host
        .client_for(tenant)
        .await
        .map_err(|error| error.to_string())?
        .balance()
        .retrieve()
        .send()
        .await
        .map_err(super::charge::sdk_failure)?;
    report.step(
        &format!("{tenant} connects, two callbacks race"),
        format!("both show success for {account}, one exchange"),
    );
    Ok(Connected {
        seller,
        account,
        callback,
    })
}
