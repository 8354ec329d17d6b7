//! DTOs of validation reports.

use accunode_domain::{
    job::JobStatus,
    outcome::Definition,
    owner::AccessLevel,
    prediction::Kind,
    validation::{Basis, ValidationReport, Verdict, VerdictRule},
};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::enums::{
    AccessLevelName, BasisName, DefinitionName, JobStatusName, KindName, VerdictName,
};

/// A back-test: its request, its state and its result.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ValidationReport)]
pub(crate) struct ValidationDto {
    pub(super) id: Uuid,
    #[schema(value_type = KindName)]
    kind: Kind,
    #[schema(value_type = JobStatusName)]
    status: JobStatus,
    /// Why it failed: a stable code, and words for readers.
    error_code: Option<String>,
    error_message: Option<String>,
    /// The first days of the windows; each lasts twelve months.
    #[schema(example = json!(["2024-12-31"]))]
    first_days: Vec<String>,
    #[schema(value_type = BasisName)]
    basis: Basis,
    lag_months: u8,
    #[schema(value_type = DefinitionName)]
    definition: Definition,
    /// What the model learned as a default.
    #[schema(value_type = DefinitionName)]
    label: Definition,
    /// The version of the model that scored when it was requested, whose label and target rate these
    /// are; null in older reports.
    model_version: Option<String>,
    /// Name and version of the scale that grades are of.
    #[schema(example = "accunode-17@1")]
    scale: String,
    /// Nothing that was recorded later counts.
    #[serde(with = "time::serde::rfc3339")]
    data_as_of: OffsetDateTime,
    include_system_outcomes: bool,
    initial_auc: Option<f64>,
    target_rate: Option<f64>,
    /// The limits by which its verdicts are given.
    verdict_rule: VerdictRuleDto,
    /// The worst verdict of its windows; null until it is completed.
    #[schema(value_type = Option<VerdictName>)]
    verdict: Option<Verdict>,
    /// The SHA-256 of `sample.csv`.
    sample_sha256: Option<String>,
    /// Rows of the sample, over all windows.
    sample_rows: Option<u64>,
    /// The SHA-256 of the report as JSON.
    report_sha256: Option<String>,
    /// The version of the program that computed it.
    code_version: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    completed_at: Option<OffsetDateTime>,
    /// 1 (no deficiencies) to 4 (severe ones), by the user who signed it off.
    assessment: Option<u8>,
    comment: Option<String>,
    signed_off_by: Option<Uuid>,
    #[serde(with = "time::serde::rfc3339::option")]
    signed_off_at: Option<OffsetDateTime>,
    #[schema(value_type = AccessLevelName)]
    access_level: AccessLevel,
    organization_id: Option<Uuid>,
    created_by: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl ValidationDto {
    /// The columns of an export.
    pub(super) const COLUMNS: &'static [&'static str] = &[
        "id",
        "kind",
        "status",
        "error_code",
        "first_days",
        "basis",
        "definition",
        "model_version",
        "data_as_of",
        "verdict",
        "sample_sha256",
        "sample_rows",
        "report_sha256",
        "code_version",
        "completed_at",
        "assessment",
        "comment",
        "signed_off_by",
        "signed_off_at",
        "access_level",
        "organization_id",
        "created_by",
        "created_at",
    ];
}

impl From<ValidationReport> for ValidationDto {
    fn from(report: ValidationReport) -> Self {
        let (request, result, signed) = (report.request, report.result, report.sign_off);
        let (error_code, error_message) = report.error.map(|e| (e.code, e.detail)).unzip();
        let days = request.first_days.iter().map(ToString::to_string).collect();
        Self {
            id: report.id.0,
            kind: request.kind,
            status: report.status,
            error_code,
            error_message,
            first_days: days,
            basis: request.basis,
            lag_months: request.lag_months,
            definition: request.definition,
            label: request.label,
            scale: request.scale_name().to_owned(),
            model_version: request.model_version,
            data_as_of: request.as_of,
            include_system_outcomes: request.include_system_outcomes,
            initial_auc: request.initial_auc,
            target_rate: request.target_rate,
            verdict_rule: request.verdict_rule.into(),
            verdict: result.as_ref().map(|result| result.verdict),
            sample_sha256: result.as_ref().map(|result| result.sample_sha256.clone()),
            sample_rows: result.as_ref().map(|result| result.sample_rows),
            report_sha256: result.as_ref().map(|result| result.report_sha256.clone()),
            code_version: result.as_ref().map(|result| result.code_version.clone()),
            completed_at: result.map(|result| result.completed_at),
            assessment: signed.as_ref().map(|signed| signed.assessment),
            comment: signed.as_ref().map(|signed| signed.comment.clone()),
            signed_off_by: signed.as_ref().map(|signed| signed.by.0),
            signed_off_at: signed.map(|signed| signed.at),
            access_level: report.owner.level(),
            organization_id: report.owner.organization().map(|id| id.0),
            created_by: report.created_by.0,
            created_at: report.created_at,
        }
    }
}

/// The limits of verdicts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VerdictRule)]
pub(crate) struct VerdictRuleDto {
    /// p below which a figure needs attention.
    attention: f64,
    /// p below which a figure is a breach.
    breach: f64,
    /// With fewer defaults every verdict is undetermined.
    fewest_defaults: u64,
    /// The share of the population that deletions may have taken before a report needs attention.
    most_deleted: f64,
}

impl From<VerdictRule> for VerdictRuleDto {
    fn from(rule: VerdictRule) -> Self {
        Self {
            attention: rule.attention,
            breach: rule.breach,
            fewest_defaults: rule.fewest_defaults,
            most_deleted: rule.most_deleted,
        }
    }
}

/// A back-test with its report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ValidationReportWithFigures)]
pub(crate) struct ReportDto {
    #[serde(flatten)]
    pub(super) validation: ValidationDto,
    /// Every figure, in the order of the ECB's instructions; docs/validation.md explains them. Null
    /// until the report is completed.
    #[schema(value_type = Option<Object>)]
    pub(super) report: Option<Value>,
}
