//! `accunode version`.

/// Prints the version.
///
/// # Errors
/// If it cannot be written.
pub fn run() -> anyhow::Result<()> {
    super::print_line(format_args!("accunode {}", env!("CARGO_PKG_VERSION")))
}
