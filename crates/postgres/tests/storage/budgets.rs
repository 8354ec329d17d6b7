//! Limits on what one owner may store and queue, with concurrent requests.

use accunode_domain::{
    fault::Fault,
    job::{JobOptions, RowStatus},
    owner::AccessLevel,
    prediction::{Kind, OnConflict},
};
use accunode_ports::{
    RepositoryError,
    budgets::{BudgetKind, JobBudget, RowBudget},
    repositories::{ChunkRow, JobQueue, Lease, NewJob, RowResult},
};
use accunode_postgres::QueueSettings;
use futures::future::join_all;
use uuid::Uuid;

use crate::{
    fixture::{Fixture, grant},
    queue::new_job,
    upload::{Upload, row},
};

/// Adds a job in a unit of work of its own.
async fn try_add(fixture: &Fixture, name: &str, job: &NewJob) -> Result<(), RepositoryError> {
    let level = match name {
        "u0" => AccessLevel::Personal,
        _ => AccessLevel::Organization,
    };
    let actor = fixture.actor(name).await;
    let unit = fixture.begin(&actor).await;
    unit.jobs().add(grant(&actor, level), job).await?;
    unit.commit().await
}

fn job(budget: JobBudget, bytes: i64) -> NewJob {
    NewJob {
        budget,
        file_size: bytes,
        ..new_job(Kind::Annual, JobOptions::default())
    }
}

