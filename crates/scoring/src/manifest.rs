//! `manifest.json`: the properties of a graph, read and checked.

use std::collections::BTreeSet;

use accunode_domain::{
    outcome::Definition,
    prediction::Kind,
    ratio::RatioDefinition,
    risk::{PriorCorrection, Thresholds},
    validation::TrainingBins,
};
use serde::Deserialize;
use serde_json::Value;

/// The only supported format.
const FORMAT: u32 = 1;
/// The largest tolerance that a manifest may declare for its golden rows.
const LOOSEST_TOLERANCE: f64 = 1e-6;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    format: u32,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) kind: Kind,
    pub(crate) description: String,
    pub(crate) sha256: String,
    pub(crate) inputs: Vec<InputFacts>,
    pub(crate) accepts_missing: bool,
    pub(crate) base_rate: f64,
    pub(crate) target_default_rate: f64,
    pub(crate) thresholds: Option<Thresholds>,
    pub(crate) form: FormFacts,
    pub(crate) ensemble: Option<EnsembleFacts>,
    pub(crate) percentiles: Option<Percentiles>,
    pub(crate) shapley_reference: Option<Vec<f64>>,
    #[serde(default)]
    pub(crate) scope: Scope,
    pub(crate) golden: GoldenFacts,
    pub(crate) label: Option<Definition>,
    pub(crate) monitoring: Option<TrainingBins>,
    // For readers: shown with the manifest, but not used here.
    #[serde(default, rename = "created")]
    _created: Value,
    #[serde(default, rename = "onnx")]
    _onnx: Value,
    #[serde(default, rename = "training")]
    _training: Value,
    #[serde(default, rename = "metrics")]
    _metrics: Value,
    #[serde(default, rename = "comparison")]
    _comparison: Value,
}

/// One input, in the graph's order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InputFacts {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) p1: f64,
    pub(crate) p99: f64,
    pub(crate) median: f64,
    #[serde(default)]
    pub(crate) mean_contribution: f64,
    pub(crate) importance: f64,
    #[serde(default, rename = "label")]
    _label: Value,
    #[serde(default, rename = "missing_share")]
    _missing_share: Value,
    #[serde(default, rename = "quantiles")]
    _quantiles: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    Fraction,
    Multiple,
}

/// The meaning of the graph's outputs, from which log-odds are computed.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum FormFacts {
    /// Output `contributions` [N, k]: each ratio's contribution to `base_log_odds`.
    Scorecard {
        base_log_odds: f64,
        coefficients: Vec<f64>,
        covariance: Vec<Vec<f64>>,
        #[serde(default, rename = "standard_error")]
        _standard_error: Value,
    },
    /// Outputs `logistic_log_odds` and `gbm_log_odds` [N, 1], on the sample's scale.
    Pair,
    /// Output `probability` [N, 1], on the sample's scale.
    Probability,
    /// Output `log_odds` [N, 1], on the sample's scale.
    LogOdds,
}

/// `a · (weight_gbm · gbm + (1 − weight_gbm) · logistic) + b`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnsembleFacts {
    pub(crate) weight_gbm: f64,
    pub(crate) a: f64,
    pub(crate) b: f64,
    #[serde(default, rename = "log_odds")]
    _log_odds: Value,
}

