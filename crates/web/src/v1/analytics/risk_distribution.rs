//! The number of predictions of each group with each risk level.

use accunode_application::analytics::DistributionQuery;
use accunode_domain::prediction::{Kind, ReportingYear};
use accunode_ports::repositories::GroupBy;
use actix_web::HttpResponse;

use super::{dashboard::ScopeQuery, dto::DistributionDto};
use crate::http::{
    call::Authenticated,
    problem::Answer,
    query::{choice, query},
};

choice! {
    /// The grouping of predictions.
    pub(crate) enum Grouping: GroupBy {
        "sector" => GroupBy::Sector,
        "industry" => GroupBy::Industry,
        "country" => GroupBy::Country,
        "organization" => GroupBy::Organization,
    }
}

query! {
    /// The predictions that are counted, and their grouping.
    pub(crate) struct RiskDistributionQuery {
        /// The kind of prediction
        kind: Kind = Kind::Annual,
        /// All years by default
        reporting_year: Option<ReportingYear>,
        /// The grouping of predictions
        group_by: Grouping = Grouping(GroupBy::Sector),
        ; scope: ScopeQuery,
    }
}

/// How many predictions of each group have each risk level
#[utoipa::path(
    get,
    path = super::RISK_DISTRIBUTION,
    tag = "Analytics",
    operation_id = "get_risk_distribution",
    params(RiskDistributionQuery),
    responses(
        (status = 200, description = "Counts by group and level", body = DistributionDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`"),
    )
)]
pub(crate) async fn risk_distribution(call: Authenticated) -> Answer {
    let query: RiskDistributionQuery = call.query()?;
    let kind = query.kind;
    let query = DistributionQuery {
        kind,
        scope: query.scope.scope(),
        year: query.reporting_year,
        group_by: query.group_by.0,
    };
    let analytics = &call.application.analytics;
    let counts = analytics.risk_distribution(&call.caller, query).await?;
    Ok(HttpResponse::Ok().json(DistributionDto::of(kind, counts)))
}
