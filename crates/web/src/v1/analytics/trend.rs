//! The change of risk over periods.

use accunode_application::analytics::TrendQuery;
use accunode_domain::prediction::Kind;
use accunode_ports::repositories::GroupBy;
use actix_web::HttpResponse;

use super::{dashboard::ScopeQuery, dto::TrendDto};
use crate::http::{
    call::Authenticated,
    problem::Answer,
    query::{choice, query},
};

choice! {
    /// The optional grouping of predictions.
    pub(crate) enum OptionalGrouping: Option<GroupBy> {
        "none" => None,
        "sector" => Some(GroupBy::Sector),
        "industry" => Some(GroupBy::Industry),
        "country" => Some(GroupBy::Country),
        "organization" => Some(GroupBy::Organization),
    }
}

query! {
    /// The predictions of a trend, and their grouping.
    pub(crate) struct RiskTrendQuery {
        /// The kind of prediction
        kind: Kind = Kind::Annual,
        /// The grouping of predictions
        group_by: OptionalGrouping = OptionalGrouping(None),
        ; scope: ScopeQuery,
    }
}

/// How risk has moved from period to period, oldest first
#[utoipa::path(
    get,
    path = super::TREND,
    tag = "Analytics",
    operation_id = "get_risk_trend",
    params(RiskTrendQuery),
    responses(
        (status = 200, description = "A point for each group and period", body = TrendDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`"),
    )
)]
pub(crate) async fn trend(call: Authenticated) -> Answer {
    let query: RiskTrendQuery = call.query()?;
    let kind = query.kind;
    let query = TrendQuery {
        kind,
        scope: query.scope.scope(),
        group_by: query.group_by.0,
    };
    let analytics = &call.application.analytics;
    let points = analytics.trend(&call.caller, query).await?;
    Ok(HttpResponse::Ok().json(TrendDto::of(kind, points)))
}
