//! The command line: its arguments. The modules in `commands` implement the commands.
//!
//! To add a command, add a variant to [`Command`], a module to `commands` and a line to `main.rs`.

use std::path::PathBuf;

use accunode_domain::maintenance::MaintenanceTask;
use clap::{Args, Parser, Subcommand};

use crate::commands::backup::Backup;
use crate::commands::restore::Restore;
use crate::commands::score::Score;
use crate::commands::seed::{DEMO_PASSWORD, Load};
use crate::commands::upload::Upload;
use crate::commands::validate::Validate;
use crate::config::Sources;

/// Predicts the default risk of companies.
#[derive(Debug, Parser)]
#[command(name = "accunode", version, about)]
pub struct Cli {
    /// Settings that apply to every command.
    #[command(flatten)]
    pub settings: Settings,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Settings that take precedence over the file and the environment.
#[derive(Debug, Clone, Default, Args)]
pub struct Settings {
    /// The configuration file (TOML) [env: ACCUNODE_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The folder for data [env: ACCUNODE_DATA_DIR]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// The filter of the log, such as info,accunode=debug [env: ACCUNODE_LOG]
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// The format of log lines: text or json [env: ACCUNODE_LOG_FORMAT]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Any other setting, such as db_pool_size=20; may be repeated
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub set: Vec<(String, String)>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve requests and process uploads
    Serve {
        /// The address to listen on [env: ACCUNODE_LISTEN]
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<String>,
        /// Do not process uploads; leave them to another process
        #[arg(long)]
        no_worker: bool,
        /// For tests of programs that use the API: a service with its own database, a free port, an
        /// administrator, no limits and a clock that can be advanced. Its details are printed as a
        /// line of JSON, and its data is removed when it ends
        #[arg(long, conflicts_with = "no_worker")]
        ephemeral: bool,
    },
    /// Process uploads and serve no requests
    Worker,
    /// Manage administrators
    #[command(subcommand)]
    Admin(Admin),
    /// Change the schema of the database, or print its state
    #[command(subcommand)]
    Migrate(Migrate),
    /// Maintain the database
    #[command(subcommand)]
    Maintain(Maintain),
    /// Copy all data into a folder or a bucket, also while the service runs
    Backup(Backup),
    /// Restore a backup into an empty data folder or an empty database
    Restore(Restore),
    /// Fill an empty database with data for demonstrations or measurements
    #[command(subcommand)]
    Seed(Seed),
    /// Score a file without a server and a database
    Score(Score),
    /// Compare a file of predictions with outcomes, without a server and a database
    Validate(Validate),
    /// Send a file to a server, and wait until its rows are stored
    Upload(Upload),
    /// Print the configuration, with secrets hidden
    Config {
        /// Print every setting with its variable, value, default, and the origin of the value
        #[arg(long)]
        all: bool,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Print the completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder
    Man {
        /// The folder; it must exist
        folder: PathBuf,
    },
    /// Print the version
    Version,
}

/// `accunode admin`.
#[derive(Debug, Clone, Subcommand)]
pub enum Admin {
    /// Create a verified super_admin
    Create {
        /// Their e-mail address
        #[arg(long)]
        email: String,
        /// Read the password from standard input, as one line
        #[arg(long)]
        password_stdin: bool,
    },
}

/// `accunode seed`.
#[derive(Debug, Clone, Subcommand)]
pub enum Seed {
    /// Create the data of an invented bank: organizations, users of each role, companies, uploads
    Demo {
        /// The password of all its users
        #[arg(long, default_value = DEMO_PASSWORD)]
        password: String,
    },
    /// Create many rows with a realistic, uneven distribution
    Load(Load),
}

/// `accunode migrate`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Migrate {
    /// Apply the missing migrations
    Up,
    /// Revert the last migrations; the data in their tables is lost
    Down {
        /// The number of migrations
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// Print which migrations are applied; fails if any is missing
    Status,
}

/// `accunode maintain`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Maintain {
    /// Compute the sums of the dashboards again from the predictions
    RebuildRollups,
    /// Merge the latest changes into the sums of the dashboards
    FoldRollups,
    /// Create the partitions of the audit log for the coming months
    AuditPartitions {
        /// The number of months after the present one
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(i32).range(0..=60))]
        ahead: i32,
    },
    /// Drop months of the audit log after comparing their rows with their archives
    AuditDrop {
        /// Keep months that ended at most this many days ago
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i32).range(30..))]
        keep_days: i32,
    },
    /// Run a maintenance task that the service runs by itself when it is due
    Run {
        /// audit_partitions, clean_up, sweep_files, audit_archive, rollup_check, monitoring_snapshots,
        /// analyze or reindex
        task: MaintenanceTask,
    },
}

impl Settings {
    /// The environment of the process with these settings applied. `--set` takes precedence over
    /// the named ones.
    #[must_use]
    pub fn sources(&self) -> Sources {
        let mut sources = Sources::from_process();
        sources.file.clone_from(&self.config);
        let named = [
            ("data_dir", &self.data_dir),
            ("log", &self.log),
            ("log_format", &self.log_format),
        ];
        for (key, value) in named {
            if let Some(value) = value {
                sources.flags.push((key.to_owned(), value.clone()));
            }
        }
        sources.flags.extend(self.set.iter().cloned());
        sources
    }
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.trim().to_owned(), value.to_owned()))
        .ok_or_else(|| "must look like NAME=VALUE".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn command_line_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_are_accepted_after_the_command() {
        let cli = Cli::try_parse_from([
            "accunode",
            "migrate",
            "down",
            "--steps",
            "2",
            "--set",
            "db_pool_size=20",
            "--data-dir",
            "/srv",
        ])
        .expect("a right command line");
        assert!(matches!(
            cli.command,
            Command::Migrate(Migrate::Down { steps: 2 })
        ));
        let flags = cli.settings.sources().flags;
        assert_eq!(
            flags,
            [
                ("data_dir".to_owned(), "/srv".to_owned()),
                ("db_pool_size".to_owned(), "20".to_owned())
            ]
        );
    }

    #[test]
    fn zero_steps_down_are_refused() {
        let wrong = Cli::try_parse_from(["accunode", "migrate", "down", "--steps", "0"]);
        assert!(wrong.is_err());
    }
}
