//! The agreement of the models behind the quarterly ensemble.

use accunode_domain::prediction::ReportingYear;
use accunode_ports::repositories::Agreement;

use super::{Analytics, FigureScope, year_text};
use crate::{Caller, Error};

/// The selection of quarters.
#[derive(Clone, Copy, Debug, Default)]
pub struct AgreementQuery {
    /// The rows that are counted.
    pub scope: FigureScope,
    /// The reporting year; all years by default.
    pub year: Option<ReportingYear>,
}

impl Analytics {
    /// Returns the agreement of the models by quarter, newest first.
    ///
    /// # Errors
    /// `outside_scope` for rows that the caller may not read.
    #[tracing::instrument(name = "analytics.model_agreement", level = "debug", skip_all)]
    pub async fn model_agreement(
        &self,
        caller: &Caller,
        query: AgreementQuery,
    ) -> Result<Vec<Agreement>, Error> {
        let scope = self.scope(caller, query.scope).await?;
        let what = format!("agreement/{}", year_text(query.year));
        self.cached(&what, &caller.actor.scope(), &scope, || async {
            let analytics = self.ports.store.analytics();
            Ok(analytics.model_agreement(&scope, query.year).await?)
        })
        .await
    }
}
