//! The worker, row by row.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use accunode_application::{
    Settings,
    bulk_uploads::{Surveying, Table, offline},
};
use accunode_domain::{
    id::JobId,
    job::{Checkpoint, Job, JobCounts, JobOptions, JobStatus, Task},
    owner::Owner,
    prediction::Kind,
    ratio::RatioUnit,
    user::{Role, User},
};
use accunode_ports::{
    Conflict, Contention, Outage, RepositoryError,
    files::{FileNote, MockFileStore, OpenError, Peek, RowReader, SourceRow, TableHead},
    repositories::{JobChunk, Lease, Renewal, RowVerdict},
};
use async_trait::async_trait;
use tokio::sync::watch;
use uuid::Uuid;

use crate::support::{Doubles, noon, scorer, scorer_without_gaps, user};

/// A table, its header in row 1.
#[derive(Clone)]
struct Rows {
    header: Vec<String>,
    rows: Vec<SourceRow>,
    read: u64,
}

impl Rows {
    fn under(header: &str, rows: impl Iterator<Item = Vec<String>>) -> Self {
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
    fn of(count: u32, share: &str) -> Self {
        let header = "symbol,year,long_term_debt_to_total_capital,total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets";
        let cells = |n| {
            let names = [format!("S{n}"), "2024".into()];
            let ratios = [share, "2", share, "5", share].map(str::to_owned);
            names.into_iter().chain(ratios).collect()
        };
        Self::under(header, (0..count).map(cells))
    }

    /// Its beginning, as a file store tells it.
    fn peek(&self) -> Peek {
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

    /// The file of a file store.
    fn behind(self, files: &mut MockFileStore) {
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

/// Quarterly rows whose inventory is turned over so often.
fn quarterly(count: u32, turnover: &str) -> Rows {
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

fn job(creator: &User) -> Job {
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
        owner: Owner::User(creator.id),
        created_by: creator.id,
        created_at: noon(),
        updated_at: noon(),
        row_version: 1,
    }
}

/// Doubles for a worker whose chunks have 10 rows, and the chunks it stored.
fn worker(
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

fn lease(job: &Job) -> Lease {
    Lease {
        job: job.id,
        token: Uuid::new_v4(),
    }
}

#[tokio::test]
async fn every_row_is_stored_once_and_the_last_checkpoint_is_the_last_row() {
    let ana = user(Role::User, None);
    let (mut doubles, chunks) = worker(&ana, 35, "0.1", 4);
    doubles
        .queue
        .expect_finish()
        .times(1)
        .withf(|_, status, _, total| *status == JobStatus::Completed && *total == Some(35))
        .returning(|_, _, _, _| Ok(()));
    let job = job(&ana);
    let lease = lease(&job);
    doubles
        .application()
        .bulk_uploads
        .process(job, lease, &watch::channel(false).1)
        .await;
    let chunks = chunks.lock().unwrap();
    let rows: Vec<u32> = chunks
        .iter()
        .flat_map(|c| c.rows.iter().map(|r| r.row))
        .collect();
    assert_eq!(rows, (2..=36).collect::<Vec<_>>());
    assert_eq!(chunks.last().unwrap().checkpoint.row, 36);
    assert!(chunks.iter().all(|chunk| chunk.total_rows == Some(35)));
    assert!(chunks.iter().all(|c| {
        c.rows
            .iter()
            .all(|r| matches!(r.verdict, RowVerdict::Scored(_)))
    }));
}

#[tokio::test]
async fn rows_with_gaps_fail_one_by_one_where_the_model_takes_none() {
    let ana = user(Role::User, None);
    let (mut doubles, chunks) = worker(&ana, 12, "0.1", 2);
    doubles.scorer = scorer_without_gaps();
    doubles.files = MockFileStore::new();
    let mut rows = Rows::of(12, "0.1");
    rows.rows[3].cells[5] = "-".into();
    rows.behind(&mut doubles.files);
    doubles
        .queue
        .expect_finish()
        .times(1)
        .withf(|_, status, _, _| *status == JobStatus::Completed)
        .returning(|_, _, _, _| Ok(()));
    let job = job(&ana);
    let lease = lease(&job);
    doubles
        .application()
        .bulk_uploads
        .process(job, lease, &watch::channel(false).1)
        .await;
    let chunks = chunks.lock().unwrap();
    let refused: Vec<_> = chunks
        .iter()
        .flat_map(|c| &c.rows)
        .filter_map(|row| match &row.verdict {
            RowVerdict::Refused(faults) => Some((row.row, &*faults[0].pointer, &*faults[0].code)),
            RowVerdict::Scored(_) | RowVerdict::LeftOut(_) => None,
        })
        .collect();
    assert_eq!(
        refused,
        [(5, "ebit_to_interest_expense", "missing_not_accepted")]
    );
}

#[test]
fn offline_a_row_with_a_gap_fails_for_itself_too() {
    let mut rows = Rows::of(2, "0.1");
    rows.rows[0].cells[6] = "n.a.".into();
    let options = JobOptions::default();
    let table = Table::choose(Kind::Annual, &rows.peek(), None).unwrap();
    let mut surveying = Surveying::of(&table, &options);
    surveying.see(rows.rows.clone());
    let (plan, _) = surveying.finish(&table, Vec::new(), &[3.0; 5]).unwrap();
    let scored =
        offline::score(&options, &plan, &rows.rows, &scorer_without_gaps(), false).unwrap();
    let faults = scored[0].as_ref().unwrap_err();
    assert_eq!(
        (&*faults[0].pointer, &*faults[0].code),
        ("return_on_assets", "missing_not_accepted")
    );
    assert!(scored[1].is_ok());
}

#[tokio::test]
async fn a_file_in_the_wrong_unit_stores_nothing_and_says_what_to_do() {
    let ana = user(Role::User, None);
    let (mut doubles, chunks) = worker(&ana, 1_200, "12.5", 1);
    doubles
        .queue
        .expect_finish()
        .times(1)
        .withf(|_, status, fault, _| {
            let fault = fault.as_ref().unwrap();
            *status == JobStatus::Failed
                && fault.code == "unit_mismatch"
                && fault.detail.contains("return_on_assets looks like percent")
                && fault.detail.contains("ratio_unit=percent")
        })
        .returning(|_, _, _, _| Ok(()));
    let job = job(&ana);
    let lease = lease(&job);
    doubles
        .application()
        .bulk_uploads
        .process(job, lease, &watch::channel(false).1)
        .await;
    assert!(chunks.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_same_file_in_percent_is_stored() {
    let ana = user(Role::User, None);
    let (mut doubles, chunks) = worker(&ana, 12, "12.5", 2);
    doubles.queue.expect_finish().returning(|_, _, _, _| Ok(()));
    let mut job = job(&ana);
    job.options.ratio_unit = RatioUnit::Percent;
    let lease = lease(&job);
    doubles
        .application()
        .bulk_uploads
        .process(job, lease, &watch::channel(false).1)
        .await;
    let chunks = chunks.lock().unwrap();
    assert_eq!(
        chunks.iter().map(|chunk| chunk.rows.len()).sum::<usize>(),
        12
    );
}

#[tokio::test]
async fn a_worker_that_takes_over_goes_on_after_the_checkpoint() {
    let ana = user(Role::User, None);
    let (mut doubles, chunks) = worker(&ana, 25, "0.1", 2);
    doubles
        .queue
        .expect_finish()
        .withf(|_, status, _, total| *status == JobStatus::Completed && *total == Some(25))
        .returning(|_, _, _, _| Ok(()));
    let mut job = job(&ana);
    job.checkpoint = Checkpoint {
        row: 11,
        bytes: 0,
        after: None,
    };
    job.counts.success = 10;
    let lease = lease(&job);
    doubles
        .application()
        .bulk_uploads
        .process(job, lease, &watch::channel(false).1)
        .await;
    let chunks = chunks.lock().unwrap();
    let rows: Vec<u32> = chunks
        .iter()
        .flat_map(|c| c.rows.iter().map(|r| r.row))
        .collect();
    assert_eq!(rows, (12..=26).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_ends_nothing() {
    let ana = user(Role::User, None);
    let (mut doubles, _) = worker(&ana, 5, "0.1", 0);
    let committed = doubles.unit(|unit| {
        unit.jobs
            .expect_store_chunk()
            .returning(|_, _, _| Err(RepositoryError::Stale { what: "lease" }));
    });
    doubles.queue.expect_finish().never();
    let job = job(&ana);
    let lease = lease(&job);
    doubles
        .application()
        .bulk_uploads
        .process(job, lease, &watch::channel(false).1)
        .await;
    assert!(!committed.load(Ordering::SeqCst));
}

#[tokio::test]
async fn the_upload_of_someone_who_lost_their_rights_fails() {
    let mut ana = user(Role::User, None);
    let (mut doubles, chunks) = {
        let mut gone = ana.clone();
        gone.is_active = false;
        worker(&gone, 5, "0.1", 0)
    };
    doubles
        .queue
        .expect_finish()
        .times(1)
        .withf(|_, status, fault, _| {
            *status == JobStatus::Failed && fault.as_ref().unwrap().code == "rights_lost"
        })
        .returning(|_, _, _, _| Ok(()));
    ana.is_active = true;
    let job = job(&ana);
    let lease = lease(&job);
    doubles
        .application()
        .bulk_uploads
        .process(job, lease, &watch::channel(false).1)
        .await;
    assert!(chunks.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_worker_that_shuts_down_gives_its_job_back() {
    let ana = user(Role::User, None);
    let (mut doubles, chunks) = worker(&ana, 5, "0.1", 0);
    let released = Arc::new(AtomicBool::new(false));
    let flag = released.clone();
    doubles.queue.expect_release().times(1).returning(move |_| {
        flag.store(true, Ordering::SeqCst);
        Ok(())
    });
    let job = job(&ana);
    let lease = lease(&job);
    doubles
        .application()
        .bulk_uploads
        .process(job, lease, &watch::channel(true).1)
        .await;
    assert!(chunks.lock().unwrap().is_empty());
    assert!(released.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_deadlock_stores_the_same_chunk_again() {
    let ana = user(Role::User, None);
    let (mut doubles, _) = worker(&ana, 5, "0.1", 0);
    let first = doubles.unit(|unit| {
        unit.jobs.expect_store_chunk().returning(|_, _, _| {
            let deadlock = Contention("deadlock".into());
            Err(RepositoryError::Unavailable(Box::new(deadlock)))
        });
    });
    let second = doubles.unit(|unit| {
        unit.jobs
            .expect_store_chunk()
            .returning(|_, _, _| Ok(JobCounts::default()));
    });
    doubles
        .queue
        .expect_finish()
        .times(1)
        .returning(|_, _, _, _| Ok(()));
    let job = job(&ana);
    let lease = lease(&job);
    doubles
        .application()
        .bulk_uploads
        .process(job, lease, &watch::channel(false).1)
        .await;
    assert!(!first.load(Ordering::SeqCst) && second.load(Ordering::SeqCst));
}

fn away() -> RepositoryError {
    RepositoryError::Unavailable(Box::new(Outage("connection refused".into())))
}

#[tokio::test]
async fn an_outage_is_waited_for_and_the_job_goes_on_from_what_is_stored() {
    let ana = user(Role::User, None);
    // The connection is lost while the first chunk of ten rows is committed. Whether it is
    // stored shows when the database is back.
    for stored in [0, 10] {
        let (mut doubles, _) = worker(&ana, 25, "0.1", 0);
        doubles.unit(|unit| {
            unit.jobs
                .expect_store_chunk()
                .returning(|_, _, _| Err(away()));
        });
        let job = job(&ana);
        let mut found = job.clone();
        if stored > 0 {
            found.counts.success = stored;
            found.checkpoint = Checkpoint {
                row: 1 + stored,
                ..Checkpoint::default()
            };
        }
        let mut answers = vec![Ok(Some(found)), Err(away())];
        doubles
            .queue
            .expect_resume()
            .times(2)
            .returning(move |_| answers.pop().unwrap());
        let chunks = Arc::new(Mutex::new(Vec::new()));
        for _ in 0..3 {
            let chunks = chunks.clone();
            doubles.unit(|unit| {
                unit.jobs
                    .expect_store_chunk()
                    .returning(move |_, _, chunk| {
                        let rows: Vec<u32> = chunk.rows.iter().map(|row| row.row).collect();
                        chunks.lock().unwrap().extend(rows);
                        Ok(JobCounts::default())
                    });
            });
        }
        doubles
            .queue
            .expect_finish()
            .times(1)
            .withf(|_, status, _, total| *status == JobStatus::Completed && *total == Some(25))
            .returning(|_, _, _, _| Ok(()));
        doubles.queue.expect_interrupt().never();
        let lease = lease(&job);
        doubles
            .application()
            .bulk_uploads
            .process(job, lease, &watch::channel(false).1)
            .await;
        let rows: Vec<u32> = (2 + stored..=26).collect();
        assert_eq!(*chunks.lock().unwrap(), rows);
    }
}

#[tokio::test]
async fn a_job_that_another_worker_took_during_an_outage_gets_its_attempt_back() {
    let ana = user(Role::User, None);
    let (mut doubles, _) = worker(&ana, 5, "0.1", 0);
    doubles.unit(|unit| {
        unit.jobs
            .expect_store_chunk()
            .returning(|_, _, _| Err(away()));
    });
    let job = job(&ana);
    let id = job.id;
    doubles
        .queue
        .expect_resume()
        .times(1)
        .returning(|_| Ok(None));
    doubles
        .queue
        .expect_forgive()
        .times(1)
        .withf(move |job| *job == id)
        .returning(|_| Ok(()));
    doubles.queue.expect_finish().never();
    let lease = lease(&job);
    doubles
        .application()
        .bulk_uploads
        .process(job, lease, &watch::channel(false).1)
        .await;
}

#[tokio::test]
async fn another_failure_ends_the_attempt_and_says_what_it_was() {
    let ana = user(Role::User, None);
    type Made = fn() -> RepositoryError;
    let errors: [(Made, &str); 2] = [
        (
            || RepositoryError::Unavailable("statement timeout".into()),
            "database_busy",
        ),
        (
            || RepositoryError::Internal("a secret cause".into()),
            "internal_error",
        ),
    ];
    for (error, code) in errors {
        let (mut doubles, _) = worker(&ana, 5, "0.1", 0);
        doubles.unit(|unit| {
            unit.jobs
                .expect_store_chunk()
                .returning(move |_, _, _| Err(error()));
        });
        doubles
            .queue
            .expect_interrupt()
            .times(1)
            .withf(move |_, cause, pause| {
                cause.code == code && !cause.detail.contains("secret") && !pause.is_zero()
            })
            .returning(|_, _, _| Ok(()));
        doubles.queue.expect_finish().never();
        let job = job(&ana);
        let lease = lease(&job);
        doubles
            .application()
            .bulk_uploads
            .process(job, lease, &watch::channel(false).1)
            .await;
    }
}

#[tokio::test]
async fn a_job_of_which_rows_have_no_outcome_fails_and_is_not_completed() {
    let ana = user(Role::User, None);
    let (mut doubles, _) = worker(&ana, 5, "0.1", 1);
    let ends = Arc::new(Mutex::new(Vec::new()));
    let told = ends.clone();
    doubles
        .queue
        .expect_finish()
        .times(2)
        .returning(move |_, status, fault, _| {
            told.lock()
                .unwrap()
                .push((status, fault.map(|fault| fault.code.to_string())));
            if status == JobStatus::Completed {
                return Err(Conflict::RowsUnaccounted.into());
            }
            Ok(())
        });
    let job = job(&ana);
    let lease = lease(&job);
    doubles
        .application()
        .bulk_uploads
        .process(job, lease, &watch::channel(false).1)
        .await;
    let failed = (JobStatus::Failed, Some("rows_unaccounted".to_owned()));
    assert_eq!(ends.lock().unwrap()[1], failed);
}

#[tokio::test]
async fn turnovers_of_a_single_quarter_are_told_beside_what_the_header_says() {
    let ana = user(Role::User, None);
    // The double's training has the median 3 everywhere.
    for (turnover, expected) in [("0.9", true), ("1.1", false)] {
        let (mut doubles, chunks) = worker(&ana, 0, "0.1", 5);
        doubles.files = MockFileStore::new();
        quarterly(50, turnover).behind(&mut doubles.files);
        doubles.queue.expect_finish().returning(|_, _, _, _| Ok(()));
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = told.clone();
        doubles
            .queue
            .expect_describe()
            .returning(move |_, _, warnings| {
                *kept.lock().unwrap() = warnings.to_vec();
                Ok(())
            });
        let mut job = job(&ana);
        job.kind = Kind::Quarterly;
        job.columns = Vec::new();
        let lease = lease(&job);
        doubles
            .application()
            .bulk_uploads
            .process(job, lease, &watch::channel(false).1)
            .await;
        let told: Vec<_> = told
            .lock()
            .unwrap()
            .iter()
            .map(|warning| (warning.code.clone(), warning.columns.clone()))
            .collect();
        let names = ["symbol", "year", "quarter"].map(str::to_owned);
        let mut wanted = vec![
            ("matched_columns".to_owned(), names.to_vec()),
            ("ignored_columns".to_owned(), vec!["note".to_owned()]),
        ];
        if expected {
            let columns = vec!["inventory_turnover".to_owned()];
            wanted.push(("turnover_not_annual".to_owned(), columns));
        }
        assert_eq!(told, wanted, "{turnover}");
        assert_eq!(
            chunks
                .lock()
                .unwrap()
                .iter()
                .map(|chunk| chunk.rows.len())
                .sum::<usize>(),
            50,
            "it is stored all the same"
        );
    }
}
