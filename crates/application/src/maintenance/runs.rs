//! Runs of maintenance: scheduled, requested, and listed.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::{MaintenanceRunId, UserId},
    maintenance::{MaintenanceRun, MaintenanceTask},
    page::{Cursor, Limit, Page},
};
use accunode_ports::{RepositoryError, maintenance::NewRun};
use serde_json::json;

use super::MaintenanceRuns;
use crate::{Caller, Confirmed, Error, ErrorCode, bulk_uploads::BulkUploads};

impl MaintenanceRuns {
    /// Removes what a process that was killed has left in this node's file store. Each process
    /// does so at its start, even if another node has done so a short time ago.
    pub async fn sweep_at_start(&self) {
        let bulk = BulkUploads::new(self.ports.clone());
        if let Err(error) = bulk.sweep_files().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "files without an upload could not be removed; it is tried again"
            );
        }
    }

    /// Runs tasks that are due and not in progress on another node, one after the other.
    pub async fn run_due(&self) {
        let maintenance = &self.ports.maintenance;
        for task in MaintenanceTask::ALL {
            if task.needs_owner() && !maintenance.acts_as_owner() {
                continue;
            }
            match self.begin(task, None, true).await {
                Ok(Some(run)) => self.to_the_end(run).await,
                Ok(None) => {}
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(%task, error, "maintenance could not begin; it is tried again");
                }
            }
        }
    }

    /// Does the work of a run for which no caller waits.
    async fn to_the_end(&self, run: MaintenanceRun) {
        let (id, task) = (run.id, run.task);
        if let Err(error) = self.carry_out(run).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(run = %id, %task, error, "what came of maintenance could not be kept");
        }
    }

    /// Runs a task now, whether it is due or not, and returns the run with its outcome.
    ///
    /// # Errors
    /// `already_running`; `Unavailable` if the database is unreachable.
    pub async fn run(&self, task: MaintenanceTask) -> Result<MaintenanceRun, Error> {
        let begun = self.begin(task, None, false).await?;
        let run = begun.ok_or_else(|| already_running(task))?;
        self.carry_out(run).await
    }

    /// Starts a task now, whether it is due or not; it continues after the response.
    ///
    /// # Errors
    /// `role_forbidden` for other roles than super_admin; `already_running`;
    /// `owner_unavailable` if the task needs the tables' owner and this process has no access
    /// as that role.
    #[tracing::instrument(name = "maintenance.start", level = "debug", skip_all)]
    pub async fn start(
        &self,
        caller: &Confirmed,
        task: MaintenanceTask,
    ) -> Result<MaintenanceRun, Error> {
        allowed(caller)?;
        if task.needs_owner() && !self.ports.maintenance.acts_as_owner() {
            return Err(Error::Conflict {
                code: ErrorCode::OwnerUnavailable,
                detail: format!(
                    "`{task}` needs the role that owns the tables, which this process cannot act \
                     as: run `accunode maintain run {task}` with owner_database_url"
                ),
                existing: None,
            });
        }
        let begun = self.begin(task, Some(caller.actor.user()), false).await?;
        let run = begun.ok_or_else(|| already_running(task))?;
        let event = AuditEvent {
            entity_id: Some(run.id.0),
            new_values: Some(json!({ "task": task })),
            ..AuditEvent::new(
                "maintenance.started",
                "maintenance_run",
                AuditAction::Create,
            )
        };
        let recorded = caller.record(&self.ports, event).await;
        let (this, begun) = (self.clone(), run.clone());
        self.ports
            .tasks
            .background(async move { this.to_the_end(begun).await });
        recorded.map(|()| run)
    }

    async fn begin(
        &self,
        task: MaintenanceTask,
        requested_by: Option<UserId>,
        only_if_due: bool,
    ) -> Result<Option<MaintenanceRun>, RepositoryError> {
        let at = self.ports.clock.now();
        let run = NewRun {
            id: MaintenanceRunId(self.ports.ids.new_id()),
            task,
            requested_by,
            at,
            unless_since: only_if_due.then(|| at - task.interval()),
        };
        self.ports.maintenance.begin(&run).await
    }

    /// Returns a page of the runs, newest first.
    ///
    /// # Errors
    /// `role_forbidden` for other roles than super_admin.
    #[tracing::instrument(name = "maintenance.list", level = "debug", skip_all)]
    pub async fn list(
        &self,
        caller: &Caller,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<MaintenanceRun>, Error> {
        allowed(caller)?;
        Ok(self.ports.maintenance.list(limit, after).await?)
    }

    /// Returns one run.
    ///
    /// # Errors
    /// `role_forbidden` for other roles than super_admin; `NotFound`.
    #[tracing::instrument(name = "maintenance.get", level = "debug", skip_all)]
    pub async fn get(
        &self,
        caller: &Caller,
        id: MaintenanceRunId,
    ) -> Result<MaintenanceRun, Error> {
        allowed(caller)?;
        let found = self.ports.maintenance.find(id).await?;
        found.ok_or_else(|| Error::not_found("maintenance run"))
    }
}

fn allowed(caller: &Caller) -> Result<(), Error> {
    let allowed = caller.actor.operate_installation();
    allowed.map_err(|denial| Error::denied(denial, "installation"))
}

fn already_running(task: MaintenanceTask) -> Error {
    Error::Conflict {
        code: ErrorCode::AlreadyRunning,
        detail: format!("`{task}` is under way; GET /admin/maintenance shows the run"),
        existing: None,
    }
}
