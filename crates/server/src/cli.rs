//! The command line: what can be said, not what it does (that is `commands`).
//!
//! To add a command: a variant of [`Command`], a module in `commands`, a line in `main.rs`.

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
    /// What holds for every command.
    #[command(flatten)]
    pub settings: Settings,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Settings that stand above the file and the environment.
#[derive(Debug, Clone, Default, Args)]
pub struct Settings {
    /// The configuration file (TOML) [env: ACCUNODE_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where data is kept [env: ACCUNODE_DATA_DIR]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// What is logged, such as info,accunode=debug [env: ACCUNODE_LOG]
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// How log lines look: text or json [env: ACCUNODE_LOG_FORMAT]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Any other setting, such as db_pool_size=20; may be repeated
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub set: Vec<(String, String)>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer requests and work on uploads
    Serve {
        /// Where to listen [env: ACCUNODE_LISTEN]
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<String>,
        /// Leave uploads to another process
        #[arg(long)]
        no_worker: bool,
        /// For tests of programs that use the API: a service with a database of its own, a
        /// free port, an administrator, no limits and a clock that can be put forward. What
        /// it has is printed as a line of JSON, and is gone when it ends
        #[arg(long, conflicts_with = "no_worker")]
        ephemeral: bool,
    },
    /// Work on uploads and answer no requests
    Worker,
    /// Look after administrators
    #[command(subcommand)]
    Admin(Admin),
    /// Change the database's schema, or say where it stands
    #[command(subcommand)]
    Migrate(Migrate),
    /// Look after the database
    #[command(subcommand)]
    Maintain(Maintain),
    /// Copy everything that is kept into a folder or a bucket, also while it serves
    Backup(Backup),
    /// Put a backup into an empty data folder or an empty database
    Restore(Restore),
    /// Fill an empty database with data to look at, or to measure with
    #[command(subcommand)]
    Seed(Seed),
    /// Score a file without server and database
    Score(Score),
    /// Compare a file of predictions with what happened, without server and database
    Validate(Validate),
    /// Send a file to a server, and wait until its rows are stored
    Upload(Upload),
    /// Print the configuration, with secrets hidden
    Config {
        /// Every setting with its variable, value, default, and where the value comes from
        #[arg(long)]
        all: bool,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Print what completes this program's commands in a shell
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
    /// Make a verified super_admin
    Create {
        /// Their e-mail address
        #[arg(long)]
        email: String,
        /// Read the password from standard input, one line
        #[arg(long)]
        password_stdin: bool,
    },
}

/// `accunode seed`.
#[derive(Debug, Clone, Subcommand)]
pub enum Seed {
    /// An invented bank: organizations, users of each role, companies, uploads
    Demo {
        /// The password of all its users
        #[arg(long, default_value = DEMO_PASSWORD)]
        password: String,
    },
    /// Many rows, as unevenly spread as in life
    Load(Load),
}

/// `accunode migrate`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Migrate {
    /// Apply what is missing
    Up,
    /// Take back the last migrations; what their tables hold is lost
    Down {
        /// How many
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// Say which migrations are applied; fails while any is missing
    Status,
}

/// `accunode maintain`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Maintain {
    /// Make the dashboards' sums anew from the predictions
    RebuildRollups,
    /// Merge the changes since into the dashboards' sums
    FoldRollups,
    /// Make the audit log's partitions for the coming months
    AuditPartitions {
        /// For so many months beyond this one
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(i32).range(0..=60))]
        ahead: i32,
    },
    /// Drop months of the audit log whose archives are read back and hold the same rows
    AuditDrop {
        /// Keep months that ended at most so many days ago
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i32).range(30..))]
        keep_days: i32,
    },
    /// Do a piece of maintenance that the service does by itself when it is due
    Run {
        /// audit_partitions, clean_up, sweep_files, audit_archive, rollup_check, analyze or reindex
        task: MaintenanceTask,
    },
}

impl Settings {
    /// The process's environment with these settings on top. `--set` beats the named ones.
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
    fn the_tree_of_commands_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_may_stand_behind_the_command() {
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
