//! Operation `export_account`.

use std::{array::IntoIter, iter::Peekable};

use accunode_application::{
    Caller, Confirmed, Error,
    users::{OwnAccount, Users},
};
use accunode_domain::Timestamp;
use accunode_ports::repositories::OwnData;
use actix_web::{HttpResponse, http::header};
use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::dto::SessionDto;
use crate::{
    http::{
        call::Authenticated,
        export::cut,
        problem::{Answer, Problem},
    },
    v1::auth::dto::MeDto,
};

/// Everything that is stored about the caller, as one JSON object
#[utoipa::path(
    get,
    path = super::EXPORT,
    tag = "Account",
    operation_id = "export_account",
    responses(
        (status = 200, description = "`account`, `organization`, `sessions`, then what one made and may read: `api_keys` (without secrets), `invitations`, `companies`, `annual_predictions`, `quarterly_predictions`, `outcomes`, `outcome_coverage`, `validation_reports`, `monitoring_snapshots`, `default_definitions`, `rating_scales`, `bulk_uploads`, `audit_events`", body = serde_json::Value),
        (status = 403, description = "`key_forbidden`"),
    )
)]
pub(crate) async fn export(call: Authenticated) -> Answer {
    call.no_params()?;
    let directory = call.application.users.clone();
    let caller = call.confirmed()?;
    let account = directory.export_account(&caller).await?;
    let writer = ExportWriter {
        head: Some(head(account, &caller)?),
        directory,
        caller,
        kinds: OwnData::ALL.into_iter().peekable(),
        after: None,
        position: ListPosition::Begin,
    };
    let body = stream::try_unfold(
        writer,
        |writer| async move { writer.next().await.map_err(cut) },
    );
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"accunode-export.json\"",
        ))
        .streaming(body))
}

/// Writes the object up to its first list of rows, without closing it.
fn head(account: OwnAccount, caller: &Caller) -> Result<String, Problem> {
    let internal = |cause: serde_json::Error| Problem::from(Error::Internal(Box::new(cause)));
    let time = |at: Timestamp| {
        let text = at.format(&Rfc3339);
        text.map_err(|cause| Problem::from(Error::Internal(Box::new(cause))))
    };
    let organization = account
        .organization
        .map(|o| json!({ "id": o.id, "name": o.profile.name, "parent_id": o.parent }));
    let sessions: Vec<SessionDto> = account
        .sessions
        .into_iter()
        .map(|session| SessionDto::of(session, caller.session))
        .collect();
    let value: Value = json!({
        "exported_at": time(account.exported_at)?,
        "account": serde_json::to_value(MeDto::from(account.me)).map_err(internal)?,
        "organization": organization,
        "sessions": serde_json::to_value(sessions).map_err(internal)?,
    });
    let mut text = value.to_string();
    text.pop();
    Ok(text)
}

/// The progress of writing the object.
struct ExportWriter {
    directory: Users,
    caller: Confirmed,
    head: Option<String>,
    kinds: Peekable<IntoIter<OwnData, 13>>,
    after: Option<(Timestamp, Uuid)>,
    position: ListPosition,
}

/// The position in the present list of rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ListPosition {
    Begin,
    Within,
    Over,
}

impl ExportWriter {
    /// Returns the next part of the object. Rows are read after the client has received the
    /// previous ones.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Error> {
        if let Some(head) = self.head.take() {
            return Ok(Some((Bytes::from(head), self)));
        }
        let Some(kind) = self.kinds.peek().copied() else {
            if self.position == ListPosition::Over {
                return Ok(None);
            }
            self.position = ListPosition::Over;
            return Ok(Some((Bytes::from_static(b"}"), self)));
        };
        let found = self
            .directory
            .export_rows(&self.caller, kind, self.after.take())
            .await?;
        let rows: Vec<String> = found.rows.iter().map(Value::to_string).collect();
        let mut text = match self.position {
            ListPosition::Within => String::new(),
            _ => format!(",\"{}\":[", kind.as_str()),
        };
        if self.position == ListPosition::Within && !rows.is_empty() {
            text.push(',');
        }
        text.push_str(&rows.join(","));
        self.after = found.next;
        self.position = ListPosition::Within;
        if self.after.is_none() {
            text.push(']');
            self.kinds.next();
            self.position = ListPosition::Begin;
        }
        Ok(Some((Bytes::from(text), self)))
    }
}
