//! `accunode version`.

/// Prints the version.
///
/// # Errors
/// When it cannot be written.
pub fn run() -> anyhow::Result<()> {
    super::say(format_args!("accunode {}", env!("CARGO_PKG_VERSION")))
}
