//! The uploaded files that belong to a snapshot of the database.
//!
//! A file is written once, before its upload is a row, and is removed after the row is. So
//! a file to which a row of the snapshot refers exists, unless its upload was removed
//! since: then a later snapshot is taken.

use std::collections::{BTreeMap, BTreeSet};

use accunode_files::Objects;
use anyhow::Context;
use sqlx::PgConnection;

use super::snapshot::Snapshot;
use crate::backup::Writer;
use crate::backup::location::stored_files;
use crate::backup::manifest::FILES;
use crate::config::Config;
use crate::database::Database;

/// A file to which a row of the database refers.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) filename: String,
    pub(crate) file_size: i64,
    pub(crate) file_hash: Option<String>,
}

/// Copies files, and records which.
pub(super) struct Files {
    store: Objects,
    /// Reads the current rows, and not the snapshot.
    now: PgConnection,
    copied: BTreeSet<String>,
    /// The faults by the file's key.
    faults: BTreeMap<String, String>,
}

impl Files {
    pub(super) async fn open(config: &Config, database: &Database) -> anyhow::Result<Self> {
        let store = stored_files(config)?;
        Ok(Self {
            store,
            now: database.connect_as_owner().await?,
            copied: BTreeSet::new(),
            faults: BTreeMap::new(),
        })
    }

    /// Returns the bytes of all files to which rows refer now.
    pub(super) async fn bytes_now(&mut self) -> anyhow::Result<u64> {
        let files = named(&mut self.now).await?;
        Ok(files.iter().map(|file| file.file_size.unsigned_abs()).sum())
    }

    /// Copies the files that exist now.
    pub(super) async fn copy_early(&mut self, writer: &mut Writer) -> anyhow::Result<()> {
        for file in named(&mut self.now).await? {
            self.copy(&file, writer).await?;
        }
        Ok(())
    }

    /// Copies the remaining files of the snapshot, and removes copies of files that it does
    /// not contain. Returns `false` if a file of the snapshot was removed with its upload.
    pub(super) async fn complete(
        &mut self,
        writer: &mut Writer,
        snapshot: &mut Snapshot,
    ) -> anyhow::Result<bool> {
        self.faults.clear();
        let files = named(snapshot.connection()).await?;
        let mut missing = Vec::new();
        for file in &files {
            if !self.copy(file, writer).await? {
                missing.push(file.filename.clone());
            }
        }
        let left: i64 = sqlx::query_scalar(
            "SELECT count(DISTINCT filename) FROM public.bulk_upload_jobs WHERE filename = ANY($1)",
        )
        .bind(&missing)
        .fetch_one(&mut self.now)
        .await?;
        if usize::try_from(left).unwrap_or_default() < missing.len() {
            return Ok(false);
        }
        for key in missing {
            let fault = format!("the uploaded file {key} is missing in the file store");
            self.faults.insert(key, fault);
        }
        let of_the_moment: BTreeSet<&str> = files.iter().map(|f| f.filename.as_str()).collect();
        let surplus: Vec<String> = self
            .copied
            .iter()
            .filter(|key| !of_the_moment.contains(key.as_str()))
            .cloned()
            .collect();
        for key in surplus {
            writer.remove(&format!("{FILES}{key}")).await?;
            self.copied.remove(&key);
        }
        for file in files {
            self.compare(&file, writer);
        }
        Ok(true)
    }

    /// Returns the connection that reads the current rows.
    pub(super) const fn connection(&mut self) -> &mut PgConnection {
        &mut self.now
    }

    /// Returns the faults of files in the store.
    pub(super) fn faults(self) -> Vec<String> {
        self.faults.into_values().collect()
    }

    /// Returns `false` if the file is missing.
    async fn copy(&mut self, file: &Named, writer: &mut Writer) -> anyhow::Result<bool> {
        let key = &file.filename;
        if self.copied.contains(key) {
            return Ok(true);
        }
        let found = self.store.read(key).await;
        let Some((_, bytes)) = found.with_context(|| format!("cannot read the file {key}"))? else {
            return Ok(false);
        };
        writer.add(&format!("{FILES}{key}"), bytes).await?;
        self.copied.insert(key.clone());
        Ok(true)
    }

    /// A file that is damaged in the store is backed up as it is, and reported.
    fn compare(&mut self, file: &Named, writer: &Writer) {
        let key = &file.filename;
        let (Some(part), Some(hash)) = (
            writer.parts().get(&format!("{FILES}{key}")),
            &file.file_hash,
        ) else {
            return;
        };
        if part.sha256 != *hash {
            let fault = format!(
                "the uploaded file {key} is damaged in the file store: its SHA-256 is not that of its upload"
            );
            self.faults.insert(key.clone(), fault);
        }
    }
}

/// Returns every file to which a row refers; a rescoring has none.
pub(crate) async fn named(connection: &mut PgConnection) -> Result<Vec<Named>, sqlx::Error> {
    let rows: Vec<(String, i64, Option<String>)> = sqlx::query_as(
        "SELECT DISTINCT ON (filename) filename, file_size, file_hash \
           FROM public.bulk_upload_jobs WHERE filename <> '' ORDER BY filename",
    )
    .fetch_all(connection)
    .await?;
    let named = |(filename, file_size, file_hash)| Named {
        filename,
        file_size,
        file_hash,
    };
    Ok(rows.into_iter().map(named).collect())
}
