//! Reading definitions of default.

use accunode_domain::{
    default_definition::DefaultDefinition,
    id::{DefaultDefinitionId, OrganizationId},
    owner::AccessLevel,
    page::{Cursor, Limit, Page},
};
use accunode_ports::repositories::DefinitionFilter;

use super::DefaultDefinitions;
use crate::{Caller, Error};

/// The query for a list of definitions.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct ListDefinitions {
    pub filter: DefinitionFilter,
    pub access_level: Option<AccessLevel>,
    pub organization: Option<OrganizationId>,
    pub limit: Limit,
    pub after: Option<Cursor>,
}

impl DefaultDefinitions {
    /// Returns a page of the definitions that the caller can read, newest first. The shipped ones
    /// are last, in lists that are not narrowed to other owners.
    ///
    /// # Errors
    /// `outside_scope` for a filter that names an organization that is not the caller's.
    #[tracing::instrument(name = "default_definitions.list", level = "debug", skip_all)]
    pub async fn list(
        &self,
        caller: &Caller,
        mut query: ListDefinitions,
    ) -> Result<Page<DefaultDefinition>, Error> {
        let (level, organization) = (query.access_level, query.organization);
        let scope = caller
            .actor
            .narrowed(level, organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let of_everyone = level.is_none_or(|level| level == AccessLevel::System);
        query.filter.shipped = of_everyone && organization.is_none();
        let definitions = self.ports.store.definitions();
        Ok(definitions
            .list(&scope, &query.filter, query.limit, query.after)
            .await?)
    }

    /// Returns one definition. If a super_admin reads someone's personal one, that is recorded in
    /// the audit log before they see it.
    ///
    /// # Errors
    /// `NotFound` for a definition that the caller cannot read.
    #[tracing::instrument(name = "default_definitions.get", level = "debug", skip_all)]
    pub async fn get(
        &self,
        caller: &Caller,
        id: DefaultDefinitionId,
    ) -> Result<DefaultDefinition, Error> {
        let mut shipped = DefaultDefinition::shipped().into_iter();
        if let Some(found) = shipped.find(|shipped| shipped.id == id) {
            return Ok(found);
        }
        let (found, _) = caller.read_row(&self.ports, id).await?;
        Ok(found)
    }
}
