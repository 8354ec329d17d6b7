//! Storing chunks of an upload.

use std::collections::BTreeMap;

use accunode_domain::{
    audit::RequestContext,
    id::JobId,
    job::{Checkpoint, JobCounts, JobOptions, JobStatus, OtherCompany},
    owner::AccessLevel,
    prediction::{Kind, OnConflict},
    risk::SectorScope,
};
use accunode_ports::{
    RepositoryError,
    budgets::RowBudget,
    repositories::{JobChunk, JobQueue, Lease, Repositories, RowFilter, RowResult},
};
use accunode_postgres::QueueSettings;
use uuid::Uuid;

use crate::{
    fixture::{Fixture, grant, noon, outcome, period, profile, ratios},
    queue::{add, new_job},
    upload::{Upload, counts, refused, row, there},
};

#[tokio::test]
async fn chunk_is_stored_with_counters_checkpoint_and_one_audit_row() {
    for kind in Kind::ALL {
        let (one, two) = if kind == Kind::Annual {
            ("2023", "2024")
        } else {
            ("2023 Q4", "2024 Q1")
        };
        let upload = Upload::begin("m1", AccessLevel::Organization, kind, OnConflict::Error).await;
        let rows = vec![
            row(2, "AAPL", one, 0.1),
            row(3, "AAPL", two, 0.2),
            refused(4),
            row(5, "MSFT", one, 0.9),
        ];
        assert_eq!(upload.store(rows).await.unwrap(), counts(3, 0, 0, 1));
        let expected = [
            format!("AAPL {one}"),
            format!("AAPL {two}"),
            format!("MSFT {one}"),
        ];
        let stored = upload.stored().await;
        assert_eq!(
            stored.into_iter().collect::<Vec<_>>(),
            expected
                .into_iter()
                .zip([0.1, 0.2, 0.9])
                .collect::<Vec<_>>()
        );
        assert_eq!(
            upload.row_outcomes().await,
            ["2 ok", "3 ok", "4 error too_few_ratios", "5 ok"]
        );
        let job = upload.job().await;
        assert_eq!((job.counts, job.checkpoint.row), (counts(3, 0, 0, 1), 5));
        let row = upload
            .predictions()
            .await
            .into_iter()
            .find(|row| row.outcome.pd.get() == 0.2)
            .unwrap();
        assert_eq!(row.ratios, ratios(kind, 0.2));
        assert_eq!(row.outcome, outcome(kind, 0.2));
        assert_eq!(
            row.origin.map(|origin| (origin.job, origin.row)),
            Some((job.id, 3))
        );
        let audited = upload
            .fixture
            .count("SELECT count(*) FROM audit_logs WHERE event_type = 'predictions.bulk_stored' AND actor_email = 'm1@example.com' AND new_values @> '{\"stored\": 3, \"error\": 1, \"companies_made\": 2}'")
            .await;
        assert_eq!(audited, 1);
        // The rows are listed in pages, also by outcome.
        let jobs = upload.fixture.store.jobs();
        let scope = upload.actor.scope();
        let filter = RowFilter {
            status: None,
            after: 2,
        };
        let page = jobs.rows(&scope, &job, filter, 2).await.unwrap();
        assert_eq!(page.iter().map(|row| row.row).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(page[1].source.as_deref(), Some("x\u{fffd}\t\\,"));
        let filter = RowFilter {
            status: Some("ok".parse().unwrap()),
            after: 0,
        };
        assert_eq!(jobs.rows(&scope, &job, filter, 10).await.unwrap().len(), 3);
        let strangers = upload.fixture.actor("mB").await.scope();
        assert!(
            jobs.rows(&strangers, &job, filter, 10)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn chunk_with_a_lost_lease_stores_nothing() {
    let upload = Upload::begin(
        "m1",
        AccessLevel::Organization,
        Kind::Annual,
        OnConflict::Error,
    )
    .await;
    let lost = Upload {
        lease: Lease {
            token: Uuid::new_v4(),
            ..upload.lease
        },
        ..upload
    };
    let refused = lost.store(vec![row(2, "AAPL", "2024", 0.1)]).await;
    assert!(
        matches!(refused, Err(RepositoryError::Stale { .. })),
        "{refused:?}"
    );
    let left = lost
        .fixture
        .count(
            "SELECT (SELECT count(*) FROM companies) + (SELECT count(*) FROM annual_predictions)",
        )
        .await;
    assert_eq!(left, 0);
    assert_eq!(lost.job().await.counts, JobCounts::default());
}

#[tokio::test]
async fn break_glass_on_an_upload_shows_the_outcomes_of_its_rows() {
    let upload = Upload::begin("u0", AccessLevel::Personal, Kind::Annual, OnConflict::Error).await;
    upload
        .store(vec![row(2, "AAPL", "2024", 0.1), refused(3)])
        .await
        .unwrap();
    let sa = upload.fixture.actor("sa").await;
    let jobs = upload.fixture.store.jobs();
    assert_eq!(
        jobs.find(&sa.scope(), upload.lease.job).await.unwrap(),
        None
    );
    let glass = sa.scope_with_break_glass(upload.lease.job.0).unwrap();
    let job = jobs.find(&glass, upload.lease.job).await.unwrap().unwrap();
    let rows = jobs
        .rows(&glass, &job, RowFilter::default(), 10)
        .await
        .unwrap();
    assert_eq!(rows.iter().map(|row| row.row).collect::<Vec<_>>(), [2, 3]);
    assert!(
        jobs.rows(&sa.scope(), &job, RowFilter::default(), 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn personal_upload_uses_companies_of_the_organization_and_system() {
    let fixture = Fixture::create().await;
    let (m2, sa) = (fixture.actor("m2").await, fixture.actor("sa").await);
    let home = fixture
        .company(&m2, AccessLevel::Organization, "HOME")
        .await;
    let everyones = fixture.company(&sa, AccessLevel::System, "EVERY").await;
    let upload = Upload::begin_in(
        fixture,
        "m1",
        AccessLevel::Personal,
        Kind::Quarterly,
        OnConflict::Error,
    )
    .await;
    let mut differing = row(3, "EVERY", "2024 Q1", 0.2);
    if let RowResult::Scored(scored) = &mut differing.result {
        scored.company.sector = "Utilities".to_owned();
    }
    let rows = vec![
        row(2, "HOME", "2024 Q1", 0.1),
        differing,
        row(4, "NEW", "2024 Q1", 0.3),
    ];
    assert_eq!(upload.store(rows).await.unwrap(), counts(3, 0, 0, 0));
    let companies: BTreeMap<_, _> = upload
        .predictions()
        .await
        .into_iter()
        .map(|row| (row.company.symbol.as_str().to_owned(), row.company))
        .collect();
    assert_eq!(companies["HOME"], home.snapshot());
    assert_eq!(
        companies["EVERY"],
        everyones.snapshot(),
        "found, never changed"
    );
    let owner: Uuid = sqlx::query_scalar("SELECT owner_key FROM companies WHERE symbol = 'NEW'")
        .fetch_one(&upload.fixture.superuser)
        .await
        .unwrap();
    assert_eq!(owner, upload.actor.user().0);
    let warnings = upload.job().await.warnings;
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].code, "company_differs");
    assert!(
        warnings[0].detail.contains("on 1 rows") && warnings[0].detail.contains("EVERY"),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn differing_companies_are_counted_over_all_chunks() {
    let upload = Upload::begin(
        "m1",
        AccessLevel::Organization,
        Kind::Annual,
        OnConflict::Error,
    )
    .await;
    for first in [2_u32, 12] {
        let rows = (first..first + 8)
            .map(|n| {
                let mut row = row(n, &format!("S{n}"), "2024", 0.1);
                if let (RowResult::Scored(scored), true) = (&mut row.result, n % 2 == 0) {
                    scored.company = profile("SAME");
                    scored.company.name = format!("Name {n}");
                    scored.period = period(&format!("20{n:02}"));
                }
                row
            })
            .collect();
        upload.store(rows).await.unwrap();
    }
    let queue = upload
        .fixture
        .store
        .queue(QueueSettings::default())
        .unwrap();
    queue.describe(&upload.lease, &[], &[]).await.unwrap();
    let warnings = upload.job().await.warnings;
    // The first row that names the company created it.
    assert!(warnings[0].detail.contains("on 7 rows"), "{warnings:?}");
}

#[tokio::test]
async fn conflicting_duplicates_are_one_warning_for_the_whole_file() {
    for on_conflict in [OnConflict::Skip, OnConflict::Update] {
        let upload =
            Upload::begin("m1", AccessLevel::Organization, Kind::Annual, on_conflict).await;
        for first in [2_u32, 5] {
            let rows = (first..first + 3)
                .map(|n| row(n, "TWIN", "2024", f64::from(n) / 100.0))
                .collect();
            upload.store(rows).await.unwrap();
        }
        let job = upload.job().await;
        let warning = job
            .warnings
            .iter()
            .find(|warning| warning.code == "conflicting_duplicate")
            .expect("a warning");
        assert!(
            warning.detail.starts_with("5 rows repeat") && warning.detail.contains("(TWIN 2024)"),
            "{warning:?}"
        );
    }
}

#[tokio::test]
async fn removing_a_job_can_undo_its_predictions() {
    let upload = Upload::begin(
        "m1",
        AccessLevel::Organization,
        Kind::Annual,
        OnConflict::Skip,
    )
    .await;
    there(&upload.fixture, "m2", "OLD", "2024", 0.5).await;
    upload
        .store(vec![
            row(2, "AAPL", "2024", 0.1),
            row(3, "OLD", "2024", 0.2),
        ])
        .await
        .unwrap();
    let remove = async |job: JobId, predictions: bool| {
        let work = upload.fixture.begin(&upload.actor).await;
        let removed = work.jobs().remove(upload.grant, job, predictions).await?;
        work.commit().await?;
        Ok::<_, RepositoryError>(removed)
    };
    let running = remove(upload.lease.job, true).await.unwrap_err();
    assert!(
        matches!(running, RepositoryError::Stale { .. }),
        "{running:?}"
    );
    let queue = upload
        .fixture
        .store
        .queue(QueueSettings::default())
        .unwrap();
    queue
        .finish(&upload.lease, JobStatus::Completed, None, Some(2))
        .await
        .unwrap();
    let undone = remove(upload.lease.job, true).await.unwrap();
    assert_eq!((undone.deleted, undone.restored, undone.kept), (1, 0, 0));
    assert_eq!(
        upload.stored().await,
        BTreeMap::from([("OLD 2024".to_owned(), 0.5)])
    );
    assert_eq!(
        upload
            .fixture
            .count("SELECT count(*) FROM bulk_upload_rows")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_uploads_of_the_same_rows_store_each_once() {
    let fixture = Fixture::create().await;
    let actor = fixture.actor("m1").await;
    let grant = grant(&actor, AccessLevel::Organization);
    let queue = fixture
        .store
        .queue(QueueSettings {
            per_owner: 9,
            ..QueueSettings::default()
        })
        .unwrap();
    let mut leases = Vec::new();
    for _ in 0..2 {
        let options = JobOptions {
            on_conflict: OnConflict::Skip,
            ..JobOptions::default()
        };
        add(
            &fixture,
            "m1",
            AccessLevel::Organization,
            &new_job(Kind::Annual, options),
        )
        .await;
        leases.push(queue.claim().await.unwrap().unwrap().1);
    }
    let store = async |lease: Lease, forwards: bool| {
        let mut total = JobCounts::default();
        for part in 0..10_u32 {
            let mut rows: Vec<_> = (0..50_u32)
                .map(|n| {
                    // The other file names them in another order.
                    let n = if forwards {
                        part * 50 + n
                    } else {
                        499 - part * 50 - n
                    };
                    (format!("S{}", n % 100), format!("{}", 2000 + n / 100))
                })
                .enumerate()
                .map(|(n, (symbol, year))| row(2 + part * 50 + n as u32, &symbol, &year, 0.1))
                .collect();
            rows.sort_by_key(|row| row.row);
            let chunk = JobChunk {
                grant,
                home: None,
                kind: Kind::Annual,
                on_conflict: OnConflict::Skip,
                other_company: OtherCompany::Warn,
                dry_run: false,
                sectors: SectorScope::default(),
                rows,
                follows: if part == 0 { 0 } else { 1 + part * 50 },
                checkpoint: Checkpoint {
                    row: 1 + (part + 1) * 50,
                    ..Checkpoint::default()
                },
                total_rows: Some(500),
                row_budget: RowBudget::default(),
                context: RequestContext::default(),
                predicted_at: noon(),
            };
            loop {
                let work = fixture.begin(&actor).await;
                match work
                    .jobs()
                    .store_chunk(&actor.scope(), &lease, &chunk)
                    .await
                {
                    Ok(counts) => {
                        work.commit().await.unwrap();
                        total += counts;
                        break;
                    }
                    Err(error) if error.is_contention() => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
        total
    };
    let (one, two) = tokio::join!(store(leases[0], true), store(leases[1], false));
    assert_eq!(
        (one.success + two.success, one.skipped + two.skipped),
        (500, 500)
    );
    assert_eq!(
        fixture
            .count("SELECT count(*) FROM annual_predictions")
            .await,
        500
    );
    assert_eq!(fixture.count("SELECT count(*) FROM companies").await, 100);
}
