//! The `accunode` program: reads the command line and the configuration, and runs a command.

use std::io::{self, Write};
use std::process::ExitCode;

use accunode::cli::{Cli, Command};
use accunode::config::Config;
use accunode::{commands, telemetry};
use clap::Parser;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // When even standard error is closed, the exit code has to say it.
            let _ = writeln!(io::stderr(), "accunode: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    if let Command::Version = cli.command {
        return commands::version::run();
    }
    let config = Config::load(&cli.settings.sources())?;
    telemetry::init(&config)?;
    match cli.command {
        Command::Config => commands::config::run(&config),
        Command::Migrate(action) => commands::migrate::run(&config, action),
        Command::Maintain(action) => commands::maintain::run(&config, action),
        Command::Version => Ok(()),
    }
}
