//! The headline figures.

use accunode_application::analytics::{DashboardQuery, FigureScope};
use accunode_domain::{access::DashboardScope, id::OrganizationId, prediction::ReportingYear};
use actix_web::HttpResponse;

use super::dto::DashboardDto;
use crate::http::{call::Authenticated, problem::Answer, query::query};

query! {
    /// The rows over which a figure is computed.
    pub(crate) struct ScopeQuery {
        /// Whose predictions are counted; everything that the caller can read by default
        scope: Option<DashboardScope>,
        /// The organization, or the tenant's root
        organization_id: Option<OrganizationId>,
    }
}

impl ScopeQuery {
    pub(super) const fn scope(&self) -> FigureScope {
        FigureScope {
            part: self.scope,
            organization: self.organization_id,
        }
    }
}

query! {
    /// The rows over which the headline figures are computed.
    pub(crate) struct FigureQuery {
        /// All years by default
        reporting_year: Option<ReportingYear>,
        ; scope: ScopeQuery,
    }
}

/// The headline figures
#[utoipa::path(
    get,
    path = super::DASHBOARD,
    tag = "Analytics",
    operation_id = "get_dashboard",
    params(FigureQuery),
    responses(
        (status = 200, description = "For each kind of prediction", body = DashboardDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`"),
    )
)]
pub(crate) async fn dashboard(call: Authenticated) -> Answer {
    let query: FigureQuery = call.query()?;
    let query = DashboardQuery {
        scope: query.scope.scope(),
        year: query.reporting_year,
    };
    let analytics = &call.application.analytics;
    let dashboard = analytics.dashboard(&call.caller, query).await?;
    Ok(HttpResponse::Ok().json(DashboardDto::from(dashboard)))
}
