//! `accunode openapi`: the contract of the API.

use super::print_line;

/// Prints the OpenAPI document.
///
/// # Errors
/// If standard output is closed.
pub fn run() -> anyhow::Result<()> {
    print_line(accunode_web::openapi().to_pretty_json()?)
}
