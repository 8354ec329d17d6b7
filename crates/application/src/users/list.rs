//! Lists and searches users.

use accunode_domain::{
    id::OrganizationId,
    page::{Cursor, Limit, Page},
};
use accunode_ports::repositories::UserFilter;

use super::{UserView, Users};
use crate::{Caller, Error};

/// The filter of a list of users.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct ListUsers {
    pub filter: UserFilter,
    pub organization: Option<OrganizationId>,
    pub limit: Limit,
    pub after: Option<Cursor>,
}

impl Users {
    /// Returns a page of the users of the caller's organizations, newest first: for members
    /// a directory of active users, for administrators all users in full.
    ///
    /// # Errors
    /// `role_forbidden` for a `user`; `outside_scope` for a filter that names an
    /// organization outside of the caller's scope.
    #[tracing::instrument(name = "users.list", level = "debug", skip_all)]
    pub async fn list(&self, caller: &Caller, query: ListUsers) -> Result<Page<UserView>, Error> {
        let directory = caller
            .actor
            .directory(query.organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let records = self.ports.store.users();
        let page = records
            .list(&directory, &query.filter, query.limit, query.after)
            .await?;
        let full = directory.full();
        Ok(Page {
            rows: page
                .rows
                .into_iter()
                .map(|user| UserView::of(user, full))
                .collect(),
            next: page.next,
        })
    }
}
