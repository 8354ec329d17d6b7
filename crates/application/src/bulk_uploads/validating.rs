//! The worker's way through a back-test: histories are read company by company, the sample is
//! written on the way, and figures, files and audit row are stored in one unit of work. A worker
//! that is killed anywhere leaves nothing; another one makes the same report.

use std::io::Write;

use accunode_domain::{
    access::{Grant, Scope},
    audit::{AuditAction, AuditEvent, RequestContext},
    fault::Fault,
    id::ValidationId,
    job::Job,
    validation::{
        Backtest, BacktestRequest, MasterScale, Tally, ValidationResult, Window, markdown,
    },
};
use accunode_ports::repositories::{Histories, Lease, NewResult, ValidationFile, WantedHistories};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::{BulkUploads, run::StopReason};
use crate::{
    Error,
    validation::{Parts, SampleFile, empty_sample},
};

impl BulkUploads {
    /// Makes the report of a job, unless it has been made. It has no rows of its own.
    pub(super) async fn try_validate(
        &self,
        job: &Job,
        lease: &Lease,
        stop: &watch::Receiver<bool>,
    ) -> Result<u32, StopReason> {
        self.go_on(lease, stop).await?;
        let (scope, grant) = self.rights_to_validate(job).await?;
        let validations = self.ports.store.validations();
        let report = validations.find(&scope, ValidationId(job.id.0)).await?;
        let report = report
            .ok_or_else(|| StopReason::Failed(Fault::new("", "not_found", "the report is gone")))?;
        if report.result.is_some() {
            return Ok(0);
        }
        let request = report.request;
        let sampling = self.sample(&scope, grant, &request, lease, stop).await?;
        // A report that takes long to compute is still asked for when it is stored.
        let completed_at = self.ports.clock.now();
        let new = tokio::task::spawn_blocking(move || sampling.report(&request, completed_at));
        let new = new
            .await
            .map_err(|panic| Error::Internal(Box::new(panic)))??;
        self.go_on(lease, stop).await?;
        // Reading the histories takes minutes, in which rights may have been lost.
        let (scope, grant) = self.rights_to_validate(job).await?;
        self.keep(&scope, grant, lease, &new).await?;
        Ok(0)
    }

    async fn rights_to_validate(&self, job: &Job) -> Result<(Scope, Grant), StopReason> {
        let (actor, _, _) = self.rights(job).await?;
        let grant = actor
            .validate(Some(job.owner.level()), job.owner.organization())
            .map_err(|_| rights_lost())?;
        Ok((actor.scope(), grant))
    }

    /// Reads every history and writes the sample.
    async fn sample(
        &self,
        scope: &Scope,
        grant: Grant,
        request: &BacktestRequest,
        lease: &Lease,
        stop: &watch::Receiver<bool>,
    ) -> Result<Sampling, StopReason> {
        let wanted = WantedHistories {
            owner: grant.owner(),
            kind: request.kind,
            definition: request.definition,
            as_of: request.as_of,
            include_system_outcomes: request.include_system_outcomes,
        };
        let mut reader = self.ports.store.histories(scope, &wanted).await?;
        let mut sampling = Sampling::of(request);
        loop {
            let histories = reader.next().await?;
            if histories.is_empty() {
                return Ok(sampling);
            }
            self.go_on(lease, stop).await?;
            let seen = tokio::task::spawn_blocking(move || {
                sampling.see(&histories)?;
                Ok::<_, Error>(sampling)
            });
            sampling = seen
                .await
                .map_err(|panic| Error::Internal(Box::new(panic)))??;
        }
    }

    async fn keep(
        &self,
        scope: &Scope,
        grant: Grant,
        lease: &Lease,
        new: &NewResult,
    ) -> Result<(), Error> {
        let context = &RequestContext {
            request_id: lease.job.to_string(),
            ..RequestContext::default()
        };
        let result = &new.result;
        self.ports
            .transaction(scope, |unit| async move {
                unit.validations().complete(grant, lease, new).await?;
                let event = AuditEvent {
                    entity_id: Some(lease.job.0),
                    user: Some(grant.by()),
                    organization: grant.owner().organization(),
                    new_values: Some(json!({
                        "verdict": result.verdict,
                        "sample_sha256": result.sample_sha256,
                        "sample_rows": result.sample_rows,
                        "report_sha256": result.report_sha256,
                        "code_version": result.code_version,
                    })),
                    ..AuditEvent::new(
                        "validation.completed",
                        "validation_report",
                        AuditAction::Update,
                    )
                };
                unit.audit_log().record(context, event).await?;
                Ok(())
            })
            .await
    }
}

fn rights_lost() -> StopReason {
    StopReason::Failed(Fault::new(
        "",
        "rights_lost",
        "the user who asked for this report may not do so any more",
    ))
}

/// What is kept while histories are read: the sample, compressed, and a few bytes of each company.
struct Sampling {
    scale: MasterScale,
    windows: Vec<(Window, Tally)>,
    file: SampleFile<Parts>,
    rows: u64,
    name: String,
}

impl Sampling {
    fn of(request: &BacktestRequest) -> Self {
        let scale = request.scale().clone();
        let windows = request.windows().map(|window| (window, Tally::new(&scale)));
        Self {
            windows: windows.collect(),
            file: SampleFile::new(Parts::default(), scale.clone()),
            scale,
            rows: 0,
            name: String::new(),
        }
    }

    /// Companies are named by their ids in the sample: symbols change.
    fn see(&mut self, histories: &Histories) -> Result<(), Error> {
        use std::fmt::Write as _;
        for history in histories.iter() {
            self.name.clear();
            // Writing to a string cannot fail.
            let _ = write!(self.name, "{}", history.company);
            for (window, tally) in &mut self.windows {
                tally.count_deleted(window.has_lost(history.predictions, history.deleted));
                let Some(seen) = window.observe(history.predictions, history.events) else {
                    continue;
                };
                let written = self.file.add(window, &self.name, &seen);
                written.map_err(|error| Error::Internal(Box::new(error)))?;
                tally.add(&seen, &self.scale);
                self.rows += 1;
            }
        }
        Ok(())
    }

    /// The figures and every file. Computes on the calling thread.
    fn report(
        self,
        request: &BacktestRequest,
        completed_at: accunode_domain::Timestamp,
    ) -> Result<NewResult, StopReason> {
        let internal = |error: std::io::Error| Error::Internal(Box::new(error));
        let (mut parts, sample_sha256) = self.file.finish().map_err(internal)?;
        parts.flush().map_err(internal)?;
        let sample = parts.finish().map_err(internal)?;
        let report = Backtest::of(
            request.parameters(),
            &self.scale,
            self.windows,
            sample_sha256.clone(),
        );
        if report.is_empty() {
            return Err(StopReason::Failed(empty_sample()));
        }
        let json = serde_json::to_vec(&report).map_err(|error| Error::Internal(Box::new(error)))?;
        let text = markdown(&report);
        Ok(NewResult {
            result: ValidationResult {
                verdict: report.verdict(),
                sample_sha256,
                sample_rows: self.rows,
                report_sha256: hex::encode(Sha256::digest(&json)),
                code_version: env!("CARGO_PKG_VERSION").to_owned(),
                completed_at,
            },
            files: vec![
                (ValidationFile::Sample, sample),
                (ValidationFile::Json, Parts::of(&json).map_err(internal)?),
                (
                    ValidationFile::Markdown,
                    Parts::of(text.as_bytes()).map_err(internal)?,
                ),
            ],
        })
    }
}
