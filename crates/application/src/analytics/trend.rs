//! How risk has moved from period to period.

use accunode_domain::prediction::Kind;
use accunode_ports::repositories::{GroupBy, TrendPoint};

use super::{Analytics, FigureScope};
use crate::{Caller, Error};

/// Which points.
#[derive(Clone, Copy, Debug)]
pub struct TrendQuery {
    /// Of which predictions.
    pub kind: Kind,
    /// Over which rows.
    pub scope: FigureScope,
    /// By what; by nothing where it is `None`.
    pub group_by: Option<GroupBy>,
}

impl Analytics {
    /// One point for each group and period, oldest period first.
    ///
    /// # Errors
    /// `outside_scope` for rows that are not the caller's to see.
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
