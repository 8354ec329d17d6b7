//! Snapshots of nightly monitoring, listed.

use accunode_domain::{
    id::OrganizationId,
    owner::AccessLevel,
    page::{Cursor, Limit, Page},
    validation::MonitoringSnapshot,
};
use accunode_ports::repositories::SnapshotFilter;

use super::Monitoring;
use crate::{Caller, Error};

/// The query for a list of snapshots.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct ListSnapshots {
    pub filter: SnapshotFilter,
    pub access_level: Option<AccessLevel>,
    pub organization: Option<OrganizationId>,
    pub limit: Limit,
    pub after: Option<Cursor>,
}

impl Monitoring {
    /// Returns a page of the snapshots of one owner's predictions, the newest first. Those of a
    /// version that is not available any more are listed, too.
    ///
    /// # Errors
    /// As [`Self::report`]; `NotFound` for a name that no model has.
    #[tracing::instrument(name = "monitoring.snapshots", level = "debug", skip_all)]
    pub async fn snapshots(
        &self,
        caller: &Caller,
        query: &ListSnapshots,
    ) -> Result<Page<MonitoringSnapshot>, Error> {
        let (scope, _) = caller
            .actor
            .monitor(query.access_level, query.organization)
            .map_err(|denial| Error::denied_at(denial, "organization", "/organization_id"))?;
        self.model(&query.filter.model, None)?;
        let repository = self.ports.store.monitoring();
        Ok(repository
            .snapshots(&scope, &query.filter, query.limit, query.after.clone())
            .await?)
    }
}
