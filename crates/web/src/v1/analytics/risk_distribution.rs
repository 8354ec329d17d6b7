//! `GET /analytics/risk-distribution`

use accunode_application::analytics::DistributionQuery;
use accunode_domain::{
    fault::{Fault, shorten},
    prediction::{Kind, ReportingYear},
};
use accunode_ports::repositories::GroupBy;
use actix_web::HttpResponse;

use super::{dashboard::scope, dto::DistributionDto};
use crate::{
    call::Call,
    names::{DashboardScopeName, KindName},
    problem::Answer,
};

pub(super) fn group_by(pointer: &str, value: &str) -> Result<GroupBy, Fault> {
    match value {
        "sector" => Ok(GroupBy::Sector),
        "industry" => Ok(GroupBy::Industry),
        "country" => Ok(GroupBy::Country),
        "organization" => Ok(GroupBy::Organization),
        _ => Err(Fault::new(
            pointer,
            "unknown_value",
            format!(
                "`{}` is none of sector, industry, country, organization",
                shorten(value)
            ),
        )),
    }
}

/// How many predictions of each group have each risk level
#[utoipa::path(
    get,
    path = "/api/v1/analytics/risk-distribution",
    tag = "Analytics",
    operation_id = "get_risk_distribution",
    params(
        ("kind" = Option<KindName>, Query, description = "annual, by default"),
        ("reporting_year" = Option<String>, Query, description = "All of them, by default"),
        ("group_by" = Option<String>, Query, description = "sector (by default), industry, country or organization"),
        ("scope" = Option<DashboardScopeName>, Query, description = "Everything that the caller can read, by default"),
        ("organization_id" = Option<uuid::Uuid>, Query, description = "The organization, or the tenant's root"),
    ),
    responses(
        (status = 200, description = "Counts by group and level", body = DistributionDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn risk_distribution(call: Call) -> Answer {
    let mut params = call.params();
    let kind = params.name("kind").unwrap_or(Kind::Annual);
    let query = DistributionQuery {
        kind,
        scope: scope(&mut params),
        year: params.checked("reporting_year", ReportingYear::parse),
        group_by: params.checked("group_by", group_by).unwrap_or_default(),
    };
    params.finish()?;
    let analytics = &call.application.analytics;
    let counts = analytics.risk_distribution(&call.caller, query).await?;
    Ok(HttpResponse::Ok().json(DistributionDto::of(kind, counts)))
}
