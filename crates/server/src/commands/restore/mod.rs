//! `accunode restore`: restores a backup into an empty data folder or an empty database.
//!
//! - `staging`: the private database with a temporary name until it is complete
//! - `load`: the database and the files
//! - `physical`: the files of the private PostgreSQL, and the log replayed on them
//! - `key`: the key that encrypts secrets
//!
//! **Invariant:** the backup is read and checked completely before anything is changed, and a
//! data folder gets its database only after that was compared with the manifest.

mod key;
mod load;
mod physical;
mod staging;

use accunode_migration::migration_names;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use clap::Args;
use nix::sys::stat::{Mode, umask};

use super::{in_runtime, print_line, stop_requested, with_database};
use crate::backup::manifest::Kind;
use crate::backup::{BackupLocation, Manifest, Reader, is_disk_full};
use crate::config::Config;
use staging::Staging;

/// `accunode restore`.
#[derive(Debug, Clone, Args)]
pub struct Restore {
    /// The folder of the backup, or its place in a bucket such as s3://bucket/backups/1
    #[arg(value_name = "BACKUP")]
    pub place: BackupLocation,
    /// Go on without the key that opens second factors: their owners need recovery codes
    #[arg(long)]
    pub without_secret_key: bool,
    /// Replay the log until this moment, such as 2026-11-27T14:00:00Z; without it, all of it.
    /// For a physical backup
    #[arg(long, value_name = "TIME", value_parser = physical::parse_moment)]
    pub until: Option<String>,
    /// The archive of the log, for a physical backup; without it postgres.wal_archive
    #[arg(long, value_name = "FOLDER")]
    pub wal_archive: Option<PathBuf>,
}

/// Restores a backup.
///
/// # Errors
/// If the backup is damaged or of a newer program, the destination is not empty, or the
/// restored data differ from the manifest.
pub fn run(config: &Config, options: &Restore) -> anyhow::Result<()> {
    umask(Mode::S_IRWXG | Mode::S_IRWXO);
    let reader = in_runtime(async {
        let reader = Reader::open(&options.place, config).await?;
        check_program(reader.manifest())?;
        reader.verify().await?;
        anyhow::Ok(reader)
    })?;
    let key = key::Key::prepare(config, options, reader.manifest())?;
    let done = match (&config.database_url, reader.manifest().kind) {
        (Some(_), Kind::Physical) => bail!(
            "{} is a physical backup, of a private PostgreSQL: restore it without DATABASE_URL",
            options.place
        ),
        (None, Kind::Physical) => {
            let done = physical::restore(config, options, &reader).and_then(|staging| {
                in_runtime(key.put(config, &reader))?;
                staging.commit()
            });
            return done.map_err(name_full_disk);
        }
        (_, Kind::Logical) if options.until.is_some() || options.wal_archive.is_some() => bail!(
            "{} is no physical backup, so that no log can be replayed on it: leave --until and --wal-archive out",
            options.place
        ),
        (Some(_), Kind::Logical) => load(config, config, &reader),
        (None, Kind::Logical) => {
            let staging = Staging::begin(config)?;
            load(config, staging.config(), &reader)
                .and_then(|()| in_runtime(key.put(config, &reader)))
                .and_then(|()| staging.commit())
        }
    };
    done.map_err(name_full_disk)?;
    if config.database_url.is_some() {
        in_runtime(key.put(config, &reader))?;
    }
    let manifest = reader.manifest();
    print_line(format_args!(
        "restored {} rows in {} tables and {} uploaded files of {}; rows, checksums, migrations, row-level \
         security and roles are those of the backup",
        manifest.rows(),
        manifest.inventory.tables.len(),
        manifest.files().count(),
        manifest.taken_at
    ))?;
    manifest
        .faults
        .iter()
        .try_for_each(|fault| print_line(format_args!("attention: {fault}")))?;
    if config.redis_servers.is_some() {
        print_line(format_args!(
            "attention: Redis still knows sessions and figures of the time before: remove its keys {}:* before you serve",
            config.redis_prefix
        ))?;
    }
    Ok(())
}

fn name_full_disk(error: anyhow::Error) -> anyhow::Error {
    if is_disk_full(&error) {
        error.context("the disk is full: free some space, then restore again")
    } else {
        error
    }
}

/// Loads the backup into the database of `target`, and the files into the store of `config`.
fn load(config: &Config, target: &Config, reader: &Reader) -> anyhow::Result<()> {
    with_database(target, async |database| {
        tokio::select! {
            done = load::load(config, database, reader) => done,
            asked = stop_requested() => {
                asked.context("cannot listen for signals")?;
                bail!("interrupted: nothing is restored")
            }
        }
    })
}

/// An older program does not know the meaning of a newer one's tables.
fn check_program(manifest: &Manifest) -> anyhow::Result<()> {
    let known = migration_names();
    let unknown: Vec<&str> = manifest
        .migrations
        .iter()
        .filter(|name| !known.contains(name))
        .map(String::as_str)
        .collect();
    ensure!(
        unknown.is_empty(),
        "the backup was made by a newer program (AccuNode {}), with the migrations {}: restore it with that one",
        manifest.accunode,
        unknown.join(", ")
    );
    Ok(())
}
