//! Reads reports of back-tests.

use accunode_domain::{
    access::Scope,
    id::{OrganizationId, ValidationId},
    owner::AccessLevel,
    page::{Cursor, Limit, Page},
    validation::ValidationReport,
};
use accunode_ports::repositories::ValidationFilter;

use super::Validations;
use crate::{Caller, Error};

/// The filter of a list of reports.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct ListValidations {
    pub filter: ValidationFilter,
    pub access_level: Option<AccessLevel>,
    pub organization: Option<OrganizationId>,
    pub limit: Limit,
    pub after: Option<Cursor>,
}

impl Validations {
    /// Returns a page of the reports that the caller can read, newest first.
    ///
    /// # Errors
    /// `outside_scope` for a filter that names an organization outside of the caller's
    /// scope.
    #[tracing::instrument(name = "validations.list", level = "debug", skip_all)]
    pub async fn list(
        &self,
        caller: &Caller,
        query: ListValidations,
    ) -> Result<Page<ValidationReport>, Error> {
        let scope = caller
            .actor
            .narrowed(query.access_level, query.organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let validations = self.ports.store.validations();
        Ok(validations
            .list(&scope, &query.filter, query.limit, query.after)
            .await?)
    }

    /// Returns one report. When a super_admin reads a user's personal report, this is
    /// written to the audit log before they receive it.
    ///
    /// # Errors
    /// `NotFound` if the caller cannot read it.
    #[tracing::instrument(name = "validations.get", level = "debug", skip_all)]
    pub async fn get(&self, caller: &Caller, id: ValidationId) -> Result<ValidationReport, Error> {
        self.found(caller, id).await.map(|(report, _)| report)
    }

    /// As above, with the scope in which it was read.
    pub(super) async fn found(
        &self,
        caller: &Caller,
        id: ValidationId,
    ) -> Result<(ValidationReport, Scope), Error> {
        caller.read_row(&self.ports, id).await
    }
}
