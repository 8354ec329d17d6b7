//! Operations `list_second_factor_enrolments`, `decide_second_factor_enrolment`.

use crate::http::body::RequestBody;
use accunode_application::users::DecideFactor;
use accunode_domain::{
    id::{EnrolmentId, OrganizationId},
    second_factor::Decision,
    user::Role,
};
use accunode_ports::repositories::PendingFactor;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{
    body::Body,
    call::Authenticated,
    enums::{DecisionName, RoleName},
    export::Columns,
    list::{self, ListDto, NewestFirst, Paging, Slice, Start},
    problem::{Answer, no_content},
};

/// A second factor that waits for an administrator.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecondFactorEnrolment)]
pub(crate) struct EnrolmentDto {
    /// What its user was shown; compare it before you approve.
    enrolment_id: Uuid,
    user_id: Uuid,
    #[schema(example = "ada@example.com")]
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    #[schema(value_type = RoleName)]
    role: Role,
    #[serde(with = "time::serde::rfc3339")]
    waits_since: OffsetDateTime,
    /// The address that its code was shown from.
    #[schema(value_type = Option<String>, example = "192.0.2.7")]
    ip_address: Option<std::net::IpAddr>,
    /// The program that sent the code, as named in its request.
    user_agent: Option<String>,
}

impl EnrolmentDto {
    const COLUMNS: &'static [&'static str] = &[
        "enrolment_id",
        "user_id",
        "email",
        "first_name",
        "last_name",
        "role",
        "waits_since",
        "ip_address",
        "user_agent",
    ];
}

impl From<PendingFactor> for EnrolmentDto {
    fn from(pending: PendingFactor) -> Self {
        Self {
            enrolment_id: pending.enrolment.0,
            user_id: pending.user.0,
            email: pending.email.as_str().to_owned(),
            first_name: pending.first_name,
            last_name: pending.last_name,
            role: pending.role,
            waits_since: pending.waits_since,
            ip_address: pending.ip,
            user_agent: pending.user_agent,
        }
    }
}

/// A decision about a second factor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FactorDecision {
    /// The enrolment that was compared with what its user was shown.
    enrolment_id: Uuid,
    #[schema(value_type = DecisionName, example = "approve")]
    decision: Decision,
    /// Why, for the audit log; at most 500 characters.
    #[schema(example = "Compared on the telephone", max_length = 500)]
    reason: Option<String>,
}

impl RequestBody for FactorDecision {}

/// Second factors in an organization that wait for one's approval, the longest first
///
/// Those of the members below one's own rank.
#[utoipa::path(
    get,
    path = super::ENROLMENTS,
    tag = "Users",
    operation_id = "list_second_factor_enrolments",
    params(
        ("id" = uuid::Uuid, Path, description = "The organization"),
        Paging<NewestFirst>,
    ),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<EnrolmentDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`role_forbidden`, `key_forbidden`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let organization: OrganizationId = call.id("organization")?;
    let page: Paging<NewestFirst> = call.query()?;
    let columns = Columns::of(EnrolmentDto::COLUMNS);
    list::answer(
        &call,
        "second_factor",
        columns,
        page.start(),
        move |app, caller, Start { limit, after }| async move {
            let directory = &app.users;
            let page = directory
                .pending_factors(&caller, organization, limit, after)
                .await?;
            Ok(Slice::of(page, EnrolmentDto::from))
        },
    )
    .await
}

/// Approve or refuse the second factor of a user whom one administers
///
/// Approved, it is asked for from then on, and their sessions end. Refused, it is removed.
#[utoipa::path(
    post,
    path = super::APPROVAL,
    tag = "Users",
    operation_id = "decide_second_factor_enrolment",
    params(("id" = uuid::Uuid, Path, description = "The user")),
    request_body = FactorDecision,
    responses(
        (status = 204, description = "Decided; both are mailed"),
        (status = 403, description = "`rank_too_low`, `key_forbidden`"),
        (status = 404, description = "`not_found`: the user, or an enrolment of theirs that waits under this id"),
    )
)]
pub(crate) async fn decide(call: Authenticated, body: Body<FactorDecision>) -> Answer {
    call.no_params()?;
    let FactorDecision {
        enrolment_id,
        decision,
        reason,
    } = body.read().await?.value;
    let command = DecideFactor {
        enrolment: EnrolmentId(enrolment_id),
        decision,
        reason,
    };
    let directory = &call.application.users;
    directory
        .decide_factor(&call.confirmed()?, call.id("user")?, &command)
        .await?;
    no_content()
}
