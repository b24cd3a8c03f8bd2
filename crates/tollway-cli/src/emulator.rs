//! `tollway emulator`: a local Stripe on one port, until Ctrl-C.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use tollway_emulator::Emulator;

use crate::{
    failure::{Failure, Outcome},
    listen, shutdown,
};

const EXAMPLES: &str = "\
Examples:
  tollway emulator
      curl localhost:12111/v1/customers -u sk_test_123:
  tollway emulator --port 0 --data stripe.db
      on a free port, keeping everything in a file
  tollway emulator --strict
      refusing client ids and redirect URIs that are not configured, as Stripe does

Point an SDK at it by changing its base URLs (API, Connect, files and meter events are all on this one port). Any well-formed
secret key opens a world of its own: pick another key to start empty.";

/// The arguments of `tollway emulator`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Port to listen on; 0 takes a free one and says which.
    #[arg(long, default_value_t = 12111, env = "TOLLWAY_EMULATOR_PORT")]
    port: u16,
    /// Address to listen on. Anybody who reaches it may use it: keep it on loopback.
    #[arg(long, default_value = "127.0.0.1", env = "TOLLWAY_EMULATOR_HOST")]
    host: IpAddr,
    /// File that keeps everything answered, across restarts and crashes. Without it everything is in memory.
    #[arg(long, value_name = "FILE", env = "TOLLWAY_EMULATOR_DATA")]
    data: Option<PathBuf>,
    /// Refuse client ids nobody configured and redirect URIs that are not listed.
    #[arg(long)]
    strict: bool,
}

/// Runs it until Ctrl-C or SIGTERM.
pub(crate) async fn run(args: Args) -> Outcome {
    let mut builder = Emulator::builder().strict(args.strict);
    if let Some(file) = &args.data {
        builder = builder.data(file);
    }
    let emulator = builder
        .build()
        .map_err(|error| Failure::new(error.to_string()))?;
    let listener = listen::bind(SocketAddr::new(args.host, args.port), "--port or --host").await?;
    let url = listen::url(&listener)?;
    let shutdown = shutdown::requested()?;
    listen::announce(&url);
    println!("try: curl {url}/v1/customers -u sk_test_123:");
    println!("see: {url}/_tollway/console");
    listen::flush();
    emulator
        .serve(listener, shutdown)
        .await
        .map_err(|error| Failure::new(format!("the emulator stopped: {error}")))
}
