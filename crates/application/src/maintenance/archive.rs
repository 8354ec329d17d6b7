//! Archives months of the audit log in the file store, and reads them back to verify them.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use accunode_domain::id::MaintenanceRunId;
use accunode_ports::{
    files::ByteStream,
    maintenance::{AuditArchive, AuditPosition, Maintenance},
};
use bytes::Bytes;
use flate2::{Compression, GzBuilder, write::GzDecoder, write::GzEncoder};
use futures::StreamExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::{Date, Duration};

use super::{MaintenanceRuns, carry_out::Stopped};
use crate::{Error, ErrorCode};

/// The number of rows that are read at once.
const ROWS: u32 = 2_000;
/// How long after its end a month is archived: events that began in it may be stored a little
/// later.
const SETTLED: Duration = Duration::days(1);

/// The totals of lines.
#[derive(Default)]
struct Tally {
    digest: Sha256,
    rows: u64,
}

impl Tally {
    fn take(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
        self.rows += u64::try_from(ends).unwrap_or(u64::MAX);
    }

    fn sum(self) -> (String, u64) {
        (hex::encode(self.digest.finalize()), self.rows)
    }
}

impl Write for Tally {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The totals of a file that was read from the store.
struct ReadBack {
    sha256: String,
    lines_sha256: String,
    rows: u64,
}

impl MaintenanceRuns {
    /// Archives every month that has ended and has no archive, or an archive that lacks rows.
    pub(super) async fn archive(&self, id: MaintenanceRunId) -> Result<Value, Stopped> {
        let (maintenance, now) = (&self.ports.maintenance, self.ports.clock.now());
        let months = maintenance.months_to_archive(now - SETTLED).await?;
        let mut rows = 0;
        for month in &months {
            let archive = self.archive_month(*month).await?;
            maintenance.keep_archive(&archive).await?;
            rows += archive.rows;
            self.note(
                id,
                format!(
                    "{}: {} rows, {} bytes, SHA-256 {}, read back and right",
                    archive.file_key, archive.rows, archive.bytes, archive.sha256
                ),
            )
            .await?;
        }
        Ok(json!({ "months": months.len(), "rows": rows }))
    }

    async fn archive_month(&self, month: Date) -> Result<AuditArchive, Error> {
        let tally = Arc::new(Mutex::new(Tally::default()));
        let packed = packed(self.ports.maintenance.clone(), month, tally.clone());
        // Each archive has its own name, so that none is ever overwritten.
        let key = format!(
            "{}-{:02}-{}.jsonl.gz",
            month.year(),
            u8::from(month.month()),
            self.ports.ids.new_id().simple()
        );
        let kept = self.ports.files.keep_archive(&key, packed).await?;
        let (lines_sha256, rows) =
            std::mem::take(&mut *tally.lock().unwrap_or_else(PoisonError::into_inner)).sum();
        let found = self.read_back(&kept.key).await?;
        if (
            found.sha256.as_str(),
            found.lines_sha256.as_str(),
            found.rows,
        ) != (kept.sha256.as_str(), lines_sha256.as_str(), rows)
        {
            return Err(differs(&kept.key));
        }
        Ok(AuditArchive {
            month,
            file_key: kept.key,
            rows,
            bytes: kept.size,
            sha256: kept.sha256,
            lines_sha256,
            verified_at: self.ports.clock.now(),
            dropped_at: None,
        })
    }

    /// Returns the archives of months that ended at least `keep` ago and are still in the
    /// database, each read from the file store and compared with its record.
    ///
    /// # Errors
    /// If a file is missing, or differs from its record.
    pub async fn verified_archives(&self, keep: Duration) -> Result<Vec<AuditArchive>, Error> {
        let before = (self.ports.clock.now() - keep).date();
        let archives = self.ports.maintenance.archives().await?.into_iter();
        let mut verified = Vec::new();
        for archive in archives.filter(|one| one.dropped_at.is_none()) {
            // The first day of the next month, or a day of it.
            let is_old = archive.month + Duration::days(31) <= before;
            if !is_old {
                continue;
            }
            let found = self.read_back(&archive.file_key).await?;
            if found.sha256 != archive.sha256
                || found.lines_sha256 != archive.lines_sha256
                || found.rows != archive.rows
            {
                return Err(differs(&archive.file_key));
            }
            verified.push(archive);
        }
        Ok(verified)
    }

    async fn read_back(&self, key: &str) -> Result<ReadBack, Error> {
        let mut bytes = self.ports.files.read_archive(key).await?;
        let mut file = Sha256::new();
        let mut lines = GzDecoder::new(Tally::default());
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk.map_err(Error::Unavailable)?;
            file.update(&chunk);
            lines.write_all(&chunk).map_err(|_| differs(key))?;
        }
        let (lines_sha256, rows) = lines.finish().map_err(|_| differs(key))?.sum();
        Ok(ReadBack {
            sha256: hex::encode(file.finalize()),
            lines_sha256,
            rows,
        })
    }
}

fn differs(key: &str) -> Error {
    Error::Conflict {
        code: ErrorCode::ArchiveDiffers,
        detail: format!("the archive {key} is not what was written: nothing may be dropped"),
        existing: None,
    }
}

/// Returns the rows of a month as lines of JSON, compressed, page by page.
fn packed(maintenance: Arc<dyn Maintenance>, month: Date, tally: Arc<Mutex<Tally>>) -> ByteStream {
    struct State {
        maintenance: Arc<dyn Maintenance>,
        after: Option<AuditPosition>,
        // `None` once everything was returned.
        gzip: Option<GzEncoder<Vec<u8>>>,
    }
    let state = State {
        maintenance,
        after: None,
        gzip: Some(
            GzBuilder::new()
                .mtime(0)
                .write(Vec::new(), Compression::default()),
        ),
    };
    futures::stream::try_unfold(state, move |mut state| {
        let tally = tally.clone();
        async move {
            let Some(mut gzip) = state.gzip.take() else {
                return Ok(None);
            };
            let page = state.maintenance.audit_lines(month, state.after, ROWS);
            let page = page.await?;
            let Some(last) = page.last() else {
                return Ok(Some((Bytes::from(gzip.finish()?), state)));
            };
            state.after = Some(last.at);
            for line in &page {
                let text = format!("{}\n", line.json);
                gzip.write_all(text.as_bytes())?;
                tally
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take(text.as_bytes());
            }
            let part = std::mem::take(gzip.get_mut());
            state.gzip = Some(gzip);
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Some((Bytes::from(part), state)))
        }
    })
    .boxed()
}
