//! Predictions as they are written.

use std::collections::BTreeMap;

use accunode_application::predictions::{CreatedPrediction, Explained, ScoredItem};
use accunode_domain::{
    owner::AccessLevel,
    prediction::{Kind, Outcome, Prediction},
    risk::{Explanation, ModelRef, Reason, RiskLevel},
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use super::request::{Batch, NewPrediction, PredictionChanges, ScoreRequest};
use crate::{
    names::{AccessLevelName, RiskLevelName},
    problem::{FaultDto, Problem, ProblemDto},
};

/// What a model said.
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
    /// 0 to 1: how well the inputs support the number, not the chance of being right.
    #[schema(example = 0.9)]
    confidence: f64,
    model: ModelDto,
}

/// Which model said it: enough to say it again.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ModelRef)]
pub(crate) struct ModelDto {
    #[schema(example = "annual")]
    name: String,
    #[schema(example = "1.0.0")]
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
        let rounded = outcome.pd.rounded();
        let is_annual = outcome.parts.is_none();
        Self {
            pd: outcome.pd.get(),
            probability: is_annual.then_some(rounded),
            logistic_probability: outcome.parts.map(|parts| parts.logistic.rounded()),
            gbm_probability: outcome.parts.map(|parts| parts.gbm.rounded()),
            ensemble_probability: (!is_annual).then_some(rounded),
            risk_level: outcome.risk_level,
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
    /// For people.
    text: String,
}

fn reasons(explanation: &Explanation) -> Vec<ReasonDto> {
    let show = |reason: &Reason| ReasonDto {
        ratio: reason.ratio.clone(),
        value: reason.value,
        contribution: reason.contribution,
        rank: reason.rank,
        text: reason.text.clone(),
    };
    explanation.reasons.iter().map(show).collect()
}

fn by_name(kind: Kind, values: impl Iterator<Item = Option<f64>>) -> BTreeMap<String, Option<f64>> {
    let names = kind.ratios().iter().map(|d| d.name.to_owned());
    names.zip(values).collect()
}

/// A prediction.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Prediction)]
pub(crate) struct PredictionDto {
    id: Uuid,
    company_id: Uuid,
    /// The company as of scoring.
    #[schema(example = "ACME")]
    company_symbol: String,
    company_name: String,
    company_sector: String,
    #[schema(example = "2024")]
    reporting_year: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Q3")]
    reporting_quarter: Option<String>,
    #[serde(flatten)]
    outcome: OutcomeDto,
    /// As stored: fractions within range, 4 decimals; null is missing.
    ratios: BTreeMap<String, Option<f64>>,
    /// What was done to a ratio before it was scored: `name:flag`.
    #[schema(example = json!(["total_debt_to_ebitda:clamped_high"]))]
    flags: Vec<String>,
    /// The log-odds of the average company of the training; `base` and the
    /// contributions add up to the log-odds of the PD. In lists: absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<f64>,
    /// Largest first. In lists, and where the model's version is not served any more: absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<ReasonDto>>,
    #[schema(value_type = AccessLevelName)]
    access_level: AccessLevel,
    organization_id: Option<Uuid>,
    created_by: Uuid,
    /// The upload it came with, and the row of its file.
    bulk_job_id: Option<Uuid>,
    bulk_row: Option<u32>,
    #[serde(with = "time::serde::rfc3339")]
    predicted_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// What the caller should know, like `company_differs`; on create alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Vec<FaultDto>>,
}

impl PredictionDto {
    /// The columns of an export, before those of the ratios.
    pub(crate) const COLUMNS: &'static [&'static str] = &[
        "id",
        "company_id",
        "company_symbol",
        "company_name",
        "company_sector",
        "reporting_year",
        "reporting_quarter",
        "pd",
        "probability",
        "logistic_probability",
        "gbm_probability",
        "ensemble_probability",
        "risk_level",
        "confidence",
        "flags",
        "access_level",
        "organization_id",
        "created_by",
        "bulk_job_id",
        "bulk_row",
        "predicted_at",
        "created_at",
        "updated_at",
    ];

    fn explained(self, explanation: Option<&Explanation>) -> Self {
        Self {
            base: explanation.map(|e| e.base),
            reasons: explanation.map(reasons),
            ..self
        }
    }
}

