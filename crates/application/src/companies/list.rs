//! Lists and searches companies.

use accunode_domain::{
    company::Company,
    id::OrganizationId,
    owner::AccessLevel,
    page::{Cursor, Limit, Page, Sort},
};
use accunode_ports::repositories::CompanyFilter;

use super::Companies;
use crate::{Caller, Error, MOST_COUNTED};

/// The filter and order of a list of companies.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct ListCompanies {
    pub filter: CompanyFilter,
    pub access_level: Option<AccessLevel>,
    pub organization: Option<OrganizationId>,
    pub sort: Sort,
    pub limit: Limit,
    pub after: Option<Cursor>,
}

impl Companies {
    /// Returns a page of the companies that the caller can read.
    ///
    /// # Errors
    /// `outside_scope` for a filter that names an organization outside of the caller's scope.
    #[tracing::instrument(name = "companies.list", level = "debug", skip_all)]
    pub async fn list(
        &self,
        caller: &Caller,
        query: ListCompanies,
    ) -> Result<Page<Company>, Error> {
        let scope = caller
            .actor
            .narrowed(query.access_level, query.organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let companies = self.ports.store.companies();
        Ok(companies
            .list(&scope, &query.filter, query.sort, query.limit, query.after)
            .await?)
    }

    /// Returns how many companies the list has on all of its pages, or [`MOST_COUNTED`] if there
    /// are as many or more.
    ///
    /// # Errors
    /// As the list.
    #[tracing::instrument(name = "companies.count", level = "debug", skip_all)]
    pub async fn count(&self, caller: &Caller, query: &ListCompanies) -> Result<u32, Error> {
        let scope = caller
            .actor
            .narrowed(query.access_level, query.organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let companies = self.ports.store.companies();
        Ok(companies.count(&scope, &query.filter, MOST_COUNTED).await?)
    }
}
