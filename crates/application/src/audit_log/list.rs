//! Lists events of the audit log.

use accunode_domain::{
    audit::AuditRecord,
    id::OrganizationId,
    page::{Cursor, Limit, Page},
};
use accunode_ports::repositories::AuditFilter;

use super::AuditLog;
use crate::{Caller, Error};

/// The filter of a list of events.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct ListEvents {
    pub filter: AuditFilter,
    pub organization: Option<OrganizationId>,
    pub limit: Limit,
    pub after: Option<Cursor>,
}

impl AuditLog {
    /// Returns a page of the events that the caller may read, newest first: their own and
    /// those of the organizations that they administer, or those of the named organization.
    ///
    /// # Errors
    /// `role_forbidden`, `outside_scope` for a named organization.
    #[tracing::instrument(name = "audit_log.list", level = "debug", skip_all)]
    pub async fn list(
        &self,
        caller: &Caller,
        query: ListEvents,
    ) -> Result<Page<AuditRecord>, Error> {
        let events = caller
            .actor
            .audit_log(query.organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let log = self.ports.store.audit_log();
        Ok(log
            .list(&events, &query.filter, query.limit, query.after)
            .await?)
    }
}
