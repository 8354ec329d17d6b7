//! Rescorings: stored predictions, scored by another model.

use std::time::Duration;

use accunode_domain::{
    Timestamp,
    access::{Actor, Grant},
    audit::RequestContext,
    fault::Fault,
    id::PredictionId,
    job::{
        Checkpoint, Job, JobCounts, JobOptions, JobStatus, Position, Rescoring, RowStatus, Task,
    },
    owner::AccessLevel,
    prediction::{Kind, Outcome, Prediction, RevisionReason},
    risk::ModelRef,
};
use accunode_ports::{
    RepositoryError,
    budgets::RowBudget,
    repositories::{
        JobQueue, Lease, NewJob, Repositories, Rescorable, RescoredChunk, RescoredRow, RowFilter,
        ToRescore,
    },
};
use accunode_postgres::{PgJobQueue, QueueSettings};

use crate::{
    fixture::{Fixture, grant, outcome, ratios},
    queue::{add, new_job},
};

/// The PD that the other model returns for every row.
const PD: f64 = 0.031_25;

fn other_model() -> ModelRef {
    ModelRef {
        name: "other".to_owned(),
        version: "2".to_owned(),
        sha256: "b".repeat(64),
    }
}

fn by_other(kind: Kind) -> Outcome {
    Outcome {
        model: other_model(),
        ..outcome(kind, PD)
    }
}

fn rescoring() -> Rescoring {
    Rescoring {
        model: other_model(),
        only_from: None,
    }
}

/// A rescoring that a worker has claimed.
struct Running {
    fixture: Fixture,
    queue: PgJobQueue,
    actor: Actor,
    grant: Grant,
    kind: Kind,
    job: Job,
    lease: Lease,
}

impl Running {
    async fn begin(fixture: Fixture, name: &str, kind: Kind) -> Self {
        Self::begin_with(fixture, name, kind, QueueSettings::default()).await
    }

    async fn begin_with(fixture: Fixture, name: &str, kind: Kind, settings: QueueSettings) -> Self {
        let new = NewJob {
            task: Task::Rescore(rescoring()),
            file_key: String::new(),
            file_hash: String::new(),
            file_size: 0,
            ..new_job(kind, JobOptions::default())
        };
        add(&fixture, name, AccessLevel::Organization, &new).await;
        let queue = fixture.store.queue(settings).unwrap();
        let (job, lease) = queue.claim().await.unwrap().unwrap();
        let actor = fixture.actor(name).await;
        let grant = grant(&actor, AccessLevel::Organization);
        Self {
            fixture,
            queue,
            actor,
            grant,
            kind,
            job,
            lease,
        }
    }

    fn wanted(&self) -> ToRescore {
        ToRescore {
            grant: self.grant,
            kind: self.kind,
            rescoring: rescoring(),
            until: self.job.created_at,
        }
    }

    async fn read(&self, after: Option<Position>, limit: u32) -> Vec<Rescorable> {
        let jobs = self.fixture.store.jobs();
        jobs.to_rescore(&self.wanted(), after, limit).await.unwrap()
    }

    /// Returns the results of the other model for these, numbered from `first`.
    fn scored(&self, first: u32, read: Vec<Rescorable>) -> Vec<RescoredRow> {
        read.into_iter()
            .zip(first..)
            .map(|(read, row)| RescoredRow {
                row,
                scored: Ok((read.ratios.clone(), by_other(self.kind))),
                read,
            })
            .collect()
    }

    async fn store(
        &self,
        lease: &Lease,
        rows: Vec<RescoredRow>,
    ) -> Result<JobCounts, RepositoryError> {
        let last = rows.last().unwrap();
        let chunk = RescoredChunk {
            grant: self.grant,
            kind: self.kind,
            model: other_model(),
            checkpoint: Checkpoint {
                row: last.row,
                after: Some(last.read.position),
                ..Checkpoint::default()
            },
            total_rows: 10,
            row_budget: RowBudget::default(),
            context: RequestContext::default(),
            predicted_at: Timestamp::UNIX_EPOCH,
            rows,
        };
        let work = self.fixture.begin(&self.actor).await;
        let counts = work.jobs().store_rescored(lease, &chunk).await?;
        work.commit().await?;
        Ok(counts)
    }

