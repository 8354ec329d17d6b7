//! Nightly snapshots of monitoring: every owner's predictions by every model that is served,
//! period by period, against the training data of the model.

use accunode_domain::{
    access::Scope,
    id::MaintenanceRunId,
    validation::{
        Baseline, BinEdges, MonitoredPredictions, PeriodShift, SnapshotFigures, TrainingBins,
    },
};
use accunode_ports::{
    maintenance::NewSnapshot, repositories::ModelPredictions, scoring::ModelInfo,
};
use serde_json::{Value, json};

use super::{MaintenanceRuns, carry_out::Stopped};
use crate::Error;

impl MaintenanceRuns {
    /// Counts and compares. What fails of one owner is logged, and the others go on.
    pub(super) async fn snapshot_models(&self, id: MaintenanceRunId) -> Result<Value, Stopped> {
        let models = self.ports.scorer.models();
        let monitored = self.ports.maintenance.monitored().await?;
        let (mut periods, mut written, mut failed, mut without_bins) = (0, 0, 0, 0);
        for one in &monitored {
            let served = models
                .iter()
                .find(|info| (info.kind, &info.model) == (one.kind, &one.model));
            let bins = served.and_then(|info| Some((info, info.training_bins.as_ref()?)));
            let Some((info, bins)) = bins else {
                without_bins += 1;
                continue;
            };
            match self.snapshot(one, info, bins).await {
                Ok((of_periods, changed)) => {
                    periods += of_periods;
                    written += changed;
                }
                Err(error) => {
                    failed += 1;
                    let owner = one.owner.key();
                    log_failure(one, &error);
                    let (model, version) = (&one.model.name, &one.model.version);
                    let text = format!("{owner}, {model} {version}: failed, see the log");
                    self.note(id, text).await?;
                }
            }
        }
        let outcome = json!({
            "owners_and_models": monitored.len(),
            "without_training_bins": without_bins,
            "periods": periods,
            "written": written,
            "failed": failed,
        });
        if failed == 0 {
            return Ok(outcome);
        }
        Err(Stopped::Finding {
            code: "snapshots_failed",
            outcome,
        })
    }

    /// Returns how many periods were counted, and of how many the snapshot differs from the
    /// kept one.
    async fn snapshot(
        &self,
        of: &MonitoredPredictions,
        info: &ModelInfo,
        bins: &TrainingBins,
    ) -> Result<(u64, u64), Error> {
        let edges = BinEdges::of_training(bins, info.shift);
        let scope = Scope::of_monitoring(of.owner);
        let predictions = ModelPredictions {
            kind: of.kind,
            model: &of.model,
        };
        let repository = self.ports.store.monitoring();
        let periods = repository.counts(&scope, predictions, None, &edges).await?;
        let mut written = 0;
        for counts in &periods {
            let shift = PeriodShift::from_training(&edges, bins, counts);
            let snapshot = NewSnapshot {
                owner: of.owner,
                kind: of.kind,
                model: of.model.clone(),
                period: counts.period,
                baseline: Baseline::Training,
                figures: SnapshotFigures::of(of.kind, counts, &shift),
                at: self.ports.clock.now(),
            };
            let changed = self.ports.maintenance.keep_snapshot(&snapshot).await?;
            written += u64::from(changed);
        }
        Ok((u64::try_from(periods.len()).unwrap_or(u64::MAX), written))
    }
}

fn log_failure(of: &MonitoredPredictions, error: &Error) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(owner = %of.owner.key(), kind = %of.kind, error, "no snapshot could be made");
}
