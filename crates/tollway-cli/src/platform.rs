//! `tollway platform`: the platform's side of Connect as a service, and commands for its configuration and keys.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use secrecy::{ExposeSecret as _, SecretString};
use tollway_platform::{DEFAULT_CONFIG, Entropy, Platform, PlatformConfig, hash_password};

use crate::{
    failure::{Failure, Outcome},
    keys, listen, shutdown,
};

const EXAMPLES: &str = "\
Examples:
  tollway platform config default > platform.toml
      the configuration with every key explained; edit it
  tollway platform config check --config platform.toml
      names every problem by its key
  tollway platform --config platform.toml
      runs the service
  tollway platform link --config platform.toml customer-42
      prints a link that lets whoever has it connect a Stripe account for customer-42
  tollway platform keys rotate --config platform.toml
      seals everything by the first of sealing_keys, with a progress bar";

/// The arguments of `tollway platform`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = false)]
pub(crate) struct Args {
    /// The configuration file. Every key can also be set by environment; see the default configuration.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TOLLWAY_PLATFORM_CONFIG"
    )]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<PlatformCommand>,
}

#[derive(Debug, Subcommand)]
enum PlatformCommand {
    /// Print or check the configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Report on the sealing keys, or rotate them.
    Keys {
        #[command(subcommand)]
        command: keys::KeysCommand,
    },
    /// Print a signed link with which a tenant connects its Stripe account.
    Link {
        /// Your own name for the owner of the connected account.
        tenant: String,
    },
    /// Read the operator's password from stdin and print its hash, for `operator.password_hash`.
    Password,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum ConfigCommand {
    /// Print the default configuration: every key with its explanation.
    Default,
    /// Check the configuration and print every problem.
    Check,
}

/// Runs the service until Ctrl-C or SIGTERM, or runs the command.
pub(crate) async fn run(args: Args) -> Outcome {
    let file = args.config.as_deref();
    match args.command {
        None => serve(load(file)?).await,
        Some(PlatformCommand::Config {
            command: ConfigCommand::Default,
        }) => {
            print!("{DEFAULT_CONFIG}");
            listen::flush();
            Ok(())
        }
        Some(PlatformCommand::Config {
            command: ConfigCommand::Check,
        }) => {
            let config = load(file)?;
            for realm in config.realms() {
                println!("{realm}: redirect URI {}", config.redirect_uri(&realm));
            }
            println!("the configuration is good");
            Ok(())
        }
        Some(PlatformCommand::Password) => {
            println!("{}", hash_from_stdin()?);
            Ok(())
        }
        Some(PlatformCommand::Keys { command }) => {
            let platform = open(load(file)?).await?;
            let result = keys::run(&platform, command).await;
            platform
                .close()
                .await
                .map_err(|error| Failure::new(error.to_string()))?;
            result
        }
        Some(PlatformCommand::Link { tenant }) => {
            let platform = open(load(file)?).await?;
            let link = platform
                .start_link(tenant)
                .page()
                .map_err(|error| Failure::new(error.to_string()))?;
            println!("{link}");
            platform
                .close()
                .await
                .map_err(|error| Failure::new(error.to_string()))
        }
    }
}

/// Hashes the first line of stdin.
fn hash_from_stdin() -> Outcome<String> {
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| Failure::new(format!("stdin cannot be read: {error}")))?;
    let password = SecretString::from(line.trim_end_matches(['\r', '\n']));
    if password.expose_secret().is_empty() {
        return Err(Failure::new(
            "no password came on stdin: printf %s 'the password' | tollway platform password",
        ));
    }
    let entropy = Entropy::from_system().map_err(|error| Failure::new(error.to_string()))?;
    Ok(hash_password(&password, &entropy))
}

/// The configuration from file and environment; every problem is one line with its key.
fn load(file: Option<&Path>) -> Outcome<PlatformConfig> {
    PlatformConfig::load(file, std::env::vars()).map_err(|error| {
        let hint = if file.is_none() {
            "\nno --config was given; `tollway platform config default` prints one to start from"
        } else {
            ""
        };
        Failure::new(format!("the configuration is not usable\n{error}{hint}"))
    })
}

/// Opens the platform with its store.
pub(crate) async fn open(config: PlatformConfig) -> Outcome<Platform> {
    Platform::builder()
        .config(config)
        .build()
        .await
        .map_err(|error| Failure::new(error.to_string()))
}

async fn serve(config: PlatformConfig) -> Outcome {
    let address = config.listen;
    let platform = open(config).await?;
    let listener = listen::bind(address, "`listen` in the configuration").await?;
    let shutdown = shutdown::requested()?;
    listen::announce(&listen::url(&listener)?);
    let served = platform.serve(listener, shutdown).await;
    let closed = platform.close().await;
    served.map_err(|error| Failure::new(format!("the platform stopped: {error}")))?;
    closed.map_err(|error| Failure::new(error.to_string()))
}
