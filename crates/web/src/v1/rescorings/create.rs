//! Operation `create_rescoring`.

use crate::http::body::RequestBody;
use accunode_application::{RowLevel, bulk_uploads::RescorePredictions};
use accunode_domain::{
    Timestamp, id::OrganizationId, job::Job, owner::AccessLevel, prediction::Kind,
};
use actix_web::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    http::{
        body::Body,
        call::Authenticated,
        enums::{AccessLevelName, KindName},
        idempotency::{self, Replies, Reply},
        problem::Answer,
        route::address,
    },
    v1::{BASE, bulk_uploads::dto::JobDto},
};

/// The predictions to score, and the model.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRescoring {
    #[schema(value_type = KindName)]
    kind: Kind,
    /// By default the model that scores new predictions.
    #[schema(example = "annual", max_length = 100)]
    model_name: Option<String>,
    #[schema(example = "2.0.0", max_length = 100)]
    model_version: Option<String>,
    /// The owner of the predictions: by default the one that suits the caller's role.
    #[schema(value_type = Option<AccessLevelName>)]
    access_level: Option<AccessLevel>,
    /// With the access level `organization`.
    organization_id: Option<Uuid>,
    /// Only predictions that this version made.
    #[schema(example = "1.0.0", max_length = 100)]
    only_from_model_version: Option<String>,
}

impl RequestBody for NewRescoring {}

impl NewRescoring {
    /// The command, for rows of this level.
    fn command(self, level: Option<RowLevel>) -> RescorePredictions {
        RescorePredictions {
            kind: self.kind,
            model_name: self.model_name,
            model_version: self.model_version,
            access_level: level,
            organization: self.organization_id.map(OrganizationId),
            only_from_model_version: self.only_from_model_version,
        }
    }
}

fn reply(job: &Job, now: Timestamp) -> Reply {
    let location = address(BASE, super::ONE, &[&job.id]);
    Reply::new(StatusCode::ACCEPTED, &JobDto::of(job.clone(), now))
        .tagged(job.row_version)
        .at(location)
}

/// Score an owner's predictions by another model
///
/// Those that the model scored already are left alone. What the others said before stays
/// readable as their revisions. Rows, events, cancelling and removing are those of uploads.
#[utoipa::path(
    post,
    path = super::ALL,
    tag = "Bulk uploads",
    operation_id = "create_rescoring",
    request_body = NewRescoring,
    responses(
        (status = 202, description = "The job; `Location` tells where it stands", body = JobDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`, `key_forbidden`"),
        (status = 409, description = "`rescoring_running` (`existing_id`), `idempotency_in_flight`"),
    )
)]
pub(crate) async fn create(call: Authenticated, body: Body<NewRescoring>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let now = call.application.ports().clock.now();
    let request = idempotency::requested(&call.request, &body.raw)?;
    let replies = Replies::new(request, move |job: &Job| reply(job, now));
    let level = call.row_level(body.value.access_level)?;
    let command = body.value.command(level);
    let bulk = &call.application.bulk_uploads;
    let done = bulk
        .rescore(&call.caller, &command, replies.idempotency().as_ref())
        .await?;
    replies.answer(done)
}
