//! Listing the audit log.

use std::net::IpAddr;

use accunode_application::audit_log::ListEvents;
use accunode_domain::{
    audit::AuditAction,
    id::{OrganizationId, UserId},
};
use accunode_ports::repositories::AuditFilter;
use uuid::Uuid;

use super::dto::AuditEventDto;
use crate::http::{
    call::Authenticated,
    export::Columns,
    list::{self, ListDto, NewestFirst, Paging, Slice, Start},
    problem::Answer,
    query::{Several, Since, Text, Until, query},
};

query! {
    /// The filters of audit events.
    pub(crate) struct AuditQuery {
        /// Only events of this user
        user_id: Option<UserId>,
        /// Only events with this action
        action: Several<AuditAction>,
        /// Only events of this type, such as `prediction.created`
        event_type: Option<Text<50>>,
        /// Only events about this type of entity, such as `annual_prediction`
        entity_type: Option<Text<50>>,
        /// Only events about this entity
        entity_id: Option<Uuid>,
        /// Only events of this organization
        organization_id: Option<OrganizationId>,
        /// Only events of requests from this address
        ip_address: Option<IpAddr>,
        /// Only events of the request with this id
        request_id: Option<Text<100>>,
        /// Only events at this time or later; a day counts from its start, in UTC
        created_from: Option<Since>,
        /// Only events at this time or earlier; a day counts to its end, in UTC
        created_to: Option<Until>,
        ; page: Paging<NewestFirst>,
    }
}

impl AuditQuery {
    fn command(self, Start { limit, after }: Start) -> ListEvents {
        ListEvents {
            filter: AuditFilter {
                user: self.user_id,
                actions: self.action.0,
                event_type: self.event_type.map(|text| text.0),
                entity_type: self.entity_type.map(|text| text.0),
                entity_id: self.entity_id,
                ip: self.ip_address,
                request_id: self.request_id.map(|text| text.0),
                from: self.created_from.map(|from| from.0),
                to: self.created_to.map(|to| to.0),
            },
            organization: self.organization_id,
            limit,
            after,
        }
    }
}

/// List the events that the caller may read, newest first
#[utoipa::path(
    get,
    path = super::ALL,
    tag = "Audit",
    operation_id = "list_audit_events",
    params(AuditQuery),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/x-ndjson` all of them", content(
            (ListDto<AuditEventDto> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        )),
        (status = 403, description = "`role_forbidden`, `outside_scope`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    let query: AuditQuery = call.query()?;
    let columns = Columns::of(AuditEventDto::COLUMNS);
    list::answer(
        &call,
        "audit_log",
        columns,
        query.page.start(),
        move |app, caller, start| {
            let command = query.clone().command(start);
            async move {
                let page = app.audit_log.list(&caller, command).await?;
                Ok(Slice::of(page, AuditEventDto::from))
            }
        },
    )
    .await
}
