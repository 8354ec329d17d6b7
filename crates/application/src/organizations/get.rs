//! An organization is looked at.

use accunode_domain::{
    id::OrganizationId,
    organization::{Organization, OrganizationStats},
};

use super::{Organizations, refused};
use crate::{Caller, Error};

impl Organizations {
    /// One organization.
    ///
    /// # Errors
    /// `NotFound` for one that is not the caller's.
    #[tracing::instrument(name = "organizations.get", level = "debug", skip_all)]
    pub async fn get(&self, caller: &Caller, id: OrganizationId) -> Result<Organization, Error> {
        caller.actor.read_organization(id).map_err(refused)?;
        self.stored(id).await
    }

    /// What there is of an organization, for those who administer it.
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
