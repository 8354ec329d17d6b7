//! Operation `get_model_monitoring`.

use accunode_application::monitoring::MonitoringQuery;
use accunode_domain::{
    id::OrganizationId, owner::AccessLevel, prediction::Period, validation::Baseline,
};
use actix_web::HttpResponse;

use super::{LONGEST_VERSION, dto::MonitoringDto};
use crate::http::{
    call::Authenticated,
    problem::Answer,
    query::{Text, query},
};

query! {
    /// Which predictions are compared, and with what.
    pub(crate) struct MonitoringParams {
        /// The version of the model; by default the one that scores
        version: Option<Text<LONGEST_VERSION>>,
        /// The reporting period: a year, or for quarterly models a quarter as `2024-Q3`; by default the newest with predictions
        period: Option<Period>,
        /// `training`, or a period of the same predictions
        baseline: Baseline = Baseline::Training,
        /// Whose predictions: by default `organization` for administrators of one, else `personal`
        access_level: Option<AccessLevel>,
        /// The organization, by default the caller's own
        organization_id: Option<OrganizationId>,
    }
}

/// Whether predictions still lie as the training data or as another period
///
/// Counted are the predictions of one owner that stand now, that this version of the model made,
/// for this reporting period: one of a company. Companies whose sector the model did not learn from
/// are left out. A difference is not an error, and no difference does not say that PDs are right.
#[utoipa::path(
    get,
    path = super::super::MONITORING,
    tag = "Models",
    operation_id = "get_model_monitoring",
    params(("name" = String, Path), MonitoringParams),
    responses(
        (status = 200, description = "Inputs and score bin by bin, the trend, and who moved most", body = MonitoringDto),
        (status = 403, description = "`outside_scope`, `role_forbidden`"),
        (status = 409, description = "`no_baseline`, `too_few_rows`"),
    )
)]
pub(crate) async fn monitoring(call: Authenticated) -> Answer {
    let params: MonitoringParams = call.query()?;
    let query = MonitoringQuery {
        name: call.name("name")?,
        version: params.version.map(|version| version.0),
        period: params.period,
        baseline: params.baseline,
        access_level: params.access_level,
        organization: params.organization_id,
    };
    let monitoring = &call.application.monitoring;
    let found = monitoring.report(&call.caller, &query).await?;
    Ok(HttpResponse::Ok().json(MonitoringDto::of(found, query.baseline)))
}
