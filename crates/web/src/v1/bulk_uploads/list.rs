//! `GET /bulk-uploads`

use accunode_application::bulk::ListJobs;
use accunode_domain::page::{Cursor, Sort};
use accunode_ports::repositories::JobFilter;

use super::dto::JobDto;
use crate::{
    call::Call,
    export::Columns,
    names::{JobStatusName, KindName},
    page::{self, ListDto, Slice},
    params::Params,
    problem::{Answer, Problem},
};

fn query(mut params: Params) -> Result<ListJobs, Problem> {
    let query = ListJobs {
        filter: JobFilter {
            status: params.name("status"),
            kind: params.name("job_type"),
        },
        organization: params.id("organization_id"),
        limit: params.limit(),
        after: params.after(Sort::CreatedAt),
    };
    params.finish()?;
    Ok(query)
}

/// Uploads that the caller can read, newest first
#[utoipa::path(
    get,
    path = "/api/v1/bulk-uploads",
    tag = "Bulk uploads",
    operation_id = "list_bulk_uploads",
    params(
        ("status" = Option<JobStatusName>, Query),
        ("job_type" = Option<KindName>, Query),
        ("organization_id" = Option<uuid::Uuid>, Query),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page; as `text/csv` all of them", content(
            (ListDto<JobDto> = "application/json"), (String = "text/csv"),
        )),
        (status = 403, description = "`outside_scope`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(call: Call) -> Answer {
    let query = query(call.params())?;
    let (limit, after) = (query.limit, query.after.clone());
    let (application, caller) = (call.application.clone(), call.caller.clone());
    let fetch = Box::new(move |limit, after: Option<Cursor>| {
        let (application, caller) = (application.clone(), caller.clone());
        let query = ListJobs {
            limit,
            after,
            ..query.clone()
        };
        let page = async move {
            let page = application.bulk.list(&caller, query).await?;
            let now = application.ports().clock.now();
            Ok(Slice::of(page, |job| JobDto::of(job, now)))
        };
        Box::pin(page) as _
    });
    let columns = Columns::of(JobDto::COLUMNS);
    page::answer(&call, "bulk_upload_job", columns, limit, after, fetch).await
}
