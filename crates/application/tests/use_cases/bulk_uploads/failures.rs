//! Failures while a chunk is stored: which are retried, and which end the attempt.

use std::sync::{Arc, Mutex, atomic::Ordering};

use accunode_domain::{
    job::{Checkpoint, JobCounts, JobStatus},
    user::Role,
};
use accunode_ports::{Contention, Outage, RepositoryError};
use tokio::sync::watch;

use super::kit::{job, lease, worker};
use crate::support::user;

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
async fn worker_waits_for_outage_and_resumes_from_stored_rows() {
    let ana = user(Role::User, None);
    // The connection is lost while the first chunk of ten rows is committed. Whether it is
    // stored is known when the database is available again.
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
async fn job_taken_over_during_outage_gets_its_attempt_back() {
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
        .expect_refund_attempt()
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
async fn other_storage_failure_ends_the_attempt_with_its_code() {
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
