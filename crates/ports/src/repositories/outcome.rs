//! Company outcomes.

use accunode_domain::{
    Timestamp,
    access::{Grant, Scope},
    company::{CompanySnapshot, Symbol},
    id::{CompanyId, OutcomeId},
    outcome::{Coverage, CoverageDays, Definition, Outcome, OutcomeFacts, TimelineMark},
    page::{Cursor, Limit, Page},
    validation::Event,
};
use async_trait::async_trait;
use time::Date;

use crate::RepositoryError;

/// Which outcomes a list contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutcomeValidity {
    /// Outcomes that are not withdrawn.
    #[default]
    Current,
    /// Outcomes that were recorded by a time, and not withdrawn by then.
    AsOf(Timestamp),
    /// All, withdrawn or not.
    All,
}

/// The filter of a list of outcomes, in addition to its scope.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct OutcomeFilter {
    pub company: Option<CompanyId>,
    pub symbol: Option<Symbol>,
    pub definition: Option<Definition>,
    pub event: Option<Event>,
    pub occurred_from: Option<Date>,
    pub occurred_to: Option<Date>,
    pub validity: OutcomeValidity,
}

/// Reads outcomes, which are tenant rows, within a scope.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OutcomeRepository: Send + Sync {
    /// Returns an outcome by id, withdrawn or not.
    async fn find(&self, scope: &Scope, id: OutcomeId) -> Result<Option<Outcome>, RepositoryError>;
    /// Returns a page, the latest recorded first.
    async fn list(
        &self,
        scope: &Scope,
        filter: &OutcomeFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Outcome>, RepositoryError>;
    /// Returns the coverage of the scope's only owner.
    async fn coverage(
        &self,
        scope: &Scope,
        definition: Definition,
    ) -> Result<Option<Coverage>, RepositoryError>;
}

/// Records and withdraws outcomes, each under a grant.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OutcomeWriter: Send + Sync {
    /// Returns the outcomes of the grant's owner for a company under a definition that are not
    /// withdrawn. No other unit of work records or withdraws one of them until this one ends.
    async fn lock_timeline(
        &self,
        grant: Grant,
        company: CompanyId,
        definition: Definition,
    ) -> Result<Vec<(OutcomeId, TimelineMark)>, RepositoryError>;
    /// Stores an outcome of the grant's owner.
    ///
    /// # Errors
    /// `Conflict` on `OutcomeExists`.
    async fn add(
        &self,
        grant: Grant,
        id: OutcomeId,
        company: &CompanySnapshot,
        facts: &OutcomeFacts,
    ) -> Result<Outcome, RepositoryError>;
    /// Withdraws an outcome of the grant's owner.
    ///
    /// # Errors
    /// `Stale` if it was withdrawn already, or is another owner's.
    async fn withdraw(
        &self,
        grant: Grant,
        id: OutcomeId,
        reason: &str,
    ) -> Result<Outcome, RepositoryError>;
    /// Stores the coverage of the grant's owner; `version` is that of the previous coverage.
    ///
    /// # Errors
    /// `Stale` if the coverage was changed meanwhile.
    async fn set_coverage(
        &self,
        grant: Grant,
        definition: Definition,
        days: &CoverageDays,
        version: Option<i64>,
    ) -> Result<Coverage, RepositoryError>;
}
