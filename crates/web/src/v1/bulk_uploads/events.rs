//! Operation `stream_bulk_upload_events`.

use std::time::Duration;

use accunode_domain::{id::JobId, job::Job};
use accunode_ports::RepositoryError;
use actix_web::{HttpResponse, http::header, web::Data};
use bytes::Bytes;
use futures::stream;

use super::dto::JobDto;
use crate::http::{
    call::Authenticated,
    lifecycle::Lifecycle,
    problem::{Answer, Problem},
    streams::OpenStream,
};

/// After this time without an event, the upload is read again.
const RECHECK: Duration = Duration::from_secs(5);
/// After this many checks without an event, a comment keeps proxies from closing the connection.
const LOOKS_PER_COMMENT: u32 = 3;

/// The last event of a process that is ending: browsers connect again after a second.
const SHUTDOWN: &[u8] = b"event: shutdown\nretry: 1000\ndata: {}\n\n";

/// Progress of an upload until its end, as server-sent events
///
/// Each event is named `progress`, and the last one `end`; its data is the upload, its id the
/// upload's version and rows. `Last-Event-ID` resumes. The stream ends a few seconds after the
/// caller's session or API key does. The number of open streams is limited for each user and each
/// organization: `too_many_event_streams` (429) beyond it.
/// If the service is about to restart, the stream ends with an event `shutdown`, whose `retry` says
/// after how many milliseconds to connect again.
#[utoipa::path(
    get,
    path = super::EVENTS,
    tag = "Bulk uploads",
    operation_id = "stream_bulk_upload_events",
    params(
        ("id" = uuid::Uuid, Path, description = "The upload"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen"),
    ),
    responses(
        (status = 200, description = "Events", body = String, content_type = "text/event-stream"),
    )
)]
pub(crate) async fn events(call: Authenticated) -> Answer {
    call.no_params()?;
    let id: JobId = call.id("upload")?;
    let job = call.application.bulk_uploads.get(&call.caller, id).await?;
    let counted = call.streams()?.enter(&call.caller.actor)?;
    let seen = call
        .request
        .headers()
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .map(|mark| mark.trim().to_owned());
    let lifecycle = call
        .request
        .app_data::<Data<Lifecycle>>()
        .map(|lifecycle| Lifecycle::clone(lifecycle))
        .unwrap_or_default();
    let follower = Follower {
        call,
        id,
        seen,
        has_ended: false,
        quiet_looks: 0,
        _counted: counted,
        lifecycle,
    };
    let body = stream::try_unfold((follower, Some(job)), |(mut follower, first)| async move {
        let event = follower.next(first).await?;
        Ok::<_, Problem>(event.map(|event| (event, (follower, None))))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        // Neither compression nor a proxy may delay events.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(body))
}

/// A user who follows an upload.
struct Follower {
    call: Authenticated,
    id: JobId,
    seen: Option<String>,
    has_ended: bool,
    quiet_looks: u32,
    _counted: OpenStream,
    lifecycle: Lifecycle,
}

impl Follower {
    /// Returns the next event; `None` after the last one.
    async fn next(&mut self, first: Option<Job>) -> Result<Option<Bytes>, Problem> {
        if self.has_ended {
            return Ok(None);
        }
        let mut known = first;
        loop {
            let job = match known.take() {
                Some(job) => job,
                None => match self.reload_job().await {
                    Ok(Some(job)) => job,
                    Ok(None) => return Ok(None),
                    Err(problem) => {
                        problem.log();
                        return Err(problem);
                    }
                },
            };
            let is_final = job.status.is_final();
            let mark = mark(&job);
            if is_final || self.seen.as_ref() != Some(&mark) {
                self.has_ended = is_final;
                self.seen = Some(mark);
                return Ok(Some(self.event(job, is_final)));
            }
            let moved = self.call.application.bulk_uploads.wait_for_change(self.id);
            tokio::select! {
                () = self.lifecycle.closing() => {
                    self.has_ended = true;
                    return Ok(Some(Bytes::from_static(SHUTDOWN)));
                }
                moved = tokio::time::timeout(RECHECK, moved) => {
                    if moved.is_err() {
                        self.quiet_looks += 1;
                        if self.quiet_looks == LOOKS_PER_COMMENT {
                            self.quiet_looks = 0;
                            return Ok(Some(Bytes::from_static(b": still here\n\n")));
                        }
                    }
                }
            }
        }
    }

    /// Returns the present state of the upload. The stream ends when the user loses the rights
    /// with which it began, as every response does. Break-glass was recorded in the audit log when
    /// the stream began.
    async fn reload_job(&self) -> Result<Option<Job>, Problem> {
        let actor = &self.call.caller.actor;
        let scope = actor
            .scope_with_break_glass(self.id.0)
            .unwrap_or_else(|_| actor.scope());
        let jobs = self.call.application.ports().store.jobs();
        jobs.find(&scope, self.id)
            .await
            .map_err(|error: RepositoryError| accunode_application::Error::from(error).into())
    }

    fn event(&self, job: Job, is_final: bool) -> Bytes {
        let mark = mark(&job);
        let now = self.call.application.ports().clock.now();
        // JSON contains no line breaks, so one `data` line is sufficient.
        let data = serde_json::to_string(&JobDto::of(job, now)).unwrap_or_default();
        let name = if is_final { "end" } else { "progress" };
        Bytes::from(format!("event: {name}\nid: {mark}\ndata: {data}\n\n"))
    }
}

/// The value that distinguishes events; processed rows do not change the row version.
fn mark(job: &Job) -> String {
    format!("{}.{}", job.row_version, job.counts.processed())
}
