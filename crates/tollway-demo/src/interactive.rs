//! The demo for a person: emulator and platform in this process, addresses to open, until Ctrl-C.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use tokio::{net::TcpListener, sync::watch};
use tollway_emulator::Emulator;
use tollway_platform::Platform;
use url::Url;

use super::setup::{self, Files, OPERATOR_PASSWORD, SECRET_KEY};
use crate::{
    failure::{Failure, Outcome},
    listen, platform as service, shutdown,
};

/// Runs both and says what to click.
pub(super) async fn run(folder: &Path) -> Outcome {
    let files = Files::of(folder);
    let earlier = files.earlier()?;
    let port_of = |url: &Url| url.port().unwrap_or_default();
    let stripe_listener = bind(
        earlier
            .as_ref()
            .map_or(0, |config| port_of(&config.stripe.api_base)),
    )
    .await?;
    let platform_listener = bind(earlier.as_ref().map_or(0, |config| config.listen.port())).await?;
    let stripe = parsed(&listen::url(&stripe_listener)?)?;
    let platform_address = platform_listener
        .local_addr()
        .map_err(|error| Failure::new(error.to_string()))?;

    let (stop, stopped) = watch::channel(());
    let emulator = Emulator::builder()
        .data(&files.stripe)
        .build()
        .map_err(|error| Failure::new(error.to_string()))?;
    let stripe_server = tokio::spawn({
        let stopped = closed(stopped.clone());
        async move { emulator.serve(stripe_listener, stopped).await }
    });
    let config = match earlier {
        Some(config) => config,
        None => setup::prepare(&files, &stripe, platform_address).await?,
    };
    let platform = service::open(config).await?;
    let platform_server = tokio::spawn({
        let (platform, stopped) = (platform.clone(), closed(stopped));
        async move { platform.serve(platform_listener, stopped).await }
    });

    let shutdown = shutdown::requested()?;
    introduce(&platform, &stripe, folder)?;
    shutdown.await;
    println!("\nstopping");
    drop(stop);
    let (stripe_ended, platform_ended) = tokio::join!(stripe_server, platform_server);
    platform
        .close()
        .await
        .map_err(|error| Failure::new(error.to_string()))?;
    for ended in [stripe_ended, platform_ended] {
        ended
            .map_err(|error| Failure::new(format!("a server broke: {error}")))?
            .map_err(|error| Failure::new(format!("a server stopped: {error}")))?;
    }
    Ok(())
}

/// Says what there is and what to click.
fn introduce(platform: &Platform, stripe: &Url, folder: &Path) -> Outcome {
    let link = |tenant: &str| {
        platform
            .start_link(tenant)
            .page()
            .map_err(|error| Failure::new(error.to_string()))
    };
    println!(
        "Tollway demo: a marketplace, its sellers and a local Stripe. No account, no network, no real money.\n"
    );
    println!(
        "1  Connect a seller: open this, press the button, then Connect (or Deny) on Stripe's page"
    );
    println!("     {}", link("flower-shop")?);
    println!("2  Connect another, or the same account again");
    println!("     {}", link("coffee-bar")?);
    println!("3  Charge for a seller, with the account id that the outcome page shows");
    println!("     curl {stripe}v1/charges -u {SECRET_KEY}: -H 'Stripe-Account: acct_...' \\");
    println!(
        "       -d amount=1000 -d currency=eur -d source=tok_visa -d application_fee_amount=100"
    );
    println!("4  See accounts, balances and events on Stripe's side; a seller disconnects there");
    println!("     {stripe}_tollway/console");
    println!(
        "5  See the platform's side: connections, attempts, inbox (password: {OPERATOR_PASSWORD})"
    );
    println!("     {}", platform.config().url("/operator"));
    println!(
        "\nEverything is kept in {}. Ctrl-C ends it.",
        folder.display()
    );
    listen::flush();
    Ok(())
}

async fn bind(port: u16) -> Outcome<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    listen::bind(
        address,
        "naming another --data folder (this one remembers its addresses)",
    )
    .await
}

fn parsed(url: &str) -> Outcome<Url> {
    url.parse()
        .map_err(|error| Failure::new(format!("{url} is no URL: {error}")))
}

/// Ends when the sender is dropped.
async fn closed(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}
