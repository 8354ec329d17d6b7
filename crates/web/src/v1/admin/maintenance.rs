//! Maintenance: past runs, and starting a task.

use accunode_domain::{
    id::MaintenanceRunId,
    maintenance::{MaintenanceRun, MaintenanceTask},
};
use actix_web::{HttpResponse, http::header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    http::{
        body::{Body, RequestBody},
        call::Authenticated,
        enums::{MaintenanceTaskName, RunStatusName},
        export::Columns,
        list::{self, ListDto, NewestFirst, Paging, Slice},
        problem::Answer,
        route::address,
    },
    v1::BASE,
};

/// One run of a piece of maintenance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MaintenanceRun)]
pub(crate) struct MaintenanceRunDto {
    /// The run's id.
    id: Uuid,
    /// What was to be done.
    #[schema(value_type = MaintenanceTaskName)]
    task: &'static str,
    /// Where it stands.
    #[schema(value_type = RunStatusName)]
    status: &'static str,
    /// Who asked for it; null where it was due, or asked for at the command line.
    requested_by: Option<Uuid>,
    /// What was done so far.
    log: Vec<RunLineDto>,
    /// What came of it, by names that depend on the task; null while it runs. Where it failed,
    /// `error` says why.
    outcome: Option<Value>,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    started_at: OffsetDateTime,
    /// When it ended; null while it runs.
    #[serde(with = "time::serde::rfc3339::option")]
    completed_at: Option<OffsetDateTime>,
}

/// A line of a run's log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MaintenanceLine)]
pub(crate) struct RunLineDto {
    /// When it was written.
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// What was done.
    #[schema(example = "analyzed companies")]
    text: String,
}

impl MaintenanceRunDto {
    const COLUMNS: &[&str] = &[
        "id",
        "task",
        "status",
        "requested_by",
        "started_at",
        "completed_at",
        "outcome",
    ];
}

impl From<MaintenanceRun> for MaintenanceRunDto {
    fn from(run: MaintenanceRun) -> Self {
        let line = |line: accunode_domain::maintenance::RunLine| RunLineDto {
            at: line.at,
            text: line.text,
        };
        Self {
            id: run.id.0,
            task: run.task.as_str(),
            status: run.status.as_str(),
            requested_by: run.requested_by.map(|user| user.0),
            log: run.log.into_iter().map(line).collect(),
            outcome: run.outcome,
            started_at: run.started_at,
            completed_at: run.finished_at,
        }
    }
}

/// What is to be done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMaintenanceRun {
    /// The piece of maintenance.
    #[schema(value_type = MaintenanceTaskName)]
    task: MaintenanceTask,
}

impl RequestBody for NewMaintenanceRun {}

/// Run a maintenance task now, whether it is due or not
///
/// The task runs after the answer, and the service runs every task by itself when it is due.
/// The task archives months of the audit log and never drops them: a command on the machine does.
#[utoipa::path(
    post,
    path = super::MAINTENANCE,
    tag = "Operations",
    operation_id = "start_maintenance",
    request_body = NewMaintenanceRun,
    responses(
        (status = 202, description = "The run; `Location` tells where it stands", body = MaintenanceRunDto),
        (status = 403, description = "`role_forbidden`"),
        (status = 409, description = "`already_running` on any node; `owner_unavailable` where the process cannot act as the tables' owner, which `reindex` needs"),
    )
)]
pub(crate) async fn start(call: Authenticated, body: Body<NewMaintenanceRun>) -> Answer {
    call.no_params()?;
    let task = body.read().await?.value.task;
    let runs = &call.application.maintenance;
    let run = runs.start(&call.confirmed()?, task).await?;
    let location = address(BASE, super::ONE_RUN, &[&run.id]);
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, location))
        .json(MaintenanceRunDto::from(run)))
}

/// List what maintenance was done, newest first
#[utoipa::path(
    get,
    path = super::MAINTENANCE,
    tag = "Operations",
    operation_id = "list_maintenance_runs",
    params(Paging<NewestFirst>),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<MaintenanceRunDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`role_forbidden`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let page: Paging<NewestFirst> = call.query()?;
    let columns = Columns::of(MaintenanceRunDto::COLUMNS);
    list::answer(
        &call,
        "maintenance_run",
        columns,
        page.start(),
        |app, caller, start| async move {
            let runs = &app.maintenance;
            let page = runs.list(&caller, start.limit, start.after).await?;
            Ok(Slice::of(page, MaintenanceRunDto::from))
        },
    )
    .await
}

/// The state of a maintenance run, with its log
#[utoipa::path(
    get,
    path = super::ONE_RUN,
    tag = "Operations",
    operation_id = "get_maintenance_run",
    params(("id" = Uuid, Path, description = "The run")),
    responses(
        (status = 200, description = "The run", body = MaintenanceRunDto),
        (status = 403, description = "`role_forbidden`"),
    )
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    call.no_params()?;
    let id: MaintenanceRunId = call.id("maintenance run")?;
    let run = call.application.maintenance.get(&call.caller, id).await?;
    Ok(HttpResponse::Ok().json(MaintenanceRunDto::from(run)))
}