/// Returns how many of `count` jobs that are added at once are accepted, and the first
/// refusal.
async fn at_once(
    fixture: &Fixture,
    name: &str,
    count: usize,
    budget: JobBudget,
    bytes: i64,
) -> (usize, Option<BudgetKind>) {
    let jobs: Vec<_> = (0..count).map(|_| job(budget, bytes)).collect();
    let added = join_all(jobs.iter().map(|job| try_add(fixture, name, job))).await;
    let refused = added.iter().find_map(|added| match added {
        Ok(()) => None,
        Err(RepositoryError::OverBudget(exceeded)) => Some(exceeded.budget),
        Err(other) => panic!("{other:?}"),
    });
    (added.iter().filter(|added| added.is_ok()).count(), refused)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_jobs_never_exceed_a_budget_together() {
    let fixture = Fixture::create().await;
    let open = JobBudget {
        open_jobs: 3,
        ..JobBudget::default()
    };
    let taken = at_once(&fixture, "m1", 8, open, 1).await;
    assert_eq!(taken, (3, Some(BudgetKind::OpenJobs)));

    // Another owner has a budget of their own, and bytes are counted as exactly.
    let bytes = JobBudget {
        file_bytes: 1_000,
        ..JobBudget::default()
    };
    let taken = at_once(&fixture, "u0", 8, bytes, 300).await;
    assert_eq!(taken, (3, Some(BudgetKind::FileBytes)));
    assert!(try_add(&fixture, "u0", &job(bytes, 100)).await.is_ok());
    assert!(try_add(&fixture, "u0", &job(bytes, 1)).await.is_err());
    let kept = JobBudget {
        jobs: 5,
        ..JobBudget::default()
    };
    let taken = at_once(&fixture, "u0", 4, kept, 0).await;
    assert_eq!(taken, (1, Some(BudgetKind::Jobs)));
}

#[tokio::test]
async fn ended_job_frees_an_open_slot_and_deleted_job_its_storage() {
    let fixture = Fixture::create().await;
    let budget = JobBudget {
        open_jobs: 1,
        jobs: 2,
        ..JobBudget::default()
    };
    let first = job(budget, 1);
    try_add(&fixture, "m1", &first).await.unwrap();
    assert!(try_add(&fixture, "m1", &job(budget, 1)).await.is_err());
    let actor = fixture.actor("m1").await;
    let grant = grant(&actor, AccessLevel::Organization);
    let unit = fixture.begin(&actor).await;
    unit.jobs().request_cancel(grant, first.id).await.unwrap();
    unit.commit().await.unwrap();
    let second = job(budget, 1);
    try_add(&fixture, "m1", &second).await.unwrap();
    let unit = fixture.begin(&actor).await;
    unit.jobs().request_cancel(grant, second.id).await.unwrap();
    unit.commit().await.unwrap();
    match try_add(&fixture, "m1", &job(budget, 1)).await {
        Err(RepositoryError::OverBudget(exceeded)) => {
            assert_eq!(exceeded.budget, BudgetKind::Jobs);
            assert_eq!((exceeded.limit, exceeded.used), (2, 2));
        }
        other => panic!("{other:?}"),
    }
    let unit = fixture.begin(&actor).await;
    unit.jobs().remove(grant, first.id, false).await.unwrap();
    unit.commit().await.unwrap();
    try_add(&fixture, "m1", &job(budget, 1)).await.unwrap();
}

/// Continuing an ended job makes it an open one again.
#[tokio::test]
async fn continued_job_counts_as_open_again() {
    let fixture = Fixture::create().await;
    let budget = JobBudget {
        open_jobs: 2,
        ..JobBudget::default()
    };
    let ended = job(budget, 1);
    try_add(&fixture, "m1", &ended).await.unwrap();
    let actor = fixture.actor("m1").await;
    let grant = grant(&actor, AccessLevel::Organization);
    let unit = fixture.begin(&actor).await;
    unit.jobs().request_cancel(grant, ended.id).await.unwrap();
    unit.commit().await.unwrap();
    for _ in 0..2 {
        try_add(&fixture, "m1", &job(budget, 1)).await.unwrap();
    }
    let unit = fixture.begin(&actor).await;
    let refused = unit.jobs().resume(grant, ended.id, None, 2).await;
    assert!(
        matches!(&refused, Err(RepositoryError::OverBudget(exceeded)) if exceeded.budget == BudgetKind::OpenJobs),
        "{refused:?}"
    );
    drop(unit);
    for enough in [3, 0] {
        let unit = fixture.begin(&actor).await;
        unit.jobs()
            .resume(grant, ended.id, None, enough)
            .await
            .unwrap();
    }
}

fn failed(number: u32) -> ChunkRow {
    ChunkRow {
        row: number,
        source: format!("row {number}"),
        result: RowResult::Refused(vec![Fault::new("x", "wrong", "wrong")]),
    }
}

async fn upload_in(fixture: Fixture, name: &str, budget: RowBudget) -> Upload {
    let level = AccessLevel::Organization;
    let mut upload = Upload::begin_in(fixture, name, level, Kind::Annual, OnConflict::Error).await;
    upload.row_budget = budget;
    upload
}

#[tokio::test]
async fn failed_rows_over_the_budget_are_counted_but_not_kept() {
    let budget = RowBudget {
        per_job: 4,
        per_owner: 0,
    };
    let upload = upload_in(Fixture::create().await, "m1", budget).await;
    let mut rows = vec![row(2, "A", "2024", 0.1)];
    rows.extend((3..=5).map(failed));
    upload.store(rows).await.unwrap();
    upload.store((6..=9).map(failed).collect()).await.unwrap();
    let job = upload.job().await;
    assert_eq!((job.counts.success, job.counts.error), (1, 7));
    assert_eq!((job.rows_kept, job.rows_not_kept()), (4, 3));
    let kept: Vec<_> = upload.outcomes().await.iter().map(|row| row.row).collect();
    assert_eq!(kept, [2, 3, 4, 5, 6]);
    let warning = job.warnings.iter().find(|w| w.code == "rows_not_kept");
    let detail = &warning.unwrap().detail;
    assert!(detail.starts_with("3 failed or skipped rows"), "{detail}");
    // Storing rows is progress and no new version of the job.
    assert_eq!(job.row_version, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_of_one_owner_share_the_failed_row_budget() {
    let fixture = Fixture::create().await;
    let budget = RowBudget {
        per_job: 0,
        per_owner: 100,
    };
    let first = upload_in(fixture, "m1", budget).await;
    let level = AccessLevel::Organization;
    let new = new_job(Kind::Annual, JobOptions::default());
    let id = new.id;
    crate::queue::add(&first.fixture, "m1", level, &new).await;
    let settings = QueueSettings {
        per_owner: 10,
        ..QueueSettings::default()
    };
    let queue = first.fixture.store.queue(settings).unwrap();
    let (job, lease) = queue.claim().await.unwrap().unwrap();
    assert_eq!(job.id, id);
    let store = async |lease: &Lease, from: u32| {
        let rows = (from..from + 30).map(failed).collect();
        first.store_under(lease, rows).await.unwrap();
    };
    for from in [2, 32, 62] {
        tokio::join!(store(&first.lease, from), store(&lease, from));
    }
    let second = first.job_of(&lease).await;
    let first = first.job().await;
    assert_eq!((first.counts.error, second.counts.error), (90, 90));
    assert_eq!(first.rows_kept + second.rows_kept, 100);
    assert_eq!(first.rows_not_kept() + second.rows_not_kept(), 80);
}

#[tokio::test]
async fn ok_rows_of_a_dry_run_do_not_use_the_failed_row_budget() {
    let fixture = Fixture::create().await;
    let level = AccessLevel::Organization;
    let mut upload =
        Upload::begin_with(fixture, "m1", level, Kind::Annual, OnConflict::Error, true).await;
    upload.row_budget = RowBudget {
        per_job: 1,
        per_owner: 1,
    };
    let mut rows: Vec<_> = (2..6)
        .map(|n| row(n, &format!("S{n}"), "2024", 0.1))
        .collect();
    rows.extend([failed(6), failed(7)]);
    upload.store(rows).await.unwrap();
    let outcomes = upload.outcomes().await;
    let count = |status| outcomes.iter().filter(|row| row.status == status).count();
    assert_eq!((count(RowStatus::Ok), count(RowStatus::Error)), (4, 1));
    assert_ne!(upload.lease.token, Uuid::nil());
}