    async fn job(&self) -> Job {
        let scope = self.actor.scope();
        let job = self.fixture.store.jobs().find(&scope, self.job.id).await;
        job.unwrap().unwrap()
    }

    async fn now(&self, id: PredictionId) -> Prediction {
        let scope = self.actor.scope();
        let predictions = self.fixture.store.predictions();
        predictions
            .find(&scope, self.kind, id)
            .await
            .unwrap()
            .unwrap()
    }

    /// Returns `row status code` of every row.
    async fn row_outcomes(&self) -> Vec<String> {
        let (job, scope) = (self.job().await, self.actor.scope());
        let jobs = self.fixture.store.jobs();
        let rows = jobs.rows(&scope, &job, RowFilter::default(), 1_000).await;
        rows.unwrap()
            .iter()
            .map(|row| {
                let code = row.faults.first().map_or("", |fault| fault.code.as_str());
                format!("{} {} {code}", row.row, row.status)
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }
}

/// Creates predictions of organization A by this user, oldest first.
async fn portfolio(fixture: &Fixture, name: &str, kind: Kind, count: u32) -> Vec<Prediction> {
    let actor = fixture.actor(name).await;
    let mut made = Vec::new();
    for n in 0..count {
        let symbol = format!("{}{n}", name.to_uppercase());
        let company = fixture
            .company(&actor, AccessLevel::Organization, &symbol)
            .await;
        let period = match kind {
            Kind::Annual => "2024",
            Kind::Quarterly => "2024 Q3",
        };
        made.push(
            fixture
                .predict(&actor, AccessLevel::Organization, &company, period, 0.5)
                .await,
        );
    }
    made.sort_by_key(|prediction| (prediction.created_at, prediction.id));
    made
}

fn counts(updated: u32, skipped: u32, error: u32) -> JobCounts {
    JobCounts {
        success: 0,
        updated,
        skipped,
        error,
    }
}

async fn rollups_equal_the_plain_queries(fixture: &Fixture) {
    let differences = fixture
        .count(
            "WITH rolled AS (
               SELECT owner_key, reporting_year, sector, risk_level, pd_bucket, sum(n)::bigint AS n, sum(sum_probability) AS p, sum(sum_confidence) AS c
                 FROM annual_prediction_rollup_live GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0 OR sum(sum_probability) <> 0),
             plain AS (
               SELECT owner_key, reporting_year, company_sector, risk_level, pd_bucket(pd), count(*), sum(probability), sum(confidence)
                 FROM annual_predictions GROUP BY 1, 2, 3, 4, 5)
             SELECT count(*) FROM ((TABLE rolled EXCEPT TABLE plain) UNION ALL (TABLE plain EXCEPT TABLE rolled)) d",
        )
        .await;
    assert_eq!(differences, 0);
}

#[tokio::test]
async fn rescored_chunk_keeps_the_replaced_revisions() {
    for kind in Kind::ALL {
        let fixture = Fixture::create().await;
        let before = portfolio(&fixture, "m1", kind, 3).await;
        let run = Running::begin(fixture, "m1", kind).await;
        let jobs = run.fixture.store.jobs();
        assert_eq!(jobs.count_to_rescore(&run.wanted()).await.unwrap(), 3);
        let read = run.read(None, 10).await;
        let ids: Vec<_> = read.iter().map(|row| row.id).collect();
        assert_eq!(ids, before.iter().map(|p| p.id).collect::<Vec<_>>());
        let rows = run.scored(1, read);
        assert_eq!(run.store(&run.lease, rows).await.unwrap(), counts(3, 0, 0));
        assert_eq!(
            run.row_outcomes().await,
            ["1 updated", "2 updated", "3 updated"]
        );
        for was in &before {
            let is = run.now(was.id).await;
            assert_eq!(is.outcome, by_other(kind));
            assert_eq!(is.predicted_at, Timestamp::UNIX_EPOCH);
            assert_eq!(is.ratios, was.ratios);
            let kept = run
                .fixture
                .store
                .predictions()
                .revisions(&run.actor.scope(), kind, was.id, None, 10)
                .await
                .unwrap();
            assert_eq!(kept.len(), 1);
            assert_eq!(
                (&kept[0].outcome, &kept[0].ratios),
                (&was.outcome, &was.ratios)
            );
            assert_eq!(
                (kept[0].reason, kept[0].job, kept[0].replaced_by),
                (
                    RevisionReason::Model,
                    Some(run.job.id),
                    Some(run.actor.user())
                )
            );
        }
        let job = run.job().await;
        assert_eq!(job.task, Task::Rescore(rescoring()));
        assert_eq!((job.counts, job.total_rows), (counts(3, 0, 0), Some(10)));
        assert_eq!((job.checkpoint.row, job.file_hash.as_str()), (3, ""));
        assert!(run.read(job.checkpoint.after, 10).await.is_empty());
        assert!(
            run.read(None, 10).await.is_empty(),
            "what the model scored already is left alone"
        );
        let audited = "SELECT count(*) FROM audit_logs WHERE event_type = 'predictions.rescored'";
        assert_eq!(run.fixture.count(audited).await, 1);
        rollups_equal_the_plain_queries(&run.fixture).await;
    }
}

#[tokio::test]
async fn rescoring_skips_changed_predictions_and_reports_forbidden_ones() {
    let fixture = Fixture::create().await;
    let mut mine = portfolio(&fixture, "m1", Kind::Annual, 4).await;
    portfolio(&fixture, "m2", Kind::Annual, 1).await;
    let run = Running::begin(fixture, "m1", Kind::Annual).await;
    let mut rows = run.scored(1, run.read(None, 10).await);
    // One is corrected, one deleted, one does not satisfy the rules any more.
    let work = run.fixture.begin(&run.actor).await;
    mine[0].ratios = ratios(Kind::Annual, 0.5);
    let predictions = work.predictions();
    predictions.replace(run.grant, &mine[0], 1).await.unwrap();
    predictions
        .remove(run.grant, Kind::Annual, mine[1].id, 1)
        .await
        .unwrap();
    work.commit().await.unwrap();
    for row in rows.iter_mut().filter(|row| row.read.id == mine[2].id) {
        row.scored = Err(vec![Fault::new("/ratios", "too_few_ratios", "2 of 5")]);
    }
    let ids: Vec<_> = rows.iter().map(|row| row.read.id).collect();
    assert_eq!(run.store(&run.lease, rows).await.unwrap(), counts(1, 2, 2));
    let outcomes = run.row_outcomes().await;
    let of = |id| outcomes[ids.iter().position(|other| *other == id).unwrap()].clone();
    assert!(
        of(mine[0].id).ends_with("skipped changed_meanwhile"),
        "{outcomes:?}"
    );
    assert!(
        of(mine[1].id).ends_with("skipped changed_meanwhile"),
        "{outcomes:?}"
    );
    assert!(
        of(mine[2].id).ends_with("error too_few_ratios"),
        "{outcomes:?}"
    );
    assert!(of(mine[3].id).ends_with("updated"), "{outcomes:?}");
    let not_writable = outcomes
        .iter()
        .filter(|row| row.ends_with("error not_writable"));
    assert_eq!(not_writable.count(), 1, "{outcomes:?}");
    let corrected = run.now(mine[0].id).await;
    assert_eq!(
        (
            corrected.outcome.model.version.as_str(),
            corrected.row_version
        ),
        ("1", 2)
    );
    rollups_equal_the_plain_queries(&run.fixture).await;
}

#[tokio::test]
async fn rescoring_with_a_lost_lease_stores_nothing_and_another_finishes() {
    let fixture = Fixture::create().await;
    let before = portfolio(&fixture, "m1", Kind::Annual, 5).await;
    let brief = QueueSettings {
        lease: Duration::ZERO,
        ..QueueSettings::default()
    };
    let run = Running::begin_with(fixture, "m1", Kind::Annual, brief).await;
    let first = run.scored(1, run.read(None, 2).await);
    run.store(&run.lease, first).await.unwrap();
    // The first worker scores its second chunk while another claims the job.
    let after = run.job().await.checkpoint.after;
    let late = run.scored(3, run.read(after, 2).await);
    let (job, second) = run.queue.claim().await.unwrap().unwrap();
    assert_eq!(
        (job.checkpoint.row, job.task),
        (2, Task::Rescore(rescoring()))
    );
    let refused = run.store(&run.lease, late).await.unwrap_err();
    assert!(
        matches!(refused, RepositoryError::Stale { .. }),
        "{refused:?}"
    );
    assert_eq!(run.job().await.counts, counts(2, 0, 0));

    let mut checkpoint = job.checkpoint;
    loop {
        let read = run.read(checkpoint.after, 2).await;
        if read.is_empty() {
            break;
        }
        let rows = run.scored(checkpoint.row + 1, read);
        run.store(&second, rows).await.unwrap();
        checkpoint = run.job().await.checkpoint;
    }
    run.queue
        .finish(&second, JobStatus::Completed, None, Some(5))
        .await
        .unwrap();
    assert_eq!(run.job().await.counts, counts(5, 0, 0));
    for was in &before {
        assert_eq!(run.now(was.id).await.row_version, 2, "scored once");
    }
    let revisions = "SELECT count(*) FROM annual_prediction_revisions";
    assert_eq!(run.fixture.count(revisions).await, 5);
    let distinct = "SELECT count(DISTINCT prediction_id) FROM annual_prediction_revisions";
    assert_eq!(run.fixture.count(distinct).await, 5);
    rollups_equal_the_plain_queries(&run.fixture).await;
}

#[tokio::test]
async fn rescoring_reads_each_requested_prediction_once_in_order() {
    let fixture = Fixture::create().await;
    let mine = portfolio(&fixture, "m1", Kind::Annual, 5).await;
    portfolio(&fixture, "mB", Kind::Annual, 1).await;
    let run = Running::begin(fixture, "m1", Kind::Annual).await;
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = run.read(after, 2).await;
        let Some(last) = page.last() else { break };
        after = Some(last.position);
        seen.extend(page.iter().map(|row| row.id));
    }
    assert_eq!(seen, mine.iter().map(|p| p.id).collect::<Vec<_>>());
    let jobs = run.fixture.store.jobs();
    let with = async |change: &dyn Fn(&mut ToRescore)| {
        let mut wanted = run.wanted();
        change(&mut wanted);
        let read = jobs.to_rescore(&wanted, None, 10).await.unwrap();
        assert_eq!(
            jobs.count_to_rescore(&wanted).await.unwrap() as usize,
            read.len()
        );
        read.len()
    };
    assert_eq!(with(&|w| w.rescoring.only_from = Some("1".into())).await, 5);
    assert_eq!(with(&|w| w.rescoring.only_from = Some("7".into())).await, 0);
    let same = outcome(Kind::Annual, PD).model;
    assert_eq!(with(&|w| w.rescoring.model = same.clone()).await, 0);
    let same_file = |w: &mut ToRescore| w.rescoring.model.sha256.clone_from(&same.sha256);
    assert_eq!(
        with(&same_file).await,
        5,
        "another version of the same file"
    );
    assert_eq!(with(&|w| w.until = Timestamp::UNIX_EPOCH).await, 0);
}

