//! Listing bulk uploads.

use accunode_application::bulk_uploads::ListJobs;
use accunode_domain::{
    id::OrganizationId,
    job::{JobStatus, JobType, JobWork},
};
use accunode_ports::repositories::JobFilter;

use super::dto::JobDto;
use crate::http::{
    call::Authenticated,
    export::Columns,
    list::{self, ListDto, NewestFirst, Paging, Slice, Start},
    problem::Answer,
    query::{Several, query},
};

query! {
    /// The filters of bulk uploads.
    pub(crate) struct UploadQuery {
        /// Only uploads with this status
        status: Several<JobStatus>,
        /// Only uploads with rows of this type
        job_type: Option<JobType>,
        /// Only these kinds of work; by default `upload` and `rescoring`, for `GET /validations` lists back-tests
        work: Several<JobWork>,
        /// Only uploads of this organization
        organization_id: Option<OrganizationId>,
        ; page: Paging<NewestFirst>,
    }
}

impl UploadQuery {
    fn command(self, Start { limit, after }: Start) -> ListJobs {
        ListJobs {
            filter: JobFilter {
                statuses: self.status.0,
                job_type: self.job_type,
                work: match self.work.0 {
                    work if work.is_empty() => vec![JobWork::Upload, JobWork::Rescoring],
                    work => work,
                },
            },
            organization: self.organization_id,
            limit,
            after,
        }
    }
}

/// List the uploads that the caller can read, newest first
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "Bulk uploads",
    operation_id = "list_bulk_uploads",
    params(UploadQuery),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<JobDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`outside_scope`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let query: UploadQuery = call.query()?;
    let columns = Columns::of(JobDto::COLUMNS);
    list::answer(
        &call,
        "bulk_upload_job",
        columns,
        query.page.start(),
        move |app, caller, start| {
            let command = query.clone().command(start);
            async move {
                let page = app.bulk_uploads.list(&caller, command).await?;
                let now = app.ports().clock.now();
                Ok(Slice::of(page, |job| JobDto::in_list(job, now)))
            }
        },
    )
    .await
}
