//! The three programs of the story: the emulator and the platform as child processes, and what a host application holds.
//!
//! `host` is the platform library opened on the same database as the platform process: how a marketplace's own code asks for
//! links and clients. `stripe` is the marketplace's SDK client without an account.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{Instant, sleep_until, timeout};
use tollway::Client;
use tollway_platform::{Connection, Platform};
use url::Url;

use super::{
    browser::Browser,
    child::{Program, log_file},
    narrator::Held,
};
use crate::{
    demo::setup::{self, Files},
    platform as service,
};

/// How long something in the background may take before it counts as not happening.
const PATIENCE: Duration = Duration::from_secs(20);

/// The running programs.
pub(super) struct Stage {
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

impl Stage {
    /// Starts both programs in an empty folder.
    pub(super) async fn start(folder: &Path) -> Held<Self> {
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
        let host = service::open(config)
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

    /// Kills both programs as a power cut would, and starts them again at the same addresses.
    pub(super) async fn kill_and_restart(&mut self) -> Held<String> {
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

    /// What runs where, for the first line of the story.
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

    /// The tenant's connection, as the platform has it.
    pub(super) async fn connection(&self, tenant: &str) -> Held<Option<Connection>> {
        self.host
            .connection(tenant)
            .await
            .map_err(|error| error.to_string())
    }

    /// The tenant's connection, which must be active.
    pub(super) async fn active(&self, tenant: &str) -> Held<Connection> {
        let connection = self.connection(tenant).await?.filter(Connection::is_active);
        connection.ok_or_else(|| format!("the platform has no active connection of {tenant}"))
    }

    /// Waits until the tenant's connection is as wanted; the platform's background worker is at it.
    pub(super) async fn wait_for(
        &self,
        tenant: &str,
        what: &str,
        wanted: fn(&Connection) -> bool,
    ) -> Held<Connection> {
        let watch = async {
            loop {
                if let Some(connection) = self.connection(tenant).await?.filter(wanted) {
                    return Ok(connection);
                }
                // The platform is another process: looking again is the only way to know.
                sleep_until(Instant::now() + Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, watch).await.unwrap_or_else(|_| {
            Err(format!(
                "within {} s {tenant} was not {what}",
                PATIENCE.as_secs()
            ))
        })
    }

    /// How many codes the emulator was asked to exchange since it started, from its request log.
    pub(super) async fn exchanges(&self) -> Held<usize> {
        let url = self.control("requests?limit=1000&path=/oauth/token")?;
        let answer = Browser::new().open_once(&url).await?;
        let log: serde_json::Value = serde_json::from_str(&answer.body)
            .map_err(|error| format!("the request log: {error}"))?;
        log["data"]
            .as_array()
            .map(Vec::len)
            .ok_or_else(|| format!("the request log is no list: {log}"))
    }

    /// Moves the emulator's clock forward.
    pub(super) async fn advance(&self, seconds: u64) -> Held {
        let body = serde_json::json!({ "advance": seconds });
        let answer = Browser::new()
            .post_json(&self.control("clock")?, &body)
            .await?;
        if answer.status.is_success() {
            Ok(())
        } else {
            Err(format!(
                "the clock answered {}: {}",
                answer.status, answer.body
            ))
        }
    }

    /// An address of the emulator's control API.
    fn control(&self, what: &str) -> Held<Url> {
        self.stripe_url
            .join(&format!("_tollway/{what}"))
            .map_err(|error| error.to_string())
    }
}

async fn start_emulator(files: &Files, folder: &Path, port: u16) -> Held<Program> {
    let data = files.stripe.display().to_string();
    Program::start(
        &["emulator", "--port", &port.to_string(), "--data", &data],
        &log_file(folder, "emulator"),
    )
    .await
}

async fn start_platform(files: &Files, folder: &Path) -> Held<Program> {
    let config = files.config.display().to_string();
    Program::start(
        &["platform", "--config", &config],
        &log_file(folder, "platform"),
    )
    .await
}

/// An address that nobody listens on at this moment.
fn free_address() -> Held<SocketAddr> {
    let listener =
        std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    listener.local_addr().map_err(|error| error.to_string())
}
