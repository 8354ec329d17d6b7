//! The trend of risk from period to period.

use accunode_domain::prediction::Kind;
use accunode_ports::repositories::{GroupBy, TrendPoint};

use super::{Analytics, FigureScope};
use crate::{Caller, Error};

/// The selection of points.
#[derive(Clone, Copy, Debug)]
pub struct TrendQuery {
    /// The kind of predictions.
    pub kind: Kind,
    /// The rows that are counted.
    pub scope: FigureScope,
    /// The property by which rows are grouped; `None` for no groups.
    pub group_by: Option<GroupBy>,
}

impl Analytics {
    /// Returns one point for each group and period, oldest period first.
    ///
    /// # Errors
    /// `outside_scope` for rows that the caller may not read.
    #[tracing::instrument(name = "analytics.trend", level = "debug", skip_all)]
    pub async fn trend(
        &self,
        caller: &Caller,
        query: TrendQuery,
    ) -> Result<Vec<TrendPoint>, Error> {
        let scope = self.scope(caller, query.scope).await?;
        let reader = caller.actor.scope();
        let TrendQuery { kind, group_by, .. } = query;
        let what = format!("trend/{kind}/{group_by:?}");
        self.cached(&what, &reader, &scope, || async {
            let analytics = self.ports.store.analytics();
            Ok(analytics.trend(&reader, &scope, kind, group_by).await?)
        })
        .await
    }
}
