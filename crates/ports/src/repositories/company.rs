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

/// The filters of a list of companies, in addition to its scope.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct CompanyFilter {
    /// A search term: ranks by similarity of name and symbol. Such a list has no cursor.
    pub q: Option<String>,
    pub symbol: Option<Symbol>,
    pub sector: Option<String>,
    pub industry: Option<String>,
    pub country: Option<String>,
    pub exchange: Option<String>,
    /// Identifiers, each in its stored form.
    pub identifiers: Identifiers,
    pub market_cap_gte: Option<i64>,
    pub market_cap_lte: Option<i64>,
    /// Only companies changed at this time or later.
    pub updated_from: Option<Timestamp>,
    /// Only companies changed at this time or earlier.
    pub updated_to: Option<Timestamp>,
    /// Only companies last changed by this job; such a list is in the order of changes.
    pub changed_by_job: Option<JobId>,
}

/// The company that a symbol refers to.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundCompany {
    /// The company.
    pub company: Company,
    /// Whether it was created by this call.
    pub is_new: bool,
}

/// Reads companies: tenant rows, restricted by the scope.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait CompanyRepository: Send + Sync {
    /// Returns the company with this id.
    async fn find(&self, scope: &Scope, id: CompanyId) -> Result<Option<Company>, RepositoryError>;
    /// Returns a page.
    async fn list(
        &self,
        scope: &Scope,
        filter: &CompanyFilter,
        sort: Sort,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Company>, RepositoryError>;
    /// Counts all rows of a list, up to `most`.
    async fn count(
        &self,
        scope: &Scope,
        filter: &CompanyFilter,
        most: u32,
    ) -> Result<u32, RepositoryError>;
    /// Whether the company has predictions or outcomes that the scope can read.
    async fn is_in_use(&self, scope: &Scope, id: CompanyId) -> Result<bool, RepositoryError>;
}

/// Changes companies. Each change takes a grant: whose rows may be changed, and by whom.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait CompanyWriter: Send + Sync {
    /// Stores a company for the owner of the grant.
    ///
    /// # Errors
    /// `Conflict` on `unique_company_symbol_per_org`.
    async fn add(
        &self,
        grant: Grant,
        id: CompanyId,
        profile: &CompanyProfile,
    ) -> Result<Company, RepositoryError>;
    /// Returns the company that a symbol refers to for a prediction of this owner: the owner's own,
    /// then (for personal predictions) that of the `home` organization, then the system's if the
    /// scope includes it. If there is none, the company is created for the owner under `id`. An
    /// existing company is never changed.
    async fn find_or_add(
        &self,
        scope: &Scope,
        grant: Grant,
        home: Option<OrganizationId>,
        id: CompanyId,
        profile: &CompanyProfile,
    ) -> Result<FoundCompany, RepositoryError>;
    /// Changes the description of a company of [`Grant::from`], if its version is still `version`,
    /// and transfers it to [`Grant::owner`].
    ///
    /// # Errors
    /// `Stale`, also for a company of another owner; `Conflict` on `unique_company_symbol_per_org`.
    async fn update(
        &self,
        grant: Grant,
        company: &Company,
        version: i64,
    ) -> Result<Company, RepositoryError>;
    /// Like [`Self::update`], with predictions on the company that change their owner with it. The
    /// commit of the unit of work checks that all of them did.
    ///
    /// # Errors
    /// Those of [`Self::update`]; `Conflict` on `companies_level_fixed` at the commit, if a
    /// prediction of [`Grant::from`] was not moved.
    async fn update_with_predictions(
        &self,
        grant: Grant,
        company: &Company,
        version: i64,
    ) -> Result<Company, RepositoryError>;
    /// Returns the rows on a company of the grant's owner that would be removed with it, including
    /// those that the caller cannot read.
    async fn rows_on(
        &self,
        grant: Grant,
        id: CompanyId,
    ) -> Result<Vec<RowsOnCompany>, RepositoryError>;
    /// Removes a company of the grant's owner, if its version is still `version`.
    ///
    /// # Errors
    /// `Stale`, also for a company of another owner, and if a row that the actor may not delete was
    /// added to it in the meantime.
    async fn remove(
        &self,
        grant: Grant,
        id: CompanyId,
        version: i64,
    ) -> Result<(), RepositoryError>;
}
