//! Operation `create_default_definition`.

use accunode_application::{RowLevel, default_definitions::CreateDefinition};
use accunode_domain::{
    default_definition::{DefaultDefinition, DefinitionBasis, DefinitionDraft},
    fault::Fault,
    id::OrganizationId,
    owner::AccessLevel,
};
use actix_web::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::dto::DefinitionDto;
use crate::{
    http::{
        body::{Body, RequestBody, text},
        call::Authenticated,
        enums::{AccessLevelName, DefinitionBasisName},
        idempotency::{self, Replies, Reply},
        problem::Answer,
        route::address,
    },
    v1::BASE,
};

/// A definition of default to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDefaultDefinition {
    /// Of a to z, 0 to 9 and `_`, beginning with a letter; with `system_` for the access level
    /// `system`, and for no other.
    #[schema(example = "retail_30", max_length = 40)]
    code: String,
    /// 1 to 99,999; by default 1. A version never changes: what differs is another one.
    #[schema(minimum = 1, maximum = 99_999)]
    version: Option<u32>,
    /// For readers.
    #[schema(example = "30 days past due, retail", max_length = 200)]
    name: String,
    #[schema(value_type = DefinitionBasisName)]
    basis: DefinitionBasis,
    /// After how many days past due it is a default.
    #[schema(maximum = 3_650)]
    days_past_due: Option<u16>,
    /// When an amount counts as past due.
    #[schema(example = "1 % and EUR 100", max_length = 500)]
    materiality: Option<String>,
    /// How many days pass before a cure.
    #[schema(maximum = 3_650)]
    probation_days: Option<u16>,
    /// The same after a distressed restructuring.
    #[schema(maximum = 3_650)]
    forbearance_probation_days: Option<u16>,
    /// Where it stands.
    #[schema(max_length = 500)]
    source: Option<String>,
    /// By default what suits the caller's role.
    #[schema(value_type = Option<AccessLevelName>)]
    access_level: Option<AccessLevel>,
    /// With the access level `organization`.
    organization_id: Option<Uuid>,
}

impl RequestBody for NewDefaultDefinition {
    fn check_parts(body: &Value) -> Vec<Fault> {
        // A part that is absent or of another type has been reported already.
        let owned = |name| text(body, name).map(str::to_owned);
        let days = |name: &str| {
            let days = body.get(name).and_then(Value::as_u64);
            days.map(|days| u16::try_from(days).unwrap_or(u16::MAX))
        };
        let version = body.get("version").and_then(Value::as_u64);
        let draft = DefinitionDraft {
            code: owned("code").unwrap_or_else(|| "a".to_owned()),
            version: version.map_or(1, |version| version.try_into().unwrap_or(u32::MAX)),
            name: owned("name").unwrap_or_else(|| "a".to_owned()),
            basis: DefinitionBasis::Other,
            days_past_due: days("days_past_due"),
            materiality: owned("materiality"),
            probation_days: days("probation_days"),
            forbearance_probation_days: days("forbearance_probation_days"),
            source: owned("source"),
        };
        draft.fields()
    }
}

impl NewDefaultDefinition {
    fn command(self, level: Option<RowLevel>) -> CreateDefinition {
        CreateDefinition {
            draft: DefinitionDraft {
                code: self.code,
                version: self.version.unwrap_or(1),
                name: self.name,
                basis: self.basis,
                days_past_due: self.days_past_due,
                materiality: self.materiality,
                probation_days: self.probation_days,
                forbearance_probation_days: self.forbearance_probation_days,
                source: self.source,
            },
            access_level: level,
            organization: self.organization_id.map(OrganizationId),
        }
    }
}

fn reply(made: &DefaultDefinition) -> Reply {
    let location = address(BASE, super::ONE, &[&made.id]);
    Reply::new(StatusCode::CREATED, &DefinitionDto::from(made.clone()))
        .tagged(made.row_version)
        .at(location)
}

/// Create a definition of default
///
/// Outcomes, coverage, back-tests and files of its owner name it by `code@version`. It never
/// changes; another version replaces it. All faults are reported together.
#[utoipa::path(
    post,
    path = super::ALL,
    tag = "Outcomes",
    operation_id = "create_default_definition",
    request_body = NewDefaultDefinition,
    responses(
        (status = 201, description = "The definition", body = DefinitionDto),
        (status = 403, description = "`level_forbidden`, `outside_scope`, `role_forbidden`, `key_forbidden`"),
        (status = 409, description = "`definition_exists`, `idempotency_in_flight`"),
    )
)]
pub(crate) async fn create(call: Authenticated, body: Body<NewDefaultDefinition>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let request = idempotency::requested(&call.request, &body.raw)?;
    let replies = Replies::new(request, reply);
    let level = call.row_level(body.value.access_level)?;
    let command = body.value.command(level);
    let definitions = &call.application.default_definitions;
    let done = definitions
        .create(&call.caller, &command, replies.idempotency().as_ref())
        .await?;
    replies.answer(done)
}
