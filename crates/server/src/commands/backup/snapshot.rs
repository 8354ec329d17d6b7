//! A snapshot of the database that several connections share.

use std::path::Path;

use accunode_migration::migration_names;
use anyhow::Context;
use sqlx::{Executor, PgConnection};
use tokio_util::io::ReaderStream;

use crate::backup::Writer;
use crate::backup::inventory::Inventory;
use crate::backup::manifest::DATABASE;
use crate::backup::programs::Program;
use crate::config::SecretUrl;
use crate::database::Database;

/// The number of bytes of a dump that are read at once.
pub(super) const CHUNK: usize = 256 * 1024;

/// A transaction that keeps the snapshot until it is dropped.
pub(super) struct Snapshot {
    owner: PgConnection,
    url: SecretUrl,
    id: String,
    taken_at: String,
}

/// The description of a dump.
pub(super) struct Dumped {
    pub(super) taken_at: String,
    pub(super) version: String,
    pub(super) major: u32,
    pub(super) migrations: Vec<String>,
    pub(super) inventory: Inventory,
}

impl Snapshot {
    pub(super) async fn begin(database: &Database) -> anyhow::Result<Self> {
        let url = database.migration_url().await?;
        let mut owner = database.connect_as_owner().await?;
        owner
            .execute(
                "SET idle_in_transaction_session_timeout = 0; SET lock_timeout = 0; \
                 BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            )
            .await?;
        let (id, taken_at): (String, String) = sqlx::query_as(
            "SELECT pg_export_snapshot(), \
                    to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
        )
        .fetch_one(&mut owner)
        .await
        .context("cannot hold a snapshot of the database")?;
        Ok(Self {
            owner,
            url,
            id,
            taken_at,
        })
    }

    /// Returns the connection that reads in this snapshot.
    pub(super) const fn connection(&mut self) -> &mut PgConnection {
        &mut self.owner
    }

    /// Writes the database and takes its inventory, both in this snapshot.
    pub(super) async fn dump(
        mut self,
        writer: &mut Writer,
        bin_dir: Option<&Path>,
    ) -> anyhow::Result<Dumped> {
        let (version, major) = server_version(&mut self.owner).await?;
        let dump = Program::find("pg_dump", bin_dir, major, &self.url)?;
        // Statistics of statements are no data, and only a superuser can create their
        // extension; it is created again with the roles.
        let extensions: Vec<String> = sqlx::query_scalar(
            "SELECT extname::text FROM pg_extension \
              WHERE extname NOT IN ('plpgsql', 'pg_stat_statements') ORDER BY 1",
        )
        .fetch_all(&mut self.owner)
        .await?;
        let mut command = dump.owner_command();
        command
            .args([
                "--format",
                "custom",
                "--compress",
                "4",
                "--encoding",
                "UTF8",
            ])
            .args(["--no-comments", "--snapshot", &self.id])
            .args(extensions.iter().map(|name| format!("--extension={name}")))
            .stdout(std::process::Stdio::piped());
        let mut child = dump.start(&mut command)?;
        let output = child.stdout.take().context("pg_dump has no output")?;
        let bytes = ReaderStream::with_capacity(output, CHUNK);
        let inventory = async { Ok(Inventory::take(&mut self.owner).await?) };
        let written = async { writer.add(DATABASE, bytes).await.map(|_| ()) };
        let (inventory, (), ()) = tokio::try_join!(inventory, written, dump.finish(child))?;
        let migrations = migrations(&mut self.owner).await?;
        Ok(Dumped {
            taken_at: self.taken_at,
            version,
            major,
            migrations,
            inventory,
        })
    }
}

/// Returns the version as text and its major number.
pub(crate) async fn server_version(connection: &mut PgConnection) -> anyhow::Result<(String, u32)> {
    let (version, number): (String, i32) = sqlx::query_as(
        "SELECT split_part(current_setting('server_version'), ' ', 1), \
                current_setting('server_version_num')::int",
    )
    .fetch_one(connection)
    .await?;
    Ok((version, number.unsigned_abs() / 10_000))
}

/// Returns the migrations of the database in the order of this build; unknown ones are last.
pub(super) async fn migrations(connection: &mut PgConnection) -> anyhow::Result<Vec<String>> {
    let mut migrations: Vec<String> =
        sqlx::query_scalar("SELECT version FROM public.seaql_migrations")
            .fetch_all(connection)
            .await?;
    let known = migration_names();
    migrations.sort_by_key(|name| {
        known
            .iter()
            .position(|other| other == name)
            .unwrap_or(known.len())
    });
    Ok(migrations)
}
