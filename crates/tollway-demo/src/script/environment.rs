//! What the scenarios run in: emulator and platform as child processes, and what a host application has.
//!
//! `host` is the platform library on the database of the platform process: a marketplace's own code gets its links and clients
//! there. `stripe` is the marketplace's SDK client without an account.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{sleep, timeout};
use tollway::Client;
use tollway_platform::{Connection, Platform};
use url::Url;

use super::{
    child::{Program, log_file},
    report::StepResult,
};
use crate::browser::Browser;
use crate::setup::{self, Files};

/// How long the platform may take to process a webhook.
const BACKGROUND_TIMEOUT: Duration = Duration::from_secs(20);

/// The running programs and the clients of a host application.
pub(super) struct Environment {
    folder: PathBuf,
    files: Files,
    emulator: Option<Program>,
    platform: Option<Program>,
    /// Where the emulator is.
    pub(super) stripe_url: Url,
    /// The platform's library, as a host application embeds it.
    pub(super) host: Platform,
    /// The platform's own client.
    pub(super) stripe: Client,
}

impl Environment {
    /// Starts both programs in an empty folder.
    pub(super) async fn start(folder: &Path) -> StepResult<Self> {
        let files = Files::of(folder);
        let earlier = files.earlier().map_err(|failure| failure.to_string())?;
        if earlier.is_some() {
            return Err(format!(
                "{} has a demo in it already: choose an empty folder by --data",
                folder.display()
            ));
        }
        let emulator = start_emulator(&files, folder, 0).await?;
        let stripe_url = emulator.url.clone();
        let config = setup::prepare(&files, &stripe_url, free_address()?)
            .await
            .map_err(|failure| failure.to_string())?;
        let platform = start_platform(&files, folder).await?;
        let host = setup::open_platform(config)
            .await
            .map_err(|failure| failure.to_string())?;
        let stripe = setup::client(&stripe_url).map_err(|failure| failure.to_string())?;
        Ok(Self {
            folder: folder.to_path_buf(),
            files,
            emulator: Some(emulator),
            platform: Some(platform),
            stripe_url,
            host,
            stripe,
        })
    }

    /// Kills both programs with SIGKILL and starts them again at the same addresses.
    pub(super) async fn kill_and_restart(&mut self) -> StepResult<String> {
        let mut killed = Vec::new();
        for program in [self.emulator.take(), self.platform.take()]
            .into_iter()
            .flatten()
        {
            killed.push(
                program
                    .id()
                    .map_or_else(|| "?".to_owned(), |id| id.to_string()),
            );
            program.kill().await?;
        }
        let port = self.stripe_url.port().unwrap_or_default();
        self.emulator = Some(start_emulator(&self.files, &self.folder, port).await?);
        self.platform = Some(start_platform(&self.files, &self.folder).await?);
        Ok(killed.join(" and "))
    }

    /// Both programs with their addresses, for the first step.
    pub(super) fn programs(&self) -> String {
        let of = |name: &str, program: &Option<Program>| {
            program.as_ref().map_or_else(String::new, |program| {
                format!(
                    "{name} at {} (process {})",
                    program.url,
                    program.id().unwrap_or_default()
                )
            })
        };
        format!(
            "{}, {}",
            of("emulator", &self.emulator),
            of("platform", &self.platform)
        )
    }

    /// The tenant's connection in the platform's database.
    pub(super) async fn connection(&self, tenant: &str) -> StepResult<Option<Connection>> {
        self.host
            .connection(tenant)
            .await
            .map_err(|error| error.to_string())
    }

    /// The tenant's connection, which must be active.
    pub(super) async fn active(&self, tenant: &str) -> StepResult<Connection> {
        let connection = self.connection(tenant).await?.filter(Connection::is_active);
        connection.ok_or_else(|| format!("the platform has no active connection of {tenant}"))
    }

    /// Waits until the tenant's connection fulfils `condition`: the platform's worker changes it in the background.
    pub(super) async fn wait_for(
        &self,
        tenant: &str,
        what: &str,
        condition: fn(&Connection) -> bool,
    ) -> StepResult<Connection> {
        let watch = async {
            loop {
                if let Some(connection) = self.connection(tenant).await?.filter(condition) {
                    return Ok(connection);
                }
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the platform is another process and does not notify this one"
                )]
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(BACKGROUND_TIMEOUT, watch)
            .await
            .unwrap_or_else(|_| {
                Err(format!(
                    "within {} s {tenant} was not {what}",
                    BACKGROUND_TIMEOUT.as_secs()
                ))
            })
    }

    /// The number of requests to exchange a code since the emulator started, from its request log.
    pub(super) async fn exchanges(&self) -> StepResult<usize> {
        let url = self.control("requests?limit=1000&path=/oauth/token")?;
        let response = Browser::new()?.open_once(&url).await?;
        let log: serde_json::Value = serde_json::from_str(&response.body)
            .map_err(|error| format!("the request log: {error}"))?;
        log["data"]
            .as_array()
            .map(Vec::len)
            .ok_or_else(|| format!("the request log is no list: {log}"))
    }

    /// Moves the emulator's clock forward.
    pub(super) async fn advance(&self, seconds: u64) -> StepResult {
        let body = serde_json::json!({ "advance": seconds });
        let response = Browser::new()?
            .post_json(&self.control("clock")?, &body)
            .await?;
        if response.status.is_success() {
            Ok(())
        } else {
            Err(format!(
                "the clock answered {}: {}",
                response.status, response.body
            ))
        }
    }

    /// An address of the emulator's control API.
    fn control(&self, what: &str) -> StepResult<Url> {
        self.stripe_url
            .join(&format!("_tollway/{what}"))
            .map_err(|error| error.to_string())
    }
}

async fn start_emulator(files: &Files, folder: &Path, port: u16) -> StepResult<Program> {
    let data = files.stripe.display().to_string();
    Program::start(
        &["emulator", "--port", &port.to_string(), "--data", &data],
        &log_file(folder, "emulator"),
    )
    .await
}

async fn start_platform(files: &Files, folder: &Path) -> StepResult<Program> {
    let config = files.config.display().to_string();
    Program::start(
        &["platform", "--config", &config],
        &log_file(folder, "platform"),
    )
    .await
}

/// A free loopback address.
fn free_address() -> StepResult<SocketAddr> {
    let listener =
        std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    listener.local_addr().map_err(|error| error.to_string())
}
