//! DTOs of the result of a model and its reasons.

use std::collections::BTreeMap;

use accunode_domain::{
    decimal::Decimal,
    prediction::{Kind, Outcome},
    risk::{Explanation, ModelRef, Reason, RiskLevel},
    validation::MasterScale,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::enums::RiskLevelName;

/// The result of a model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Outcome)]
pub(crate) struct OutcomeDto {
    /// The probability of default within twelve months, 0 to 1, in full precision.
    #[schema(example = 0.034_217_9)]
    pd: f64,
    /// The PD with 4 decimals (annual).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 0.0342)]
    probability: Option<f64>,
    /// The logistic model's probability, 4 decimals (quarterly).
    #[serde(skip_serializing_if = "Option::is_none")]
    logistic_probability: Option<f64>,
    /// The gradient boosting's, 4 decimals (quarterly).
    #[serde(skip_serializing_if = "Option::is_none")]
    gbm_probability: Option<f64>,
    /// The PD with 4 decimals (quarterly).
    #[serde(skip_serializing_if = "Option::is_none")]
    ensemble_probability: Option<f64>,
    #[schema(value_type = RiskLevelName)]
    risk_level: RiskLevel,
    /// The grade of the shipped master scale `accunode-17@1` that the PD has: `1` is the best,
    /// `17` the worst. In the order of PDs predictions are in the order of grades.
    #[schema(example = "12")]
    grade: &'static str,
    /// 0 to 1: how well the inputs support the number, not the chance of being right.
    #[schema(example = 0.9)]
    confidence: f64,
    model: ModelDto,
}

/// The model: enough to reproduce the result.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ModelRef)]
pub(crate) struct ModelDto {
    #[schema(example = "annual")]
    name: String,
    #[schema(example = "2.0.0")]
    version: String,
    /// The SHA-256 of its file.
    sha256: String,
}

impl From<&ModelRef> for ModelDto {
    fn from(model: &ModelRef) -> Self {
        Self {
            name: model.name.clone(),
            version: model.version.clone(),
            sha256: model.sha256.clone(),
        }
    }
}

impl From<&Outcome> for OutcomeDto {
    fn from(outcome: &Outcome) -> Self {
        let rounded = outcome.pd.rounded().to_f64();
        let is_annual = outcome.parts.is_none();
        Self {
            pd: outcome.pd.get(),
            probability: is_annual.then_some(rounded),
            logistic_probability: outcome.parts.map(|parts| parts.logistic.rounded().to_f64()),
            gbm_probability: outcome.parts.map(|parts| parts.gbm.rounded().to_f64()),
            ensemble_probability: (!is_annual).then_some(rounded),
            risk_level: outcome.risk_level,
            grade: MasterScale::standard().code(outcome.pd.get()),
            confidence: outcome.confidence,
            model: (&outcome.model).into(),
        }
    }
}

/// How one ratio moved the PD.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reason)]
pub(crate) struct ReasonDto {
    #[schema(example = "total_debt_to_ebitda")]
    ratio: String,
    /// The value that was scored; null is missing.
    value: Option<f64>,
    /// What it adds to the log-odds: above 0 raises the risk.
    contribution: f64,
    /// 1 for the largest contribution by size.
    rank: u32,
    /// A message for users.
    text: String,
}

/// The reasons of an explanation, largest first.
pub(super) fn reasons(explanation: &Explanation) -> Vec<ReasonDto> {
    let show = |reason: &Reason| ReasonDto {
        ratio: reason.ratio.clone(),
        value: reason.value,
        contribution: reason.contribution,
        rank: reason.rank,
        text: reason.text.clone(),
    };
    explanation.reasons.iter().map(show).collect()
}

/// Values of ratios by their names.
pub(super) fn by_name(
    kind: Kind,
    values: impl Iterator<Item = Option<Decimal>>,
) -> BTreeMap<String, Option<f64>> {
    let names = kind.ratios().iter().map(|d| d.name.to_owned());
    let numbers = values.map(|value| value.as_ref().map(Decimal::to_f64));
    names.zip(numbers).collect()
}
