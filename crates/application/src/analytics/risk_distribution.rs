//! The number of predictions by group and risk level.

use accunode_domain::prediction::{Kind, ReportingYear};
use accunode_ports::repositories::{Distribution, GroupBy};

use super::{Analytics, FigureScope, year_text};
use crate::{Caller, Error};

/// The selection of counts.
#[derive(Clone, Copy, Debug)]
pub struct DistributionQuery {
    /// The kind of predictions.
    pub kind: Kind,
    /// The rows that are counted.
    pub scope: FigureScope,
    /// The reporting year; all years by default.
    pub year: Option<ReportingYear>,
    /// The property by which rows are grouped.
    pub group_by: GroupBy,
}

impl Analytics {
    /// Returns counts by group and risk level.
    ///
    /// # Errors
    /// `outside_scope` for rows that the caller may not read.
    #[tracing::instrument(name = "analytics.risk_distribution", level = "debug", skip_all)]
    pub async fn risk_distribution(
        &self,
        caller: &Caller,
        query: DistributionQuery,
    ) -> Result<Distribution, Error> {
        let scope = self.scope(caller, query.scope).await?;
        let reader = caller.actor.scope();
        let DistributionQuery {
            kind,
            year,
            group_by,
            ..
        } = query;
        let what = format!("distribution/{kind}/{}/{group_by:?}", year_text(year));
        self.cached(&what, &reader, &scope, || async {
            let analytics = self.ports.store.analytics();
            let counts = analytics.risk_distribution(&reader, &scope, kind, year, group_by);
            Ok(counts.await?)
        })
        .await
    }
}
