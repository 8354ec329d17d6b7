//! Companies.

use accunode_domain::{
    Timestamp,
    access::{Grant, RowsOnCompany, Scope},
    company::{Company, CompanyProfile, Symbol},
    id::{CompanyId, JobId, OrganizationId},
    identifier::Identifiers,
    page::{Cursor, Limit, Page, Sort},
};
use async_trait::async_trait;

use crate::RepositoryError;

/// What a list of companies is narrowed to, beside its scope.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct CompanyFilter {
    /// Ranks by likeness of name and symbol; such a list has no cursor.
    pub q: Option<String>,
    pub symbol: Option<Symbol>,
    pub sector: Option<String>,
    pub industry: Option<String>,
    pub country: Option<String>,
    pub exchange: Option<String>,
    /// Each as it is stored.
    pub identifiers: Identifiers,
    pub market_cap_gte: Option<i64>,
    pub market_cap_lte: Option<i64>,
    /// Changed at this time or later.
    pub updated_from: Option<Timestamp>,
    /// Changed at this time or earlier.
    pub updated_to: Option<Timestamp>,
    /// Changed last by this job; such a list is in the order of changes.
    pub changed_by_job: Option<JobId>,
}

/// A company that a symbol stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundCompany {
    /// The company.
    pub company: Company,
    /// Whether it was made just now.
    pub is_new: bool,
}

/// Reads companies: tenant rows, of which the scope says which there are.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait CompanyRepository: Send + Sync {
    /// By id.
    async fn find(&self, scope: &Scope, id: CompanyId) -> Result<Option<Company>, RepositoryError>;
    /// A page.
    async fn list(
        &self,
        scope: &Scope,
        filter: &CompanyFilter,
        sort: Sort,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Company>, RepositoryError>;
    /// How many rows a list has in all, and no more than `most`.
    async fn count(
        &self,
        scope: &Scope,
        filter: &CompanyFilter,
        most: u32,
    ) -> Result<u32, RepositoryError>;
    /// Whether predictions or outcomes that the scope can read stand on it.
    async fn is_in_use(&self, scope: &Scope, id: CompanyId) -> Result<bool, RepositoryError>;
}

/// Changes companies, each under a grant: whose rows may be changed, and who changes them.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait CompanyWriter: Send + Sync {
    /// Stores a company of the grant's owner.
    ///
    /// # Errors
    /// `Conflict` on `unique_company_symbol_per_org`.
    async fn add(
        &self,
        grant: Grant,
        id: CompanyId,
        profile: &CompanyProfile,
    ) -> Result<Company, RepositoryError>;
    /// The company a symbol means for a prediction of this owner: the owner's, then
    /// (personal) that of the `home` organization, then the system's where the
    /// scope has it; else it is made for the owner under `id`. One that exists is
    /// found, never changed.
    async fn find_or_add(
        &self,
        scope: &Scope,
        grant: Grant,
        home: Option<OrganizationId>,
        id: CompanyId,
        profile: &CompanyProfile,
    ) -> Result<FoundCompany, RepositoryError>;
    /// Changes what describes a company of [`Grant::from`], if its version still is
    /// `version`, and makes it one of [`Grant::owner`].
    ///
    /// # Errors
    /// `Stale`, also where it is a company of another owner; `Conflict` on
    /// `unique_company_symbol_per_org`.
    async fn update(
        &self,
        grant: Grant,
        company: &Company,
        version: i64,
    ) -> Result<Company, RepositoryError>;
    /// As [`Self::update`], where predictions on the company change their owner with it: that all
    /// of them did is judged when the unit of work is committed.
    ///
    /// # Errors
    /// Those of [`Self::update`]; `Conflict` on `companies_level_fixed` at the commit, where a
    /// prediction of [`Grant::from`] has stayed.
    async fn update_with_predictions(
        &self,
        grant: Grant,
        company: &Company,
        version: i64,
    ) -> Result<Company, RepositoryError>;
    /// What stands on a company of the grant's owner and would go with it, also what its reader
    /// cannot read.
    async fn rows_on(
        &self,
        grant: Grant,
        id: CompanyId,
    ) -> Result<Vec<RowsOnCompany>, RepositoryError>;
    /// Removes a company of the grant's owner, if its version still is `version`.
    ///
    /// # Errors
    /// `Stale`, also where it is a company of another owner, and where a row came onto it
    /// meanwhile that the actor may not delete.
    async fn remove(
        &self,
        grant: Grant,
        id: CompanyId,
        version: i64,
    ) -> Result<(), RepositoryError>;
}
