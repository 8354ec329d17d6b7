//! The queue of bulk uploads.

use std::{sync::Arc, time::Duration};

use accunode_domain::{
    fault::Fault,
    id::JobId,
    job::{Job, JobLogLine, JobOptions, JobStatus, JobWarning, JobWork, MAX_LOG_LINES, Task},
    owner::AccessLevel,
    prediction::Kind,
};
use accunode_ports::{
    Conflict, RepositoryError,
    budgets::JobBudget,
    repositories::{JobFilter, JobQueue, NewJob, Renewal, Repositories},
};
use accunode_postgres::QueueSettings;
use tokio::time::timeout;
use uuid::Uuid;

use crate::fixture::{Fixture, grant};

pub(crate) fn new_job(kind: Kind, options: JobOptions) -> NewJob {
    NewJob {
        id: JobId(Uuid::new_v4()),
        kind,
        original_filename: "companies.csv".to_owned(),
        file_key: "uploads/1".to_owned(),
        file_size: 100,
        file_hash: "0".repeat(64),
        options,
        task: Task::Upload,
        dedup_key: None,
        budget: JobBudget::default(),
        request_id: Some("made-by".to_owned()),
        api_key: None,
    }
}

pub(crate) async fn add(fixture: &Fixture, name: &str, level: AccessLevel, job: &NewJob) -> Job {
    let actor = fixture.actor(name).await;
    let work = fixture.begin(&actor).await;
    let job = work.jobs().add(grant(&actor, level), job).await.unwrap();
    work.commit().await.unwrap();
    job
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_claim_every_job_exactly_once() {
    let fixture = Fixture::create().await;
    let mut expected = Vec::new();
    for n in 0..20 {
        let (name, level) = [
            ("u0", AccessLevel::Personal),
            ("m1", AccessLevel::Organization),
        ][n % 2];
        expected.push(
            add(
                &fixture,
                name,
                level,
                &new_job(Kind::Annual, JobOptions::default()),
            )
            .await
            .id,
        );
    }
    let settings = QueueSettings {
        per_owner: 100,
        ..QueueSettings::default()
    };
    let work = async |queue: Arc<dyn JobQueue>| {
        let mut claimed = Vec::new();
        while let Some((job, lease)) = queue.claim().await.unwrap() {
            assert_eq!(
                (job.status, job.attempts, lease.job),
                (JobStatus::Processing, 1, job.id)
            );
            queue
                .finish(&lease, JobStatus::Completed, None, Some(0))
                .await
                .unwrap();
            claimed.push(job.id);
        }
        claimed
    };
    let queues: [Arc<dyn JobQueue>; 2] =
        [0, 1].map(|_| Arc::new(fixture.store.queue(settings).unwrap()) as Arc<dyn JobQueue>);
    let [one, two] = queues;
    let (mut claimed, others) = tokio::join!(work(one), work(two));
    claimed.extend(others);
    claimed.sort();
    expected.sort();
    assert_eq!(claimed, expected);
}

#[tokio::test]
async fn expired_lease_is_claimed_by_another_worker() {
    let fixture = Fixture::create().await;
    add(
        &fixture,
        "m1",
        AccessLevel::Organization,
        &new_job(Kind::Annual, JobOptions::default()),
    )
    .await;
    let brief = QueueSettings {
        lease: Duration::ZERO,
        ..QueueSettings::default()
    };
    let queue = fixture.store.queue(brief).unwrap();
    let (_, first) = queue.claim().await.unwrap().unwrap();
    assert_eq!(queue.renew(&first).await.unwrap(), Renewal::Continue);
    let (again, second) = queue.claim().await.unwrap().unwrap();
    assert_eq!(again.attempts, 2);
    assert_ne!(first.token, second.token);
    assert_eq!(queue.renew(&first).await.unwrap(), Renewal::Lost);
    let late = queue
        .finish(&first, JobStatus::Completed, None, None)
        .await
        .unwrap_err();
    assert!(matches!(late, RepositoryError::Stale { .. }), "{late:?}");
    queue
        .finish(&second, JobStatus::Completed, None, Some(0))
        .await
        .unwrap();
    assert!(queue.claim().await.unwrap().is_none());
}

#[tokio::test]
async fn released_job_is_claimed_again_as_the_first_attempt() {
    let fixture = Fixture::create().await;
    add(
        &fixture,
        "m1",
        AccessLevel::Organization,
        &new_job(Kind::Annual, JobOptions::default()),
    )
    .await;
    let queue = fixture.store.queue(QueueSettings::default()).unwrap();
    let (_, lease) = queue.claim().await.unwrap().unwrap();
    assert!(queue.claim().await.unwrap().is_none());
    queue.release(&lease).await.unwrap();
    assert_eq!(queue.renew(&lease).await.unwrap(), Renewal::Lost);
    let (job, _) = queue.claim().await.unwrap().unwrap();
    assert_eq!(job.attempts, 1);
    queue.release(&lease).await.unwrap();
    assert!(
        queue.claim().await.unwrap().is_none(),
        "a lost lease gives nothing back"
    );
}

#[tokio::test]
async fn cancelling_stops_a_waiting_job_and_signals_a_running_one() {
    let fixture = Fixture::create().await;
    let m1 = fixture.actor("m1").await;
    let waiting = add(
        &fixture,
        "m1",
        AccessLevel::Personal,
        &new_job(Kind::Annual, JobOptions::default()),
    )
    .await;
    let cancel = async |job: JobId| {
        let work = fixture.begin(&m1).await;
        let job = work
            .jobs()
            .request_cancel(grant(&m1, AccessLevel::Personal), job)
            .await?;
        work.commit().await?;
        Ok::<_, RepositoryError>(job)
    };
    assert_eq!(
        cancel(waiting.id).await.unwrap().status,
        JobStatus::Cancelled
    );
    let late = cancel(waiting.id).await.unwrap_err();
    assert!(matches!(late, RepositoryError::Stale { .. }), "{late:?}");

    let running = add(
        &fixture,
        "m1",
        AccessLevel::Personal,
        &new_job(Kind::Annual, JobOptions::default()),
    )
    .await;
    let queue = fixture.store.queue(QueueSettings::default()).unwrap();
    let (job, lease) = queue.claim().await.unwrap().unwrap();
    assert_eq!(job.id, running.id);
    let asked = cancel(running.id).await.unwrap();
    assert_eq!(asked.status, JobStatus::Processing);
    assert!(asked.cancel_requested_at.is_some());
    assert_eq!(queue.renew(&lease).await.unwrap(), Renewal::CancelRequested);
    queue
        .finish(&lease, JobStatus::Cancelled, None, None)
        .await
        .unwrap();
}

#[tokio::test]
async fn readers_see_what_the_worker_reports_of_a_job() {
    let fixture = Fixture::create().await;
    let job = add(
        &fixture,
        "m1",
        AccessLevel::Organization,
        &new_job(Kind::Quarterly, JobOptions::default()),
    )
    .await;
    let queue = fixture.store.queue(QueueSettings::default()).unwrap();
    let (_, lease) = queue.claim().await.unwrap().unwrap();
    let columns = ["symbol".to_owned(), "reporting_year".to_owned()];
    let warning = JobWarning {
        code: "unknown_columns".to_owned(),
        detail: "x is not used".to_owned(),
        columns: vec!["x".to_owned()],
    };
    queue
        .describe(&lease, &columns, std::slice::from_ref(&warning))
        .await
        .unwrap();
    let running = queue
        .finish(&lease, JobStatus::Processing, None, None)
        .await;
    assert!(
        matches!(running, Err(RepositoryError::Internal(_))),
        "{running:?}"
    );
    let fault = Fault::new("/file", "missing_columns", "there is no reporting_quarter");
    queue
        .finish(&lease, JobStatus::Failed, Some(fault.clone()), Some(7))
        .await
        .unwrap();

    let scope = fixture.actor("oA").await.scope();
    let read = fixture
        .store
        .jobs()
        .find(&scope, job.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.status, JobStatus::Failed);
    assert_eq!(
        (read.columns.as_slice(), read.warnings),
        (columns.as_slice(), vec![warning])
    );
    assert_eq!((read.error, read.total_rows), (Some(fault), Some(7)));
    let failed = JobFilter {
        statuses: vec![JobStatus::Completed, JobStatus::Failed],
        job_type: Some(Kind::Quarterly.into()),
        ..JobFilter::default()
    };
    let list = async |name: &str, filter: &JobFilter| {
        let scope = fixture.actor(name).await.scope();
        fixture
            .store
            .jobs()
            .list(&scope, filter, Default::default(), None)
            .await
            .unwrap()
            .rows
            .len()
    };
    assert_eq!(list("tR", &failed).await, 1);
    assert_eq!(
        list(
            "tR",
            &JobFilter {
                job_type: Some(Kind::Annual.into()),
                ..failed.clone()
            }
        )
        .await,
        0
    );
    for (work, found) in [
        (vec![JobWork::Upload, JobWork::Rescoring], 1),
        (vec![JobWork::Upload], 1),
        (vec![JobWork::BackTest], 0),
        (vec![JobWork::Rescoring, JobWork::BackTest], 0),
        (JobWork::ALL.to_vec(), 1),
    ] {
        let filter = JobFilter {
            work,
            ..failed.clone()
        };
        assert_eq!(list("tR", &filter).await, found, "{filter:?}");
    }
    assert_eq!(list("mB", &failed).await, 0);
    assert_eq!(list("sa", &failed).await, 1);
}

#[tokio::test]
async fn equal_upload_is_found_until_it_has_failed() {
    let fixture = Fixture::create().await;
    let m1 = fixture.actor("m1").await;
    let organizations = grant(&m1, AccessLevel::Organization);
    let same = NewJob {
        dedup_key: Some("d".repeat(64)),
        ..new_job(Kind::Annual, JobOptions::default())
    };
    let first = add(&fixture, "m1", AccessLevel::Organization, &same).await;
    let met = fixture
        .store
        .jobs()
        .same_upload(organizations, &"d".repeat(64))
        .await
        .unwrap();
    assert_eq!(met, Some(first.id));
    let again = NewJob {
        id: JobId(Uuid::new_v4()),
        ..same.clone()
    };
    let work = fixture.begin(&m1).await;
    let twice = work.jobs().add(organizations, &again).await;
    assert!(
        matches!(&twice, Err(error) if error.conflict() == Some(Conflict::SameUpload)),
        "{twice:?}"
    );
    drop(work);
    let queue = fixture.store.queue(QueueSettings::default()).unwrap();
    let (_, lease) = queue.claim().await.unwrap().unwrap();
    queue
        .finish(&lease, JobStatus::Failed, None, None)
        .await
        .unwrap();
    let met = fixture
        .store
        .jobs()
        .same_upload(organizations, &"d".repeat(64))
        .await
        .unwrap();
    assert_eq!(met, None);
    add(&fixture, "m1", AccessLevel::Organization, &again).await;
}

#[tokio::test]
async fn new_job_wakes_a_waiting_worker() {
    let fixture = Fixture::create().await;
    // Without the notification this would poll for an hour.
    let long_lease = QueueSettings {
        poll: Duration::from_secs(3600),
        ..QueueSettings::default()
    };
    let queue = fixture.store.queue(long_lease).unwrap();
    assert!(queue.claim().await.unwrap().is_none());
    // The listener may start a little after the queue: the notification of one of several jobs
    // arrives.
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let job = || new_job(Kind::Annual, JobOptions::default());
    let woken = timeout(Duration::from_secs(20), async {
        let mut wait = queue.wait();
        loop {
            tokio::select! {
                () = &mut wait => break,
                _ = ticks.tick() => drop(add(&fixture, "m1", AccessLevel::Personal, &job()).await),
            }
        }
    });
    assert!(woken.await.is_ok(), "no worker was woken");
    assert!(queue.claim().await.unwrap().is_some());
}

#[tokio::test]
async fn job_that_is_given_up_reports_the_last_failure() {
    let fixture = Fixture::create().await;
    let m1 = fixture.actor("m1").await;
    let personal = grant(&m1, AccessLevel::Personal);
    let brief = QueueSettings {
        lease: Duration::ZERO,
        max_attempts: 2,
        ..QueueSettings::default()
    };
    let queue = fixture.store.queue(brief).unwrap();
    let job = new_job(Kind::Annual, JobOptions::default());
    add(&fixture, "m1", AccessLevel::Personal, &job).await;
    let cause = Fault::new(
        "/file",
        "file_unavailable",
        "the file store did not give the file",
    );
    let state = async || {
        let found = fixture.store.jobs().find(&m1.scope(), job.id).await;
        let found = found.unwrap().unwrap();
        (found.status, found.error)
    };
    let (_, killed) = queue.claim().await.unwrap().unwrap();
    let (_, failed) = queue.claim().await.unwrap().unwrap();
    let late = queue.interrupt(&killed, &cause, Duration::ZERO).await;
    assert!(
        matches!(late, Err(RepositoryError::Stale { .. })),
        "{late:?}"
    );
    queue
        .interrupt(&failed, &cause, Duration::ZERO)
        .await
        .unwrap();
    assert!(queue.claim().await.unwrap().is_none());
    let (status, error) = state().await;
    let error = error.unwrap();
    assert_eq!(
        (status, &*error.code),
        (JobStatus::Failed, "too_many_attempts")
    );
    assert_eq!(
        &*error.detail,
        "gave up after 2 attempts that came no further than row 0; the last one ended: \
         the file store did not give the file"
    );

    // The job continues from there, with all its attempts; each kill is recorded.
    let work = fixture.begin(&m1).await;
    let waiting = work.jobs().resume(personal, job.id, None, 1).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(
        (waiting.status, waiting.attempts, waiting.error),
        (JobStatus::Pending, 0, None)
    );
    for attempt in [1, 2] {
        assert_eq!(queue.claim().await.unwrap().unwrap().0.attempts, attempt);
    }
    assert!(queue.claim().await.unwrap().is_none());
    let (_, error) = state().await;
    assert!(
        error.unwrap().detail.ends_with("was killed or crashed"),
        "a process that is killed writes nothing down"
    );
    let found = fixture.store.jobs().find(&m1.scope(), job.id).await;
    let log = found.unwrap().unwrap().log;
    let lines: Vec<_> = log
        .iter()
        .map(|line| (line.event.as_str(), line.attempt, line.code.as_deref()))
        .collect();
    let given_up = ("failed", None, Some("too_many_attempts"));
    assert_eq!(
        lines,
        [
            ("taken", Some(1), None),
            ("taken", Some(2), None),
            ("attempt_failed", Some(2), Some("file_unavailable")),
            given_up,
            ("continued", None, None),
            ("taken", Some(1), None),
            ("taken", Some(2), None),
            given_up,
        ]
    );
    assert!(log.is_sorted_by_key(|line| line.at));
    assert_eq!(log[2].detail.as_deref(), Some(&*cause.detail));
}

#[tokio::test]
async fn job_log_keeps_its_last_lines() {
    let fixture = Fixture::create().await;
    let m1 = fixture.actor("m1").await;
    let job = new_job(Kind::Annual, JobOptions::default());
    add(&fixture, "m1", AccessLevel::Personal, &job).await;
    let brief = QueueSettings {
        lease: Duration::ZERO,
        max_attempts: i32::MAX,
        ..QueueSettings::default()
    };
    let queue = fixture.store.queue(brief).unwrap();
    let takes = MAX_LOG_LINES + 5;
    for _ in 0..takes {
        let _ = queue.claim().await.unwrap().unwrap();
    }
    let found = fixture.store.jobs().find(&m1.scope(), job.id).await;
    let log = found.unwrap().unwrap().log;
    assert_eq!(log.len(), MAX_LOG_LINES);
    let attempt = |line: &JobLogLine| line.attempt.map(|attempt| attempt as usize);
    assert_eq!(attempt(&log[0]), Some(takes - MAX_LOG_LINES + 1));
    assert_eq!(log.last().and_then(attempt), Some(takes));
}

#[tokio::test]
async fn attempt_ended_by_an_outage_is_not_counted() {
    let fixture = Fixture::create().await;
    let job = new_job(Kind::Annual, JobOptions::default());
    add(&fixture, "m1", AccessLevel::Personal, &job).await;
    let brief = QueueSettings {
        lease: Duration::ZERO,
        ..QueueSettings::default()
    };
    let queue = fixture.store.queue(brief).unwrap();
    let (_, first) = queue.claim().await.unwrap().unwrap();
    let again = queue.resume(&first).await.unwrap().unwrap();
    assert_eq!((again.id, again.attempts), (job.id, 1));
    // Its lease expired in the meantime, and another worker took the job.
    let (_, second) = queue.claim().await.unwrap().unwrap();
    assert!(queue.resume(&first).await.unwrap().is_none());
    queue.refund_attempt(job.id).await.unwrap();
    assert_eq!(queue.resume(&second).await.unwrap().unwrap().attempts, 1);
}

#[tokio::test]
async fn job_is_not_completed_before_every_row_has_an_outcome() {
    let fixture = Fixture::create().await;
    let job = new_job(Kind::Annual, JobOptions::default());
    add(&fixture, "m1", AccessLevel::Personal, &job).await;
    let queue = fixture.store.queue(QueueSettings::default()).unwrap();
    let (_, lease) = queue.claim().await.unwrap().unwrap();
    for total in [None, Some(5)] {
        let refused = queue
            .finish(&lease, JobStatus::Completed, None, total)
            .await;
        assert!(
            matches!(&refused, Err(error) if error.conflict() == Some(Conflict::RowsUnaccounted)),
            "{refused:?}"
        );
    }
    queue
        .finish(&lease, JobStatus::Completed, None, Some(0))
        .await
        .unwrap();
    let m1 = fixture.actor("m1").await;
    let work = fixture.begin(&m1).await;
    let personal = grant(&m1, AccessLevel::Personal);
    let late = work.jobs().resume(personal, job.id, None, 1).await;
    assert!(
        matches!(late, Err(RepositoryError::Stale { .. })),
        "what is completed is not continued: {late:?}"
    );
}
