//! A new seller connects through the pages.

use crate::script::{
    environment::Environment,
    report::{Report, StepResult, same},
    seller::{Connected, Seller},
};

/// Platform's page, Stripe's page, Connect, callback, outcome.
pub(crate) async fn new_seller(
    environment: &Environment,
    report: &mut Report,
    tenant: &'static str,
) -> StepResult<Connected> {
    let before = environment.exchanges().await?;
    let connected = Seller::new(tenant)?.connect(environment).await?;
    let connection = environment.active(tenant).await?;
    same("the scope", connection.scope.as_str(), "read_write")?;
    same("exchanges", environment.exchanges().await? - before, 1)?;
    report.step(
        &format!("{tenant} connects a new account through the pages"),
        format!(
            "{} with {}, one exchange",
            connection.account, connection.scope
        ),
    );
    Ok(connected)
}
