//! Tables, jobs and workers for the tests of bulk uploads.

use std::sync::{Arc, Mutex};

use accunode_application::Settings;
use accunode_domain::{
    id::JobId,
    job::{Checkpoint, Job, JobCounts, JobOptions, JobStatus, Task},
    owner::Owner,
    prediction::Kind,
    user::User,
};
use accunode_ports::{
    files::{FileNote, MockFileStore, OpenError, Peek, RowReader, SourceRow, TableHead},
    repositories::{JobChunk, Lease, Renewal},
};
use async_trait::async_trait;
use uuid::Uuid;

use crate::support::{Doubles, noon, scorer};

/// A table, with its header in row 1.
#[derive(Clone)]
pub(super) struct Rows {
    header: Vec<String>,
    pub(super) rows: Vec<SourceRow>,
    read: u64,
}

impl Rows {
    pub(super) fn under(header: &str, rows: impl Iterator<Item = Vec<String>>) -> Self {
        Self {
            header: header.split(',').map(str::to_owned).collect(),
            rows: rows
                .zip(2..)
                .map(|(cells, row)| SourceRow::of(row, cells))
                .collect(),
            read: 0,
        }
    }

    /// Rows whose shares are all `share`.
    pub(super) fn of(count: u32, share: &str) -> Self {
        let header = "symbol,year,long_term_debt_to_total_capital,total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets";
        let cells = |n| {
            let names = [format!("S{n}"), "2024".into()];
            let ratios = [share, "2", share, "5", share].map(str::to_owned);
            names.into_iter().chain(ratios).collect()
        };
        Self::under(header, (0..count).map(cells))
    }

    /// The beginning of the table, as a file store returns it.
    pub(super) fn peek(&self) -> Peek {
        let header = SourceRow::of(1, self.header.clone());
        Peek {
            tables: vec![TableHead {
                is_fixed_width: true,
                rows: std::iter::once(header)
                    .chain(self.rows.iter().take(39).cloned())
                    .collect(),
                ..TableHead::default()
            }],
        }
    }

    /// Makes a file store return this table.
    pub(super) fn behind(self, files: &mut MockFileStore) {
        let peek = self.peek();
        files
            .expect_peek()
            .returning(move |_, _, _| Ok(peek.clone()));
        files.expect_open_rows().returning(move |_, _, _, after| {
            let mut rows = self.clone();
            rows.rows.retain(|row| row.row > after);
            Ok(Box::new(rows))
        });
    }
}

/// Quarterly rows with this inventory turnover.
pub(super) fn quarterly(count: u32, turnover: &str) -> Rows {
    let header = "symbol,year,quarter,current_ratio,quick_ratio,debt_to_equity,inventory_turnover,receivables_turnover,working_capital_to_total_assets,note";
    let cells = |n| {
        let names = [format!("S{n}"), "2024".into(), "Q1".into()];
        let ratios = ["1.6", "1.1", "0.8", turnover, "2.9", "0.1", ""].map(str::to_owned);
        names.into_iter().chain(ratios).collect()
    };
    Rows::under(header, (0..count).map(cells))
}

#[async_trait]
impl RowReader for Rows {
    fn total_rows(&self) -> Option<u32> {
        None
    }
    fn bytes_read(&self) -> u64 {
        0
    }
    async fn next_rows(&mut self, max: usize) -> Result<Vec<SourceRow>, OpenError> {
        let count = max.min(self.rows.len());
        self.read += count as u64;
        Ok(self.rows.drain(..count).collect())
    }
    fn notes(&self) -> Vec<FileNote> {
        Vec::new()
    }
    fn records_seen(&self) -> Option<u64> {
        self.rows.is_empty().then_some(self.read)
    }
}

pub(super) fn job(creator: &User) -> Job {
    Job {
        id: JobId(Uuid::new_v4()),
        kind: Kind::Annual,
        status: JobStatus::Processing,
        original_filename: "rows.csv".into(),
        file_key: "key".into(),
        file_size: 1,
        file_hash: String::new(),
        options: JobOptions::default(),
        task: Task::Upload,
        total_rows: None,
        counts: JobCounts::default(),
        rows_kept: 0,
        checkpoint: Checkpoint::default(),
        warnings: Vec::new(),
        columns: vec!["known".into()],
        error: None,
        cancel_requested_at: None,
        started_at: Some(noon()),
        completed_at: None,
        attempts: 1,
        request_id: None,
        api_key: None,
        owner: Owner::User(creator.id),
        created_by: creator.id,
        created_at: noon(),
        updated_at: noon(),
        row_version: 1,
        log: Vec::new(),
    }
}

/// Returns doubles for a worker whose chunks have 10 rows, and the chunks that it stored.
pub(super) fn worker(
    creator: &User,
    count: u32,
    share: &'static str,
    units: usize,
) -> (Doubles, Arc<Mutex<Vec<JobChunk>>>) {
    let mut doubles = Doubles {
        scorer: scorer(),
        settings: Settings {
            chunk_rows: 10,
            ..Settings::default()
        },
        ..Doubles::default()
    };
    let found = creator.clone();
    doubles
        .store
        .auth
        .expect_with_membership()
        .returning(move |_| Ok(Some((found.clone(), None, 1))));
    Rows::of(count, share).behind(&mut doubles.files);
    doubles
        .queue
        .expect_renew()
        .returning(|_| Ok(Renewal::Continue));
    let chunks = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..units {
        let chunks = chunks.clone();
        doubles.unit(|unit| {
            unit.jobs
                .expect_store_chunk()
                .returning(move |_, _, chunk| {
                    chunks.lock().unwrap().push(chunk.clone());
                    Ok(JobCounts::default())
                });
        });
    }
    (doubles, chunks)
}

pub(super) fn lease(job: &Job) -> Lease {
    Lease {
        job: job.id,
        token: Uuid::new_v4(),
    }
}
