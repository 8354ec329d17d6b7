//! An upload that a worker has claimed, and rows for it.

use std::collections::BTreeMap;

use accunode_domain::{
    access::{Actor, Grant},
    audit::RequestContext,
    fault::Fault,
    id::{CompanyId, PredictionId},
    job::{Checkpoint, Job, JobCounts, JobOptions, OtherCompany, RowOutcome},
    owner::AccessLevel,
    page::Limit,
    prediction::{Kind, OnConflict, Prediction},
    risk::SectorScope,
};
use accunode_ports::{
    RepositoryError,
    budgets::RowBudget,
    repositories::{
        ChunkRow, JobChunk, JobQueue, Lease, PredictionFilter, Repositories, RowFilter, RowResult,
        ScoredRow,
    },
};
use accunode_postgres::QueueSettings;
use uuid::Uuid;

use crate::{
    fixture::{Fixture, grant, noon, outcome, period, profile, ratios},
    queue::{add, new_job},
};

/// A job that a worker has claimed.
pub(crate) struct Upload {
    pub(crate) fixture: Fixture,
    pub(crate) actor: Actor,
    pub(crate) grant: Grant,
    pub(crate) lease: Lease,
    pub(crate) on_conflict: OnConflict,
    pub(crate) dry_run: bool,
    pub(crate) row_budget: RowBudget,
    pub(crate) kind: Kind,
}

impl Upload {
    pub(crate) async fn begin(
        name: &str,
        level: AccessLevel,
        kind: Kind,
        on_conflict: OnConflict,
    ) -> Self {
        let fixture = Fixture::create().await;
        Self::begin_in(fixture, name, level, kind, on_conflict).await
    }

    pub(crate) async fn begin_in(
        fixture: Fixture,
        name: &str,
        level: AccessLevel,
        kind: Kind,
        on_conflict: OnConflict,
    ) -> Self {
        Self::begin_with(fixture, name, level, kind, on_conflict, false).await
    }

    pub(crate) async fn begin_with(
        fixture: Fixture,
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
        add(&fixture, name, level, &new_job(kind, options)).await;
        let queue = fixture.store.queue(QueueSettings::default()).unwrap();
        let (_, lease) = queue.claim().await.unwrap().unwrap();
        let actor = fixture.actor(name).await;
        let grant = grant(&actor, level);
        Self {
            fixture,
            actor,
            grant,
            lease,
            on_conflict,
            dry_run,
            row_budget: RowBudget::default(),
            kind,
        }
    }

    pub(crate) async fn store(&self, rows: Vec<ChunkRow>) -> Result<JobCounts, RepositoryError> {
        self.store_under(&self.lease, rows).await
    }

    /// Stores rows of a job of the same user.
    pub(crate) async fn store_under(
        &self,
        lease: &Lease,
        rows: Vec<ChunkRow>,
    ) -> Result<JobCounts, RepositoryError> {
        let chunk = self.chunk_under(lease, rows).await;
        let work = self.fixture.begin(&self.actor).await;
        let counts = work
            .jobs()
            .store_chunk(&self.actor.scope(), lease, &chunk)
            .await?;
        work.commit().await?;
        Ok(counts)
    }

    /// Returns a chunk that begins where the job stands.
    pub(crate) async fn chunk_under(&self, lease: &Lease, rows: Vec<ChunkRow>) -> JobChunk {
        let last = rows.last().map_or(1, |row| row.row);
        JobChunk {
            grant: self.grant,
            home: self.actor.organization(),
            kind: self.kind,
            on_conflict: self.on_conflict,
            other_company: OtherCompany::Warn,
            dry_run: self.dry_run,
            sectors: SectorScope::all_but(["Financials"]),
            rows,
            follows: self.job_of(lease).await.checkpoint.row,
            checkpoint: Checkpoint {
                row: last,
                bytes: u64::from(last) * 10,
                after: None,
            },
            total_rows: None,
            row_budget: self.row_budget,
            context: RequestContext::default(),
            predicted_at: noon(),
        }
    }

    pub(crate) async fn job(&self) -> Job {
        self.job_of(&self.lease).await
    }

    pub(crate) async fn job_of(&self, lease: &Lease) -> Job {
        let scope = self.actor.scope();
        self.fixture
            .store
            .jobs()
            .find(&scope, lease.job)
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn outcomes(&self) -> Vec<RowOutcome> {
        let job = self.job().await;
        let scope = self.actor.scope();
        let filter = RowFilter::default();
        self.fixture
            .store
            .jobs()
            .rows(&scope, &job, filter, 1000)
            .await
            .unwrap()
    }

    /// Returns `row status code` of every row.
    pub(crate) async fn row_outcomes(&self) -> Vec<String> {
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

    /// Returns `SYMBOL period` → PD of all stored predictions.
    pub(crate) async fn stored(&self) -> BTreeMap<String, f64> {
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

    pub(crate) async fn predictions(&self) -> Vec<Prediction> {
        let page = self
            .fixture
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

/// Returns a row of a file: its number, symbol, period and PD; the ratios follow from the
/// PD.
pub(crate) fn row(number: u32, symbol: &str, text: &str, pd: f64) -> ChunkRow {
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
        result: RowResult::Scored(Box::new(scored)),
    }
}

pub(crate) fn refused(number: u32) -> ChunkRow {
    ChunkRow {
        row: number,
        source: "x\0\t\\,".to_owned(),
        result: RowResult::Refused(vec![Fault::new("/ratios", "too_few_ratios", "2 of \0 5")]),
    }
}

pub(crate) fn counts(success: u32, updated: u32, skipped: u32, error: u32) -> JobCounts {
    JobCounts {
        success,
        updated,
        skipped,
        error,
    }
}

/// Stores a prediction before the upload.
pub(crate) async fn there(
    fixture: &Fixture,
    name: &str,
    symbol: &str,
    period: &str,
    pd: f64,
) -> Prediction {
    let actor = fixture.actor(name).await;
    let company = fixture
        .company(&actor, AccessLevel::Organization, symbol)
        .await;
    fixture
        .predict(&actor, AccessLevel::Organization, &company, period, pd)
        .await
}
