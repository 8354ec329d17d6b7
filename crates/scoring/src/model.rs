//! A model that passed its checks: computes outcomes and reasons from ratios.

use std::sync::Arc;

use accunode_domain::{
    prediction::{EnsembleParts, Outcome},
    ratio::{Ratio, Ratios},
    risk::{Explanation, Pd, PriorCorrection, SectorScope, confidence},
};
use accunode_ports::scoring::{ModelInfo, Scored, ScoringError, TrainingFacts};
use serde_json::json;
use tract_onnx::prelude::{TractError, TractResult};

use crate::{
    form::{Form, Verdict},
    graph::{Graph, Row},
    manifest::{InputFacts, Manifest},
    reasons,
    shapley::shapley,
    target::TargetRate,
};

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) info: ModelInfo,
    manifest: Arc<Manifest>,
    graph: Arc<Graph>,
    form: Form,
    support: Vec<Support>,
    accepts_missing: bool,
    /// The values that replace ratios which a coalition of the Shapley values leaves out.
    reference: Vec<f32>,
    prior: PriorCorrection,
    training: TrainingFacts,
}

/// The facts about one input from which confidence is computed.
#[derive(Debug)]
struct Support {
    importance: f64,
    p1: f64,
    p99: f64,
}

impl Model {
    pub(crate) fn new(
        info: ModelInfo,
        manifest: Arc<Manifest>,
        graph: Arc<Graph>,
        form: Form,
        prior: PriorCorrection,
    ) -> Self {
        Self {
            info,
            graph,
            form,
            support: manifest.inputs.iter().map(Support::new).collect(),
            accepts_missing: manifest.accepts_missing,
            reference: manifest.reference().into_iter().map(to_f32).collect(),
            prior,
            training: TrainingFacts {
                medians: manifest.inputs.iter().map(|input| input.median).collect(),
                sectors: SectorScope::all_but(&manifest.scope.out_of_scope_sectors),
            },
            manifest,
        }
    }

    /// Returns the same model for companies with another default rate, as a version of its
    /// own. The thresholds of the levels move with the rate.
    ///
    /// The error is text for readers.
    pub(crate) fn at(&self, rate: TargetRate) -> Result<Self, String> {
        let prior = PriorCorrection::new(self.manifest.base_rate, rate.get())
            .ok_or("the rate must lie between 0 and 1")?;
        let form = Form::new(&self.manifest, prior)?;
        let thresholds = self.manifest.thresholds_at(rate.get())?;
        let mut info = self.info.clone();
        info.model.version = rate.version(&self.manifest.version);
        info.thresholds = thresholds;
        info.shift = prior.shift();
        info.manifest["version"] = json!(info.model.version);
        info.manifest["target_default_rate"] = json!(rate);
        info.manifest["thresholds"] = json!(thresholds);
        let (manifest, graph) = (self.manifest.clone(), self.graph.clone());
        Ok(Self::new(info, manifest, graph, form, prior))
    }

    /// Returns whether this is the rate for which its PDs are stated.
    pub(crate) fn is_at(&self, rate: TargetRate) -> bool {
        self.manifest.target_default_rate.to_bits() == rate.get().to_bits()
    }

    /// Returns one result for each input, in their order.
    pub(crate) fn score(
        &self,
        ratios: &[Ratios],
        explain: bool,
    ) -> Result<Vec<Scored>, ScoringError> {
        self.check(ratios)?;
        let mut scored = Vec::with_capacity(ratios.len());
        let mut all_finite = true;
        self.run(
            ratios.len(),
            |at, row| fill(&ratios[at], row),
            |at, row, verdict| {
                all_finite &= verdict.is_finite();
                let explanation = match &self.form {
                    Form::Scorecard(card) if explain => {
                        let reasons = card.reasons(row.output(0));
                        let base = card.mean_log_odds();
                        Some(explanation(&ratios[at], base, &reasons, verdict.log_odds))
                    }
                    _ => None,
                };
                scored.push(Scored {
                    outcome: self.outcome(row, verdict),
                    explanation,
                });
            },
        )
        .map_err(|cause| self.failed(&cause))?;
        if explain && !matches!(self.form, Form::Scorecard(_)) {
            for (ratios, scored) in ratios.iter().zip(&mut scored) {
                scored.explanation = Some(self.substitute(ratios, &mut all_finite)?);
            }
        }
        if all_finite {
            Ok(scored)
        } else {
            Err(ScoringError::NotAProbability(self.name()))
        }
    }

    /// Returns facts about the training data.
    pub(crate) const fn training(&self) -> &TrainingFacts {
        &self.training
    }

