//! Waiting for the end of a job within one request, instead of polling.

use std::time::{Duration, Instant};

use accunode_application::Error;
use accunode_domain::{fault::Fault, id::JobId, job::Job};
use actix_web::web::Data;
use utoipa::openapi::{
    RefOr, Schema,
    schema::{ObjectBuilder, Type},
};

use crate::http::{
    call::Authenticated,
    lifecycle::Lifecycle,
    problem::Problem,
    query::{Parameter, query},
};

/// How long a request may wait, in seconds: less than proxies usually wait for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(u32);

impl Wait {
    const MOST: u32 = 30;
}

impl Parameter for Wait {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
            .maximum(Some(Self::MOST))
            .into()
    }

    fn read(pointer: &str, text: &str) -> Result<Self, Fault> {
        let seconds = text.parse().ok().filter(|seconds| *seconds <= Self::MOST);
        seconds.map(Self).ok_or_else(|| {
            let rule = format!("must be a number of seconds from 0 to {}", Self::MOST);
            Fault::new(pointer, "out_of_range", rule)
        })
    }
}

query! {
    /// The options for reading a job.
    pub(crate) struct JobQuery {
        /// Answer when the job has ended, or else after so many seconds
        wait: Option<Wait>,
    }
}

/// After this time without a change, access to the job is checked again.
const RECHECK: Duration = Duration::from_secs(5);

/// Returns the job as requested: immediately, or when it has ended or the time has passed. A
/// waiting request counts as an event stream.
///
/// # Errors
/// `not_found`; `too_many_event_streams`.
pub(crate) async fn job(call: &Authenticated, id: JobId, query: &JobQuery) -> Result<Job, Problem> {
    let jobs = &call.application.bulk_uploads;
    let mut job = jobs.get(&call.caller, id).await?;
    let Some(Wait(seconds)) = query.wait.filter(|wait| wait.0 > 0) else {
        return Ok(job);
    };
    if job.status.is_final() {
        return Ok(job);
    }
    let _counted = call.streams()?.enter(&call.caller.actor)?;
    let lifecycle = call
        .request
        .app_data::<Data<Lifecycle>>()
        .map(|lifecycle| Lifecycle::clone(lifecycle))
        .unwrap_or_default();
    let until = Instant::now() + Duration::from_secs(seconds.into());
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(job);
        }
        let is_ending = tokio::select! {
            () = lifecycle.closing() => true,
            _ = tokio::time::timeout(left.min(RECHECK), jobs.wait_for_change(id)) => false,
        };
        if is_ending {
            return Ok(job);
        }
        job = reload_job(call, id).await?;
        if job.status.is_final() {
            return Ok(job);
        }
    }
}

/// Returns the present state of the job, if the caller may still read it. Break-glass was recorded
/// in the audit log when the request began.
pub(super) async fn reload_job(call: &Authenticated, id: JobId) -> Result<Job, Problem> {
    let caller = call.renewed_caller().await?;
    let actor = &caller.actor;
    let scope = actor
        .scope_with_break_glass(id.0)
        .unwrap_or_else(|_| actor.scope());
    let jobs = call.application.ports().store.jobs();
    let found = jobs.find(&scope, id).await.map_err(Error::from)?;
    found.ok_or_else(|| Error::not_found("upload").into())
}
