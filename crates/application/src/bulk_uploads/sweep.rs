//! Removes files to which no upload refers.

use std::time::Duration;

use futures::TryStreamExt;

use super::BulkUploads;
use crate::Error;

/// The age below which a file is kept: its upload may still be in progress.
const AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// The number of files about which the database is asked at once.
const BATCH: usize = 500;

/// The removed files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweptFiles {
    /// Files that were received completely and have no upload.
    pub orphans: u64,
    /// Remains of files that were never received completely.
    pub unfinished: u64,
}

impl BulkUploads {
    /// Removes files that are older than a day and have no upload: a process that was
    /// killed between receiving a file and storing its upload leaves one behind. A file
    /// with an upload is never removed, nor one that is being received.
    ///
    /// # Errors
    /// `Unavailable` if the file store or the database is unreachable; files that were
    /// removed until then stay removed.
    pub async fn sweep_files(&self) -> Result<SweptFiles, Error> {
        let (files, queue) = (&self.ports.files, &self.ports.queue);
        let before = self.ports.clock.now() - AGE;
        let mut swept = SweptFiles {
            unfinished: files.remove_unfinished(before).await?,
            ..SweptFiles::default()
        };
        let mut batches = files.written_before(before).try_chunks(BATCH);
        while let Some(keys) = batches.try_next().await.map_err(|failed| failed.1)? {
            for key in queue.files_without_job(&keys).await? {
                files.remove(&key).await?;
                swept.orphans += 1;
            }
        }
        if swept != SweptFiles::default() {
            tracing::info!(
                orphans = swept.orphans,
                unfinished = swept.unfinished,
                "files without an upload were removed"
            );
        }
        Ok(swept)
    }
}
