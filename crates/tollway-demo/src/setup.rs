//! The configuration of emulator and platform in the demo's folder.
//!
//! The emulator starts first. Its control API receives the platform's name, client id and redirect URI, and its API creates the
//! platform's webhook endpoint; the endpoint's secret, the addresses and a new sealing key go into `platform.toml`. If the folder
//! has a `platform.toml` already, that one is used without changes, addresses included.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};
use tollway::{Client, api::WebhookEndpointCreateEnabledEvent};
use tollway_platform::{Entropy, Platform, PlatformConfig, SealingKeys, hash_password};
use url::Url;

use crate::browser::Browser;
use crate::error::DemoError;

/// The platform's name in its configuration and URLs.
pub(crate) const PLATFORM: &str = "market";
/// The name on the platform's own pages and on Stripe's.
pub(crate) const BUSINESS_NAME: &str = "Tollway Market";
/// Its secret key.
pub(crate) const SECRET_KEY: &str = "sk_test_tollway_demo";
/// The emulator's world of that key.
const WORLD: &str = "tollway_demo";
/// Its development client id.
pub(crate) const CLIENT_ID: &str = "ca_tollway_demo";

/// The operator's password. It protects only a demo on this machine, and is printed.
pub(crate) const OPERATOR_PASSWORD: &str = "tollway";

/// The files of the demo.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    /// The emulator's data.
    pub(crate) stripe: PathBuf,
    /// The platform's configuration, which names its database.
    pub(crate) config: PathBuf,
    database: PathBuf,
}

impl Files {
    /// The files inside `folder`.
    pub(crate) fn of(folder: &Path) -> Self {
        Self {
            stripe: folder.join("stripe.db"),
            config: folder.join("platform.toml"),
            database: folder.join("platform.db"),
        }
    }

    /// The configuration of an earlier demo in this folder, if there was one.
    pub(crate) fn earlier(&self) -> Result<Option<PlatformConfig>, DemoError> {
        if !self.config.exists() {
            return Ok(None);
        }
        let config = PlatformConfig::load(Some(&self.config), std::iter::empty());
        config.map(Some).map_err(|error| {
            DemoError::new(format!("{} is not usable\n{error}", self.config.display()))
        })
    }
}

/// The platform's own SDK client, pointed at the emulator.
pub(crate) fn client(stripe: &Url) -> Result<Client, DemoError> {
    Client::builder(SECRET_KEY)
        .client_id(CLIENT_ID)
        .base_url(stripe.as_str())
        .build()
        .map_err(|error| DemoError::new(format!("the SDK cannot be pointed at {stripe}: {error}")))
}

/// Sets the platform's name, client id and redirect URI in the emulator, as its owner does in Stripe's dashboard.
async fn configure_emulator(stripe: &Url, platform: SocketAddr) -> Result<(), DemoError> {
    let failed = |why: String| {
        DemoError::new(format!(
            "the emulator could not be told who the platform is: {why}"
        ))
    };
    let url = stripe
        .join(&format!("_tollway/worlds/{WORLD}"))
        .map_err(|error| failed(error.to_string()))?;
    let settings = serde_json::json!({
        "business_name": BUSINESS_NAME,
        "test": {
            "client_id": CLIENT_ID,
            "redirect_uris": [format!("http://{platform}/connect/{PLATFORM}/callback")],
        },
    });
    let response = Browser::new()
        .map_err(&failed)?
        .post_json(&url, &settings)
        .await;
    let response = response.map_err(failed)?;
    if !response.status.is_success() {
        return Err(failed(format!("{} {}", response.status, response.body)));
    }
    Ok(())
}

/// Configures the emulator, creates the webhook endpoint and writes the configuration file. Returns the configuration as the
/// platform reads it.
pub(crate) async fn prepare(
    files: &Files,
    stripe: &Url,
    platform: SocketAddr,
) -> Result<PlatformConfig, DemoError> {
    configure_emulator(stripe, platform).await?;
    let hook = format!("http://{platform}/webhooks/{PLATFORM}/test/connect");
    let endpoint = client(stripe)?
        .webhook_endpoints()
        .create([WebhookEndpointCreateEnabledEvent::All], &hook)
        .connect(true)
        .send()
        .await
        .map_err(|error| {
            DemoError::new(format!("the webhook endpoint could not be made: {error}"))
        })?;
    let secret = endpoint
        .secret()
        .ok_or_else(|| DemoError::new("the webhook endpoint came without its secret"))?;
    let entropy = Entropy::from_system().map_err(|error| DemoError::new(error.to_string()))?;
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
        .ok_or_else(|| DemoError::new(format!("{} went away", files.config.display())))
}

/// Opens the platform with its store.
pub(crate) async fn open_platform(config: PlatformConfig) -> Result<Platform, DemoError> {
    let platform = Platform::builder().config(config).build().await;
    platform.map_err(DemoError::new)
}

/// Writes the file as a whole, readable by its owner only, because it holds keys.
fn write(path: &Path, text: &str) -> Result<(), DemoError> {
    let failed = |error: std::io::Error| {
        DemoError::new(format!("{} cannot be written: {error}", path.display()))
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
