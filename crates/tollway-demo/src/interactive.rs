//! The demo for a person: emulator and platform in this process, with addresses to open in a browser.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use tokio::{net::TcpListener, sync::watch};
use tollway::transport::BoxFuture;
use tollway_emulator::Emulator;
use tollway_platform::Platform;
use url::Url;

use crate::error::DemoError;
use crate::folder::DataFolder;
use crate::output::flush;
use crate::setup::{self, Files, OPERATOR_PASSWORD, SECRET_KEY};

/// Runs emulator and platform on free loopback ports, prints the addresses to open, and serves until `shutdown` ends.
///
/// # Errors
///
/// Fails if a port or file cannot be used, or if a server ends before `shutdown`.
pub fn run(
    folder: &DataFolder,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> BoxFuture<'_, Result<(), DemoError>> {
    Box::pin(serve_until(folder.path(), Box::pin(shutdown)))
}

async fn serve_until(folder: &Path, shutdown: BoxFuture<'static, ()>) -> Result<(), DemoError> {
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
    let stripe_address = stripe_listener.local_addr().map_err(DemoError::new)?;
    let stripe: Url = format!("http://{stripe_address}")
        .parse()
        .map_err(DemoError::new)?;
    let platform_address = platform_listener.local_addr().map_err(DemoError::new)?;

    let (stop, stopped) = watch::channel(());
    let emulator = Emulator::builder()
        .data(&files.stripe)
        .build()
        .map_err(DemoError::new)?;
    let stripe_server = tokio::spawn({
        let stopped = closed(stopped.clone());
        async move { emulator.serve(stripe_listener, stopped).await }
    });
    let config = match earlier {
        Some(config) => config,
        None => setup::prepare(&files, &stripe, platform_address).await?,
    };
    let platform = setup::open_platform(config).await?;
    let platform_server = tokio::spawn({
        let (platform, stopped) = (platform.clone(), closed(stopped));
        async move { platform.serve(platform_listener, stopped).await }
    });

    print_instructions(&platform, &stripe, folder)?;
    shutdown.await;
    println!("\nstopping");
    drop(stop);
    let (stripe_ended, platform_ended) = tokio::join!(stripe_server, platform_server);
    platform.close().await.map_err(DemoError::new)?;
    for ended in [stripe_ended, platform_ended] {
        ended
            .map_err(|error| DemoError::new(format!("a server broke: {error}")))?
            .map_err(|error| DemoError::new(format!("a server stopped: {error}")))?;
    }
    Ok(())
}

/// Prints the addresses and what to do there.
fn print_instructions(platform: &Platform, stripe: &Url, folder: &Path) -> Result<(), DemoError> {
    let link = |tenant: &str| platform.start_link(tenant).page().map_err(DemoError::new);
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
    flush();
    Ok(())
}

/// Binds a loopback port; 0 takes a free one.
async fn bind(port: u16) -> Result<TcpListener, DemoError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|error| {
        let option = "by naming another --data folder (this one remembers its addresses)";
        DemoError::new(match error.kind() {
            ErrorKind::AddrInUse => format!(
                "port {port} on {} is in use: stop the program that has it, or choose another {option}",
                address.ip()
            ),
            _ => format!("cannot listen on {address} ({error}): choose another {option}"),
        })
    })
}

/// Ends when the sender is dropped.
async fn closed(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}
