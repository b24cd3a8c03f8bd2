//! What emulator and platform need to know of each other, written into the demo's folder.
//!
//! The emulator comes first. It is told who the platform is, and its API makes the platform's webhook endpoint; the endpoint's
//! secret, the addresses and a fresh sealing key go into `platform.toml`. A folder that has one already is used as it is, addresses included.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};
use tollway::{Client, api::WebhookEndpointCreateEnabledEvent};
use tollway_platform::{Entropy, PlatformConfig, SealingKeys, hash_password};
use url::Url;

use super::script::browser::Browser;
use crate::failure::{Failure, Outcome};

/// The platform's name in its configuration and URLs.
pub(super) const PLATFORM: &str = "market";
/// The name that people see, on the platform's own pages and on Stripe's.
pub(super) const BUSINESS_NAME: &str = "Tollway Market";
/// Its secret key.
pub(super) const SECRET_KEY: &str = "sk_test_tollway_demo";
/// The emulator's world of that key.
const WORLD: &str = "tollway_demo";
/// Its development client id.
pub(super) const CLIENT_ID: &str = "ca_tollway_demo";

/// The operator's password. It guards nothing but this machine's demo, and is printed.
pub(super) const OPERATOR_PASSWORD: &str = "tollway";

/// The files of the demo.
#[derive(Debug, Clone)]
pub(super) struct Files {
    /// The emulator's data.
    pub(super) stripe: PathBuf,
    /// The platform's configuration, which names its database.
    pub(super) config: PathBuf,
    database: PathBuf,
}

impl Files {
    /// The files inside `folder`.
    pub(super) fn of(folder: &Path) -> Self {
        Self {
            stripe: folder.join("stripe.db"),
            config: folder.join("platform.toml"),
            database: folder.join("platform.db"),
        }
    }

    /// The configuration of an earlier demo in this folder, if there was one.
    pub(super) fn earlier(&self) -> Outcome<Option<PlatformConfig>> {
        if !self.config.exists() {
            return Ok(None);
        }
        let config = PlatformConfig::load(Some(&self.config), std::iter::empty());
        config.map(Some).map_err(|error| {
            Failure::new(format!("{} is not usable\n{error}", self.config.display()))
        })
    }
}

/// The platform's own SDK client, pointed at the emulator.
pub(super) fn client(stripe: &Url) -> Outcome<Client> {
    Client::builder(SECRET_KEY)
        .client_id(CLIENT_ID)
        .base_url(stripe.as_str())
        .build()
        .map_err(|error| Failure::new(format!("the SDK cannot be pointed at {stripe}: {error}")))
}

/// Tells the emulator who the platform is, as its owner would in Stripe's dashboard.
async fn introduce(stripe: &Url, platform: SocketAddr) -> Outcome {
    let told = |why: String| {
        Failure::new(format!(
            "the emulator could not be told who the platform is: {why}"
        ))
    };
    let url = stripe
        .join(&format!("_tollway/worlds/{WORLD}"))
        .map_err(|error| told(error.to_string()))?;
    let settings = serde_json::json!({
        "business_name": BUSINESS_NAME,
        "test": {
            "client_id": CLIENT_ID,
            "redirect_uris": [format!("http://{platform}/connect/{PLATFORM}/callback")],
        },
    });
    let answer = Browser::new().post_json(&url, &settings).await;
    let answer = answer.map_err(told)?;
    if !answer.status.is_success() {
        return Err(told(format!("{} {}", answer.status, answer.body)));
    }
    Ok(())
}

/// Introduces the platform to the emulator, makes the webhook endpoint and writes the configuration; gives it back as the platform reads it.
pub(super) async fn prepare(
    files: &Files,
    stripe: &Url,
    platform: SocketAddr,
) -> Outcome<PlatformConfig> {
    introduce(stripe, platform).await?;
    let hook = format!("http://{platform}/webhooks/{PLATFORM}/test/connect");
    let endpoint = client(stripe)?
        .webhook_endpoints()
        .create([WebhookEndpointCreateEnabledEvent::All], &hook)
        .connect(true)
        .send()
        .await
        .map_err(|error| {
            Failure::new(format!("the webhook endpoint could not be made: {error}"))
        })?;
    let secret = endpoint
        .secret()
        .ok_or_else(|| Failure::new("the webhook endpoint came without its secret"))?;
    let entropy = Entropy::from_system().map_err(|error| Failure::new(error.to_string()))?;
    let sealing_key = SealingKeys::generate(&entropy);
    let password_hash = hash_password(&SecretString::from(OPERATOR_PASSWORD), &entropy);
    let text = format!(
        r#"# Written by `tollway demo`. `tollway platform config default` explains every key.
listen = "{platform}"
public_url = "http://{platform}"
database = {database:?}
sealing_keys = ["{sealing_key}"]

[stripe]
api_base = "{stripe}"
connect_base = "{stripe}"

[connect]
link_lifetime_seconds = 86400

[web]
requests_per_minute = 6000

[operator]
password_hash = "{password_hash}"

[platforms.{PLATFORM}]
name = "{BUSINESS_NAME}"
mode = "test"

[platforms.{PLATFORM}.test]
client_id = "{CLIENT_ID}"
secret_key = "{SECRET_KEY}"
connect_webhook_secrets = ["{secret}"]
"#,
        database = files.database.display().to_string(),
        sealing_key = sealing_key.expose_secret(),
    );
    write(&files.config, &text)?;
    files
        .earlier()?
        .ok_or_else(|| Failure::new(format!("{} went away", files.config.display())))
}

/// Writes the whole file or nothing, readable by its owner only: it holds keys.
fn write(path: &Path, text: &str) -> Outcome {
    let told = |error: std::io::Error| {
        Failure::new(format!("{} cannot be written: {error}", path.display()))
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(told)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(told)?;
    file.persist(path).map_err(|error| told(error.error))?;
    Ok(())
}
