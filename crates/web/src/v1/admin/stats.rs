//! Counts of the rows in the installation.

use actix_web::HttpResponse;

use super::dto::InstallationStatsDto;
use crate::http::{
    call::Authenticated,
    list::{NewestFirst, Paging, Start},
    problem::Answer,
};

/// Count what there is in the installation
#[utoipa::path(
    get,
    path = super::STATS,
    tag = "Operations",
    operation_id = "get_installation_stats",
    params(Paging<NewestFirst>),
    responses(
        (status = 200, description = "A page of the organizations with what there is of each (`organizations.next_cursor` is where the next one begins), bulk uploads by status, the database pools, requests by kind of work", body = InstallationStatsDto),
        (status = 403, description = "`role_forbidden`"),
    )
)]
pub(crate) async fn stats(call: Authenticated) -> Answer {
    let page: Paging<NewestFirst> = call.query()?;
    let Start { limit, after } = page.start();
    let installation = &call.application.installation;
    let stats = installation.stats(&call.caller, limit, after).await?;
    let work = call.work_limits()?;
    Ok(HttpResponse::Ok().json(InstallationStatsDto::new(stats, work)))
}
