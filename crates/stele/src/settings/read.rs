//! Puts the settings together: defaults, file, variables, flags.

use std::path::Path;

use anyhow::{Context as _, bail};

use super::{Origin, SETTINGS, Settings, check, nearest};

/// The file that is read where none is named and it is there.
const FILE: &str = "stele.toml";

/// Variables that are no settings.
const OTHER_VARIABLES: &[&str] = &["STELE_SERVER", "STELE_CONFIG", "STELE_LOG", "STELE_CORPUS"];

/// A value from the command line.
#[derive(Debug, Clone)]
pub(crate) struct Flag {
    /// The setting that it overrules.
    pub(crate) setting: &'static str,
    /// The flag as it was written.
    pub(crate) name: &'static str,
    /// The value.
    pub(crate) value: String,
}

/// Puts the settings together.
///
/// # Errors
/// A file that is named and cannot be read, and everything that is wrong in it; a variable or a
/// flag with a wrong value.
pub(crate) fn load(
    config: Option<&Path>,
    variable: impl Fn(&str) -> Option<String>,
    flags: &[Flag],
) -> anyhow::Result<Settings> {
    let mut settings = Settings::default();
    if let Some((path, text)) = read_file(config)? {
        let errors = check(&path, &text, &mut settings);
        if !errors.is_empty() {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            bail!("{}", errors.join("\n"));
        }
    }
    for (index, setting) in SETTINGS.iter().enumerate() {
        let name = setting.variable();
        if let Some(value) = variable(&name) {
            settings
                .set(index, &value, Origin::Variable(name.clone()))
                .map_err(|message| anyhow::anyhow!("the variable {name}: {message}"))?;
        }
    }
    for flag in flags {
        let index = SETTINGS.iter().position(|setting| setting.name == flag.setting);
        let index = index.with_context(|| format!("no setting `{}`", flag.setting))?;
        settings
            .set(index, &flag.value, Origin::Flag(flag.name))
            .map_err(|message| anyhow::anyhow!("{}: {message}", flag.name))?;
    }
    if let Some(contradiction) = settings.contradiction() {
        bail!("{contradiction}");
    }
    Ok(settings)
}

fn read_file(config: Option<&Path>) -> anyhow::Result<Option<(String, String)>> {
    let path = config.unwrap_or_else(|| Path::new(FILE));
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some((path.display().to_string(), text))),
        Err(error) if config.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(error).with_context(|| format!("cannot read the configuration {}", path.display()))
        }
    }
}

/// The variables that look like settings and are none, each with what may have been meant.
pub(crate) fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
    let known: Vec<String> = SETTINGS.iter().map(super::Setting::variable).collect();
    let known: Vec<&str> =
        known.iter().map(String::as_str).chain(OTHER_VARIABLES.iter().copied()).collect();
    names
        .filter(|name| name.starts_with("STELE_") && !known.contains(&name.as_str()))
        .map(|name| match nearest(&name, known.iter().copied()) {
            Some(near) => format!("{name} is not used; did you mean {near}?"),
            None => format!("{name} is not used"),
        })
        .collect()
}
