//! Both programs are killed: everything that they answered before is still stored.

use super::charge::{Paid, balance, sdk_failure};
use crate::script::{
    environment::Environment,
    report::{Report, StepResult, ensure, same},
    seller::{Connected, success},
};

/// Kills both right after a response, starts them again, and checks what they stored.
pub(crate) async fn power_cut(
    environment: &mut Environment,
    report: &mut Report,
    connected: &mut Connected,
    paid: &Paid,
    disconnected: &str,
) -> StepResult {
    let tenant = connected.seller.tenant;
    let seller = environment
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
        .map_err(sdk_failure)?;
    let killed = environment.kill_and_restart().await?;
    report.step(
        "both programs are killed right after an answer",
        format!("SIGKILL to {killed}, started again"),
    );

    let customer = seller
        .customers()
        .retrieve(last.id())
        .send()
        .await
        .map_err(sdk_failure)?;
    same("the last answer", customer.id(), last.id())?;
    let charge = seller
        .charges()
        .retrieve(&paid.charge)
        .send()
        .await
        .map_err(sdk_failure)?;
    same("the charge's status", charge.status().as_str(), "succeeded")?;
    seller
        .customers()
        .retrieve(&paid.customer)
        .send()
        .await
        .map_err(sdk_failure)?;
    same("the balance", balance(&seller).await?, before)?;
    report.step(
        "Stripe's side",
        format!(
            "{}, {} and a balance of {before} cents are there",
            last.id(),
            paid.charge
        ),
    );

    same(
        "the account",
        environment.active(tenant).await?.account,
        connected.account.clone(),
    )?;
    let ended = environment.connection(disconnected).await?;
    ensure(
        ended.is_some_and(|connection| !connection.is_active()),
        || format!("{disconnected} is connected again"),
    )?;
    let page = connected.seller.browser.open(&connected.callback).await?;
    success(&page)?;
    report.step(
        "the platform's side",
        format!("{tenant} is connected, {disconnected} is not, the old callback shows its success"),
    );
    Ok(())
}
