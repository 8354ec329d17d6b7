//! `GET /analytics/model-agreement`

use accunode_application::analytics::AgreementQuery;
use accunode_domain::prediction::ReportingYear;
use actix_web::HttpResponse;

use super::{dashboard::scope, dto::AgreementsDto};
use crate::{call::Call, names::DashboardScopeName, problem::Answer};

/// How far the models behind the quarterly ensemble stray from it, newest quarter first
#[utoipa::path(
    get,
    path = "/api/v1/analytics/model-agreement",
    tag = "Analytics",
    operation_id = "get_model_agreement",
    params(
        ("reporting_year" = Option<String>, Query, description = "All of them, by default"),
        ("scope" = Option<DashboardScopeName>, Query, description = "Everything that the caller can read, by default"),
        ("organization_id" = Option<uuid::Uuid>, Query, description = "The organization, or the tenant's root"),
    ),
    responses(
        (status = 200, description = "A line for each quarter", body = AgreementsDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn model_agreement(call: Call) -> Answer {
    let mut params = call.params();
    let query = AgreementQuery {
        scope: scope(&mut params),
        year: params.checked("reporting_year", ReportingYear::parse),
    };
    params.finish()?;
    let analytics = &call.application.analytics;
    let quarters = analytics.model_agreement(&call.caller, query).await?;
    Ok(HttpResponse::Ok().json(AgreementsDto::from(quarters)))
}
