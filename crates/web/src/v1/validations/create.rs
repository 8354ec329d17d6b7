//! Operation `create_validation`.

use accunode_application::{RowLevel, validation::AskBacktest};
use accunode_domain::{
    fault::Fault,
    id::OrganizationId,
    outcome::Definition,
    owner::AccessLevel,
    prediction::Kind,
    timestamp::parse_timestamp,
    validation::{BacktestDraft, Basis, ValidationReport, VerdictRule},
};
use actix_web::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::dto::ValidationDto;
use crate::{
    http::{
        body::{Body, RequestBody},
        call::Authenticated,
        enums::{AccessLevelName, BasisName, DefinitionName, KindName},
        idempotency::{self, Replies, Reply},
        problem::Answer,
        route::address,
    },
    v1::BASE,
};

/// The predictions and outcomes to compare, and the method.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewValidation {
    #[schema(value_type = KindName)]
    kind: Kind,
    /// The first day of a window of the twelve months after it.
    #[schema(format = Date, example = "2024-12-31", max_length = 10)]
    d0: String,
    /// Further windows until one that begins here.
    #[schema(format = Date, example = "2025-12-31", max_length = 10)]
    d0_to: Option<String>,
    /// Months between first days, from 1 to 120; by default 12.
    #[schema(minimum = 1, maximum = 120)]
    step: Option<u8>,
    /// What a default is; by default `bankruptcy@1`, which the shipped models learned.
    #[schema(value_type = Option<DefinitionName>)]
    definition: Option<Definition>,
    /// Which predictions count: by default `recorded`.
    #[schema(value_type = Option<BasisName>)]
    basis: Option<Basis>,
    /// Months from the end of a period until its statement is available, for the basis
    /// `period`; by default 6.
    #[schema(maximum = 60)]
    lag_months: Option<u8>,
    /// Ignore facts that were recorded later; by default now.
    #[schema(format = DateTime, example = "2026-06-01T00:00:00Z", max_length = 40)]
    as_of: Option<String>,
    /// Whether everyone's outcomes count beside the owner's.
    #[serde(default)]
    include_system_outcomes: bool,
    /// The AUC at the model's first validation, to compare with.
    initial_auc: Option<f64>,
    /// The target default rate to correct; by default that of the model that predicts.
    target_rate: Option<f64>,
    /// The scale that grades are of, by its id; by default `accunode-17@1`.
    #[schema(max_length = 40, example = "accunode-17@1")]
    scale: Option<String>,
    /// The limits by which verdicts are given, if they are not the usual ones.
    verdict_rule: Option<NewVerdictRule>,
    /// The owner of the predictions and outcomes: by default the one that suits the caller's role.
    #[schema(value_type = Option<AccessLevelName>)]
    access_level: Option<AccessLevel>,
    /// With the access level `organization`.
    organization_id: Option<Uuid>,
}

/// Limits of verdicts; what is missing is as usual.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewVerdictRule {
    /// p below which a figure needs attention; by default 0.05.
    attention: Option<f64>,
    /// p below which a figure is a breach, at most `attention`; by default 0.01.
    breach: Option<f64>,
    /// With fewer defaults every verdict is undetermined; by default 10.
    #[schema(minimum = 1, maximum = 10_000)]
    fewest_defaults: Option<u64>,
    /// The share of the population that deletions may have taken before a report needs attention;
    /// by default 0.01.
    most_deleted: Option<f64>,
}

impl From<NewVerdictRule> for VerdictRule {
    fn from(new: NewVerdictRule) -> Self {
        let usual = Self::default();
        Self {
            attention: new.attention.unwrap_or(usual.attention),
            breach: new.breach.unwrap_or(usual.breach),
            fewest_defaults: new.fewest_defaults.unwrap_or(usual.fewest_defaults),
            most_deleted: new.most_deleted.unwrap_or(usual.most_deleted),
        }
    }
}

impl RequestBody for NewValidation {}

impl NewValidation {
    fn command(self, level: Option<RowLevel>) -> Result<AskBacktest, Fault> {
        let as_of = self
            .as_of
            .map(|text| parse_timestamp("/as_of", &text))
            .transpose()?;
        Ok(AskBacktest {
            draft: BacktestDraft {
                kind: self.kind,
                d0: self.d0,
                d0_to: self.d0_to,
                step: self.step,
                definition: self.definition.unwrap_or(Definition::Bankruptcy),
                basis: self.basis.unwrap_or_default(),
                lag_months: self.lag_months,
                as_of,
                include_system_outcomes: self.include_system_outcomes,
                initial_auc: self.initial_auc,
                target_rate: self.target_rate,
                scale: None,
                verdict_rule: self.verdict_rule.map(VerdictRule::from).unwrap_or_default(),
            },
            scale: self.scale,
            access_level: level,
            organization: self.organization_id.map(OrganizationId),
        })
    }
}

fn reply(report: &ValidationReport) -> Reply {
    let location = address(BASE, super::ONE, &[&report.id]);
    Reply::new(StatusCode::ACCEPTED, &ValidationDto::from(report.clone()))
        .tagged(report.row_version)
        .at(location)
}

/// Compare predictions with outcomes
///
/// A job with the same id makes the report: it is followed, cancelled and continued like uploads.
/// The same request as of the same time gives the same report, byte for byte.
#[utoipa::path(
    post,
    path = super::ALL,
    tag = "Validations",
    operation_id = "create_validation",
    request_body = NewValidation,
    responses(
        (status = 202, description = "Asked for; `Location` tells where it stands", body = ValidationDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`, `role_forbidden`, `key_forbidden`"),
        (status = 409, description = "`window_not_covered`, `idempotency_in_flight`"),
    )
)]
pub(crate) async fn create(call: Authenticated, body: Body<NewValidation>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let request = idempotency::requested(&call.request, &body.raw)?;
    let replies = Replies::new(request, reply);
    let level = call.row_level(body.value.access_level)?;
    let command = body.value.command(level);
    let command = command.map_err(accunode_application::Error::invalid)?;
    let validations = &call.application.validations;
    let done = validations
        .ask(&call.caller, &command, replies.idempotency().as_ref())
        .await?;
    replies.answer(done)
}
