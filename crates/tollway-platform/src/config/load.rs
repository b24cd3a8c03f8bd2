//! Reads a configuration from a file and the environment.

use std::path::Path;

use super::{ConfigError, PlatformConfig, check, layers};

impl PlatformConfig {
    /// Reads the text of a configuration file over the defaults, without any environment.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        Self::from_layers(Some(("the configuration", text)), std::iter::empty())
    }

    /// Reads a file (none: the defaults alone) and the environment over the defaults. Pass `std::env::vars()`.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let Some(path) = file else {
            return Self::from_layers(None, environment);
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError::one(
                path.display().to_string(),
                format!("cannot be read ({error}): check the path and its permissions"),
            )
        })?;
        Self::from_layers(Some((&path.display().to_string(), &text)), environment)
    }

    pub(super) fn from_layers(
        file: Option<(&str, &str)>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let config = layers::merge(file, environment)?;
        config.check()?;
        Ok(config)
    }

    /// Checks the values. `from_toml` and `load` have done it; call it after you changed fields.
    pub fn check(&self) -> Result<(), ConfigError> {
        check::check(self)
    }
}
