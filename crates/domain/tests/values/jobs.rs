//! Jobs: their transitions, the counts of their rows, and their speed.

use accunode_domain::{
    Timestamp,
    id::{JobId, UserId},
    job::{Checkpoint, Job, JobCounts, JobOptions, JobStatus, Task},
    owner::Owner,
    prediction::Kind,
};
use time::Duration;
use uuid::Uuid;

#[test]
fn job_status_allows_only_the_defined_transitions() {
    use JobStatus::{Cancelled, Completed, Failed, Pending, Processing};
    let allowed = |from: JobStatus| -> Vec<JobStatus> {
        let next = JobStatus::ALL.into_iter();
        next.filter(|to| from.may_become(*to)).collect()
    };
    assert_eq!(allowed(Pending), [Processing, Failed, Cancelled]);
    assert_eq!(
        allowed(Processing),
        [Processing, Completed, Failed, Cancelled]
    );
    // A job that was not read to its end can only be continued.
    assert_eq!(allowed(Completed), []);
    assert_eq!(allowed(Failed), [Pending]);
    assert_eq!(allowed(Cancelled), [Pending]);
    assert!(Completed.is_final() && Failed.is_final() && Cancelled.is_final());
    assert!(!Pending.is_final() && !Processing.is_final());
}

#[test]
fn counts_add_up_by_outcome() {
    let mut counts = JobCounts {
        success: 1,
        updated: 20,
        skipped: 300,
        error: 4_000,
    };
    assert_eq!(counts.processed(), 4_321);
    counts += JobCounts {
        success: 5,
        updated: 50,
        skipped: 500,
        error: 5_000,
    };
    let sum = JobCounts {
        success: 6,
        updated: 70,
        skipped: 800,
        error: 9_000,
    };
    assert_eq!(counts, sum);
}

fn start() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// A job that a worker took at the epoch; 250 of 1,000 rows are accounted for.
fn job() -> Job {
    Job {
        id: JobId(Uuid::from_u128(1)),
        kind: Kind::Annual,
        status: JobStatus::Processing,
        original_filename: "annual.csv".to_owned(),
        file_key: "key".to_owned(),
        file_size: 4_000,
        file_hash: String::new(),
        options: JobOptions::default(),
        task: Task::Upload,
        total_rows: Some(1_000),
        counts: JobCounts {
            success: 250,
            ..JobCounts::default()
        },
        rows_kept: 0,
        checkpoint: Checkpoint::default(),
        warnings: Vec::new(),
        columns: Vec::new(),
        error: None,
        cancel_requested_at: None,
        started_at: Some(start()),
        completed_at: None,
        attempts: 1,
        request_id: None,
        api_key: None,
        owner: Owner::System,
        created_by: UserId(Uuid::from_u128(2)),
        created_at: start(),
        updated_at: start(),
        row_version: 1,
        log: Vec::new(),
    }
}

fn after(seconds: i64) -> Timestamp {
    start() + Duration::seconds(seconds)
}

#[test]
fn rows_not_kept_is_failed_and_skipped_minus_kept() {
    let kept = |error, skipped, rows_kept| Job {
        counts: JobCounts {
            success: 100,
            updated: 10,
            skipped,
            error,
        },
        rows_kept,
        ..job()
    };
    assert_eq!(kept(5, 2, 7).rows_not_kept(), 0);
    assert_eq!(kept(5, 2, 4).rows_not_kept(), 3);
    assert_eq!(kept(0, 0, 1).rows_not_kept(), 0);
}

#[test]
fn rows_per_second_is_measured_from_the_start_of_work() {
    assert_eq!(job().rows_per_second(after(10)), Some(25.0));
    assert_eq!(job().rows_per_second(start()), None);
    let ended = Job {
        completed_at: Some(after(5)),
        ..job()
    };
    assert_eq!(ended.rows_per_second(after(100)), Some(50.0));
    let waiting = Job {
        started_at: None,
        ..job()
    };
    assert_eq!(waiting.rows_per_second(after(10)), None);
}

#[test]
fn remaining_time_is_estimated_from_rows_or_else_bytes() {
    assert_eq!(job().eta_seconds(after(10)), Some(30.0));
    let by_bytes = |bytes, file_size| Job {
        total_rows: None,
        file_size,
        checkpoint: Checkpoint {
            bytes,
            ..Checkpoint::default()
        },
        ..job()
    };
    assert_eq!(by_bytes(2_000, 4_000).eta_seconds(after(10)), Some(10.0));
    assert_eq!(by_bytes(4_000, 4_000).eta_seconds(after(10)), Some(0.0));
    // The inflated size may exceed the size of the file; the remaining time is then unknown.
    assert_eq!(by_bytes(4_001, 4_000).eta_seconds(after(10)), None);
    assert_eq!(by_bytes(0, 4_000).eta_seconds(after(10)), None);
    assert_eq!(by_bytes(10, 0).eta_seconds(after(10)), None);
    let no_rows = Job {
        total_rows: Some(0),
        file_size: 0,
        ..job()
    };
    assert_eq!(no_rows.eta_seconds(after(10)), None);
    for status in JobStatus::ALL
        .into_iter()
        .filter(|s| *s != JobStatus::Processing)
    {
        let other = Job { status, ..job() };
        assert_eq!(other.eta_seconds(after(10)), None, "{status}");
    }
}
