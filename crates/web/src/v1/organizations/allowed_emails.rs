//! `/organizations/{id}/allowed-emails`

use accunode_application::Once;
use accunode_domain::{
    id::OrganizationId,
    page::{Cursor, Sort},
};
use accunode_ports::repositories::AllowedEmail;
use actix_web::{HttpResponse, http::StatusCode, web::Path};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    body::Body,
    call::Call,
    export::Columns,
    once::{self, Reply},
    page::{self, ListDto, Slice},
    problem::Answer,
};

/// An e-mail address that may join.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAllowedEmail {
    #[schema(example = "ada@bank.example")]
    email: String,
}

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
    path = "/api/v1/organizations/{id}/allowed-emails",
    tag = "Organizations",
    operation_id = "list_allowed_emails",
    params(
        ("id" = uuid::Uuid, Path, description = "The organization"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page; as `text/csv` all of them", content(
            (ListDto<AllowedEmailDto> = "application/json"), (String = "text/csv"),
        )),
        (status = 403, description = "`field_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(call: Call) -> Answer {
    let mut params = call.params();
    let (limit, after) = (params.limit(), params.after(Sort::Name));
    params.finish()?;
    let id: OrganizationId = call.id("organization")?;
    let (application, caller) = (call.application.clone(), call.caller.clone());
    let fetch = Box::new(move |limit, after: Option<Cursor>| {
        let (organizations, caller) = (application.organizations.clone(), caller.clone());
        let page = async move {
            let page = organizations.allowed_emails(&caller, id, limit, after);
            Ok(Slice::of(page.await?, AllowedEmailDto::from))
        };
        Box::pin(page) as _
    });
    let columns = Columns::of(AllowedEmailDto::COLUMNS);
    page::answer(&call, "allowed_email", columns, limit, after, fetch).await
}

/// Let an e-mail address join
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{id}/allowed-emails",
    tag = "Organizations",
    operation_id = "add_allowed_email",
    params(
        ("id" = uuid::Uuid, Path, description = "The organization"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    request_body = NewAllowedEmail,
    responses(
        (status = 201, description = "It is listed", body = AllowedEmailDto),
        (status = 403, description = "`field_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`already_allowed`, `idempotency_in_flight`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(call: Call, body: Body<NewAllowedEmail>) -> Answer {
    call.no_params()?;
    let body = body.read().await?;
    let render = |allowed: &AllowedEmail| reply(allowed).kept();
    let once = once::requested(&call.request, &body.raw)?.map(|request| Once {
        request,
        render: &render,
    });
    let id = call.id("organization")?;
    let organizations = &call.application.organizations;
    let done = organizations
        .allow_email(&call.confirmed()?, id, &body.value.email, once.as_ref())
        .await?;
    once::answer(done, reply)
}

/// Let an e-mail address join no longer
#[utoipa::path(
    delete,
    path = "/api/v1/organizations/{id}/allowed-emails/{email}",
    tag = "Organizations",
    operation_id = "remove_allowed_email",
    params(
        ("id" = uuid::Uuid, Path, description = "The organization"),
        ("email" = String, Path, description = "The address"),
    ),
    responses(
        (status = 204, description = "It is not listed any more; who joined by it stays"),
        (status = 403, description = "`field_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(call: Call, path: Path<(String, String)>) -> Answer {
    call.no_params()?;
    let (_, email) = path.into_inner();
    let organizations = &call.application.organizations;
    organizations
        .disallow_email(&call.confirmed()?, call.id("organization")?, &email)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
