//! The commands, one module each.

pub mod admin;
pub mod backup;
pub mod config;
pub mod ephemeral;
mod front;
mod input;
pub mod maintain;
mod metrics_page;
pub mod migrate;
pub mod openapi;
mod output;
mod prepare;
pub mod restore;
pub mod score;
pub mod seed;
pub mod serve;
pub mod shell;
mod signals;
pub mod upload;
pub mod validate;
pub mod version;

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::{self, Runtime};

use crate::config::Config;
use crate::database::Database;

/// How long work on other threads may continue after a command has ended.
pub(crate) const LEFTOVERS: Duration = Duration::from_secs(10);

/// Runs work that needs the database: the embedded one is started (or adopted) before the async
/// runtime, and stopped after everything in the runtime has ended. Call it from `main`'s thread.
///
/// # Errors
/// Those of the database and of `work`, and if the database did not stop in order.
pub fn with_database<T>(
    config: &Config,
    work: impl AsyncFnOnce(&Database) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let (database, embedded) = Database::open(config)?;
    let runtime = start_runtime()?;
    let done = runtime.block_on(work(&database));
    runtime.shutdown_timeout(LEFTOVERS);
    let stopped = embedded.map_or(Ok(()), |running| running.stop());
    let done = done?;
    stopped.context("the work is done, but the embedded PostgreSQL did not stop in order")?;
    Ok(done)
}

/// Runs work that needs no database.
///
/// # Errors
/// Those of `work`, and if the system provides no runtime.
pub(crate) fn in_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?
        .block_on(work)
}

/// Waits until this process is asked to end by Ctrl-C or SIGTERM.
///
/// # Errors
/// If the system does not allow listening for signals.
pub async fn stop_requested() -> io::Result<()> {
    signals::Signals::listen()?.received().await;
    Ok(())
}

/// Starts the runtime that lives as long as the process.
pub(crate) fn start_runtime() -> anyhow::Result<Runtime> {
    runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("accunode")
        .build()
        .context("cannot start the async runtime")
}

/// Writes a line of the command's output to standard output.
pub(crate) fn print_line(line: impl Display) -> anyhow::Result<()> {
    writeln!(io::stdout().lock(), "{line}").context("cannot write to standard output")
}

/// Writes a message for the user, in addition to the command's output, to standard error.
pub(crate) fn print_note(line: impl Display) {
    // If even standard error is closed, the exit code must report it.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Replaces the field names in a server's message by the options of the command line.
fn in_options(text: &str) -> String {
    [
        ("ratio_unit=", "--ratio-unit "),
        ("confirm_units=true", "--confirm-units"),
        ("units=", "--units "),
        ("decimal=", "--decimal "),
        ("sheet=", "--sheet "),
        ("on_conflict=", "--on-conflict "),
        ("other_company=", "--other-company "),
        ("dry_run=true", "--dry-run"),
        ("force=true", "--force"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (field, option)| {
        text.replace(field, option)
    })
}