    /// Returns name and version, for readers.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.info.model.name, self.info.model.version)
    }

    /// Returns ln k, which was added to the log-odds of the sample.
    pub(crate) const fn shift(&self) -> f64 {
        self.prior.shift()
    }

    /// Returns the values that replace omitted ratios.
    pub(crate) fn reference(&self) -> &[f32] {
        &self.reference
    }

    /// Returns whether ratios may be missing.
    pub(crate) const fn accepts_missing(&self) -> bool {
        self.accepts_missing
    }

    /// Returns the results for rows that passed no rules, with the graph's own
    /// contributions.
    pub(crate) fn verdicts(
        &self,
        rows: &[Vec<f32>],
    ) -> TractResult<Vec<(Verdict, Option<Vec<f32>>)>> {
        let mut verdicts = Vec::with_capacity(rows.len());
        self.run(
            rows.len(),
            |at, row| row.copy_from_slice(&rows[at]),
            |_, row, verdict| {
                let contributions = self.form.contributions(row).map(<[f32]>::to_vec);
                verdicts.push((verdict, contributions));
            },
        )?;
        Ok(verdicts)
    }

    fn run(
        &self,
        rows: usize,
        fill: impl FnMut(usize, &mut [f32]),
        mut take: impl FnMut(usize, &Row<'_>, Verdict),
    ) -> TractResult<()> {
        self.graph
            .run(rows, fill, |at, row| take(at, row, self.form.verdict(row)))
    }

    fn check(&self, ratios: &[Ratios]) -> Result<(), ScoringError> {
        let failed = |cause: String| ScoringError::Failed {
            model: self.name(),
            cause,
        };
        if let Some(other) = ratios.iter().find(|r| r.kind() != self.info.kind) {
            return Err(failed(format!("it was given {} ratios", other.kind())));
        }
        if self.accepts_missing {
            return Ok(());
        }
        let missing = ratios
            .iter()
            .flat_map(Ratios::iter)
            .find(|(_, ratio)| ratio.scored.is_none());
        match missing {
            Some((definition, _)) => Err(failed(format!(
                "it takes no missing ratios, and {} is missing",
                definition.name
            ))),
            None => Ok(()),
        }
    }

    fn outcome(&self, row: &Row<'_>, verdict: Verdict) -> Outcome {
        let pd = Pd::from_log_odds(verdict.log_odds);
        Outcome {
            pd,
            parts: verdict.parts.map(|[logistic, gbm]| EnsembleParts {
                logistic: Pd::from_log_odds(logistic),
                gbm: Pd::from_log_odds(gbm),
            }),
            risk_level: self.info.thresholds.level(pd),
            confidence: self.confidence(row.inputs, verdict.agreement),
            model: self.info.model.clone(),
        }
    }

    fn confidence(&self, inputs: &[f32], agreement: f64) -> f64 {
        let (mut present, mut inside) = (0.0, 0.0);
        for (input, support) in inputs.iter().zip(&self.support) {
            let value = f64::from(*input);
            if !value.is_nan() {
                present += support.importance;
                if (support.p1..=support.p99).contains(&value) {
                    inside += support.importance;
                }
            }
        }
        confidence(present, inside, agreement)
    }

    /// Computes exact Shapley values: every subset of the ratios against the reference.
    fn substitute(
        &self,
        ratios: &Ratios,
        all_finite: &mut bool,
    ) -> Result<Explanation, ScoringError> {
        let mut inputs = vec![0.0; self.support.len()];
        fill(ratios, &mut inputs);
        let mut worth = Vec::with_capacity(1 << inputs.len());
        self.run(
            1 << inputs.len(),
            |coalition, row| {
                for (at, cell) in row.iter_mut().enumerate() {
                    let given = coalition >> at & 1 == 1;
                    *cell = if given {
                        inputs[at]
                    } else {
                        self.reference[at]
                    };
                }
            },
            |_, _, verdict| {
                *all_finite &= verdict.is_finite();
                worth.push(verdict.log_odds);
            },
        )
        .map_err(|cause| self.failed(&cause))?;
        let (base, log_odds) = (worth[0], worth[worth.len() - 1]);
        Ok(explanation(ratios, base, &shapley(&worth), log_odds))
    }

    fn failed(&self, cause: &TractError) -> ScoringError {
        ScoringError::Failed {
            model: self.name(),
            cause: format!("{cause:#}"),
        }
    }
}

impl Support {
    const fn new(input: &InputFacts) -> Self {
        Self {
            importance: input.importance,
            p1: input.p1,
            p99: input.p99,
        }
    }
}

fn fill(ratios: &Ratios, row: &mut [f32]) {
    for (cell, Ratio { scored, .. }) in row.iter_mut().zip(ratios.values()) {
        *cell = scored.unwrap_or(f32::NAN);
    }
}

fn explanation(ratios: &Ratios, base: f64, contributions: &[f64], log_odds: f64) -> Explanation {
    Explanation {
        base,
        reasons: reasons::reasons(ratios, contributions),
        log_odds,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a manifest's numbers enter the graph as the ratios do, in f32"
)]
pub(crate) const fn to_f32(value: f64) -> f32 {
    value as f32
}
