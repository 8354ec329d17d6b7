//! Counts of the installation's rows.

use accunode_domain::{
    job::JobStatus,
    organization::{Organization, OrganizationStats},
    page::{Cursor, Limit, Page, Sort},
};
use accunode_ports::repositories::{Connections, OrganizationFilter};

use super::Installation;
use crate::{Caller, Error};

/// Counts of the installation's rows within what the caller may read: personal rows of
/// other users are not counted.
#[derive(Clone, Debug)]
pub struct InstallationStats {
    /// A page of the organizations, newest first, with the counts of each.
    pub organizations: Page<(Organization, OrganizationStats)>,
    /// Bulk uploads by status; a status without uploads is absent.
    pub jobs: Vec<(JobStatus, u64)>,
    /// The connections of this process to the database, pool by pool.
    pub connections: Vec<Connections>,
}

impl Installation {
    /// Returns the counts.
    ///
    /// # Errors
    /// `role_forbidden` for other roles than super_admin.
    #[tracing::instrument(name = "installation.stats", level = "debug", skip_all)]
    pub async fn stats(
        &self,
        caller: &Caller,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<InstallationStats, Error> {
        let actor = &caller.actor;
        let denied = |denial| Error::denied(denial, "installation");
        actor.operate_installation().map_err(denied)?;
        let all = actor.list_organizations(None).map_err(denied)?;
        let scope = actor.scope();
        let (store, filter) = (&self.ports.store, OrganizationFilter::default());
        let page = store
            .organizations()
            .list(&all, &filter, Sort::CreatedAt, limit, after)
            .await?;
        let ids: Vec<_> = page.rows.iter().map(|row| row.id).collect();
        let counted = store.organizations().stats(&scope, &ids).await?;
        Ok(InstallationStats {
            organizations: Page {
                rows: page.rows.into_iter().zip(counted).collect(),
                next: page.next,
            },
            jobs: store.jobs().by_status(&scope).await?,
            connections: store.connections(),
        })
    }
}