/// Quantiles of the two models' log-odds in training, at equal steps.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Percentiles {
    pub(crate) logistic: Vec<f64>,
    pub(crate) gbm: Vec<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scope {
    #[serde(default)]
    pub(crate) out_of_scope_sectors: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GoldenFacts {
    file: String,
    pub(crate) rows: usize,
    pub(crate) tolerance: f64,
}

impl Manifest {
    /// Reads and checks a manifest. The error is text for readers.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let manifest: Self = serde_json::from_str(text).map_err(|e| e.to_string())?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Returns the PDs at which levels begin.
    pub(crate) fn thresholds(&self) -> Thresholds {
        self.thresholds.unwrap_or(Thresholds::FALLBACK)
    }

    /// Returns the thresholds at another target default rate: they keep their proportion to it.
    /// A model that declares none keeps the fallback.
    pub(crate) fn thresholds_at(&self, rate: f64) -> Result<Thresholds, String> {
        let Some(Thresholds { medium, high }) = self.thresholds else {
            return Ok(Thresholds::FALLBACK);
        };
        let factor = rate / self.target_default_rate;
        let (medium, high) = (medium * factor, high * factor);
        require(high < 1.0, || {
            format!("at a target default rate of {rate} the level High would begin at {high}")
        })?;
        Ok(Thresholds { medium, high })
    }

    /// Returns the correction from the sample's default rate to the target's.
    pub(crate) fn prior(&self) -> Result<PriorCorrection, String> {
        PriorCorrection::new(self.base_rate, self.target_default_rate)
            .ok_or_else(|| "base_rate and target_default_rate must lie between 0 and 1".to_owned())
    }

    /// Returns the values that replace omitted ratios when reasons are computed.
    pub(crate) fn reference(&self) -> Vec<f64> {
        self.shapley_reference
            .clone()
            .unwrap_or_else(|| self.inputs.iter().map(|input| input.median).collect())
    }

    fn check(&self) -> Result<(), String> {
        require(self.format == FORMAT, || {
            format!("format is {}, not {FORMAT}", self.format)
        })?;
        require(plain_name(&self.name) && plain_name(&self.version), || {
            "name and version may hold letters, digits, '.', '-' and '_' only".to_owned()
        })?;
        self.prior()?;
        self.check_inputs()?;
        let Thresholds { medium, high } = self.thresholds();
        require(0.0 < medium && medium < high && high < 1.0, || {
            format!("thresholds must rise between 0 and 1, not {medium} and {high}")
        })?;
        require(self.golden.file == "golden.csv", || {
            format!("golden.file is {:?}, not \"golden.csv\"", self.golden.file)
        })?;
        require(self.golden.rows > 0, || "golden.rows is 0".to_owned())?;
        let tolerance = self.golden.tolerance;
        require((0.0..=LOOSEST_TOLERANCE).contains(&tolerance), || {
            format!("golden.tolerance is {tolerance}; {LOOSEST_TOLERANCE} is the loosest allowed")
        })?;
        self.check_reference()?;
        if let Some(bins) = &self.monitoring {
            let checked = bins.check(self.kind);
            checked.map_err(|reason| format!("monitoring: {reason}"))?;
        }
        // An annual prediction stores one probability; a quarterly one, three.
        require(
            (self.kind == Kind::Quarterly) == self.ensemble.is_some(),
            || {
                match self.kind {
                Kind::Annual => "an annual model gives one probability; it has no ensemble".to_owned(),
                Kind::Quarterly => "a quarterly model needs `ensemble`: it gives three probabilities, of a logistic model, of gradient boosting and of their blend".to_owned(),
            }
            },
        )
    }

    fn check_inputs(&self) -> Result<(), String> {
        let definitions = self.kind.ratios();
        let names = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(", ");
        require(
            self.inputs.len() == definitions.len()
                && self
                    .inputs
                    .iter()
                    .zip(definitions)
                    .all(|(i, d)| i.name == d.name),
            || {
                format!(
                    "the inputs are {}, but {} models take {}",
                    names(&mut self.inputs.iter().map(|i| i.name.as_str())),
                    self.kind,
                    names(&mut definitions.iter().map(|d| d.name)),
                )
            },
        )?;
        for (input, definition) in self.inputs.iter().zip(definitions) {
            input.check(definition)?;
        }
        let importance: f64 = self.inputs.iter().map(|i| i.importance).sum();
        require((importance - 1.0).abs() < 1e-6, || {
            format!("the importance weights add up to {importance}, not to 1")
        })
    }

    fn check_reference(&self) -> Result<(), String> {
        let reference = self.reference();
        require(
            reference.len() == self.inputs.len() && reference.iter().all(|v| v.is_finite()),
            || "shapley_reference needs one number for each input".to_owned(),
        )
    }
}

impl InputFacts {
    fn check(&self, definition: &RatioDefinition) -> Result<(), String> {
        let name = &self.name;
        require(
            same(self.min, definition.min) && same(self.max, definition.max),
            || {
                format!(
                    "{name} ranges from {} to {} in the manifest, but from {} to {} in the service",
                    self.min, self.max, definition.min, definition.max
                )
            },
        )?;
        require((self.unit == Unit::Fraction) == definition.is_share, || {
            format!("the unit of {name} is not the service's")
        })?;
        require(
            [self.p1, self.median, self.p99]
                .iter()
                .all(|value| (self.min..=self.max).contains(value))
                && self.p1 <= self.median
                && self.median <= self.p99,
            || format!("p1, median and p99 of {name} must rise within its range"),
        )?;
        require(
            (0.0..=1.0).contains(&self.importance) && self.mean_contribution.is_finite(),
            || format!("importance or mean_contribution of {name} is impossible"),
        )
    }
}

pub(crate) fn require(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// Names are used in paths, tags and tables.
pub(crate) fn plain_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::artefact::SHIPPED;

    fn changed(change: impl FnOnce(&mut Value)) -> Result<Manifest, String> {
        let mut manifest: Value = serde_json::from_slice(SHIPPED[0].1.manifest).unwrap();
        change(&mut manifest);
        Manifest::read(&manifest.to_string())
    }

    #[test]
    fn shipped_manifests_are_valid() {
        for (folder, shipped) in &SHIPPED {
            let manifest = Manifest::read(std::str::from_utf8(shipped.manifest).unwrap()).unwrap();
            assert_eq!(format!("{}/{}", manifest.name, manifest.version), *folder);
        }
    }

    #[test]
    fn invalid_manifest_is_refused_with_a_reason() {
        let cases: [(&str, Value, &str); 15] = [
            ("/format", json!(2), "format is 2"),
            ("/name", json!("../x"), "name and version may hold"),
            ("/base_rate", json!(0.0), "between 0 and 1"),
            ("/inputs/1/name", json!("debt"), "annual models take"),
            ("/inputs/1/max", json!(40.0), "from 0 to 40 in the manifest"),
            (
                "/inputs/2/unit",
                json!("multiple"),
                "unit of net_income_margin",
            ),
            ("/inputs/0/p1", json!(-1.0), "must rise within its range"),
            ("/inputs/0/importance", json!(0.9), "add up to"),
            ("/thresholds/medium", json!(0.5), "thresholds must rise"),
            ("/golden/tolerance", json!(0.1), "the loosest allowed"),
            ("/kind", json!("monthly"), "monthly"),
            ("/label", json!("ifrs_9"), "ifrs_9"),
            (
                "/monitoring/inputs/1/edges/0",
                json!(9.0),
                "monitoring: the edges of total_debt_to_ebitda must be finite and ascend",
            ),
            ("/monitoring/score/counts/0", json!(0), "each above 0"),
            ("/monitoring/inputs/0/missing", json!(7), "but score counts"),
        ];
        for (pointer, value, reason) in cases {
            let refused = changed(|m| *m.pointer_mut(pointer).unwrap() = value).unwrap_err();
            assert!(refused.contains(reason), "{pointer}: {refused}");
        }
    }

    #[test]
    fn misspelt_manifest_field_is_refused() {
        let refused = changed(|m| {
            let thresholds = m["thresholds"].take();
            m.as_object_mut().unwrap().remove("thresholds");
            m["treshholds"] = thresholds;
        })
        .unwrap_err();
        assert!(refused.contains("treshholds"), "{refused}");
    }

    #[test]
    fn a_model_without_thresholds_gets_the_fallback() {
        let manifest = changed(|m| {
            m.as_object_mut().unwrap().remove("thresholds");
        })
        .unwrap();
        assert_eq!(manifest.thresholds(), Thresholds::FALLBACK);
    }
}
