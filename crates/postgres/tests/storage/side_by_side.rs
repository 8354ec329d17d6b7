//! Two chunks of one job that are stored side by side.

use std::time::Duration;

use accunode_domain::{
    job::JobCounts,
    owner::AccessLevel,
    prediction::{Kind, OnConflict},
};
use accunode_ports::{
    RepositoryError,
    repositories::{ChunkRow, JobChunk, UnitOfWork},
};

use crate::upload::{Upload, counts, row};

async fn begin(on_conflict: OnConflict) -> Upload {
    Upload::begin("m1", AccessLevel::Organization, Kind::Annual, on_conflict).await
}

/// A chunk after row `follows`.
async fn chunk(upload: &Upload, follows: u32, rows: Vec<ChunkRow>) -> JobChunk {
    JobChunk {
        follows,
        ..upload.chunk_under(&upload.lease, rows).await
    }
}

async fn store(
    upload: &Upload,
    work: &dyn UnitOfWork,
    chunk: &JobChunk,
) -> Result<JobCounts, RepositoryError> {
    let scope = upload.actor.scope();
    work.jobs().store_chunk(&scope, &upload.lease, chunk).await
}

/// Stores a chunk in a unit of work of its own.
async fn commit(upload: &Upload, chunk: &JobChunk) -> Result<JobCounts, RepositoryError> {
    let work = upload.fixture.begin(&upload.actor).await;
    let counts = store(upload, &*work, chunk).await?;
    work.commit().await?;
    Ok(counts)
}

/// Waits until a transaction waits for the chunk before its own.
async fn until_one_waits(upload: &Upload) {
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    for _ in 0..500 {
        if upload.fixture.count(waiting).await == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the later chunk does not wait for the earlier one");
}

const STORED: &str = "SELECT count(*) FROM annual_predictions";

#[tokio::test]
async fn later_chunk_waits_for_the_earlier_one() {
    // Of the second chunk one company exists, or it makes one.
    for symbol in ["AAPL", "MSFT"] {
        let upload = begin(OnConflict::Error).await;
        upload
            .store(vec![row(2, "AAPL", "2020", 0.1)])
            .await
            .unwrap();
        let first = chunk(&upload, 2, vec![row(3, "AAPL", "2021", 0.1)]).await;
        let second = chunk(&upload, 3, vec![row(4, symbol, "2022", 0.1)]).await;
        let earlier = upload.fixture.begin(&upload.actor).await;
        store(&upload, &*earlier, &first).await.unwrap();
        let (later, ()) = tokio::join!(commit(&upload, &second), async {
            until_one_waits(&upload).await;
            assert_eq!(upload.fixture.count(STORED).await, 1);
            earlier.commit().await.unwrap();
        });
        assert_eq!(later.unwrap(), counts(1, 0, 0, 0), "{symbol}");
        let job = upload.job().await;
        assert_eq!((job.counts, job.checkpoint.row), (counts(3, 0, 0, 0), 4));
    }
}

#[tokio::test]
async fn later_chunk_is_not_stored_after_an_earlier_one_rolled_back() {
    let upload = begin(OnConflict::Update).await;
    upload
        .store(vec![row(2, "AAPL", "2020", 0.1)])
        .await
        .unwrap();
    let first = chunk(&upload, 2, vec![row(3, "AAPL", "2021", 0.1)]).await;
    let second = chunk(&upload, 3, vec![row(4, "AAPL", "2022", 0.1)]).await;
    let earlier = upload.fixture.begin(&upload.actor).await;
    store(&upload, &*earlier, &first).await.unwrap();
    let (later, ()) = tokio::join!(commit(&upload, &second), async {
        until_one_waits(&upload).await;
        drop(earlier);
    });
    let later = later.unwrap_err();
    assert!(later.is_contention(), "{later:?}");
    assert_eq!(upload.fixture.count(STORED).await, 1);
    assert_eq!(upload.job().await.checkpoint.row, 2);

    // Both are stored again, in their order.
    commit(&upload, &first).await.unwrap();
    commit(&upload, &second).await.unwrap();
    assert_eq!(upload.fixture.count(STORED).await, 3);
    let again = commit(&upload, &second).await;
    assert!(
        matches!(again, Err(RepositoryError::Stale { .. })),
        "{again:?}"
    );
    let job = upload.job().await;
    assert_eq!((job.counts, job.checkpoint.row), (counts(3, 0, 0, 0), 4));
}
