//! Operation `get_outcome_coverage`.

use accunode_domain::{id::OrganizationId, owner::AccessLevel};
use actix_web::HttpResponse;

use super::dto::CoverageDto;
use crate::http::{call::Authenticated, enums::DefinitionName, problem::Answer, query::query};

query! {
    /// The owner of the coverage.
    pub(crate) struct CoverageQuery {
        /// By default `organization` for members of one, else `personal`
        access_level: Option<AccessLevel>,
        /// The organization, by default the caller's own
        organization_id: Option<OrganizationId>,
    }
}

/// Up to which day an owner's outcomes are complete
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Outcomes",
    operation_id = "get_outcome_coverage",
    params(("definition" = DefinitionName, Path), CoverageQuery),
    responses(
        (status = 200, description = "The days, null where nothing was said", body = CoverageDto),
        (status = 403, description = "`outside_scope`"),
    )
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    let definition = call.name("definition")?;
    let CoverageQuery {
        access_level,
        organization_id,
    } = call.query()?;
    let outcomes = &call.application.outcomes;
    let (owner, coverage) = outcomes
        .coverage(&call.caller, definition, access_level, organization_id)
        .await?;
    Ok(HttpResponse::Ok().json(CoverageDto::of(definition, owner, coverage)))
}
