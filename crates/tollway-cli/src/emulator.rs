//! `tollway emulator`: a local Stripe on one port, until Ctrl-C.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use tollway_emulator::{Emulator, Identity, Listener, Seed};

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
  tollway emulator --seed marketplace.toml
      with the platforms, sellers and webhooks that a file describes
  tollway emulator --mock
      in stripe-mock's place: also answers for objects that do not exist
  tollway emulator --tls stripe.pem
      over HTTPS; SSL_CERT_FILE=stripe.pem or NODE_EXTRA_CA_CERTS=stripe.pem makes clients trust it
  tollway emulator --socket stripe.sock
      curl --unix-socket stripe.sock http://stripe/v1/customers -u sk_test_123:
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
    /// Address to listen on. Everyone who reaches it can use it: keep it on loopback.
    #[arg(long, default_value = "127.0.0.1", env = "TOLLWAY_EMULATOR_HOST")]
    host: IpAddr,
    /// Unix socket to listen on instead of a port.
    #[cfg(unix)]
    #[arg(long, value_name = "FILE", env = "TOLLWAY_EMULATOR_SOCKET")]
    socket: Option<PathBuf>,
    /// Speak HTTPS with a certificate made for this run, and write the certificate to this file for clients to trust.
    #[arg(long, value_name = "FILE", env = "TOLLWAY_EMULATOR_TLS")]
    tls: Option<PathBuf>,
    /// Another host name or address that the certificate is good for, besides localhost; may be given again.
    #[arg(long, value_name = "NAME", requires = "tls")]
    tls_name: Vec<String>,
    /// File that keeps everything answered, across restarts and crashes. Without it everything is in memory.
    #[arg(long, value_name = "FILE", env = "TOLLWAY_EMULATOR_DATA")]
    data: Option<PathBuf>,
    /// File, TOML or JSON, with the objects that exist at the start; may be given again.
    #[arg(long, value_name = "FILE", env = "TOLLWAY_EMULATOR_SEED")]
    seed: Vec<PathBuf>,
    /// Answer for objects that do not exist too, and refuse nothing for its state, as stripe-mock does.
    #[arg(long, env = "TOLLWAY_EMULATOR_MOCK")]
    mock: bool,
    /// Refuse client ids that are not configured and redirect URIs that are not listed.
    #[arg(long)]
    strict: bool,
}

/// Runs the emulator until Ctrl-C or SIGTERM.
pub(crate) async fn run(args: Args) -> Outcome {
    let seeds = args.seed.iter().map(|file| read_seed(file));
    let seeds: Vec<Seed> = seeds.collect::<Outcome<_>>()?;
    let mut builder = Emulator::builder().strict(args.strict).mock(args.mock);
    if let Some(file) = &args.data {
        builder = builder.data(file);
    }
    let emulator = builder
        .build()
        .map_err(|error| Failure::new(error.to_string()))?;
    let (mut listener, mut url) = bind(&args).await?;
    if let Some(file) = &args.tls {
        listener = listener.tls(identity(file, &args)?);
        url = url.replacen("http:", "https:", 1);
    }
    for (seed, file) in seeds.iter().zip(&args.seed) {
        let told = |error| Failure::new(format!("{}: {error}", file.display()));
        emulator.seed(seed).await.map_err(told)?;
    }
    let shutdown = shutdown::requested()?;
    listen::announce(&url);
    if url.starts_with("http") {
        let trust = args.tls.as_ref();
        let trust = trust.map_or_else(String::new, |file| format!(" --cacert {}", file.display()));
        println!("try: curl{trust} {url}/v1/customers -u sk_test_123:");
        println!("see: {url}/_tollway/console");
    }
    listen::flush();
    let served = emulator.serve(listener, shutdown).await;
    #[cfg(unix)]
    if let Some(path) = &args.socket {
        fs::remove_file(path).ok();
    }
    served.map_err(|error| Failure::new(format!("the emulator stopped: {error}")))
}

/// The listener and its URL.
async fn bind(args: &Args) -> Outcome<(Listener, String)> {
    #[cfg(unix)]
    if let Some(path) = &args.socket {
        let url = format!("unix:{}", path.display());
        return Ok((listen::bind_unix(path)?.into(), url));
    }
    let address = SocketAddr::new(args.host, args.port);
    let listener = listen::bind(address, "--port or --host").await?;
    let url = listen::url(&listener)?;
    Ok((listener.into(), url))
}

fn read_seed(file: &Path) -> Outcome<Seed> {
    let text = fs::read_to_string(file).map_err(|error| {
        Failure::new(format!(
            "the seed {} cannot be read ({error}): give a file by --seed",
            file.display()
        ))
    })?;
    Seed::parse(&text).map_err(|error| Failure::new(format!("{}: {error}", file.display())))
}

/// Creates a certificate for this run and writes it to the file.
fn identity(file: &Path, args: &Args) -> Outcome<Identity> {
    let mut names = args.tls_name.clone();
    names.push(args.host.to_string());
    let identity = Identity::self_made(&names).map_err(|error| Failure::new(error.to_string()))?;
    fs::write(file, identity.certificate()).map_err(|error| {
        Failure::new(format!(
            "the certificate cannot be written to {} ({error}): give another file by --tls",
            file.display()
        ))
    })?;
    Ok(identity)
}
