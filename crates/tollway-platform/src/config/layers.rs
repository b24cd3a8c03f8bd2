//! Merges the layers: default file, the operator's file, environment.

use toml::{Table, Value};

use super::{ConfigError, DEFAULT_CONFIG, ENV_PREFIX, PlatformConfig};

/// Merges the layers and reads the result strictly. The values are not checked yet.
pub(super) fn merge(
    file: Option<(&str, &str)>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<PlatformConfig, ConfigError> {
    let mut table = parse("the default configuration", DEFAULT_CONFIG)?;
    if let Some((name, text)) = file {
        overlay(&mut table, parse(name, text)?);
    }
    let every_key = default_keys()?;
    for (variable, value) in environment {
        if let Some(path) = variable.strip_prefix(ENV_PREFIX) {
            set_from_environment(&mut table, &every_key, &variable, path, &value)?;
        }
    }
    table
        .try_into()
        .map_err(|error: toml::de::Error| describe(&error))
}

fn parse(name: &str, text: &str) -> Result<Table, ConfigError> {
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map_or_else(String::new, |span| {
            format!(
                " (line {})",
                1 + text[..span.start.min(text.len())].matches('\n').count()
            )
        });
        ConfigError::one(
            format!("{name}{line}"),
            format!("this is not TOML: {}", error.message().trim()),
        )
    })
}

/// Merges `upper` into `lower`: merges tables, and replaces every other value.
fn overlay(lower: &mut Table, upper: Table) {
    for (key, value) in upper {
        match (lower.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => overlay(below, above),
            (_, value) => {
                lower.insert(key, value);
            }
        }
    }
}

/// The default file with its sample platform, which has every key once, with a value of the right type.
fn default_keys() -> Result<Table, ConfigError> {
    parse("the default configuration", &with_sample_platform())
}

/// The default file without the `#` before commented-out keys and tables.
pub(super) fn with_sample_platform() -> String {
    DEFAULT_CONFIG
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()) => rest,
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Sets the key that a variable names, with the type that it has in the default file.
fn set_from_environment(
    table: &mut Table,
    every_key: &Table,
    variable: &str,
    path: &str,
    text: &str,
) -> Result<(), ConfigError> {
    let unknown = || {
        ConfigError::one(
            variable,
            "sets no key of the configuration: see the default file for the keys, or unset the variable",
        )
    };
    let names: Vec<&str> = path.split("__").collect();
    let (mut target, mut shape) = (table, every_key);
    let (last, tables) = names.split_last().ok_or_else(unknown)?;
    for name in tables {
        let in_platforms = std::ptr::eq(
            shape,
            every_key
                .get("platforms")
                .and_then(Value::as_table)
                .unwrap_or(shape),
        );
        let (key, below) = if in_platforms {
            // The variable can name any platform. An existing one is found regardless of case and dashes, a new one is added.
            let sample = shape.values().next().ok_or_else(unknown)?;
            let existing = target
                .keys()
                .find(|key| variable_name(key) == *name)
                .cloned();
            (
                existing.unwrap_or_else(|| name.to_ascii_lowercase().replace('_', "-")),
                sample,
            )
        } else {
            let (key, below) = shape
                .iter()
                .find(|(key, _)| variable_name(key) == *name)
                .ok_or_else(unknown)?;
            (key.clone(), below)
        };
        shape = below.as_table().ok_or_else(unknown)?;
        target = target
            .entry(key)
            .or_insert_with(|| Value::Table(Table::new()))
            .as_table_mut()
            .ok_or_else(unknown)?;
    }
    let (key, sample) = shape
        .iter()
        .find(|(key, _)| variable_name(key) == *last)
        .ok_or_else(unknown)?;
    let value = match sample {
        Value::String(_) => Some(Value::String(text.to_owned())),
        Value::Integer(_) => text.trim().parse().ok().map(Value::Integer),
        Value::Boolean(_) => text.trim().parse().ok().map(Value::Boolean),
        Value::Array(_) => Some(Value::Array(list(text))),
        _ => None,
    };
    let value = value.ok_or_else(|| {
        ConfigError::one(
            variable,
            format!(
                "`{text}` is not {}, which {key} needs",
                expected_type(sample)
            ),
        )
    })?;
    target.insert(key.clone(), value);
    Ok(())
}

fn list(text: &str) -> Vec<Value> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| Value::String(item.to_owned()))
        .collect()
}

fn expected_type(sample: &Value) -> &'static str {
    match sample {
        Value::Integer(_) => "a whole number",
        Value::Boolean(_) => "`true` or `false`",
        _ => "a single value",
    }
}

fn variable_name(key: &str) -> String {
    key.to_ascii_uppercase().replace('-', "_")
}

/// Splits the parser's message into the key and one sentence.
fn describe(error: &toml::de::Error) -> ConfigError {
    let text = error.to_string();
    let mut key = String::from("the configuration");
    let mut words = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line
            .strip_prefix("in `")
            .and_then(|rest| rest.strip_suffix('`'))
        {
            Some(path) => path.clone_into(&mut key),
            None => words.push(line),
        }
    }
    ConfigError::one(
        key,
        format!(
            "{}; see the default file for what stands there",
            words
                .join(" ")
                .replace("expected u32", "expected a whole number")
        ),
    )
}
