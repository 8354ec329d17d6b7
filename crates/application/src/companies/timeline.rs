//! A company's predictions are told in the order of their periods.

use accunode_domain::{id::CompanyId, page::Limit};
use accunode_ports::repositories::{Timeline, TimelineFilter, TimelineMark};

use super::Companies;
use crate::{Caller, Error};

/// Which part of a timeline.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimelineQuery {
    /// Narrowed to a kind and to periods.
    pub filter: TimelineFilter,
    /// How many predictions at most.
    pub limit: Limit,
    /// After which one.
    pub after: Option<TimelineMark>,
}

impl Companies {
    /// What there is for a company that the caller can read, of the predictions that
    /// they can read: oldest period first, both kinds.
    ///
    /// # Errors
    /// `NotFound` for a company the caller cannot read.
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
