//! A new seller connects through the pages.

use crate::demo::script::{
    narrator::{Held, Narrator, same},
    seller::{Connected, Seller},
    stage::Stage,
};

/// Platform's page, Stripe's page, Connect, callback, outcome.
pub(crate) async fn new_seller(
    stage: &Stage,
    told: &mut Narrator,
    tenant: &'static str,
) -> Held<Connected> {
    let before = stage.exchanges().await?;
    let connected = Seller::new(tenant).connect(stage).await?;
    let connection = stage.active(tenant).await?;
    same("the scope", connection.scope.as_str(), "read_write")?;
    same("exchanges", stage.exchanges().await? - before, 1)?;
    told.held(
        &format!("{tenant} connects a new account through the pages"),
        format!(
            "{} with {}, one exchange",
            connection.account, connection.scope
        ),
    );
    Ok(connected)
}
