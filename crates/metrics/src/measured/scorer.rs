use std::time::Instant;

use accunode_domain::{prediction::Kind, ratio::Ratios, risk::ModelRef};
use accunode_ports::scoring::{
    ModelInfo, RefusedModel, Scored, Scorer, ScoringError, TrainingFacts,
};

use super::Measured;
use crate::{
    labels::{ScoredRows, Scoring},
    metrics::observe,
};

impl Measured<dyn Scorer> {
    /// Times a call for this number of rows.
    fn timed(
        &self,
        kind: Kind,
        rows: usize,
        explain: bool,
        call: impl FnOnce() -> Result<Vec<Scored>, ScoringError>,
    ) -> Result<Vec<Scored>, ScoringError> {
        let started = Instant::now();
        let scored = call();
        let kind = kind.as_str();
        let reasons = if explain { "yes" } else { "no" };
        let labels = Scoring { kind, reasons };
        observe(&self.metrics.model_seconds, &labels, started.elapsed());
        let outcome = if scored.is_ok() { "scored" } else { "failed" };
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        let counted = &self.metrics.model_rows;
        counted
            .get_or_create(&ScoredRows { kind, outcome })
            .inc_by(rows);
        scored
    }
}

impl Scorer for Measured<dyn Scorer> {
    fn score(
        &self,
        kind: Kind,
        ratios: &[Ratios],
        explain: bool,
    ) -> Result<Vec<Scored>, ScoringError> {
        self.timed(kind, ratios.len(), explain, || {
            self.inner.score(kind, ratios, explain)
        })
    }

    fn score_by(
        &self,
        model: &ModelRef,
        kind: Kind,
        ratios: &[Ratios],
        explain: bool,
    ) -> Result<Vec<Scored>, ScoringError> {
        self.timed(kind, ratios.len(), explain, || {
            self.inner.score_by(model, kind, ratios, explain)
        })
    }

    fn models(&self) -> Vec<ModelInfo> {
        self.inner.models()
    }

    fn refused(&self) -> Vec<RefusedModel> {
        self.inner.refused()
    }

    fn accepts_missing(&self, kind: Kind) -> bool {
        self.inner.accepts_missing(kind)
    }

    fn covers_sector(&self, kind: Kind, sector: &str) -> bool {
        self.inner.covers_sector(kind, sector)
    }

    fn training(&self, kind: Kind) -> TrainingFacts {
        self.inner.training(kind)
    }
}