impl From<Prediction> for PredictionDto {
    fn from(prediction: Prediction) -> Self {
        let kind = prediction.period.kind();
        Self {
            id: prediction.id.0,
            company_id: prediction.company.id.0,
            company_symbol: prediction.company.symbol.as_str().to_owned(),
            company_name: prediction.company.name,
            company_sector: prediction.company.sector,
            reporting_year: prediction.period.year.to_string(),
            reporting_quarter: prediction.period.quarter.map(|q| q.to_string()),
            outcome: (&prediction.outcome).into(),
            ratios: by_name(kind, prediction.ratios.values.into_iter()),
            flags: prediction.ratios.flags,
            base: None,
            reasons: None,
            access_level: prediction.owner.level(),
            organization_id: prediction.owner.organization().map(|id| id.0),
            created_by: prediction.created_by.0,
            bulk_job_id: prediction.origin.map(|origin| origin.job.0),
            bulk_row: prediction.origin.map(|origin| origin.row),
            predicted_at: prediction.predicted_at,
            created_at: prediction.created_at,
            updated_at: prediction.updated_at,
            warnings: None,
        }
    }
}

impl From<Explained> for PredictionDto {
    fn from(explained: Explained) -> Self {
        Self::from(explained.prediction).explained(explained.explanation.as_ref())
    }
}

impl From<CreatedPrediction> for PredictionDto {
    fn from(created: CreatedPrediction) -> Self {
        Self {
            warnings: Some(created.warnings.iter().map(FaultDto::from).collect()),
            ..Self::from(created.prediction).explained(created.explanation.as_ref())
        }
    }
}

/// Why a PD is what it is: `base` and the contributions add up to `log_odds`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(crate) struct ExplanationDto {
    prediction_id: Uuid,
    pd: f64,
    /// The log-odds of the average company of the training, after the prior correction.
    base: f64,
    /// The log-odds of the PD.
    log_odds: f64,
    /// One for each ratio, largest first.
    reasons: Vec<ReasonDto>,
    model: ModelDto,
}

impl ExplanationDto {
    /// `None` where the model's version is not served any more.
    pub(crate) fn of(explained: &Explained) -> Option<Self> {
        let explanation = explained.explanation.as_ref()?;
        Some(Self {
            prediction_id: explained.prediction.id.0,
            pd: explained.prediction.outcome.pd.get(),
            base: explanation.base,
            log_odds: explanation.log_odds,
            reasons: reasons(explanation),
            model: (&explained.prediction.outcome.model).into(),
        })
    }
}

/// What was scored and not stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Score)]
pub(crate) struct ScoreDto {
    #[serde(skip_serializing_if = "Option::is_none")]
    reporting_year: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reporting_quarter: Option<String>,
    #[serde(flatten)]
    outcome: OutcomeDto,
    /// As they would be stored: fractions within range, 4 decimals; null is missing.
    ratios: BTreeMap<String, Option<f64>>,
    /// What was done to a ratio before it was scored: `name:flag`.
    flags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<ReasonDto>>,
}

impl ScoreDto {
    /// A scored item of a period.
    pub(crate) fn of(item: &ScoredItem, year: Option<String>, quarter: Option<String>) -> Self {
        let explanation = item.scored.explanation.as_ref();
        Self {
            reporting_year: year,
            reporting_quarter: quarter,
            outcome: (&item.scored.outcome).into(),
            ratios: by_name(
                item.ratios.kind(),
                item.ratios.values().iter().map(|r| r.stored),
            ),
            flags: item.ratios.flags(),
            base: explanation.map(|e| e.base),
            reasons: explanation.map(reasons),
        }
    }
}

/// What became of one item: a prediction or a problem.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemDto<T> {
    /// The HTTP status it would have had alone.
    #[schema(example = 200)]
    pub(crate) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prediction: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<ProblemDto>,
}

impl<T> ItemDto<T> {
    /// One that succeeded.
    pub(crate) fn done(status: u16, prediction: T) -> Self {
        Self {
            status,
            prediction: Some(prediction),
            problem: None,
        }
    }

    /// One that failed.
    pub(crate) fn failed(problem: &Problem) -> Self {
        problem.log();
        Self {
            status: problem.status().as_u16(),
            prediction: None,
            problem: Some(problem.document(None)),
        }
    }
}

/// What became of each item, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemsDto<T> {
    pub(crate) data: Vec<ItemDto<T>>,
}
