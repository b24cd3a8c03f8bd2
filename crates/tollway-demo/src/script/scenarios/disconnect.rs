//! A connection ends: the seller disconnects in Stripe's dashboard, or the platform deauthorizes.

use tollway::ErrorKind;
use tollway_platform::{ClientForError, Connection, DisconnectReason, DisconnectScope};

use crate::script::{
    environment::Environment,
    report::{Report, StepResult, ensure, same},
    seller::Connected,
};

/// The seller disconnects in Stripe's dashboard; a signed webhook reports it to the platform.
pub(crate) async fn by_seller(
    environment: &Environment,
    report: &mut Report,
    connected: &mut Connected,
) -> StepResult {
    let tenant = connected.seller.tenant;
    // A client from before the disconnect, as a running program has it.
    let client = environment
        .host
        .client_for(tenant)
        .await
        .map_err(|error| error.to_string())?;

    let dashboard = format!("_tollway/dashboard/{}", connected.account);
    let dashboard = environment
        .stripe_url
        .join(&dashboard)
        .map_err(|error| error.to_string())?;
    let page = connected.seller.browser.open(&dashboard).await?;
    let page = connected
        .seller
        .browser
        .press(&page, "Disconnect", &[])
        .await?;
    ensure(page.text.contains("No platform is connected"), || {
        page.text.clone()
    })?;
    report.step(
        &format!("{tenant} disconnects in Stripe's dashboard"),
        "the dashboard shows no platform any more",
    );

    let gone = environment
        .wait_for(tenant, "disconnected by the webhook", |connection| {
            !connection.is_active()
        })
        .await?;
    let reason = gone.disconnected.as_ref().map(|end| end.reason);
    same("why", reason, Some(DisconnectReason::DeauthorizedByAccount))?;
    report.step(
        "the signed webhook arrives",
        "account.application.deauthorized is verified and recorded",
    );

    refused_by_platform(environment, tenant).await?;
    let error = client.balance().retrieve().send().await.err();
    let error = error.ok_or("Stripe answered for an account that is not connected")?;
    same("the kind of error", error.kind(), ErrorKind::Permission)?;
    same("the error's code", error.code(), Some("account_invalid"))?;
    same("the error's status", error.status(), Some(403))?;
    report.step(
        "the platform's next call is refused",
        "the library says Disconnected, Stripe says 403 account_invalid",
    );
    Ok(())
}

/// The platform ends another seller's connection by `deauthorize`.
pub(crate) async fn by_platform(
    environment: &Environment,
    report: &mut Report,
    connected: &Connected,
) -> StepResult {
    let tenant = connected.seller.tenant;
    let ended = environment
        .host
        .disconnect(tenant, DisconnectScope::Sole)
        .await
        .map_err(|error| error.to_string())?;
    same(
        "accounts that ended",
        accounts(&ended),
        vec![connected.account.as_str()],
    )?;
    refused_by_platform(environment, tenant).await?;
    let call = environment
        .stripe
        .balance()
        .retrieve()
        .stripe_account(&connected.account)
        .send()
        .await;
    same(
        "Stripe's answer",
        call.err().and_then(|error| error.status()),
        Some(403),
    )?;
    report.step(
        &format!("the platform disconnects {tenant} by deauthorize"),
        format!("{} is out of reach", connected.account),
    );
    Ok(())
}

fn accounts(connections: &[Connection]) -> Vec<&str> {
    connections
        .iter()
        .map(|connection| connection.account.as_str())
        .collect()
}

async fn refused_by_platform(environment: &Environment, tenant: &str) -> StepResult {
    match environment.host.client_for(tenant).await {
        Err(ClientForError::Disconnected { .. }) => Ok(()),
        Err(error) => Err(format!("expected Disconnected, got: {error}")),
        Ok(_) => Err(format!(
            "the platform still gives out a client for {tenant}"
        )),
    }
}
