//! The platform charges for a connected account and keeps a fee.

use tollway::Client;

use crate::script::{
    environment::Environment,
    report::{Report, StepResult, same},
};

const AMOUNT: i64 = 1000;
const PLATFORM_FEE: i64 = 100;
/// Stripe's own fee on a direct charge of that amount, which the seller pays: 2.9 % + 30 cents.
const STRIPE_FEE: i64 = 59;

/// The objects of a charge for a seller.
pub(crate) struct Paid {
    pub(crate) customer: String,
    pub(crate) charge: String,
}

/// Creates a customer and a direct charge with an application fee, and compares the balances of both sides.
pub(crate) async fn direct_charge(
    environment: &Environment,
    report: &mut Report,
    tenant: &str,
) -> StepResult<Paid> {
    let seller = environment
        .host
        .client_for(tenant)
        .await
        .map_err(|error| error.to_string())?;
    let before = (balance(&seller).await?, balance(&environment.stripe).await?);

    let email = "jenny.rosen@example.com";
    let customer = seller
        .customers()
        .create()
        .email(email)
        .send()
        .await
        .map_err(sdk_failure)?;
    report.step(
        &format!("the platform makes a customer for {tenant}"),
        format!("{} ({email})", customer.id()),
    );

    let charge = seller
        .charges()
        .create()
        .amount(AMOUNT)
        .currency("eur")
        .source("tok_visa")
        .application_fee_amount(PLATFORM_FEE)
        .description("A bunch of tulips")
        .send()
        .await
        .map_err(sdk_failure)?;
    same("the charge's status", charge.status().as_str(), "succeeded")?;
    same("the charge's amount", charge.amount(), AMOUNT)?;
    report.step(
        "a direct charge with an application fee",
        format!(
            "{} succeeded, 10.00 eur, fee 1.00 eur, request {}",
            charge.id(),
            request_id(&charge)
        ),
    );

    let after = (balance(&seller).await?, balance(&environment.stripe).await?);
    let increase = (after.0 - before.0, after.1 - before.1);
    same(
        "what the seller and the platform got",
        increase,
        (AMOUNT - STRIPE_FEE - PLATFORM_FEE, PLATFORM_FEE),
    )?;
    report.step(
        "the balances on both sides",
        format!(
            "seller +{} cents, platform +{} cents",
            increase.0, increase.1
        ),
    );
    Ok(Paid {
        customer: customer.id().to_owned(),
        charge: charge.id().to_owned(),
    })
}

/// Available and pending euros of the client's account, in cents.
pub(crate) async fn balance(client: &Client) -> StepResult<i64> {
    let balance = client
        .balance()
        .retrieve()
        .send()
        .await
        .map_err(sdk_failure)?;
    let available = balance
        .available()
        .into_iter()
        .filter(|part| part.currency() == "eur")
        .map(|part| part.amount());
    let pending = balance
        .pending()
        .into_iter()
        .filter(|part| part.currency() == "eur")
        .map(|part| part.amount());
    Ok(available.chain(pending).sum())
}

/// An SDK error as the reason why a step did not hold.
#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
pub(crate) fn sdk_failure(error: tollway::Error) -> String {
    format!("the SDK said: {error}")
}

fn request_id(charge: &tollway::api::Charge) -> String {
    let response = charge.last_response();
    response
        .and_then(|response| response.request_id().map(ToOwned::to_owned))
        .unwrap_or_else(|| "without id".to_owned())
}
