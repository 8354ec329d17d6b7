//! The `accunode` program: reads the command line and the configuration, and runs a command.

use std::io::{self, Write};
use std::process::ExitCode;

use accunode::cli::{Cli, Command};
use accunode::commands::serve::Duties;
use accunode::config::Config;
use accunode::{commands, telemetry};
use clap::Parser;

fn main() -> ExitCode {
    // A process that reads an uploaded file does nothing else.
    if let Some(code) = accunode_files::run_parser_if_asked() {
        return code;
    }
    match run(&Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            // If even standard error is closed, the exit code must report it.
            let _ = writeln!(io::stderr(), "accunode: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The exit status of a scoring in which some rows failed, if that was requested.
const ROWS_FAILED: u8 = 3;

fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    match &cli.command {
        Command::Version => return done(commands::version::run()),
        Command::Openapi => return done(commands::openapi::run()),
        Command::Completions { shell } => return done(commands::shell::completions(*shell)),
        Command::Man { folder } => return done(commands::shell::manual_pages(folder)),
        Command::Upload(what) => return commands::upload::run(what),
        Command::Validate(what) => return done(commands::validate::run(what)),
        _ => {}
    }
    let mut sources = cli.settings.sources();
    if let Command::Serve {
        listen: Some(address),
        ..
    } = &cli.command
    {
        sources.flags.push(("listen".to_owned(), address.clone()));
    }
    if let Command::Serve {
        ephemeral: true, ..
    } = &cli.command
    {
        return done(commands::ephemeral::run(&sources));
    }
    if let Command::Config { all: true } = &cli.command {
        return done(commands::config::run_all(&sources));
    }
    let config = Config::load(&sources)?;
    let _telemetry = telemetry::init(&config)?;
    let result = match &cli.command {
        Command::Serve { no_worker, .. } => commands::serve::run(
            &config,
            Duties {
                api: true,
                worker: !no_worker,
            },
        ),
        Command::Worker => commands::serve::run(
            &config,
            Duties {
                api: false,
                worker: true,
            },
        ),
        Command::Admin(action) => commands::admin::run(&config, action),
        Command::Backup(what) => commands::backup::run(&config, what),
        Command::Restore(what) => commands::restore::run(&config, what),
        Command::Score(what) => {
            let summary = commands::score::run(&config, what)?;
            let failed = what.fail_on_errors && summary.failed > 0;
            return Ok(if failed {
                ExitCode::from(ROWS_FAILED)
            } else {
                ExitCode::SUCCESS
            });
        }
        Command::Seed(what) => commands::seed::run(&config, what),
        Command::Config { .. } => commands::config::run(&config),
        Command::Migrate(action) => commands::migrate::run(&config, *action),
        Command::Maintain(action) => commands::maintain::run(&config, *action),
        Command::Openapi
        | Command::Completions { .. }
        | Command::Man { .. }
        | Command::Version
        | Command::Upload(_)
        | Command::Validate(_) => Ok(()),
    };
    done(result)
}

fn done(result: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    result.map(|()| ExitCode::SUCCESS)
}
