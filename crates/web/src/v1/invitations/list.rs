//! Listing the invitations into an organization.

use accunode_domain::id::OrganizationId;

use super::dto::InvitationDto;
use crate::http::{
    call::Authenticated,
    export::Columns,
    list::{self, ListDto, NewestFirst, Paging, Slice, Start},
    problem::Answer,
};

/// List the invitations into an organization, newest first
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "Users",
    operation_id = "list_invitations",
    params(("id" = uuid::Uuid, Path, description = "The organization"), Paging<NewestFirst>),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<InvitationDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`field_forbidden`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let organization: OrganizationId = call.id("organization")?;
    let page: Paging<NewestFirst> = call.query()?;
    let columns = Columns::of(InvitationDto::COLUMNS);
    list::answer(
        &call,
        "invitation",
        columns,
        page.start(),
        move |app, caller, Start { limit, after }| async move {
            let invitations = &app.invitations;
            let page = invitations
                .list(&caller, organization, limit, after)
                .await?;
            Ok(Slice::of(page, InvitationDto::from))
        },
    )
    .await
}
