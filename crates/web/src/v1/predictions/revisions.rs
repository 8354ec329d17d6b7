//! Operation `list_prediction_revisions`.

use std::collections::BTreeMap;

use accunode_domain::{
    id::PredictionId,
    prediction::{Kind, Revision, RevisionReason},
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::outcome::{OutcomeDto, by_name};
use crate::http::{
    call::Authenticated,
    enums::{KindName, RevisionReasonName},
    export::Columns,
    list::{self, ListDto, OwnPaging, Slice, Start},
    problem::Answer,
};

/// The former values of a prediction.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Revision)]
pub(crate) struct RevisionDto {
    prediction_id: Uuid,
    /// The version that it had then, which was its ETag.
    #[schema(example = 1)]
    version: i64,
    #[serde(flatten)]
    outcome: OutcomeDto,
    /// As stored: fractions within range, 4 decimals; null is missing.
    ratios: BTreeMap<String, Option<f64>>,
    /// The changes to a ratio before scoring: `name:flag`.
    flags: Vec<String>,
    #[serde(with = "time::serde::rfc3339")]
    predicted_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    replaced_at: OffsetDateTime,
    /// Who replaced it; null where that was done to the database itself.
    replaced_by: Option<Uuid>,
    /// The upload or rescoring that replaced it.
    job_id: Option<Uuid>,
    /// What differed: the ratios as sent, else the model, else the figures alone.
    #[schema(value_type = RevisionReasonName)]
    reason: RevisionReason,
}

impl RevisionDto {
    fn of(kind: Kind, revision: Revision) -> Self {
        Self {
            prediction_id: revision.prediction.0,
            version: revision.version,
            outcome: (&revision.outcome).into(),
            ratios: by_name(kind, revision.ratios.values.into_iter()),
            flags: revision.ratios.flags,
            predicted_at: revision.predicted_at,
            replaced_at: revision.replaced_at,
            replaced_by: revision.replaced_by.map(|id| id.0),
            job_id: revision.job.map(|id| id.0),
            reason: revision.reason,
        }
    }
}

/// The former values of a prediction, newest first
#[utoipa::path(
    get,
    path = super::REVISIONS,
    tag = "Predictions",
    operation_id = "list_prediction_revisions",
    params(
        ("kind" = KindName, Path),
        ("id" = Uuid, Path, description = "The prediction"),
        OwnPaging<i64>,
    ),
    responses(
        (status = 200, description = "What was replaced, when, by whom; empty where nothing was. As `application/x-ndjson` all of it", content(
            (ListDto<RevisionDto> = "application/json"), (String = "application/x-ndjson"),
        )),
    )
)]
pub(crate) async fn revisions(call: Authenticated) -> Answer {
    let (kind, id): (Kind, PredictionId) = (call.name("kind")?, call.id("prediction")?);
    let OwnPaging(start) = call.query::<OwnPaging<i64>>()?;
    list::answer(
        &call,
        "revision",
        Columns::of(&[]),
        start,
        move |app, caller, Start { limit, after }| async move {
            let predictions = &app.predictions;
            let page = predictions
                .revisions(&caller, kind, id, limit, after)
                .await?;
            let show = |revision| RevisionDto::of(kind, revision);
            Ok(Slice {
                rows: page.rows.into_iter().map(show).collect(),
                next: page.next,
            })
        },
    )
    .await
}
