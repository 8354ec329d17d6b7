//! A copy of the files of the private PostgreSQL: with the archived log they can be
//! restored to any moment after the backup.

use std::process::Stdio;

use anyhow::{Context, ensure};
use tokio_util::io::ReaderStream;

use super::files::Files;
use super::snapshot::{CHUNK, migrations, server_version};
use super::{Backup, copy_key};
use crate::backup::inventory::Inventory;
use crate::backup::manifest::{CLUSTER, FORMAT, Kind};
use crate::backup::programs::Program;
use crate::backup::{Manifest, Writer};
use crate::config::Config;
use crate::database::Database;

/// Checks that there is a log to replay.
pub(super) fn check(config: &Config) -> anyhow::Result<()> {
    ensure!(
        config.database_url.is_none(),
        "--physical copies the files of the private PostgreSQL: for a database elsewhere use its own tools"
    );
    ensure!(
        config.postgres.wal_archive.is_some(),
        "--physical needs the archive of the log: set postgres.wal_archive, and start the service again"
    );
    Ok(())
}

/// Writes the files. The log that makes them consistent is in the archive when this
/// returns.
pub(super) async fn make(
    config: &Config,
    options: &Backup,
    database: &Database,
    writer: &mut Writer,
    mut files: Files,
) -> anyhow::Result<Manifest> {
    let url = database
        .superuser_url()
        .context("the database is not the private PostgreSQL")?;
    let (version, major) = server_version(files.connection()).await?;
    let mode: String = sqlx::query_scalar("SHOW archive_mode")
        .fetch_one(files.connection())
        .await?;
    ensure!(
        mode == "on",
        "the server that runs does not archive its log yet: start the service again with postgres.wal_archive"
    );
    let base = Program::find(
        "pg_basebackup",
        config.postgres.bin_dir.as_deref(),
        major,
        url,
    )?;
    let mut command = base.command();
    command
        .args(["--pgdata", "-", "--format", "tar", "--wal-method", "none"])
        .args(["--checkpoint", "fast", "--no-manifest"])
        .stdout(Stdio::piped());
    let mut child = base.start(&mut command)?;
    let output = child.stdout.take().context("pg_basebackup has no output")?;
    let bytes = ReaderStream::with_capacity(output, CHUNK);
    let written = async { writer.add(CLUSTER, bytes).await.map(|_| ()) };
    tokio::try_join!(written, base.finish(child))?;
    files.copy_early(writer).await?;
    let taken_at: String = sqlx::query_scalar(
        "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
    )
    .fetch_one(files.connection())
    .await?;
    let migrations = migrations(files.connection()).await?;
    let secret_key = copy_key(config, options, writer).await?;
    Ok(Manifest {
        format: FORMAT,
        kind: Kind::Physical,
        accunode: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at,
        postgres: version,
        postgres_major: major,
        migrations,
        inventory: Inventory::default(),
        parts: writer.parts().clone(),
        secret_key,
        faults: files.faults(),
    })
}
