//! Restores the database and the files of a backup, and compares them with the manifest.

use anyhow::{Context, bail, ensure};
use futures::TryStreamExt;
use sqlx::{Connection, Executor, PgConnection};
use tokio::io::{AsyncWriteExt, copy};
use tokio_util::io::StreamReader;

use crate::backup::Reader;
use crate::backup::inventory::Inventory;
use crate::backup::location::stored_files;
use crate::backup::manifest::{DATABASE, FILES};
use crate::backup::programs::Program;
use crate::commands::backup::server_version;
use crate::commands::print_line;
use crate::config::Config;
use crate::database::Database;

/// The largest number of differences that are listed.
const NAMED: usize = 20;

/// Loads everything. The database is loaded after the files, so that the files to which it
/// refers exist.
pub(super) async fn load(
    config: &Config,
    database: &Database,
    reader: &Reader,
) -> anyhow::Result<()> {
    database.bootstrap().await?;
    let mut owner = database.connect_as_owner().await?;
    let (version, major) = server_version(&mut owner).await?;
    let manifest = reader.manifest();
    ensure!(
        major >= manifest.postgres_major,
        "the backup is of PostgreSQL {}, and this is {version}: restore into PostgreSQL {} or newer",
        manifest.postgres,
        manifest.postgres_major
    );
    ensure!(
        inventory(&mut owner).await?.is_empty(),
        "the database is not empty: restore into an empty one"
    );
    put_files(config, reader).await?;
    let url = database.migration_url().await?;
    let restore = Program::find(
        "pg_restore",
        config.postgres.bin_dir.as_deref(),
        major,
        &url,
    )?;
    load_database(&restore, reader).await?;

    let restored = inventory(&mut owner).await?;
    let same_version = major == manifest.postgres_major;
    let mut differences = manifest.inventory.differences(&restored, same_version);
    if !differences.is_empty() {
        let more = differences.len().saturating_sub(NAMED);
        differences.truncate(NAMED);
        if more > 0 {
            differences.push(format!("and {more} more"));
        }
        bail!(
            "what was restored is not what was backed up, do not use it:\n{}",
            differences.join("\n")
        );
    }
    // PostgreSQL warns the owner about every system table that it may not read.
    owner
        .execute("SET client_min_messages = error; ANALYZE")
        .await?;
    owner.close().await?;
    database
        .route()
        .await
        .context("the roles were not restored")?;
    if database.is_embedded() {
        return Ok(database.ensure_schema().await?);
    }
    let status = database.status().await?;
    if !status.is_current() {
        print_line(format_args!(
            "the backup is of an older program: run `accunode migrate up` before you serve ({} migrations)",
            status.pending.len()
        ))?;
    }
    Ok(())
}

async fn inventory(owner: &mut PgConnection) -> anyhow::Result<Inventory> {
    owner.execute("BEGIN READ ONLY").await?;
    let found = Inventory::take(owner).await?;
    owner.execute("ROLLBACK").await?;
    Ok(found)
}

/// Files of an interrupted restore are kept if they are equal.
async fn put_files(config: &Config, reader: &Reader) -> anyhow::Result<()> {
    let store = stored_files(config)?;
    let manifest = reader.manifest();
    let files: std::collections::BTreeMap<_, _> = manifest.files().collect();
    for (key, _) in store.list().await? {
        ensure!(
            files.contains_key(key.as_str()),
            "the file store {} is not empty: it holds {key}, which is not of this backup",
            config.files_url
        );
    }
    for key in files.keys() {
        let bytes = reader.part(&format!("{FILES}{key}")).await?;
        store
            .write(key, bytes)
            .await
            .with_context(|| format!("cannot put back the file {key}"))?;
    }
    Ok(())
}

/// The database is loaded in one transaction, completely or not at all.
async fn load_database(restore: &Program, reader: &Reader) -> anyhow::Result<()> {
    let mut command = restore.owner_command();
    command
        .args(["--single-transaction", "--exit-on-error", "--no-owner"])
        .stdin(std::process::Stdio::piped());
    let mut child = restore.start(&mut command)?;
    let mut input = child.stdin.take().context("pg_restore has no input")?;
    let bytes = reader.part(DATABASE).await?;
    let feed = async move {
        let mut bytes = StreamReader::new(bytes.map_err(std::io::Error::other));
        copy(&mut bytes, &mut input).await?;
        input.shutdown().await
    };
    let (fed, finished) = tokio::join!(feed, restore.finish(child));
    // If pg_restore failed, writing to it failed, too: its own message is reported first.
    finished?;
    fed.with_context(|| format!("cannot read {DATABASE} of {}", reader.place()))
}
