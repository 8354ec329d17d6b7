//! `GET /audit-logs`

use accunode_application::audit::ListEvents;
use accunode_domain::page::{Cursor, Sort};
use accunode_ports::repositories::AuditFilter;

use super::dto::AuditEventDto;
use crate::{
    call::Call,
    export::Columns,
    names::AuditActionName,
    page::{self, ListDto, Slice},
    params::Params,
    problem::{Answer, Problem},
};

fn query(mut params: Params) -> Result<ListEvents, Problem> {
    let query = ListEvents {
        filter: AuditFilter {
            user: params.id("user_id"),
            action: params.name("action"),
            event_type: params.text("event_type", 50),
            entity_type: params.text("entity_type", 50),
            entity_id: params.id("entity_id"),
            ip: params.parsed("ip_address", "invalid_address", "an IP address"),
            request_id: params.text("request_id", 100),
            from: params.time("from"),
            to: params.time("to"),
        },
        organization: params.id("organization_id"),
        limit: params.limit(),
        after: params.after(Sort::CreatedAt),
    };
    params.finish()?;
    Ok(query)
}

/// Events that the caller may read, newest first
#[utoipa::path(
    get,
    path = "/api/v1/audit-logs",
    tag = "Audit",
    operation_id = "list_audit_events",
    params(
        ("user_id" = Option<uuid::Uuid>, Query),
        ("action" = Option<AuditActionName>, Query),
        ("event_type" = Option<String>, Query),
        ("entity_type" = Option<String>, Query),
        ("entity_id" = Option<uuid::Uuid>, Query),
        ("organization_id" = Option<uuid::Uuid>, Query),
        ("ip_address" = Option<String>, Query),
        ("request_id" = Option<String>, Query),
        ("from" = Option<String>, Query, description = "RFC 3339"),
        ("to" = Option<String>, Query, description = "RFC 3339"),
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page; as `text/csv` or `application/jsonl` all of them", content(
            (ListDto<AuditEventDto> = "application/json"), (String = "text/csv"), (String = "application/jsonl"),
        )),
        (status = 403, description = "`role_forbidden`, `outside_scope`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(call: Call) -> Answer {
    let query = query(call.params())?;
    let (limit, after) = (query.limit, query.after.clone());
    let (audit, caller) = (call.application.audit.clone(), call.caller.clone());
    let fetch = Box::new(move |limit, after: Option<Cursor>| {
        let (audit, caller) = (audit.clone(), caller.clone());
        let query = ListEvents {
            limit,
            after,
            ..query.clone()
        };
        let page = async move {
            let page = audit.list(&caller, query).await?;
            Ok(Slice::of(page, AuditEventDto::from))
        };
        Box::pin(page) as _
    });
    let columns = Columns::of(AuditEventDto::COLUMNS);
    page::answer(&call, "audit_log", columns, limit, after, fetch).await
}
