//! `/organizations/{id}/allowed-emails`

use crate::http::body::RequestBody;
use accunode_domain::id::OrganizationId;
use accunode_ports::repositories::AllowedEmail;
use actix_web::{http::StatusCode, web::Path};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{
    body::Body,
    call::Authenticated,
    export::Columns,
    idempotency::{self, Replies, Reply},
    list::{self, ByName, ListDto, Paging, Slice, Start},
    problem::{Answer, no_content},
};

/// An e-mail address that may join.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAllowedEmail {
    #[schema(example = "ada@bank.example", max_length = 255)]
    email: String,
}

impl RequestBody for NewAllowedEmail {}

/// An e-mail address that may join with the join token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AllowedEmail)]
pub(crate) struct AllowedEmailDto {
    #[schema(example = "ada@bank.example")]
    email: String,
    created_by: Option<Uuid>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl AllowedEmailDto {
    const COLUMNS: &'static [&'static str] = &["email", "created_by", "created_at"];
}

impl From<AllowedEmail> for AllowedEmailDto {
    fn from(allowed: AllowedEmail) -> Self {
        Self {
            email: allowed.email.as_str().to_owned(),
            created_by: allowed.created_by.map(|id| id.0),
            created_at: allowed.created_at,
        }
    }
}

fn reply(allowed: &AllowedEmail) -> Reply {
    Reply::new(StatusCode::CREATED, &AllowedEmailDto::from(allowed.clone()))
}

/// E-mail addresses that may join, A to Z
#[utoipa::path(
    get,
    path = super::ALLOWED_EMAILS,
    tag = "Organizations",
    operation_id = "list_allowed_emails",
    params(
        ("id" = uuid::Uuid, Path, description = "The organization"),
        Paging<ByName>,
    ),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<AllowedEmailDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`field_forbidden`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let page: Paging<ByName> = call.query()?;
    let id: OrganizationId = call.id("organization")?;
    let columns = Columns::of(AllowedEmailDto::COLUMNS);
    list::answer(
        &call,
        "allowed_email",
        columns,
        page.start(),
        move |app, caller, Start { limit, after }| async move {
            let organizations = &app.organizations;
            let page = organizations
                .allowed_emails(&caller, id, limit, after)
                .await?;
            Ok(Slice::of(page, AllowedEmailDto::from))
        },
    )
    .await
}

/// Let an e-mail address join
#[utoipa::path(
    post,
    path = super::ALLOWED_EMAILS,
    tag = "Organizations",
    operation_id = "add_allowed_email",
    params(
        ("id" = uuid::Uuid, Path, description = "The organization"),
    ),
    request_body = NewAllowedEmail,
    responses(
        (status = 201, description = "It is listed", body = AllowedEmailDto),
        (status = 403, description = "`field_forbidden`"),
        (status = 409, description = "`already_allowed`, `idempotency_in_flight`"),
    )
)]
pub(crate) async fn add(call: Authenticated, body: Body<NewAllowedEmail>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let request = idempotency::requested(&call.request, &body.raw)?;
    let replies = Replies::new(request, reply);
    let id = call.id("organization")?;
    let organizations = &call.application.organizations;
    let done = organizations
        .allow_email(
            &call.confirmed()?,
            id,
            &body.value.email,
            replies.idempotency().as_ref(),
        )
        .await?;
    replies.answer(done)
}

/// Let an e-mail address join no longer
#[utoipa::path(
    delete,
    path = super::ALLOWED_EMAIL,
    tag = "Organizations",
    operation_id = "remove_allowed_email",
    params(
        ("id" = uuid::Uuid, Path, description = "The organization"),
        ("email" = String, Path, description = "The address"),
    ),
    responses(
        (status = 204, description = "It is not listed any more; who joined by it stays"),
        (status = 403, description = "`field_forbidden`"),
    )
)]
pub(crate) async fn remove(call: Authenticated, path: Path<(String, String)>) -> Answer {
    call.no_params()?;
    let (_, email) = path.into_inner();
    let organizations = &call.application.organizations;
    organizations
        .disallow_email(&call.confirmed()?, call.id("organization")?, &email)
        .await?;
    no_content()
}
