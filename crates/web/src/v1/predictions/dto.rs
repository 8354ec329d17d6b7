//! DTOs of predictions.

use std::collections::BTreeMap;

use accunode_application::predictions::{CreatedPrediction, Explained, Reproduction, ScoredItem};
use accunode_domain::{
    owner::AccessLevel,
    prediction::{Kind, Prediction},
    risk::Explanation,
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::outcome::{ModelDto, OutcomeDto, ReasonDto, by_name, reasons};
pub(crate) use super::request::{Batch, NewPrediction, PredictionChanges, ScoreRequest};
use crate::http::{enums::AccessLevelName, export::Columns, problem::FaultDto};

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
    /// The changes to a ratio before scoring: `name:flag`.
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
    job_id: Option<Uuid>,
    bulk_row: Option<u32>,
    #[serde(with = "time::serde::rfc3339")]
    predicted_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// What the caller should know: `company_differs`, and `other_company` with name, exchange and
    /// country of both companies if the symbol seems to be that of another one; on create alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Vec<FaultDto>>,
}

impl PredictionDto {
    /// The columns of an export, before those of the ratios.
    const COLUMNS: &'static [&'static str] = &[
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
        "grade",
        "confidence",
        "flags",
        "access_level",
        "organization_id",
        "created_by",
        "job_id",
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

/// The columns of an export of predictions of these kinds.
pub(crate) fn prediction_columns(kinds: &[Kind]) -> Columns {
    let ratios = kinds.iter().flat_map(|kind| kind.ratios());
    let names: Vec<_> = ratios.map(|definition| definition.name).collect();
    Columns::of(PredictionDto::COLUMNS)
        .and("/ratios", &names)
        .named("model_name", "/model/name")
        .named("model_version", "/model/version")
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
            job_id: prediction.origin.map(|origin| origin.job.0),
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

/// The reasons for a PD: `base` and the contributions add up to `log_odds`.
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
    /// `None` if the model's version is no longer served.
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

/// A stored prediction together with its present recomputation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reproduction)]
pub(crate) struct ReproductionDto {
    /// Whether the PDs agree to 1e-6.
    #[serde(rename = "match")]
    is_match: bool,
    /// Whether they agree to the last bit, as they do on one machine.
    bit_equal: bool,
    stored: OutcomeDto,
    recomputed: OutcomeDto,
    model: ModelDto,
}

impl From<&Reproduction> for ReproductionDto {
    fn from(reproduction: &Reproduction) -> Self {
        Self {
            is_match: reproduction.is_match(),
            bit_equal: reproduction.is_bit_equal(),
            stored: (&reproduction.stored).into(),
            recomputed: (&reproduction.recomputed).into(),
            model: (&reproduction.recomputed.model).into(),
        }
    }
}

/// A result that is not stored.
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
    /// The changes to a ratio before scoring: `name:flag`.
    flags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<ReasonDto>>,
}

impl ScoreDto {
    /// A scored item with its period.
    pub(crate) fn of(item: &ScoredItem, year: Option<String>, quarter: Option<String>) -> Self {
        let explanation = item.scored.explanation.as_ref();
        Self {
            reporting_year: year,
            reporting_quarter: quarter,
            outcome: (&item.scored.outcome).into(),
            ratios: by_name(
                item.ratios.kind(),
                item.ratios.values().iter().map(|r| r.stored.clone()),
            ),
            flags: item.ratios.flags(),
            base: explanation.map(|e| e.base),
            reasons: explanation.map(reasons),
        }
    }
}
