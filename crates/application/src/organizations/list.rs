//! Lists organizations.

use accunode_domain::{
    organization::Organization,
    page::{Cursor, Limit, Page, Sort},
};
use accunode_ports::repositories::OrganizationFilter;

use super::{Organizations, refused};
use crate::{Caller, Error};

/// The filter and order of a list of organizations.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct ListOrganizations {
    pub filter: OrganizationFilter,
    pub sort: Sort,
    pub limit: Limit,
    pub after: Option<Cursor>,
}

impl Organizations {
    /// Returns a page of the organizations in the caller's scope: their own, their tenant's,
    /// or all.
    ///
    /// # Errors
    /// `role_forbidden` for a `user`; `outside_scope` for a parent outside of the caller's
    /// scope.
    #[tracing::instrument(name = "organizations.list", level = "debug", skip_all)]
    pub async fn list(
        &self,
        caller: &Caller,
        query: ListOrganizations,
    ) -> Result<Page<Organization>, Error> {
        let among = caller
            .actor
            .list_organizations(query.filter.parent)
            .map_err(refused)?;
        let organizations = self.ports.store.organizations();
        Ok(organizations
            .list(&among, &query.filter, query.sort, query.limit, query.after)
            .await?)
    }
}
