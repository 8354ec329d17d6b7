//! Storing chunks of an upload.

use std::collections::BTreeMap;

use accunode_domain::{
    access::{Actor, Grant},
    audit::RequestContext,
    fault::Fault,
    id::{CompanyId, JobId, PredictionId},
    job::{Checkpoint, Job, JobCounts, JobOptions, JobStatus, RowOutcome},
    owner::AccessLevel,
    page::Limit,
    prediction::{Kind, OnConflict, Prediction},
};
use accunode_ports::{
    RepositoryError,
    jobs::{JobQueue, Lease},
    repositories::{ChunkRow, JobChunk, PredictionFilter, RowFilter, RowVerdict, ScoredRow, Store},
};
use accunode_postgres::QueueSettings;
use uuid::Uuid;

use crate::{
    queue::{add, new_job},
    world::{World, grant, noon, outcome, period, profile, ratios},
};

/// A job that a worker has.
struct Upload {
    world: World,
    actor: Actor,
    grant: Grant,
    lease: Lease,
    on_conflict: OnConflict,
    dry_run: bool,
    kind: Kind,
}

impl Upload {
    async fn begin(name: &str, level: AccessLevel, kind: Kind, on_conflict: OnConflict) -> Self {
        let world = World::create().await;
        Self::begin_in(world, name, level, kind, on_conflict).await
    }

    async fn begin_in(
        world: World,
        name: &str,
        level: AccessLevel,
        kind: Kind,
        on_conflict: OnConflict,
    ) -> Self {
        Self::begin_with(world, name, level, kind, on_conflict, false).await
    }

    async fn begin_with(
        world: World,
        name: &str,
        level: AccessLevel,
        kind: Kind,
        on_conflict: OnConflict,
        dry_run: bool,
    ) -> Self {
        let options = JobOptions {
            on_conflict,
            dry_run,
            ..JobOptions::default()
        };
        add(&world, name, level, &new_job(kind, options)).await;
        let queue = world.store.queue(QueueSettings::default()).unwrap();
        let (_, lease) = queue.claim().await.unwrap().unwrap();
        let actor = world.actor(name).await;
        let grant = grant(&actor, level);
        Self {
            world,
            actor,
            grant,
            lease,
            on_conflict,
            dry_run,
            kind,
        }
    }

    async fn store(&self, rows: Vec<ChunkRow>) -> Result<JobCounts, RepositoryError> {
        let last = rows.last().map_or(1, |row| row.row);
        let chunk = JobChunk {
            grant: self.grant,
            home: self.actor.organization(),
            kind: self.kind,
            on_conflict: self.on_conflict,
            dry_run: self.dry_run,
            rows,
            checkpoint: Checkpoint {
                row: last,
                bytes: u64::from(last) * 10,
                units_checked: true,
            },
            total_rows: None,
            context: RequestContext::default(),
            predicted_at: noon(),
        };
        let work = self.world.begin(&self.actor).await;
        let counts = work
            .jobs()
            .store_chunk(&self.actor.scope(), &self.lease, &chunk)
            .await?;
        work.commit().await?;
        Ok(counts)
    }

    async fn job(&self) -> Job {
        let scope = self.actor.scope();
        self.world
            .store
            .jobs()
            .find(&scope, self.lease.job)
            .await
            .unwrap()
            .unwrap()
    }

    async fn outcomes(&self) -> Vec<RowOutcome> {
        let job = self.job().await;
        let scope = self.actor.scope();
        let filter = RowFilter::default();
        self.world
            .store
            .jobs()
            .rows(&scope, &job, filter, 1000)
            .await
            .unwrap()
    }

