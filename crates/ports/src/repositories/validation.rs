//! Reports of back-tests: their inputs and results.

use accunode_domain::{
    Timestamp,
    access::{Grant, Scope, SignOffGrant},
    id::{CompanyId, ValidationId},
    job::JobStatus,
    outcome::Definition,
    owner::Owner,
    page::{Cursor, Limit, Page},
    prediction::Kind,
    validation::{
        BacktestRequest, DeletedPrediction, KnownEvent, PredictionVersion, ValidationReport,
        ValidationResult, Verdict,
    },
};
use async_trait::async_trait;

use super::Lease;
use crate::RepositoryError;

/// The filter of a list of reports, in addition to its scope.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct ValidationFilter {
    pub kind: Option<Kind>,
    pub status: Option<JobStatus>,
    pub verdict: Option<Verdict>,
    pub is_signed_off: Option<bool>,
    pub definition: Option<Definition>,
    pub model_version: Option<String>,
}

/// A file that is stored with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidationFile {
    /// The sample as CSV.
    Sample,
    /// The report with all digits.
    Json,
    /// The report as Markdown.
    Markdown,
}

impl ValidationFile {
    /// Returns its name.
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
    /// The owner of the predictions and outcomes, which the reader's scope contains.
    pub owner: Owner,
    /// Annual or quarterly predictions.
    pub kind: Kind,
    /// The definition of default of the outcomes.
    pub definition: Definition,
    /// Data that were recorded later are ignored.
    pub as_of: Timestamp,
    /// Whether the system's outcomes are read, too.
    pub include_system_outcomes: bool,
}

/// Some thousand companies with all versions of their predictions and all their outcomes: one
/// array for all rows, and for each company the index of its first row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histories {
    companies: Vec<(CompanyId, Places)>,
    predictions: Vec<PredictionVersion>,
    events: Vec<KnownEvent>,
    deleted: Vec<DeletedPrediction>,
}

/// The indexes of the first rows of a company.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Places {
    predictions: usize,
    events: usize,
    deleted: usize,
}

/// The rows of one company.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct History<'a> {
    /// The company, which may have been deleted.
    pub company: CompanyId,
    /// All versions of the predictions that were not deleted.
    pub predictions: &'a [PredictionVersion],
    /// Its outcomes.
    pub events: &'a [KnownEvent],
    /// Its predictions that were deleted.
    pub deleted: &'a [DeletedPrediction],
}

impl Histories {
    /// Begins the rows of another company.
    pub fn begin(&mut self, company: CompanyId) {
        self.companies.push((company, self.end()));
    }

    /// Adds a version of a prediction to the company that was begun last.
    pub fn add_prediction(&mut self, prediction: PredictionVersion) {
        self.predictions.push(prediction);
    }

    /// Adds an outcome to the company that was begun last.
    pub fn add_event(&mut self, event: KnownEvent) {
        self.events.push(event);
    }

    /// Adds a prediction that was deleted to the company that was begun last.
    pub fn add_deleted(&mut self, deleted: DeletedPrediction) {
        self.deleted.push(deleted);
    }

    const fn end(&self) -> Places {
        Places {
            predictions: self.predictions.len(),
            events: self.events.len(),
            deleted: self.deleted.len(),
        }
    }

    /// Returns the number of companies.
    #[must_use]
    pub fn len(&self) -> usize {
        self.companies.len()
    }

    /// Returns whether there is no company.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.companies.is_empty()
    }

    /// Iterates over companies with their rows.
    pub fn iter(&self) -> impl Iterator<Item = History<'_>> + '_ {
        let ends = self.companies.iter().skip(1).map(|(_, places)| *places);
        let ends = ends.chain([self.end()]);
        let companies = self.companies.iter().zip(ends);
        companies.map(|((company, from), to)| History {
            company: *company,
            predictions: &self.predictions[from.predictions..to.predictions],
            events: &self.events[from.events..to.events],
            deleted: &self.deleted[from.deleted..to.deleted],
        })
    }
}

/// Companies with their histories, in the order of their ids, in one snapshot.
#[async_trait]
pub trait HistoryReader: Send {
    /// Returns the next companies; none at the end.
    ///
    /// # Errors
    /// The errors of the storage.
    async fn next(&mut self) -> Result<Histories, RepositoryError>;
}

/// The result of a back-test, with its files.
#[derive(Clone, Debug, PartialEq)]
pub struct NewResult {
    /// The figures that the report's row stores.
    pub result: ValidationResult,
    /// The files, each as gzip parts that can be read separately.
    pub files: Vec<(ValidationFile, Vec<Vec<u8>>)>,
}

/// Reads reports of back-tests, which are tenant rows.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ValidationRepository: Send + Sync {
    /// Returns a report by id.
    async fn find(
        &self,
        scope: &Scope,
        id: ValidationId,
    ) -> Result<Option<ValidationReport>, RepositoryError>;
    /// Returns a page, newest first.
    async fn list(
        &self,
        scope: &Scope,
        filter: &ValidationFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<ValidationReport>, RepositoryError>;
    /// Returns a part of a file of a report, compressed; `None` after the last one.
    async fn part(
        &self,
        scope: &Scope,
        id: ValidationId,
        file: ValidationFile,
        part: u32,
    ) -> Result<Option<Vec<u8>>, RepositoryError>;
}

/// Creates, completes and signs off reports.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ValidationWriter: Send + Sync {
    /// Stores the parameters of a report; its job is created in the same unit of work.
    async fn add(
        &self,
        grant: Grant,
        id: ValidationId,
        request: &BacktestRequest,
    ) -> Result<ValidationReport, RepositoryError>;
    /// Completes a report under the lease of its job, with its files.
    ///
    /// # Errors
    /// `Stale` if the lease is lost or the report is completed: then nothing may be committed.
    async fn complete(
        &self,
        grant: Grant,
        lease: &Lease,
        new: &NewResult,
    ) -> Result<(), RepositoryError>;
    /// Signs off a completed report that another user requested.
    ///
    /// # Errors
    /// `Stale` if it is not completed, is signed off already, or is another owner's.
    async fn sign_off(
        &self,
        grant: SignOffGrant,
        id: ValidationId,
        assessment: u8,
        comment: &str,
    ) -> Result<ValidationReport, RepositoryError>;
}