#[tokio::test]
async fn equal_rescoring_is_found_until_it_has_ended() {
    let fixture = Fixture::create().await;
    portfolio(&fixture, "m1", Kind::Annual, 1).await;
    let m1 = fixture.actor("m1").await;
    let key = "d".repeat(64);
    let new = NewJob {
        task: Task::Rescore(rescoring()),
        dedup_key: Some(key.clone()),
        ..new_job(Kind::Annual, JobOptions::default())
    };
    let job = add(&fixture, "m1", AccessLevel::Organization, &new).await;
    let organizations = grant(&m1, AccessLevel::Organization);
    let met = async || {
        let jobs = fixture.store.jobs();
        jobs.same_upload(organizations, &key).await.unwrap()
    };
    assert_eq!(met().await, Some(job.id));
    let queue = fixture.store.queue(QueueSettings::default()).unwrap();
    let (_, lease) = queue.claim().await.unwrap().unwrap();
    queue
        .finish(&lease, JobStatus::Completed, None, Some(0))
        .await
        .unwrap();
    assert_eq!(met().await, None, "it may be asked for again");
    let scope = m1.scope();
    let filter = RowFilter {
        status: Some(RowStatus::Ok),
        ..RowFilter::default()
    };
    let rows = fixture.store.jobs().rows(&scope, &job, filter, 10).await;
    assert_eq!(rows.unwrap(), []);
}
