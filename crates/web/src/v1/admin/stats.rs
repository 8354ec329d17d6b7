//! `GET /admin/stats`

use accunode_domain::page::Sort;
use actix_web::HttpResponse;

use super::dto::InstallationStatsDto;
use crate::{call::Call, problem::Answer};

/// What there is in the installation, counted
#[utoipa::path(
    get,
    path = "/api/v1/admin/stats",
    tag = "Operations",
    operation_id = "get_installation_stats",
    params(
        ("limit" = Option<u32>, Query, description = "How many organizations: 1 to 100, 20 by default"),
        ("cursor" = Option<String>, Query, description = "`organizations.next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of the organizations with what there is of each, bulk uploads by status, the database pools, expensive requests", body = InstallationStatsDto),
        (status = 403, description = "`role_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stats(call: Call) -> Answer {
    let mut params = call.params();
    let (limit, after) = (params.limit(), params.after(Sort::CreatedAt));
    params.finish()?;
    let installation = &call.application.installation;
    let stats = installation.stats(&call.caller, limit, after).await?;
    let work = call.work_limits()?;
    Ok(HttpResponse::Ok().json(InstallationStatsDto::new(stats, work)))
}
