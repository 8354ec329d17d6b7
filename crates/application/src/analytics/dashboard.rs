//! The headline figures.

use std::time::Duration;

use accunode_domain::{
    access::Scope,
    prediction::{Kind, ReportingYear},
};
use accunode_ports::repositories::Headline;

use super::{Analytics, FigureScope};
use crate::{Caller, Error};

/// How long figures are kept where nothing is written.
const KEEP: Duration = Duration::from_secs(30 * 60);

/// Which figures.
#[derive(Clone, Copy, Debug, Default)]
pub struct DashboardQuery {
    /// Over which rows.
    pub scope: FigureScope,
    /// In which reporting year; all of them by default.
    pub year: Option<ReportingYear>,
}

/// The figures of one kind of prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct KindFigures {
    /// Which kind.
    pub kind: Kind,
    /// The figures.
    pub headline: Headline,
}

/// The headline figures, one set for each kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Dashboard {
    /// In the order of [`Kind::ALL`].
    pub kinds: Vec<KindFigures>,
}

impl Analytics {
    /// The headline figures, from the cache where nothing has been written since.
    ///
    /// # Errors
    /// `outside_scope` for rows that are not the caller's to see.
    #[tracing::instrument(name = "analytics.dashboard", level = "debug", skip_all)]
    pub async fn dashboard(
        &self,
        caller: &Caller,
        query: DashboardQuery,
    ) -> Result<Dashboard, Error> {
        let scope = self.scope(caller, query.scope).await?;
        let mut kinds = Vec::with_capacity(Kind::ALL.len());
        for kind in Kind::ALL {
            let headline = self.headline(&scope, kind, query.year).await?;
            kinds.push(KindFigures { kind, headline });
        }
        Ok(Dashboard { kinds })
    }

    async fn headline(
        &self,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
    ) -> Result<Headline, Error> {
        let Some(key) = self.key(scope, kind, year).await else {
            return Ok(self
                .ports
                .store
                .analytics()
                .headline(scope, kind, year)
                .await?);
        };
        if let Ok(Some(bytes)) = self.ports.cache.get(&key).await
            && let Ok(headline) = serde_json::from_slice(&bytes)
        {
            return Ok(headline);
        }
        // The key names the generations as they were before the read: a write in
        // between makes it unreachable.
        let headline = self
            .ports
            .store
            .analytics()
            .headline(scope, kind, year)
            .await?;
        if let Ok(bytes) = serde_json::to_vec(&headline)
            && let Err(error) = self.ports.cache.put(&key, bytes, KEEP).await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "figures could not be cached"
            );
        }
        Ok(headline)
    }

    /// What the figures of a scope are cached under; `None` where they are not: a
    /// super_admin's cover more owners than there are generations to ask for.
    async fn key(&self, scope: &Scope, kind: Kind, year: Option<ReportingYear>) -> Option<String> {
        if scope.every_organization() {
            return None;
        }
        let mut owners: Vec<_> = scope.owners().iter().map(|owner| owner.key()).collect();
        owners.sort_unstable();
        let generations = self.ports.cache.generations(&owners).await.ok()?;
        let pairs: Vec<_> = owners
            .iter()
            .zip(generations)
            .map(|(owner, n)| format!("{owner}:{n}"))
            .collect();
        let year = year.map_or_else(|| "all".to_owned(), |year| year.to_string());
        Some(format!("headline/{kind}/{year}/{}", pairs.join(",")))
    }
}
