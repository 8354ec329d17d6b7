//! `accunode openapi`: the contract of the API.

use super::say;

/// Prints the OpenAPI document.
///
/// # Errors
/// If standard output is closed.
pub fn run() -> anyhow::Result<()> {
    say(accunode_web::openapi().to_pretty_json()?)
}
