//! `accunode backup`: everything that the service stores, as of one snapshot, while it serves.
//!
//! - `files`: uploaded files, and which of them belong to the snapshot
//! - `snapshot`: the snapshot itself, and the database in it
//! - `physical`: the files of the private PostgreSQL, which the log can be replayed on

mod files;
mod physical;
mod snapshot;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use bytes::Bytes;
use clap::Args;
use futures::stream;
use nix::sys::stat::{Mode, umask};
use nix::sys::statvfs::statvfs;

use super::{in_runtime, print_line, stop_requested, with_database};
use crate::backup::manifest::{FORMAT, KeyLocation, Kind, SECRET_KEY, SecretKey, fingerprints};
use crate::backup::{BackupLocation, Manifest, Reader, Writer, is_disk_full};
use crate::config::{Config, SecretKeys};
use crate::database::Database;
use files::Files;
pub(crate) use files::{Named, named};
use snapshot::Snapshot;
pub(crate) use snapshot::server_version;

/// `accunode backup`.
#[derive(Debug, Clone, Args)]
pub struct Backup {
    /// The folder that the backup becomes, which must not exist yet; or a place in a bucket where
    /// nothing is yet, such as s3://bucket/backups/1
    #[arg(value_name = "DESTINATION")]
    pub place: BackupLocation,
    /// Leave the key out that opens second factors; keep a copy of secret.key elsewhere
    #[arg(long)]
    pub without_secret_key: bool,
    /// Copy the files of the private PostgreSQL, so that the archived log can be replayed on
    /// them; needs postgres.wal_archive
    #[arg(long)]
    pub physical: bool,
    /// Check the backup that is there, and make none
    #[arg(long, conflicts_with_all = ["without_secret_key", "physical"])]
    pub verify: bool,
}

/// Makes a backup, or checks one.
///
/// # Errors
/// If the database, the files or the destination fail; then nothing that looks like a backup is
/// left.
pub fn run(config: &Config, options: &Backup) -> anyhow::Result<()> {
    if options.verify {
        return in_runtime(verify(config, &options.place));
    }
    if config.database_url.is_none() {
        let data = config.data_dir.join("postgres/data");
        ensure!(
            data.join("PG_VERSION").is_file(),
            "there is no database in {} to back up",
            config.data_dir.display()
        );
    }
    if options.physical {
        physical::check(config)?;
    }
    // A backup contains every row: its files are readable for this user only.
    umask(Mode::S_IRWXG | Mode::S_IRWXO);
    let done = with_database(config, async |database| {
        let mut writer = Writer::begin(&options.place, config).await?;
        let made = tokio::select! {
            made = make(config, options, database, &mut writer) => made,
            asked = stop_requested() => Err(match asked {
                Ok(()) => anyhow!("interrupted: there is no backup"),
                Err(error) => anyhow::Error::new(error).context("cannot listen for signals"),
            }),
        };
        match made {
            Ok(manifest) => finish(config, options, writer, &manifest).await,
            Err(error) => {
                writer.abandon().await;
                Err(error)
            }
        }
    });
    done.map_err(|error| {
        if is_disk_full(&error) {
            error.context(format!(
                "the disk of {} is full, and there is no backup: free some space, or choose another disk",
                options.place
            ))
        } else {
            error
        }
    })
}

async fn verify(config: &Config, place: &BackupLocation) -> anyhow::Result<()> {
    let reader = Reader::open(place, config).await?;
    reader.verify().await?;
    let manifest = reader.manifest();
    print_line(format_args!(
        "{place} is whole: {}, of {}, by AccuNode {}",
        summary(manifest),
        manifest.taken_at,
        manifest.accunode
    ))?;
    print_faults(manifest)
}

