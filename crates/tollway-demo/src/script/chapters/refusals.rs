//! What must not connect an account, and what the seller reads then.

use url::Url;

use crate::demo::script::{
    browser::Browser,
    narrator::{Held, Narrator, ensure, same},
    page::Page,
    seller::Seller,
    stage::Stage,
};

/// Stripe's codes live five minutes.
const LONGER_THAN_A_CODE: u64 = 6 * 60;

/// A seller says no on Stripe's page.
pub(crate) async fn denied(stage: &Stage, told: &mut Narrator, tenant: &'static str) -> Held {
    let mut seller = Seller::new(tenant);
    let page = seller.go_to_stripe(stage).await?;
    let callback = seller.answer(&page, "Deny", "new").await?;
    let page = seller.browser.open(&callback).await?;
    refused(stage, tenant, &page, "You chose not to connect").await?;
    told.held(
        &format!("{tenant} denies"),
        format!("the page says «{}», nothing is connected", page.title),
    );
    Ok(())
}

/// The browser comes back after the code has expired.
pub(crate) async fn expired(stage: &Stage, told: &mut Narrator, tenant: &'static str) -> Held {
    let mut seller = Seller::new(tenant);
    let callback = seller.allow(stage, "new").await?;
    stage.advance(LONGER_THAN_A_CODE).await?;
    let page = seller.browser.open(&callback).await?;
    refused(stage, tenant, &page, "Stripe did not accept the answer").await?;
    told.held(
        &format!("{tenant} comes back six minutes late"),
        format!("the page says «{}»", page.title),
    );
    Ok(())
}

/// A callback with a made-up state, and one in a browser that did not start it. Then the right browser brings it.
pub(crate) async fn foreign(stage: &Stage, told: &mut Narrator, tenant: &'static str) -> Held {
    let mut seller = Seller::new(tenant);
    let callback = seller.allow(stage, "new").await?;
    let before = stage.exchanges().await?;

    let page = seller
        .browser
        .open(&with_state(&callback, "made-up"))
        .await?;
    refused(
        stage,
        tenant,
        &page,
        "does not belong to anything started here",
    )
    .await?;
    told.held(
        "a callback with a wrong state",
        format!("the page says «{}»", page.title),
    );

    let page = Browser::new().open(&callback).await?;
    refused(stage, tenant, &page, "started in another browser").await?;
    same("exchanges", stage.exchanges().await? - before, 0)?;
    told.held(
        "the callback in a foreign browser",
        format!("the page says «{}», no exchange so far", page.title),
    );

    let account = seller.arrive(stage, &callback).await?;
    same("exchanges", stage.exchanges().await? - before, 1)?;
    told.held(
        "the same callback in the right browser",
        format!("{tenant} is connected to {account}"),
    );
    Ok(())
}

/// Holds if the page refuses with these words and the platform has no connection.
async fn refused(stage: &Stage, tenant: &str, page: &Page, words: &str) -> Held {
    ensure(page.text.contains(words), || {
        format!("the page answered {}: {}", page.status, page.text)
    })?;
    let connection = stage.connection(tenant).await?;
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
