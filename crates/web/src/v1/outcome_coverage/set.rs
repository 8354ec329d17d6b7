//! Operation `set_outcome_coverage`.

use accunode_application::outcomes::SetCoverage;
use accunode_domain::{id::OrganizationId, outcome::CoverageDraft, owner::AccessLevel};
use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::dto::CoverageDto;
use crate::http::{
    body::{Body, RequestBody},
    call::Authenticated,
    enums::{AccessLevelName, DefinitionName},
    problem::Answer,
};

/// The coverage of an owner's outcomes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCoverage {
    /// The first day.
    #[schema(format = Date, example = "2018-01-01", max_length = 10)]
    complete_from: String,
    /// The last day, not in the future.
    #[schema(format = Date, example = "2025-12-31", max_length = 10)]
    complete_through: String,
    /// Needed where these are fewer days than before.
    #[schema(max_length = 500)]
    note: Option<String>,
    /// By default what suits the caller's role.
    #[schema(value_type = Option<AccessLevelName>)]
    access_level: Option<AccessLevel>,
    /// With the access level `organization`.
    organization_id: Option<Uuid>,
}

impl RequestBody for NewCoverage {}

/// State up to which day an owner's outcomes are complete
///
/// On other days a missing outcome proves nothing: no test is made on a window that they do not
/// contain.
#[utoipa::path(
    put,
    path = super::ONE,
    tag = "Outcomes",
    operation_id = "set_outcome_coverage",
    params(("definition" = DefinitionName, Path)),
    request_body = NewCoverage,
    responses(
        (status = 200, description = "As it is now", body = CoverageDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`, `role_forbidden`, `key_forbidden`"),
        (status = 409, description = "`conflict`"),
    )
)]
pub(crate) async fn set(call: Authenticated, body: Body<NewCoverage>) -> Answer {
    let definition = call.name("definition")?;
    call.no_params()?;
    let body = body.read().await?.value;
    let access_level = call.row_level(body.access_level)?;
    let command = SetCoverage {
        definition,
        draft: CoverageDraft {
            complete_from: body.complete_from,
            complete_through: body.complete_through,
            note: body.note,
        },
        access_level,
        organization: body.organization_id.map(OrganizationId),
    };
    let outcomes = &call.application.outcomes;
    let coverage = outcomes.set_coverage(&call.caller, &command).await?;
    let owner = coverage.owner;
    Ok(HttpResponse::Ok().json(CoverageDto::of(definition, owner, Some(coverage))))
}
