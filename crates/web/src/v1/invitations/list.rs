//! `GET /organizations/{id}/invitations`

use accunode_domain::{
    id::OrganizationId,
    page::{Cursor, Sort},
};

use super::dto::InvitationDto;
use crate::{
    call::Call,
    export::Columns,
    page::{self, ListDto, Slice},
    problem::Answer,
};

/// Invitations into an organization, newest first
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{id}/invitations",
    tag = "Users",
    operation_id = "list_invitations",
    params(
        ("id" = uuid::Uuid, Path, description = "The organization"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page; as `text/csv` all of them", content(
            (ListDto<InvitationDto> = "application/json"), (String = "text/csv"),
        )),
        (status = 403, description = "`field_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(call: Call) -> Answer {
    let organization: OrganizationId = call.id("organization")?;
    let mut params = call.params();
    let (limit, after) = (params.limit(), params.after(Sort::CreatedAt));
    params.finish()?;
    let (invitations, caller) = (call.application.invitations.clone(), call.caller.clone());
    let fetch = Box::new(move |limit, after: Option<Cursor>| {
        let (invitations, caller) = (invitations.clone(), caller.clone());
        let page = async move {
            let page = invitations
                .list(&caller, organization, limit, after)
                .await?;
            Ok(Slice::of(page, InvitationDto::from))
        };
        Box::pin(page) as _
    });
    let columns = Columns::of(InvitationDto::COLUMNS);
    page::answer(&call, "invitation", columns, limit, after, fetch).await
}
