//! Dashboards.

mod cached;
mod dashboard;
mod grades;
mod model_agreement;
mod risk_distribution;
mod trend;

use std::sync::Arc;

use accunode_domain::{
    access::{DashboardScope, Scope},
    id::OrganizationId,
    prediction::ReportingYear,
    user::Role,
};

pub(crate) use cached::Flights;
pub use dashboard::{Dashboard, DashboardQuery, KindFigures};
pub use grades::{GradedGroup, Grades, GradesQuery};
pub use model_agreement::AgreementQuery;
pub use risk_distribution::DistributionQuery;
pub use trend::TrendQuery;

use crate::{Caller, Error, Ports};

/// Dashboards.
#[derive(Clone, Debug)]
pub struct Analytics {
    pub(crate) ports: Arc<Ports>,
    pub(crate) flights: Flights,
}

/// The rows over which a figure is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct FigureScope {
    /// A part of what the caller can read; all of it by default.
    pub part: Option<DashboardScope>,
    /// The organization, or the tenant's root; their own by default.
    pub organization: Option<OrganizationId>,
}

impl Analytics {
    /// Returns the scope over which a figure is computed.
    async fn scope(&self, caller: &Caller, asked: FigureScope) -> Result<Scope, Error> {
        let actor = &caller.actor;
        let scope = match (asked.part, asked.organization) {
            (None, organization) => actor.narrowed(None, organization),
            (Some(part), organization) => {
                // The actor of a super_admin does not contain the children of a tenant, so
                // they are read.
                let children = match (part, organization, actor.role()) {
                    (DashboardScope::Tenant, Some(root), Role::SuperAdmin) => {
                        self.ports.store.auth().children(root).await?
                    }
                    _ => Vec::new(),
                };
                actor.dashboard(part, organization, &children)
            }
        };
        scope.map_err(|denial| Error::denied_at(denial, "organization", "/organization_id"))
    }
}

/// Returns the year as a part of the key of a cached figure.
fn year_text(year: Option<ReportingYear>) -> String {
    year.map_or_else(|| "all".to_owned(), |year| year.to_string())
}
