//! Operation `create_rating_scale`.

use accunode_application::{RowLevel, rating_scales::CreateScale};
use accunode_domain::{
    fault::Fault,
    id::OrganizationId,
    owner::AccessLevel,
    rating_scale::{RatingScale, ScaleDraft},
    validation::Grade,
};
use actix_web::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::dto::RatingScaleDto;
use crate::{
    http::{
        body::{Body, RequestBody, text},
        call::Authenticated,
        enums::AccessLevelName,
        idempotency::{self, Replies, Reply},
        problem::Answer,
        route::address,
    },
    v1::BASE,
};

/// A grade of a new scale: PDs from `pd_from` on, below `pd_to`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGrade {
    /// A short name, at most 20 bytes, unique within the scale.
    #[schema(example = "A+", max_length = 20)]
    code: String,
    /// At most 100 bytes.
    #[schema(max_length = 100)]
    label: Option<String>,
    /// The lowest PD: 0 for the first grade, then where the grade before ends.
    #[schema(minimum = 0, maximum = 1, example = 0.0)]
    pd_from: f64,
    /// The first PD that is too high: 1 for the last grade.
    #[schema(minimum = 0, maximum = 1, example = 0.001)]
    pd_to: f64,
}

/// A master scale to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRatingScale {
    /// Of a to z, 0 to 9, `_` and `-`, beginning with a letter, and not with `accunode`.
    #[schema(example = "retail", max_length = 40)]
    name: String,
    /// 1 to 99,999; by default 1. A version never changes: what differs is another one.
    #[schema(minimum = 1, maximum = 99_999)]
    version: Option<u32>,
    /// At least seven, best first, from 0 to 1 without gap and overlap.
    #[schema(max_items = 100)]
    grades: Vec<NewGrade>,
    /// By default what suits the caller's role.
    #[schema(value_type = Option<AccessLevelName>)]
    access_level: Option<AccessLevel>,
    /// With the access level `organization`.
    organization_id: Option<Uuid>,
}

impl RequestBody for NewRatingScale {
    fn check_parts(body: &Value) -> Vec<Fault> {
        // A part that is absent or of another type has been reported already.
        let grades = body.get("grades").cloned().unwrap_or_default();
        let Ok(grades) = serde_json::from_value::<Vec<Grade>>(grades) else {
            return Vec::new();
        };
        let version = body.get("version").and_then(Value::as_u64);
        let draft = ScaleDraft {
            name: text(body, "name").unwrap_or("unnamed").to_owned(),
            version: version.map_or(1, |version| version.try_into().unwrap_or(u32::MAX)),
            grades,
        };
        draft.check().err().unwrap_or_default()
    }
}

impl NewRatingScale {
    fn command(self, level: Option<RowLevel>) -> CreateScale {
        let grades = self.grades.into_iter().map(|grade| Grade {
            code: grade.code,
            label: grade.label,
            pd_from: grade.pd_from,
            pd_to: grade.pd_to,
        });
        CreateScale {
            draft: ScaleDraft {
                name: self.name,
                version: self.version.unwrap_or(1),
                grades: grades.collect(),
            },
            access_level: level,
            organization: self.organization_id.map(OrganizationId),
        }
    }
}

fn reply(scale: &RatingScale) -> Reply {
    let location = address(BASE, super::ONE, &[&scale.id]);
    Reply::new(StatusCode::CREATED, &RatingScaleDto::from(scale.clone()))
        .tagged(scale.row_version)
        .at(location)
}

/// Create a master scale
///
/// It is a draft that figures by grades and back-tests can name by its id, and it never changes.
/// All faults are reported together.
#[utoipa::path(
    post,
    path = super::ALL,
    tag = "Validations",
    operation_id = "create_rating_scale",
    request_body = NewRatingScale,
    responses(
        (status = 201, description = "The scale", body = RatingScaleDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`, `role_forbidden`, `key_forbidden`"),
        (status = 409, description = "`scale_exists`, `idempotency_in_flight`"),
    )
)]
pub(crate) async fn create(call: Authenticated, body: Body<NewRatingScale>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let request = idempotency::requested(&call.request, &body.raw)?;
    let replies = Replies::new(request, reply);
    let level = call.row_level(body.value.access_level)?;
    let command = body.value.command(level);
    let scales = &call.application.rating_scales;
    let done = scales
        .create(&call.caller, &command, replies.idempotency().as_ref())
        .await?;
    replies.answer(done)
}
