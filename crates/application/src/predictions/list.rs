//! Lists predictions.

use accunode_domain::{
    id::OrganizationId,
    owner::AccessLevel,
    page::{Cursor, Limit, Page, Sort},
    prediction::{Kind, Prediction},
};
use accunode_ports::repositories::PredictionFilter;

use super::Predictions;
use crate::{Caller, Error, MOST_COUNTED};

/// The filter and order of a list of predictions.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the query's parameters")]
pub struct ListPredictions {
    pub filter: PredictionFilter,
    pub access_level: Option<AccessLevel>,
    pub organization: Option<OrganizationId>,
    pub sort: Sort,
    pub limit: Limit,
    pub after: Option<Cursor>,
}

impl Predictions {
    /// Returns a page of the predictions that the caller can read.
    ///
    /// # Errors
    /// `outside_scope` for a filter that names an organization outside of the caller's scope.
    #[tracing::instrument(name = "predictions.list", level = "debug", skip_all)]
    pub async fn list(
        &self,
        caller: &Caller,
        kind: Kind,
        query: ListPredictions,
    ) -> Result<Page<Prediction>, Error> {
        let scope = caller
            .actor
            .narrowed(query.access_level, query.organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let predictions = self.ports.store.predictions();
        let page = predictions
            .list(
                &scope,
                kind,
                &query.filter,
                query.sort,
                query.limit,
                query.after,
            )
            .await?;
        Ok(page)
    }

    /// Returns how many predictions the list has on all of its pages, or [`MOST_COUNTED`] if there
    /// are as many or more.
    ///
    /// # Errors
    /// As the list.
    #[tracing::instrument(name = "predictions.count", level = "debug", skip_all)]
    pub async fn count(
        &self,
        caller: &Caller,
        kind: Kind,
        query: &ListPredictions,
    ) -> Result<u32, Error> {
        let scope = caller
            .actor
            .narrowed(query.access_level, query.organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let predictions = self.ports.store.predictions();
        Ok(predictions
            .count(&scope, kind, &query.filter, MOST_COUNTED)
            .await?)
    }
}
