//! `GET /analytics/trend`

use accunode_application::analytics::TrendQuery;
use accunode_domain::{fault::Fault, prediction::Kind};
use accunode_ports::repositories::GroupBy;
use actix_web::HttpResponse;

use super::{dashboard::scope, dto::TrendDto, risk_distribution::group_by};
use crate::{
    call::Call,
    names::{DashboardScopeName, KindName},
    problem::Answer,
};

fn group_or_none(pointer: &str, value: &str) -> Result<Option<GroupBy>, Fault> {
    match value {
        "none" => Ok(None),
        other => group_by(pointer, other).map(Some),
    }
}

/// How risk has moved from period to period, oldest first
#[utoipa::path(
    get,
    path = "/api/v1/analytics/trend",
    tag = "Analytics",
    operation_id = "get_risk_trend",
    params(
        ("kind" = Option<KindName>, Query, description = "annual, by default"),
        ("group_by" = Option<String>, Query, description = "none (by default), sector, industry, country or organization"),
        ("scope" = Option<DashboardScopeName>, Query, description = "Everything that the caller can read, by default"),
        ("organization_id" = Option<uuid::Uuid>, Query, description = "The organization, or the tenant's root"),
    ),
    responses(
        (status = 200, description = "A point for each group and period", body = TrendDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn trend(call: Call) -> Answer {
    let mut params = call.params();
    let kind = params.name("kind").unwrap_or(Kind::Annual);
    let query = TrendQuery {
        kind,
        scope: scope(&mut params),
        group_by: params.checked("group_by", group_or_none).flatten(),
    };
    params.finish()?;
    let analytics = &call.application.analytics;
    let points = analytics.trend(&call.caller, query).await?;
    Ok(HttpResponse::Ok().json(TrendDto::of(kind, points)))
}
