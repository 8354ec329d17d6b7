//! The headline figures.

use accunode_domain::{
    access::Scope,
    prediction::{Kind, ReportingYear},
};
use accunode_ports::repositories::Headline;

use super::{Analytics, FigureScope, year_text};
use crate::{Caller, Error};

/// The selection of headline figures.
#[derive(Clone, Copy, Debug, Default)]
pub struct DashboardQuery {
    /// The rows that are counted.
    pub scope: FigureScope,
    /// The reporting year; all years by default.
    pub year: Option<ReportingYear>,
}

/// The figures of one kind of prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct KindFigures {
    /// The kind of predictions.
    pub kind: Kind,
    /// The figures.
    pub headline: Headline,
}

/// The headline figures, one set for each kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Dashboard {
    /// The figures, in the order of [`Kind::ALL`].
    pub kinds: Vec<KindFigures>,
}

impl Analytics {
    /// Returns the headline figures, from the cache if nothing has been written since.
    ///
    /// # Errors
    /// `outside_scope` for rows that the caller may not read.
    #[tracing::instrument(name = "analytics.dashboard", level = "debug", skip_all)]
    pub async fn dashboard(
        &self,
        caller: &Caller,
        query: DashboardQuery,
    ) -> Result<Dashboard, Error> {
        let scope = self.scope(caller, query.scope).await?;
        let reader = caller.actor.scope();
        let mut kinds = Vec::with_capacity(Kind::ALL.len());
        for kind in Kind::ALL {
            let headline = self.headline(&reader, &scope, kind, query.year).await?;
            kinds.push(KindFigures { kind, headline });
        }
        Ok(Dashboard { kinds })
    }

    async fn headline(
        &self,
        reader: &Scope,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
    ) -> Result<Headline, Error> {
        let what = format!("headline/{kind}/{}", year_text(year));
        self.cached(&what, reader, scope, || async {
            let analytics = self.ports.store.analytics();
            Ok(analytics.headline(scope, kind, year).await?)
        })
        .await
    }
}
