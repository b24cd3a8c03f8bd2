//! Attempts that must not connect an account, and the pages that say so.

use url::Url;

use crate::browser::Browser;
use crate::page::Page;
use crate::script::{
    environment::Environment,
    report::{Report, StepResult, ensure, same},
    seller::Seller,
};

/// Longer than the five minutes that a code of Stripe is valid.
const EXPIRED_CODE_SECONDS: u64 = 6 * 60;

/// A seller denies on Stripe's page.
pub(crate) async fn denied(
    environment: &Environment,
    report: &mut Report,
    tenant: &'static str,
) -> StepResult {
    let mut seller = Seller::new(tenant)?;
    let page = seller.go_to_stripe(environment).await?;
    let callback = seller.choose(&page, "Deny", "new").await?;
    let page = seller.browser.open(&callback).await?;
    refused(environment, tenant, &page, "You chose not to connect").await?;
    report.step(
        &format!("{tenant} denies"),
        format!("the page says «{}», nothing is connected", page.title),
    );
    Ok(())
}

/// The browser opens the callback after the code has expired.
pub(crate) async fn expired(
    environment: &Environment,
    report: &mut Report,
    tenant: &'static str,
) -> StepResult {
    let mut seller = Seller::new(tenant)?;
    let callback = seller.allow(environment, "new").await?;
    environment.advance(EXPIRED_CODE_SECONDS).await?;
    let page = seller.browser.open(&callback).await?;
    refused(
        environment,
        tenant,
        &page,
        "Stripe did not accept the answer",
    )
    .await?;
    report.step(
        &format!("{tenant} comes back six minutes late"),
        format!("the page says «{}»", page.title),
    );
    Ok(())
}

/// A callback with a wrong state, then one in another browser, then the same one in the right browser.
pub(crate) async fn foreign(
    environment: &Environment,
    report: &mut Report,
    tenant: &'static str,
) -> StepResult {
    let mut seller = Seller::new(tenant)?;
    let callback = seller.allow(environment, "new").await?;
    let before = environment.exchanges().await?;

    let page = seller
        .browser
        .open(&with_state(&callback, "made-up"))
        .await?;
    refused(
        environment,
        tenant,
        &page,
        "does not belong to anything started here",
    )
    .await?;
    report.step(
        "a callback with a wrong state",
        format!("the page says «{}»", page.title),
    );

    let page = Browser::new()?.open(&callback).await?;
    refused(environment, tenant, &page, "started in another browser").await?;
    same("exchanges", environment.exchanges().await? - before, 0)?;
    report.step(
        "the callback in a foreign browser",
        format!("the page says «{}», no exchange so far", page.title),
    );

    let account = seller.arrive(environment, &callback).await?;
    same("exchanges", environment.exchanges().await? - before, 1)?;
    report.step(
        "the same callback in the right browser",
        format!("{tenant} is connected to {account}"),
    );
    Ok(())
}

/// Fails unless the page has this text and the platform has no connection.
async fn refused(environment: &Environment, tenant: &str, page: &Page, words: &str) -> StepResult {
    ensure(page.text.contains(words), || {
        format!("the page answered {}: {}", page.status, page.text)
    })?;
    let connection = environment.connection(tenant).await?;
    ensure(connection.is_none(), || {
        format!("{tenant} is connected all the same")
    })
}

fn with_state(callback: &Url, state: &str) -> Url {
    let pairs: Vec<_> = callback
        .query_pairs()
        .into_owned()
        .filter(|(name, _)| name != "state")
        .collect();
    let mut changed = callback.clone();
    changed
        .query_pairs_mut()
        .clear()
        .extend_pairs(pairs)
        .append_pair("state", state);
    changed
}
