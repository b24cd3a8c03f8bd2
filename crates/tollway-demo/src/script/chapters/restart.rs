//! Both programs are killed in the middle of their work: everything answered is still there.

use super::charge::{Paid, balance, told_by_sdk};
use crate::demo::script::{
    narrator::{Held, Narrator, ensure, same},
    seller::{Connected, success},
    stage::Stage,
};

/// Kills right after an answer, starts again, and looks for all of it.
pub(crate) async fn power_cut(
    stage: &mut Stage,
    told: &mut Narrator,
    connected: &mut Connected,
    paid: &Paid,
    disconnected: &str,
) -> Held {
    let tenant = connected.seller.tenant;
    let seller = stage
        .host
        .client_for(tenant)
        .await
        .map_err(|error| error.to_string())?;
    let before = balance(&seller).await?;
    let last = seller
        .customers()
        .create()
        .email("last@example.com")
        .send()
        .await
        .map_err(told_by_sdk)?;
    let killed = stage.kill_and_restart().await?;
    told.held(
        "both programs are killed right after an answer",
        format!("SIGKILL to {killed}, started again"),
    );

    let customer = seller
        .customers()
        .retrieve(last.id())
        .send()
        .await
        .map_err(told_by_sdk)?;
    same("the last answer", customer.id(), last.id())?;
    let charge = seller
        .charges()
        .retrieve(&paid.charge)
        .send()
        .await
        .map_err(told_by_sdk)?;
    same("the charge's status", charge.status().as_str(), "succeeded")?;
    seller
        .customers()
        .retrieve(&paid.customer)
        .send()
        .await
        .map_err(told_by_sdk)?;
    same("the balance", balance(&seller).await?, before)?;
    told.held(
        "Stripe's side",
        format!(
            "{}, {} and a balance of {before} cents are there",
            last.id(),
            paid.charge
        ),
    );

    same(
        "the account",
        stage.active(tenant).await?.account,
        connected.account.clone(),
    )?;
    let ended = stage.connection(disconnected).await?;
    ensure(
        ended.is_some_and(|connection| !connection.is_active()),
        || format!("{disconnected} is connected again"),
    )?;
    let page = connected.seller.browser.open(&connected.callback).await?;
    success(&page)?;
    told.held(
        "the platform's side",
        format!("{tenant} is connected, {disconnected} is not, the old callback shows its success"),
    );
    Ok(())
}
