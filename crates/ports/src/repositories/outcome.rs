//! What happened to companies.

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

/// Which outcomes a list has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutcomeStanding {
    /// Those that are not withdrawn.
    #[default]
    Now,
    /// Those that had been recorded by a time, and were not withdrawn by then.
    AsOf(Timestamp),
    /// All, withdrawn or not.
    Ever,
}

/// What a list of outcomes is narrowed to, beside its scope.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct OutcomeFilter {
    pub company: Option<CompanyId>,
    pub symbol: Option<Symbol>,
    pub definition: Option<Definition>,
    pub event: Option<Event>,
    pub occurred_from: Option<Date>,
    pub occurred_to: Option<Date>,
    pub standing: OutcomeStanding,
}

/// Reads outcomes: tenant rows, of which the scope says which there are.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OutcomeRepository: Send + Sync {
    /// By id, withdrawn or not.
    async fn find(&self, scope: &Scope, id: OutcomeId) -> Result<Option<Outcome>, RepositoryError>;
    /// A page, the one that was recorded last first.
    async fn list(
        &self,
        scope: &Scope,
        filter: &OutcomeFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Outcome>, RepositoryError>;
    /// How far outcomes of the scope's only owner are complete.
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
    /// The outcomes of the grant's owner that stand for a company under a definition. No other
    /// unit of work records or withdraws one of them until this one ends.
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
    /// `Stale` where it was withdrawn already, or is another owner's.
    async fn withdraw(
        &self,
        grant: Grant,
        id: OutcomeId,
        reason: &str,
    ) -> Result<Outcome, RepositoryError>;
    /// Says how far the outcomes of the grant's owner are complete; `version` is that of what
    /// was said before.
    ///
    /// # Errors
    /// `Stale` where it was said anew meanwhile.
    async fn set_coverage(
        &self,
        grant: Grant,
        definition: Definition,
        days: &CoverageDays,
        version: Option<i64>,
    ) -> Result<Coverage, RepositoryError>;
}
