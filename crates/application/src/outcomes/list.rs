//! Lists company outcomes.

use accunode_domain::{
    id::OrganizationId,
    outcome::Outcome,
    owner::AccessLevel,
    page::{Cursor, Limit, Page},
};
use accunode_ports::repositories::OutcomeFilter;

use super::Outcomes;
use crate::{Caller, Error};

/// The filter of a list of outcomes.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct ListOutcomes {
    pub filter: OutcomeFilter,
    pub access_level: Option<AccessLevel>,
    pub organization: Option<OrganizationId>,
    pub limit: Limit,
    pub after: Option<Cursor>,
}

impl Outcomes {
    /// Returns a page of the outcomes that the caller can read, the latest recorded first.
    ///
    /// # Errors
    /// `outside_scope` for a filter that names an organization outside of the caller's
    /// scope.
    pub async fn list(&self, caller: &Caller, query: ListOutcomes) -> Result<Page<Outcome>, Error> {
        let scope = caller
            .actor
            .narrowed(query.access_level, query.organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let outcomes = self.ports.store.outcomes();
        Ok(outcomes
            .list(&scope, &query.filter, query.limit, query.after)
            .await?)
    }
}
