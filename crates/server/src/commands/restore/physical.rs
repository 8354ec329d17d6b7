//! Restores the files of the private PostgreSQL, and replays the archived log on them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use accunode_domain::timestamp::parse_timestamp;
use anyhow::{Context, bail, ensure};
use futures::TryStreamExt;
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncWriteExt, copy};
use tokio_util::io::StreamReader;

use super::{Restore, Staging};
use crate::backup::Reader;
use crate::backup::location::{folder_objects, stored_files};
use crate::backup::manifest::{CLUSTER, FILES};
use crate::commands::backup::{Named, named, server_version};
use crate::commands::{in_runtime, print_line, with_database};
use crate::config::Config;
use crate::database::Database;
use crate::wal_files;
use accunode_embedded_postgres::Recovery;

/// The largest number of missing files that are listed.
const NAMED: usize = 20;

/// Parses a moment with its time zone, as PostgreSQL reads it.
pub(super) fn parse_moment(text: &str) -> Result<String, String> {
    let rule = "must be a time with its zone, such as 2026-11-27T14:00:00Z";
    let moment =
        parse_timestamp("/until", text).map_err(|fault| format!("{rule}: {}", fault.detail))?;
    Ok(format!(
        "{} {:02}:{:02}:{:02}.{:06}+00",
        moment.date(),
        moment.hour(),
        moment.minute(),
        moment.second(),
        moment.microsecond()
    ))
}

/// Restores into a staging folder, which the caller commits.
pub(super) fn restore(
    config: &Config,
    options: &Restore,
    reader: &Reader,
) -> anyhow::Result<Staging> {
    let archive = options
        .wal_archive
        .as_ref()
        .or(config.postgres.wal_archive.as_ref())
        .context("a physical backup needs the archive of the log: give --wal-archive")?;
    let archive = std::path::absolute(archive)?;
    ensure!(
        archive.join("wal").is_dir(),
        "{} holds no archived log: it has no folder wal",
        archive.display()
    );
    let staging = Staging::begin(config)?;
    let recovery = Recovery::begin(&staging.config().embedded_options())?;
    in_runtime(unpack(&recovery, reader))?;
    recovery
        .replay(&archive, options.until.as_deref())
        .with_context(|| {
            format!(
                "the log of {} could not be replayed{}",
                archive.display(),
                options
                    .until
                    .as_ref()
                    .map(|moment| format!(" until {moment}"))
                    .unwrap_or_default()
            )
        })?;
    with_database(staging.config(), async |database| {
        finish(config, database, reader, &archive).await
    })?;
    Ok(staging)
}

async fn unpack(recovery: &Recovery, reader: &Reader) -> anyhow::Result<()> {
    let mut command = tokio::process::Command::from(recovery.unpack());
    let mut child = command
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start tar")?;
    let mut input = child.stdin.take().context("tar has no input")?;
    let bytes = reader.part(CLUSTER).await?;
    let feed = async move {
        let mut bytes = StreamReader::new(bytes.map_err(std::io::Error::other));
        copy(&mut bytes, &mut input).await?;
        input.shutdown().await
    };
    let (fed, ended) = tokio::join!(feed, child.wait_with_output());
    let ended = ended.context("cannot wait for tar")?;
    if !ended.status.success() {
        bail!(
            "tar could not unpack {CLUSTER}: {}",
            String::from_utf8_lossy(&ended.stderr).trim()
        );
    }
    fed.with_context(|| format!("cannot read {CLUSTER} of {}", reader.place()))
}

/// Restores the files of that moment, and checks that the database can be served.
async fn finish(
    config: &Config,
    database: &Database,
    reader: &Reader,
    archive: &Path,
) -> anyhow::Result<()> {
    database.ensure_schema().await?;
    database
        .route()
        .await
        .context("the roles were not restored")?;
    let mut owner = database.connect_as_owner().await?;
    let (version, _) = server_version(&mut owner).await?;
    let mut missing = put_files(config, reader, archive, &mut owner).await?;
    let last: Option<String> = sqlx::query_scalar(
        "SELECT to_char(max(created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') \
           FROM public.audit_logs",
    )
    .fetch_one(&mut owner)
    .await?;
    owner.close().await?;
    print_line(format_args!(
        "restored PostgreSQL {version} and its log; the last event of the audit log is of {}",
        last.as_deref().unwrap_or("no time: it is empty")
    ))?;
    let more = missing.len().saturating_sub(NAMED);
    missing.truncate(NAMED);
    if more > 0 {
        missing.push(format!("and {more} more"));
    }
    missing
        .iter()
        .try_for_each(|fault| print_line(format_args!("attention: {fault}")))?;
    print_line("make a new physical backup when the service runs: the log goes on from here")
}

/// Copies files from the backup, or from the archive if they are newer; returns the missing
/// ones.
async fn put_files(
    config: &Config,
    reader: &Reader,
    archive: &Path,
    owner: &mut PgConnection,
) -> anyhow::Result<Vec<String>> {
    let store = stored_files(config)?;
    let kept: PathBuf = wal_files::folder(archive);
    let kept = kept.is_dir().then(|| folder_objects(&kept)).transpose()?;
    let mut faults = Vec::new();
    for Named {
        filename: key,
        file_hash,
        ..
    } in named(owner).await?
    {
        let in_backup = format!("{FILES}{key}");
        let bytes = if reader.manifest().parts.contains_key(&in_backup) {
            Some(reader.part(&in_backup).await?)
        } else if let Some(kept) = &kept {
            kept.read(&key).await?.map(|(_, bytes)| bytes)
        } else {
            None
        };
        let Some(bytes) = bytes else {
            faults.push(format!(
                "the uploaded file {key} is neither in the backup nor in the archive"
            ));
            continue;
        };
        let written = store
            .write(&key, bytes)
            .await
            .with_context(|| format!("cannot put back the file {key}"))?;
        if file_hash.is_some_and(|hash| hash != written.sha256) {
            faults.push(format!(
                "the uploaded file {key} is damaged: its SHA-256 is not that of its upload"
            ));
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restore_time_needs_a_time_zone() {
        assert_eq!(
            parse_moment("2026-11-27T15:00:00.25+01:00").as_deref(),
            Ok("2026-11-27 14:00:00.250000+00")
        );
        for wrong in ["2026-11-27", "2026-11-27T15:00:00", "yesterday"] {
            assert!(parse_moment(wrong).is_err(), "{wrong}");
        }
    }
}
