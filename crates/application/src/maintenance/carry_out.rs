//! Carries out a run, from its row to its outcome.

use std::time::Duration;

use accunode_domain::{
    id::MaintenanceRunId,
    maintenance::{MaintenanceRun, MaintenanceTask, RunLine, RunStatus},
};
use accunode_ports::RepositoryError;
use serde_json::{Map, Value, json};
use time::Duration as Span;
use tokio::task::JoinHandle;

use super::MaintenanceRuns;
use crate::{Error, bulk_uploads::BulkUploads};

/// How often a run records that it is still in progress.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How far ahead the audit log has its partitions.
const AHEAD: Span = Span::days(92);

/// Why a run ended before it was complete, in words that its readers may see.
pub(super) enum Stopped {
    /// The work found that something is wrong.
    Finding { code: &'static str, outcome: Value },
    /// A port failed; its cause is only logged.
    Error(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<RepositoryError> for Stopped {
    fn from(error: RepositoryError) -> Self {
        Self::Error(error.into())
    }
}

impl MaintenanceRuns {
    /// Does the work of a run that has begun, and stores its outcome.
    ///
    /// # Errors
    /// If the outcome cannot be stored.
    pub(super) async fn carry_out(&self, run: MaintenanceRun) -> Result<MaintenanceRun, Error> {
        let (id, task) = (run.id, run.task);
        let beat = Heartbeat::start(self, id);
        let done = self.work(id, task).await;
        drop(beat);
        let (status, outcome) = match done {
            Ok(outcome) => (RunStatus::Completed, outcome),
            Err(Stopped::Finding { code, outcome }) => {
                tracing::error!(%task, code, %outcome, "maintenance found something wrong");
                let mut outcome = outcome;
                if let Value::Object(fields) = &mut outcome {
                    fields.insert("error".to_owned(), code.into());
                }
                (RunStatus::Failed, outcome)
            }
            Err(Stopped::Error(error)) => {
                let cause = &error as &dyn std::error::Error;
                tracing::error!(%task, error = cause, "maintenance failed; it is tried again");
                let code = if error.is_outage() {
                    "unavailable"
                } else {
                    "internal_error"
                };
                let detail = format!("see the log of the process under run {id}");
                (
                    RunStatus::Failed,
                    json!({ "error": code, "detail": detail }),
                )
            }
        };
        let (maintenance, now) = (&self.ports.maintenance, self.ports.clock.now());
        maintenance.finish(id, status, &outcome, now).await?;
        if status == RunStatus::Completed {
            tracing::info!(run = %id, %task, %outcome, "maintenance was done");
        }
        let found = maintenance.find(id).await?;
        found.ok_or_else(|| Error::not_found("maintenance run"))
    }

    async fn work(&self, id: MaintenanceRunId, task: MaintenanceTask) -> Result<Value, Stopped> {
        let maintenance = &self.ports.maintenance;
        let now = self.ports.clock.now();
        match task {
            MaintenanceTask::AuditPartitions => {
                let made = maintenance.make_partitions(now + AHEAD).await?;
                Ok(json!({ "partitions": made }))
            }
            MaintenanceTask::CleanUp => {
                let deleted = maintenance.clean_up(now).await?;
                let rows: Map<_, _> = deleted
                    .into_iter()
                    .map(|(table, rows)| (table.to_owned(), rows.into()))
                    .collect();
                Ok(json!({ "rows": rows }))
            }
            MaintenanceTask::SweepFiles => {
                let bulk = BulkUploads::new(self.ports.clone());
                let swept = bulk.sweep_files().await?;
                Ok(json!({ "without_upload": swept.orphans, "unfinished": swept.unfinished }))
            }
            MaintenanceTask::AuditArchive => self.archive(id).await,
            MaintenanceTask::RollupCheck => self.check_rollups().await,
            MaintenanceTask::MonitoringSnapshots => self.snapshot_models(id).await,
            MaintenanceTask::Analyze => self.analyze(id).await,
            MaintenanceTask::Reindex => self.reindex(id).await,
        }
    }

    async fn check_rollups(&self) -> Result<Value, Stopped> {
        let found = self.ports.maintenance.rollup_differences().await?;
        let differences: Vec<_> = found
            .iter()
            .map(|one| {
                json!({
                    "kind": one.kind,
                    "owner_key": one.owner_key,
                    "summed": one.summed,
                    "counted": one.counted,
                })
            })
            .collect();
        let outcome = json!({ "differences": differences });
        if differences.is_empty() {
            return Ok(outcome);
        }
        Err(Stopped::Finding {
            code: "sums_differ",
            outcome,
        })
    }

    async fn analyze(&self, id: MaintenanceRunId) -> Result<Value, Stopped> {
        let maintenance = &self.ports.maintenance;
        let tables = maintenance.tables().await?;
        for table in &tables {
            maintenance.analyze(table).await?;
            self.note(id, format!("analyzed {table}")).await?;
        }
        Ok(json!({ "tables": tables.len() }))
    }

    async fn reindex(&self, id: MaintenanceRunId) -> Result<Value, Stopped> {
        let done = self.ports.maintenance.reindex().await?;
        for one in &done {
            let (index, reason, before) = (&one.index, &one.reason, one.bytes_before);
            let line = match one.bytes_after {
                Some(after) => format!("{index} ({reason}): {before} bytes before, {after} after"),
                None => format!("{index} ({reason}, {before} bytes) could not be built anew"),
            };
            self.note(id, line).await?;
        }
        let left = done.iter().filter(|one| one.bytes_after.is_none()).count();
        let outcome = json!({ "indexes": done.len() - left, "left": left });
        if left == 0 {
            return Ok(outcome);
        }
        Err(Stopped::Finding {
            code: "indexes_left",
            outcome,
        })
    }

    /// Adds a line to the run's log.
    pub(super) async fn note(&self, id: MaintenanceRunId, text: String) -> Result<(), Error> {
        tracing::debug!(run = %id, text, "maintenance");
        let line = RunLine {
            at: self.ports.clock.now(),
            text,
        };
        Ok(self.ports.maintenance.note(id, &line).await?)
    }
}

/// Records that a run is in progress for as long as this value lives.
struct Heartbeat(JoinHandle<()>);

impl Heartbeat {
    fn start(runs: &MaintenanceRuns, id: MaintenanceRunId) -> Self {
        let maintenance = runs.ports.maintenance.clone();
        Self(runs.ports.tasks.background(async move {
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                if let Err(error) = maintenance.beat(id).await {
                    tracing::warn!(run = %id, %error, "a run could not say that it is under way");
                }
            }
        }))
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}
