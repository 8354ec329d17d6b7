//! Processing of a rescoring by the worker: read a page, score it outside of any
//! transaction, store it.

use accunode_domain::{
    audit::RequestContext,
    fault::Fault,
    job::{Checkpoint, Job, Rescoring},
    prediction::Kind,
    risk::ModelRef,
};
use accunode_ports::{
    repositories::{Lease, Rescorable, RescoredChunk, RescoredRow, ToRescore},
    scoring::{Scorer, ScoringError},
};
use tokio::sync::watch;

use super::{BulkUploads, process::Chunk, run::StopReason};
use crate::{
    Error,
    predictions::{SECTOR_OUT_OF_SCOPE, from_stored, to_store},
};

impl BulkUploads {
    /// Scores the remaining predictions, and returns how many the job accounted for.
    pub(super) async fn try_rescore(
        &self,
        job: &Job,
        rescoring: &Rescoring,
        lease: &Lease,
        stop: &watch::Receiver<bool>,
    ) -> Result<u32, StopReason> {
        let takes_gaps = self.takes_gaps(job.kind, &rescoring.model)?;
        let page = u32::try_from(self.ports.settings.chunk_rows).unwrap_or(u32::MAX);
        let mut checkpoint = job.checkpoint;
        let mut done = job.counts.processed();
        let mut total = job.total_rows;
        loop {
            self.go_on(lease, stop).await?;
            let (actor, grant, _) = self.rights(job).await?;
            let wanted = ToRescore {
                grant,
                kind: job.kind,
                rescoring: rescoring.clone(),
                until: job.created_at,
            };
            let jobs = self.ports.store.jobs();
            let most = match total {
                Some(total) => total,
                None => jobs.count_to_rescore(&wanted).await.map_err(Error::from)?,
            };
            let read = jobs
                .to_rescore(&wanted, checkpoint.after, page)
                .await
                .map_err(Error::from)?;
            let Some(last) = read.last() else {
                return Ok(done);
            };
            let first = checkpoint.row + 1;
            let count = u32::try_from(read.len()).unwrap_or(u32::MAX);
            checkpoint = Checkpoint {
                row: checkpoint.row + count,
                after: Some(last.position),
                ..checkpoint
            };
            done += count;
            // The owner may have got further predictions since they were counted.
            let most = most.max(done);
            total = Some(most);
            let rows = self
                .scored(job.kind, &rescoring.model, takes_gaps, first, read)
                .await?;
            let chunk = RescoredChunk {
                grant,
                kind: job.kind,
                model: rescoring.model.clone(),
                rows,
                checkpoint,
                total_rows: most,
                row_budget: self.ports.settings.row_budget,
                context: RequestContext {
                    request_id: job.id.to_string(),
                    ..RequestContext::default()
                },
                predicted_at: self.ports.clock.now(),
            };
            let counts = self
                .store_chunk(job, &actor.scope(), lease, &Chunk::Rescored(chunk))
                .await?;
            self.ports.meter.rows_stored(&job.task, counts);
            self.ports
                .invalidate_cached_stats(&[grant.owner().key()])
                .await;
        }
    }

    /// Returns whether the model accepts missing ratios, by its manifest.
    fn takes_gaps(&self, kind: Kind, model: &ModelRef) -> Result<bool, StopReason> {
        let models = self.ports.scorer.models();
        let info = models
            .iter()
            .find(|info| info.kind == kind && info.model == *model);
        let info = info.ok_or_else(|| unavailable(model))?;
        Ok(info.manifest["accepts_missing"].as_bool() != Some(false))
    }

    async fn scored(
        &self,
        kind: Kind,
        model: &ModelRef,
        takes_gaps: bool,
        first: u32,
        read: Vec<Rescorable>,
    ) -> Result<Vec<RescoredRow>, StopReason> {
        let (scorer, by) = (self.ports.scorer.clone(), model.clone());
        let scored = tokio::task::spawn_blocking(move || {
            score(&*scorer, kind, &by, takes_gaps, first, read)
        });
        match scored
            .await
            .map_err(|panic| Error::Internal(Box::new(panic)))?
        {
            Ok(rows) => Ok(rows),
            Err(ScoringError::NotServed(model)) => Err(unavailable(&model)),
            Err(other) => Err(Error::from(other).into()),
        }
    }
}

fn unavailable(model: &ModelRef) -> StopReason {
    StopReason::Failed(Fault::new(
        "/model_version",
        "model_unavailable",
        format!(
            "{} {} is not served any more; what was scored stays",
            model.name, model.version
        ),
    ))
}

/// Scores from the ratios as they were sent, by the current rules. Computes on the calling
/// thread.
fn score(
    scorer: &dyn Scorer,
    kind: Kind,
    model: &ModelRef,
    takes_gaps: bool,
    first: u32,
    read: Vec<Rescorable>,
) -> Result<Vec<RescoredRow>, ScoringError> {
    let checked: Vec<_> = read
        .iter()
        .map(|row| {
            from_stored(kind, &row.ratios).and_then(|ratios| {
                if takes_gaps {
                    Ok(ratios)
                } else {
                    ratios.without_gaps()
                }
            })
        })
        .collect();
    let good: Vec<_> = checked.iter().flatten().cloned().collect();
    let mut answers = scorer.score_by(model, kind, &good, false)?.into_iter();
    Ok(read
        .into_iter()
        .zip(checked)
        .zip(first..)
        .map(|((read, checked), row)| {
            let scored = checked.and_then(|ratios| {
                let answer = answers.next().ok_or_else(|| {
                    let detail = "the model gave no answer for this prediction";
                    vec![Fault::new("", "not_scored", detail)]
                })?;
                let mut ratios = to_store(&ratios);
                if !scorer.covers_sector(kind, &read.sector) {
                    ratios.flags.push(SECTOR_OUT_OF_SCOPE.to_owned());
                }
                Ok((ratios, answer.outcome))
            });
            RescoredRow { row, read, scored }
        })
        .collect())
}
