//! `accunode config`.

use crate::config::Config;

/// Prints the configuration as a file would hold it, with secrets hidden.
///
/// # Errors
/// When it cannot be written.
pub fn run(config: &Config) -> anyhow::Result<()> {
    super::say(config.to_toml()?.trim_end())
}
