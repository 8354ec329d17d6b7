//! `accunode completions` and `accunode man`: files that packages install beside the
//! program.

use std::path::Path;

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use super::print_line;
use crate::cli::Cli;

/// Prints the completions of this program's commands for a shell.
///
/// # Errors
/// If standard output is closed.
pub fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "accunode", &mut text);
    print_line(String::from_utf8_lossy(&text).trim_end())
}

/// Writes `accunode.1` and a page for each command into a folder.
///
/// # Errors
/// If the folder is missing or cannot be written.
pub fn manual_pages(folder: &Path) -> anyhow::Result<()> {
    clap_mangen::generate_to(Cli::command(), folder)
        .with_context(|| format!("cannot write manual pages into {}", folder.display()))
}
