//! Lists a company's predictions in the order of their periods.

use accunode_domain::{id::CompanyId, page::Limit};
use accunode_ports::repositories::{Timeline, TimelineFilter, TimelineMark};

use super::Companies;
use crate::{Caller, Error};

/// The selection of a timeline.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimelineQuery {
    /// The filter by kind and period.
    pub filter: TimelineFilter,
    /// The largest number of predictions.
    pub limit: Limit,
    /// The prediction to start after.
    pub after: Option<TimelineMark>,
}

impl Companies {
    /// Returns those predictions of a company that the caller can read: oldest period
    /// first, both kinds.
    ///
    /// # Errors
    /// `NotFound` if the caller cannot read the company.
    #[tracing::instrument(name = "companies.timeline", level = "debug", skip_all)]
    pub async fn timeline(
        &self,
        caller: &Caller,
        id: CompanyId,
        query: TimelineQuery,
    ) -> Result<Timeline, Error> {
        let company = self.get(caller, id).await?;
        let predictions = self.ports.store.predictions();
        Ok(predictions
            .timeline(
                &caller.actor.scope(),
                company.id,
                &query.filter,
                query.limit,
                query.after,
            )
            .await?)
    }
}
