//! The agreement of the models behind the quarterly ensemble.

use accunode_application::analytics::AgreementQuery;
use actix_web::HttpResponse;

use super::{dashboard::FigureQuery, dto::AgreementsDto};
use crate::http::{call::Authenticated, problem::Answer};

/// The deviation of the models behind the quarterly ensemble from it, newest quarter first
#[utoipa::path(
    get,
    path = super::MODEL_AGREEMENT,
    tag = "Analytics",
    operation_id = "get_model_agreement",
    params(FigureQuery),
    responses(
        (status = 200, description = "A line for each quarter", body = AgreementsDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`"),
    )
)]
pub(crate) async fn model_agreement(call: Authenticated) -> Answer {
    let query: FigureQuery = call.query()?;
    let query = AgreementQuery {
        scope: query.scope.scope(),
        year: query.reporting_year,
    };
    let analytics = &call.application.analytics;
    let quarters = analytics.model_agreement(&call.caller, query).await?;
    Ok(HttpResponse::Ok().json(AgreementsDto::from(quarters)))
}
