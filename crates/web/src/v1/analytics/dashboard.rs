//! `GET /dashboard`

use accunode_application::analytics::{DashboardQuery, FigureScope};
use accunode_domain::prediction::ReportingYear;
use actix_web::HttpResponse;

use super::dto::DashboardDto;
use crate::{call::Call, names::DashboardScopeName, params::Params, problem::Answer};

/// Over which rows a figure is computed.
pub(super) fn scope(params: &mut Params) -> FigureScope {
    FigureScope {
        part: params.name("scope"),
        organization: params.id("organization_id"),
    }
}

/// The headline figures
#[utoipa::path(
    get,
    path = "/api/v1/dashboard",
    tag = "Analytics",
    operation_id = "get_dashboard",
    params(
        ("scope" = Option<DashboardScopeName>, Query, description = "Everything that the caller can read, by default"),
        ("organization_id" = Option<uuid::Uuid>, Query, description = "The organization, or the tenant's root"),
        ("reporting_year" = Option<String>, Query, description = "All of them, by default"),
    ),
    responses(
        (status = 200, description = "For each kind of prediction", body = DashboardDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn dashboard(call: Call) -> Answer {
    let mut params = call.params();
    let query = DashboardQuery {
        scope: scope(&mut params),
        year: params.checked("reporting_year", ReportingYear::parse),
    };
    params.finish()?;
    let analytics = &call.application.analytics;
    let dashboard = analytics.dashboard(&call.caller, query).await?;
    Ok(HttpResponse::Ok().json(DashboardDto::from(dashboard)))
}