async fn make(
    config: &Config,
    options: &Backup,
    database: &Database,
    writer: &mut Writer,
) -> anyhow::Result<Manifest> {
    let mut files = Files::open(config, database).await?;
    if let Some(folder) = writer.folder() {
        check_space(folder, files.bytes_now().await?, &options.place)?;
    }
    // Most files are copied before the snapshot, so that it is held for a shorter time.
    files.copy_early(writer).await?;
    if options.physical {
        return physical::make(config, options, database, writer, files).await;
    }
    let mut snapshot = Snapshot::begin(database).await?;
    let mut attempts = 0;
    while !files.complete(writer, &mut snapshot).await? {
        // A file of this snapshot was removed with its upload meanwhile: take a later snapshot.
        attempts += 1;
        ensure!(
            attempts < 20,
            "uploads are removed all the time: try again later"
        );
        snapshot = Snapshot::begin(database).await?;
    }
    let dumped = snapshot
        .dump(writer, config.postgres.bin_dir.as_deref())
        .await?;
    let secret_key = copy_key(config, options, writer).await?;
    Ok(Manifest {
        format: FORMAT,
        kind: Kind::Logical,
        accunode: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at: dumped.taken_at,
        postgres: dumped.version,
        postgres_major: dumped.major,
        migrations: dumped.migrations,
        inventory: dumped.inventory,
        parts: writer.parts().clone(),
        secret_key,
        faults: files.faults(),
    })
}

async fn finish(
    config: &Config,
    options: &Backup,
    writer: Writer,
    manifest: &Manifest,
) -> anyhow::Result<()> {
    writer.commit(manifest).await?;
    print_line(format_args!(
        "backed up {} to {}",
        summary(manifest),
        options.place
    ))?;
    print_key(config, manifest)?;
    print_faults(manifest)
}

fn summary(manifest: &Manifest) -> String {
    if manifest.kind == Kind::Physical {
        return format!(
            "the files of PostgreSQL {} and {} uploaded files, {} bytes in all",
            manifest.postgres,
            manifest.files().count(),
            manifest.size()
        );
    }
    format!(
        "{} rows in {} tables, {} uploaded files, {} bytes in all",
        manifest.rows(),
        manifest.inventory.tables.len(),
        manifest.files().count(),
        manifest.size()
    )
}

fn print_faults(manifest: &Manifest) -> anyhow::Result<()> {
    manifest
        .faults
        .iter()
        .try_for_each(|fault| print_line(format_args!("attention: {fault}")))
}

fn print_key(config: &Config, manifest: &Manifest) -> anyhow::Result<()> {
    match manifest.secret_key.place {
        KeyLocation::Backup => print_line(
            "attention: secret.key is in it; anyone who has the backup has the second factors, too. \
             With --without-secret-key it is left out",
        ),
        KeyLocation::DataFolder => print_line(format_args!(
            "secret.key is not in it: keep a copy of {} apart from it, or second factors cannot be opened",
            config.data_dir.join(SECRET_KEY).display()
        )),
        KeyLocation::Setting => print_line(
            "the setting secret_key is not in it: keep it, or second factors cannot be opened",
        ),
        KeyLocation::Nowhere => Ok(()),
    }
}

/// Fails before hours of copying if the backup certainly does not fit.
fn check_space(folder: &Path, needed: u64, place: &BackupLocation) -> anyhow::Result<()> {
    let free = statvfs(folder)
        .with_context(|| format!("cannot look at the disk of {}", folder.display()))?;
    #[expect(
        clippy::useless_conversion,
        reason = "the types differ between systems"
    )]
    let free = u64::from(free.blocks_available()).saturating_mul(u64::from(free.fragment_size()));
    ensure!(
        needed <= free,
        "the uploaded files alone need {needed} bytes, and the disk of {place} has {free} free: free some \
         space, or choose another disk"
    );
    Ok(())
}

/// Copies the key that encrypts secrets, if it is a file of the data folder.
async fn copy_key(
    config: &Config,
    options: &Backup,
    writer: &mut Writer,
) -> anyhow::Result<SecretKey> {
    if let Some(keys) = &config.secret_key {
        return Ok(SecretKey {
            place: KeyLocation::Setting,
            fingerprints: fingerprints(keys),
        });
    }
    let path = config.data_dir.join(SECRET_KEY);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(SecretKey {
                place: KeyLocation::Nowhere,
                fingerprints: Vec::new(),
            });
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let keys = SecretKeys::parse(text.trim())
        .with_context(|| format!("{} must hold 64 hexadecimal digits", path.display()))?;
    let place = if options.without_secret_key {
        KeyLocation::DataFolder
    } else {
        writer
            .add(SECRET_KEY, stream::iter([Ok(Bytes::from(text))]))
            .await?;
        KeyLocation::Backup
    };
    Ok(SecretKey {
        place,
        fingerprints: fingerprints(&keys),
    })
}