    /// `row status code` of every row.
    async fn told(&self) -> Vec<String> {
        let outcomes = self.outcomes().await;
        outcomes
            .iter()
            .map(|row| {
                let codes: Vec<_> = row.faults.iter().map(|fault| fault.code.as_str()).collect();
                format!("{} {} {}", row.row, row.status, codes.join(","))
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }

    /// `SYMBOL period` → PD of everything stored.
    async fn stored(&self) -> BTreeMap<String, f64> {
        let rows = self.predictions().await;
        rows.into_iter()
            .map(|row| {
                (
                    format!("{} {}", row.company.symbol.as_str(), row.period),
                    row.outcome.pd.get(),
                )
            })
            .collect()
    }

    async fn predictions(&self) -> Vec<Prediction> {
        let page = self
            .world
            .store
            .predictions()
            .list(
                &self.actor.scope(),
                self.kind,
                &PredictionFilter::default(),
                Default::default(),
                Limit::new(100).unwrap(),
                None,
            )
            .await
            .unwrap();
        page.rows
    }
}

/// A row of a file: its number, symbol, period and PD; the ratios follow from the PD.
fn row(number: u32, symbol: &str, text: &str, pd: f64) -> ChunkRow {
    let period = period(text);
    let kind = period.kind();
    let scored = ScoredRow {
        id: PredictionId(Uuid::new_v4()),
        company_id: CompanyId(Uuid::new_v4()),
        company: profile(symbol),
        names_company: true,
        period,
        ratios: ratios(kind, pd),
        outcome: outcome(kind, pd),
    };
    ChunkRow {
        row: number,
        source: format!("{symbol},{text},{pd}"),
        verdict: RowVerdict::Scored(Box::new(scored)),
    }
}

fn refused(number: u32) -> ChunkRow {
    ChunkRow {
        row: number,
        source: "x\0\t\\,".to_owned(),
        verdict: RowVerdict::Refused(vec![Fault::new("/ratios", "too_few_ratios", "2 of \0 5")]),
    }
}

fn counts(success: u32, updated: u32, skipped: u32, error: u32) -> JobCounts {
    JobCounts {
        success,
        updated,
        skipped,
        error,
    }
}

/// A prediction that is there before the upload.
async fn there(world: &World, name: &str, symbol: &str, period: &str, pd: f64) -> Prediction {
    let actor = world.actor(name).await;
    let company = world
        .company(&actor, AccessLevel::Organization, symbol)
        .await;
    world
        .predict(&actor, AccessLevel::Organization, &company, period, pd)
        .await
}

#[tokio::test]
async fn a_chunk_is_stored_with_companies_outcomes_counters_checkpoint_and_one_audit_row() {
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
            upload.told().await,
            ["2 ok", "3 ok", "4 error too_few_ratios", "5 ok"]
        );
        let job = upload.job().await;
        assert_eq!(
            (job.counts, job.checkpoint.row, job.checkpoint.units_checked),
            (counts(3, 0, 0, 1), 5, true)
        );
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
            .world
            .count("SELECT count(*) FROM audit_logs WHERE event_type = 'predictions.bulk_stored' AND actor_email = 'm1@example.com' AND new_values @> '{\"stored\": 3, \"error\": 1, \"companies_made\": 2}'")
            .await;
        assert_eq!(audited, 1);
        // Told in pages, by outcome too.
        let jobs = upload.world.store.jobs();
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
        let strangers = upload.world.actor("mB").await.scope();
        assert!(
            jobs.rows(&strangers, &job, filter, 10)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn with_error_the_first_row_of_a_file_counts_and_what_was_there_before_it_stays() {
    let upload = Upload::begin(
        "m1",
        AccessLevel::Organization,
        Kind::Annual,
        OnConflict::Error,
    )
    .await;
    let before = there(&upload.world, "m2", "OLD", "2024", 0.5).await;
    let rows = vec![
        row(2, "AAPL", "2023", 0.1),
        row(3, "AAPL", "2023", 0.2),
        row(4, "OLD", "2024", 0.3),
        row(5, "OLD", "2024", 0.4),
    ];
    assert_eq!(upload.store(rows).await.unwrap(), counts(1, 0, 0, 3));
    // The same across chunks.
    let rows = vec![
        row(6, "AAPL", "2023", 0.3),
        row(7, "OLD", "2024", 0.4),
        row(8, "AAPL", "2024", 0.3),
    ];
    assert_eq!(upload.store(rows).await.unwrap(), counts(1, 0, 0, 2));
    assert_eq!(
        upload.told().await,
        [
            "2 ok",
            "3 error repeated_in_file",
            "4 error prediction_exists",
            "5 error prediction_exists",
            "6 error repeated_in_file",
            "7 error prediction_exists",
            "8 ok",
        ]
    );
    let outcomes = upload.outcomes().await;
    assert!(
        outcomes[4].faults[0].detail.contains("row 2"),
        "{:?}",
        outcomes[4]
    );
    assert_eq!(outcomes[5].prediction, Some(before.id));
    assert_eq!(upload.stored().await["OLD 2024"], 0.5);
    assert_eq!(upload.stored().await["AAPL 2023"], 0.1);
    assert_eq!(upload.job().await.counts, counts(2, 0, 0, 5));
}

#[tokio::test]
async fn with_skip_other_ratios_of_the_same_row_are_flagged() {
    let upload = Upload::begin(
        "m1",
        AccessLevel::Organization,
        Kind::Annual,
        OnConflict::Skip,
    )
    .await;
    there(&upload.world, "m2", "OLD", "2024", 0.5).await;
    let rows = vec![
        row(2, "AAPL", "2003", 0.1),
        row(3, "AAPL", "2003", 0.1),
        row(4, "AAPL", "2003", 0.2),
        row(5, "OLD", "2024", 0.3),
    ];
    assert_eq!(upload.store(rows).await.unwrap(), counts(1, 0, 3, 0));
    let rows = vec![row(6, "AAPL", "2003", 0.1), row(7, "AAPL", "2003", 0.9)];
    assert_eq!(upload.store(rows).await.unwrap(), counts(0, 0, 2, 0));
    assert_eq!(
        upload.told().await,
        [
            "2 ok",
            "3 skipped repeated_in_file",
            "4 skipped conflicting_duplicate",
            "5 skipped prediction_exists",
            "6 skipped repeated_in_file",
            "7 skipped conflicting_duplicate",
        ]
    );
    let outcomes = upload.outcomes().await;
    let detail = &outcomes[5].faults[0].detail;
    assert_eq!(
        detail,
        "AAPL 2003 stands on row 2 already with other ratios"
    );
    assert_eq!(upload.stored().await["AAPL 2003"], 0.1);
}

#[tokio::test]
async fn with_update_the_last_row_wins_over_the_file_and_over_what_was_there() {
    let upload = Upload::begin(
        "m1",
        AccessLevel::Organization,
        Kind::Annual,
        OnConflict::Update,
    )
    .await;
    let mine = there(&upload.world, "m1", "MINE", "2024", 0.5).await;
    let others = there(&upload.world, "m2", "OTHERS", "2024", 0.5).await;
    let rows = vec![
        row(2, "AAPL", "2024", 0.1),
        row(3, "AAPL", "2024", 0.2),
        row(4, "MINE", "2024", 0.3),
        row(5, "MINE", "2024", 0.4),
        row(6, "OTHERS", "2024", 0.6),
        row(7, "OTHERS", "2024", 0.7),
    ];
    assert_eq!(upload.store(rows).await.unwrap(), counts(1, 1, 2, 2));
    let expected = [
        "2 skipped superseded_in_file",
        "3 ok",
        "4 skipped superseded_in_file",
        "5 updated",
        "6 error not_writable",
        "7 error not_writable",
    ];
    assert_eq!(upload.told().await, expected);
    let stored = upload.stored().await;
    assert_eq!(
        (
            stored["AAPL 2024"],
            stored["MINE 2024"],
            stored["OTHERS 2024"]
        ),
        (0.2, 0.4, 0.5)
    );
    assert_eq!(upload.outcomes().await[5].prediction, Some(others.id));

    // A later chunk supersedes rows of an earlier one; the counters still add up.
    let rows = vec![row(8, "AAPL", "2024", 0.8), row(9, "MINE", "2024", 0.9)];
    assert_eq!(upload.store(rows).await.unwrap(), counts(0, 0, 2, 0));
    let expected = [
        "2 skipped superseded_in_file",
        "3 skipped superseded_in_file",
        "4 skipped superseded_in_file",
        "5 skipped superseded_in_file",
        "6 error not_writable",
        "7 error not_writable",
        "8 ok",
        "9 updated",
    ];
    assert_eq!(upload.told().await, expected);
    assert_eq!(upload.job().await.counts, counts(1, 1, 4, 2));
    let stored = upload.stored().await;
    assert_eq!((stored["AAPL 2024"], stored["MINE 2024"]), (0.8, 0.9));
    let outcomes = upload.outcomes().await;
    assert_eq!(outcomes[3].source.as_deref(), Some("MINE,2024,0.4"));
    // What the upload replaced is what was there before it, not its own earlier row.
    let replaced = upload
        .world
        .count("SELECT count(*) FROM bulk_upload_rows WHERE row_number = 9 AND (old_values->>'pd')::float8 = 0.5")
        .await;
    assert_eq!(replaced, 1);
    let read = upload
        .predictions()
        .await
        .into_iter()
        .find(|row| row.id == mine.id)
        .unwrap();
    assert_eq!(
        read.origin, None,
        "an updated row was not made by the upload"
    );
}

#[tokio::test]
async fn a_lost_lease_stores_nothing() {
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
        .world
        .count(
            "SELECT (SELECT count(*) FROM companies) + (SELECT count(*) FROM annual_predictions)",
        )
        .await;
    assert_eq!(left, 0);
    assert_eq!(lost.job().await.counts, JobCounts::default());
}

#[tokio::test]
async fn a_dry_run_stores_nothing_and_tells_what_the_run_then_does() {
    for on_conflict in OnConflict::ALL {
        let mut world = World::create().await;
        let before = there(&world, "m1", "MINE", "2024", 0.5).await;
        there(&world, "m2", "OTHERS", "2024", 0.5).await;
        let mut told = Vec::new();
        for dry_run in [true, false] {
            let kind = Kind::Annual;
            let level = AccessLevel::Organization;
            let upload = Upload::begin_with(world, "m1", level, kind, on_conflict, dry_run).await;
            let first = vec![
                row(2, "NEW", "2024", 0.1),
                row(3, "MINE", "2024", 0.9),
                row(4, "NEW", "2024", 0.2),
                refused(5),
                row(6, "OTHERS", "2024", 0.2),
            ];
            let second = vec![
                row(7, "MINE", "2024", 0.8),
                row(8, "NEW", "2024", 0.1),
                row(9, "NEW", "2024", 0.2),
                row(10, "NEW", "2023", 0.2),
            ];
            let third = vec![row(11, "NEW", "2024", 0.3), row(12, "NEW", "2023", 0.2)];
            let mut sum = JobCounts::default();
            for rows in [first, second, third] {
                sum += upload.store(rows).await.unwrap();
            }
            let job = upload.job().await;
            assert_eq!((job.counts, job.checkpoint.row), (sum, 12));
            told.push((upload.told().await, sum));
            if dry_run {
                let stored = upload.stored().await;
                assert_eq!(stored.len(), 2, "{stored:?}");
                assert_eq!(stored["MINE 2024"], before.outcome.pd.get());
                let left = upload
                    .world
                    .count("SELECT (SELECT count(*) FROM companies WHERE symbol = 'NEW') + (SELECT count(*) FROM audit_logs)")
                    .await;
                assert_eq!(left, 0);
                let ok = RowFilter {
                    status: Some("ok".parse().unwrap()),
                    after: 0,
                };
                let scope = upload.actor.scope();
                let ok = upload
                    .world
                    .store
                    .jobs()
                    .rows(&scope, &job, ok, 100)
                    .await
                    .unwrap();
                assert_eq!(ok.len(), 2);
                assert!(
                    ok.iter()
                        .all(|row| row.prediction.is_none() && row.source.is_none())
                );
            }
            let queue = upload.world.store.queue(QueueSettings::default()).unwrap();
            queue
                .finish(&upload.lease, JobStatus::Completed, None, Some(11))
                .await
                .unwrap();
            world = upload.world;
        }
        assert_eq!(told[0], told[1], "{on_conflict}");
    }
}

#[tokio::test]
async fn breaking_the_glass_on_an_upload_shows_what_became_of_its_rows() {
    let upload = Upload::begin("u0", AccessLevel::Personal, Kind::Annual, OnConflict::Error).await;
    upload
        .store(vec![row(2, "AAPL", "2024", 0.1), refused(3)])
        .await
        .unwrap();
    let sa = upload.world.actor("sa").await;
    let jobs = upload.world.store.jobs();
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
async fn a_personal_upload_uses_the_companies_of_ones_organization_and_of_everyone() {
    let world = World::create().await;
    let (m2, sa) = (world.actor("m2").await, world.actor("sa").await);
    let home = world.company(&m2, AccessLevel::Organization, "HOME").await;
    let everyones = world.company(&sa, AccessLevel::System, "EVERY").await;
    let upload = Upload::begin_in(
        world,
        "m1",
        AccessLevel::Personal,
        Kind::Quarterly,
        OnConflict::Error,
    )
    .await;
    let mut differing = row(3, "EVERY", "2024 Q1", 0.2);
    if let RowVerdict::Scored(scored) = &mut differing.verdict {
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
        .fetch_one(&upload.world.superuser)
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
async fn differing_companies_are_counted_over_all_chunks_and_stay_when_the_job_is_described() {
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
                if let (RowVerdict::Scored(scored), true) = (&mut row.verdict, n % 2 == 0) {
                    scored.company = profile("SAME");
                    scored.company.name = format!("Name {n}");
                    scored.period = period(&format!("20{n:02}"));
                }
                row
            })
            .collect();
        upload.store(rows).await.unwrap();
    }
    let queue = upload.world.store.queue(QueueSettings::default()).unwrap();
    queue.describe(&upload.lease, &[], &[]).await.unwrap();
    let warnings = upload.job().await.warnings;
    // The first row that names it made it.
    assert!(warnings[0].detail.contains("on 7 rows"), "{warnings:?}");
}

#[tokio::test]
async fn rows_with_other_ratios_are_told_with_the_whole_file_too() {
    let upload = Upload::begin(
        "m1",
        AccessLevel::Organization,
        Kind::Annual,
        OnConflict::Skip,
    )
    .await;
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

#[tokio::test]
async fn removing_a_job_may_remove_what_it_made() {
    let upload = Upload::begin(
        "m1",
        AccessLevel::Organization,
        Kind::Annual,
        OnConflict::Skip,
    )
    .await;
    there(&upload.world, "m2", "OLD", "2024", 0.5).await;
    upload
        .store(vec![
            row(2, "AAPL", "2024", 0.1),
            row(3, "OLD", "2024", 0.2),
        ])
        .await
        .unwrap();
    let remove = async |job: JobId, predictions: bool| {
        let work = upload.world.begin(&upload.actor).await;
        let removed = work.jobs().remove(upload.grant, job, predictions).await?;
        work.commit().await?;
        Ok::<_, RepositoryError>(removed)
    };
    let running = remove(upload.lease.job, true).await.unwrap_err();
    assert!(
        matches!(running, RepositoryError::Stale { .. }),
        "{running:?}"
    );
    let queue = upload.world.store.queue(QueueSettings::default()).unwrap();
    queue
        .finish(&upload.lease, JobStatus::Completed, None, Some(2))
        .await
        .unwrap();
    assert_eq!(remove(upload.lease.job, true).await.unwrap(), 1);
    assert_eq!(
        upload.stored().await,
        BTreeMap::from([("OLD 2024".to_owned(), 0.5)])
    );
    assert_eq!(
        upload
            .world
            .count("SELECT count(*) FROM bulk_upload_rows")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_uploads_of_the_same_rows_at_once_lose_none_and_double_none() {
    let world = World::create().await;
    let actor = world.actor("m1").await;
    let grant = grant(&actor, AccessLevel::Organization);
    let queue = world
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
            &world,
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
                dry_run: false,
                rows,
                checkpoint: Checkpoint::default(),
                total_rows: Some(500),
                context: RequestContext::default(),
                predicted_at: noon(),
            };
            loop {
                let work = world.begin(&actor).await;
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
        world.count("SELECT count(*) FROM annual_predictions").await,
        500
    );
    assert_eq!(world.count("SELECT count(*) FROM companies").await, 100);
}
