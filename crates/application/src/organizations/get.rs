//! Reads an organization.

use accunode_domain::{
    id::OrganizationId,
    organization::{Organization, OrganizationStats},
};

use super::{Organizations, refused};
use crate::{Caller, Error};

impl Organizations {
    /// Returns one organization.
    ///
    /// # Errors
    /// `NotFound` for an organization outside of the caller's scope.
    #[tracing::instrument(name = "organizations.get", level = "debug", skip_all)]
    pub async fn get(&self, caller: &Caller, id: OrganizationId) -> Result<Organization, Error> {
        caller.actor.read_organization(id).map_err(refused)?;
        self.stored(id).await
    }

    /// Returns the counts of an organization's rows, for its administrators.
    ///
    /// # Errors
    /// `NotFound`; `field_forbidden` for its other members.
    #[tracing::instrument(name = "organizations.stats", level = "debug", skip_all)]
    pub async fn stats(
        &self,
        caller: &Caller,
        id: OrganizationId,
    ) -> Result<OrganizationStats, Error> {
        let actor = &caller.actor;
        actor.inspect_organization(id).map_err(refused)?;
        self.stored(id).await?;
        let scope = actor.narrowed(None, Some(id)).map_err(refused)?;
        let counted = self
            .ports
            .store
            .organizations()
            .stats(&scope, &[id])
            .await?;
        Ok(counted.into_iter().next().unwrap_or_default())
    }
}
