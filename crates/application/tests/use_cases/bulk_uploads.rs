//! The worker, row by row.

mod failures;
mod kit;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use accunode_application::bulk_uploads::{Surveying, Table, offline};
use accunode_domain::{
    Timestamp,
    job::{Checkpoint, JobOptions, JobStatus},
    prediction::Kind,
    ratio::RatioUnit,
    user::Role,
};
use accunode_ports::{Conflict, RepositoryError, files::MockFileStore, repositories::RowResult};
use tokio::sync::watch;

use crate::support::{scorer_without_gaps, user};
use kit::{Rows, job, lease, quarterly, worker};

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
            .all(|r| matches!(r.result, RowResult::Scored(_)))
    }));
}

#[tokio::test]
async fn rows_with_gaps_fail_one_by_one_for_a_model_without_gaps() {
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
        .filter_map(|row| match &row.result {
            RowResult::Refused(faults) => Some((row.row, &*faults[0].pointer, &*faults[0].code)),
            RowResult::Scored(_) | RowResult::LeftOut(_) => None,
        })
        .collect();
    assert_eq!(
        refused,
        [(5, "ebit_to_interest_expense", "missing_not_accepted")]
    );
}

#[test]
fn offline_scoring_fails_only_the_row_with_a_gap() {
    let mut rows = Rows::of(2, "0.1");
    rows.rows[0].cells[6] = "n.a.".into();
    let options = JobOptions::default();
    let table = Table::choose(Kind::Annual, &rows.peek(), None).unwrap();
    let mut surveying = Surveying::of(&table, &options, Timestamp::UNIX_EPOCH);
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
async fn file_in_the_wrong_unit_stores_nothing_and_suggests_the_unit() {
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
async fn file_in_percent_is_stored_when_the_unit_is_declared() {
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
async fn worker_that_takes_over_continues_after_the_checkpoint() {
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
async fn worker_with_lost_lease_does_not_finish_the_upload() {
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
async fn upload_fails_when_its_user_loses_their_rights() {
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
async fn worker_that_shuts_down_releases_its_job() {
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
async fn job_with_rows_without_outcome_fails() {
    let ana = user(Role::User, None);
    let (mut doubles, _) = worker(&ana, 5, "0.1", 1);
    let ends = Arc::new(Mutex::new(Vec::new()));
    let recorded_ends = ends.clone();
    doubles
        .queue
        .expect_finish()
        .times(2)
        .returning(move |_, status, fault, _| {
            recorded_ends
                .lock()
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
async fn turnovers_of_a_single_quarter_are_warned_about() {
    let ana = user(Role::User, None);
    // The mock's training has the median 3 everywhere.
    for (turnover, expected) in [("0.9", true), ("1.1", false)] {
        let (mut doubles, chunks) = worker(&ana, 0, "0.1", 5);
        doubles.files = MockFileStore::new();
        quarterly(50, turnover).behind(&mut doubles.files);
        doubles.queue.expect_finish().returning(|_, _, _, _| Ok(()));
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let kept = warnings.clone();
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
        let warnings: Vec<_> = warnings
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
        assert_eq!(warnings, wanted, "{turnover}");
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
