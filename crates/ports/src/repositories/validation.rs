//! Reports of back-tests: what they are made of, and what came of them.

use accunode_domain::{
    Timestamp,
    access::{Grant, Scope, SignOffGrant},
    id::{CompanyId, ValidationId},
    job::JobStatus,
    outcome::Definition,
    page::{Cursor, Limit, Page},
    prediction::Kind,
    validation::{
        BacktestRequest, KnownEvent, PredictionVersion, ValidationReport, ValidationResult, Verdict,
    },
};
use async_trait::async_trait;

use super::Lease;
use crate::RepositoryError;

/// What a list of reports is narrowed to, beside its scope.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct ValidationFilter {
    pub kind: Option<Kind>,
    pub status: Option<JobStatus>,
    pub verdict: Option<Verdict>,
    pub is_signed_off: Option<bool>,
}

/// A file that is kept with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidationFile {
    /// The sample as CSV.
    Sample,
    /// The report with all digits.
    Json,
    /// The report as a text.
    Markdown,
}

impl ValidationFile {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sample => "sample.csv",
            Self::Json => "report.json",
            Self::Markdown => "report.md",
        }
    }
}

/// Which histories a back-test reads.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedHistories {
    /// Whose predictions and outcomes.
    pub grant: Grant,
    /// Annual or quarterly predictions.
    pub kind: Kind,
    /// Outcomes under this definition.
    pub definition: Definition,
    /// Nothing that was recorded later.
    pub as_of: Timestamp,
    /// Whether outcomes of the system are read, too.
    pub include_system_outcomes: bool,
}

/// Some thousand companies with all versions of their predictions and all their outcomes: one
/// array for all rows, and for each company where its own begin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histories {
    companies: Vec<(CompanyId, usize, usize)>,
    predictions: Vec<PredictionVersion>,
    events: Vec<KnownEvent>,
}

impl Histories {
    /// Begins the rows of another company.
    pub fn begin(&mut self, company: CompanyId) {
        let places = (company, self.predictions.len(), self.events.len());
        self.companies.push(places);
    }

    /// A version of a prediction of the company that was begun last.
    pub fn add_prediction(&mut self, prediction: PredictionVersion) {
        self.predictions.push(prediction);
    }

    /// An outcome of the company that was begun last.
    pub fn add_event(&mut self, event: KnownEvent) {
        self.events.push(event);
    }

    /// How many companies.
    #[must_use]
    pub fn len(&self) -> usize {
        self.companies.len()
    }

    /// Whether there is no company.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.companies.is_empty()
    }

    /// Every company with its predictions and its outcomes.
    pub fn iter(
        &self,
    ) -> impl Iterator<Item = (CompanyId, &[PredictionVersion], &[KnownEvent])> + '_ {
        let ends = self.companies.iter().skip(1).map(|(_, p, e)| (*p, *e));
        let ends = ends.chain([(self.predictions.len(), self.events.len())]);
        self.companies
            .iter()
            .zip(ends)
            .map(|((company, predictions, events), ends)| {
                (
                    *company,
                    &self.predictions[*predictions..ends.0],
                    &self.events[*events..ends.1],
                )
            })
    }
}

/// Companies with their histories, in the order of their ids, as of one moment.
#[async_trait]
pub trait HistoryReader: Send {
    /// The next companies; none at the end.
    ///
    /// # Errors
    /// Those of the storage.
    async fn next(&mut self) -> Result<Histories, RepositoryError>;
}

/// What a back-test has come to, with its files.
#[derive(Clone, Debug, PartialEq)]
pub struct NewResult {
    /// Figures of the report's row.
    pub result: ValidationResult,
    /// The files, each in parts of gzip that can be read alone.
    pub files: Vec<(ValidationFile, Vec<Vec<u8>>)>,
}

/// Reads reports of back-tests: tenant rows.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ValidationRepository: Send + Sync {
    /// By id.
    async fn find(
        &self,
        scope: &Scope,
        id: ValidationId,
    ) -> Result<Option<ValidationReport>, RepositoryError>;
    /// A page, newest first.
    async fn list(
        &self,
        scope: &Scope,
        filter: &ValidationFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<ValidationReport>, RepositoryError>;
    /// A part of a file of a report, compressed; `None` behind the last one.
    async fn part(
        &self,
        scope: &Scope,
        id: ValidationId,
        file: ValidationFile,
        part: u32,
    ) -> Result<Option<Vec<u8>>, RepositoryError>;
}

/// Makes, completes and signs off reports.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ValidationWriter: Send + Sync {
    /// Stores what was asked for; its job is made in the same unit of work.
    async fn add(
        &self,
        grant: Grant,
        id: ValidationId,
        request: &BacktestRequest,
    ) -> Result<ValidationReport, RepositoryError>;
    /// Completes a report under the lease of its job, with its files.
    ///
    /// # Errors
    /// `Stale` where the lease is not ours any more or the report is completed: nothing may be
    /// committed then.
    async fn complete(
        &self,
        grant: Grant,
        lease: &Lease,
        new: &NewResult,
    ) -> Result<(), RepositoryError>;
    /// Signs off a completed report that someone else made.
    ///
    /// # Errors
    /// `Stale` where it is not completed, signed off already, or another owner's.
    async fn sign_off(
        &self,
        grant: SignOffGrant,
        id: ValidationId,
        assessment: u8,
        comment: &str,
    ) -> Result<ValidationReport, RepositoryError>;
}
