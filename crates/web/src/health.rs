//! Whether the service lives, and whether it can serve.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use accunode_domain::{fault::Fault, prediction::Kind};
use accunode_ports::RepositoryError;
use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::{Data, ServiceConfig, get, resource},
};
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::{
    WebState,
    problem::{Answer, Problem},
};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/health/live").route(get().to(live)))
        .service(resource("/health/ready").route(get().to(ready)))
        .service(resource("/version").route(get().to(version)));
}

/// That all is well.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthDto {
    #[schema(example = "ok")]
    status: &'static str,
}

/// That requests can be served, and what is wrong beside that.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Readiness)]
pub(crate) struct ReadinessDto {
    #[schema(example = "ok")]
    status: &'static str,
    /// Models that failed a check and do not score; others do in their place.
    refused_models: Vec<RefusedModelDto>,
    /// Disks that have less room than they must: uploads are refused until they have it.
    low_disks: Vec<LowDiskDto>,
}

/// A disk that has less room than it must.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LowDisk)]
pub(crate) struct LowDiskDto {
    /// What is kept on it: `files` or `database`.
    #[schema(example = "files")]
    volume: &'static str,
    free_bytes: u64,
    min_free_bytes: u64,
}

/// A model that failed a check.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefusedModel)]
pub(crate) struct RefusedModelDto {
    #[schema(example = "own/1.0.0")]
    folder: String,
    reason: String,
}

/// Which program this is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Version)]
pub(crate) struct VersionDto {
    #[schema(example = "accunode")]
    name: &'static str,
    version: &'static str,
}

/// Whether the process lives
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "Operations",
    operation_id = "live",
    security(()),
    responses((status = 200, description = "It does", body = HealthDto))
)]
pub(crate) async fn live() -> Answer {
    Ok(HttpResponse::Ok().json(HealthDto { status: "ok" }))
}

/// Whether requests can be served
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "Operations",
    operation_id = "ready",
    security(()),
    responses(
        (status = 200, description = "They can; models that were refused and disks that run low are named", body = ReadinessDto),
        (status = 503, description = "`not_ready`: `errors` names what fails (database, migrations, sessions, model)", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ready(state: Data<WebState>) -> Answer {
    let faults = state.readiness.faults(&state).await;
    if faults.is_empty() {
        return Ok(HttpResponse::Ok().json(ReadinessDto {
            status: "ok",
            refused_models: refused(&state),
            low_disks: low_disks(&state),
        }));
    }
    let names: Vec<_> = faults.iter().map(|fault| fault.code.as_str()).collect();
    let detail = format!("not ready: {}", names.join(", "));
    Err(
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", detail)
            .with_errors(faults)
            .with_header(header::RETRY_AFTER, HeaderValue::from(5)),
    )
}

/// How long what was found holds for everybody who asks.
const FRESH: Duration = Duration::from_millis(250);

/// What readiness was found to be, asked of the database and the sessions by one request
/// at a time and a few times a second: anybody may ask, and must not keep them busy.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<Option<Found>>>);

#[derive(Debug)]
struct Found {
    at: Instant,
    faults: Vec<Fault>,
}

impl Readiness {
    async fn faults(&self, state: &WebState) -> Vec<Fault> {
        let mut found = self.0.lock().await;
        if let Some(fresh) = found.as_ref().filter(|found| found.at.elapsed() < FRESH) {
            return fresh.faults.clone();
        }
        let (store, sessions) = futures::join!(check_store(state), check_sessions(state));
        let models = check_models(state);
        let faults: Vec<Fault> = store.into_iter().chain(sessions).chain(models).collect();
        if !faults.is_empty() {
            let names: Vec<_> = faults.iter().map(|fault| fault.code.as_str()).collect();
            tracing::warn!(failing = names.join(", "), "not ready");
        }
        *found = Some(Found {
            at: Instant::now(),
            faults: faults.clone(),
        });
        faults
    }
}

fn failing(what: &str, detail: &str) -> Fault {
    Fault::new(format!("/{what}"), what, detail)
}

/// The causes may name hosts and users: they are for the log.
async fn check_store(state: &WebState) -> Option<Fault> {
    let error = state.application.ports().store.ready().await.err()?;
    let cause = match &error {
        RepositoryError::Unavailable(cause) | RepositoryError::Internal(cause) => cause.to_string(),
        other => other.to_string(),
    };
    tracing::warn!(cause, "the database is not ready");
    Some(if cause.contains("migrat") {
        failing("migrations", "the schema is not the one this version needs")
    } else {
        failing("database", "the database does not answer")
    })
}

async fn check_sessions(state: &WebState) -> Option<Fault> {
    // No token looks like this: the store must look, and find nothing.
    let error = state
        .application
        .ports()
        .sessions
        .find("readiness")
        .await
        .err()?;
    tracing::warn!(%error, "the session store is not ready");
    Some(failing("sessions", "the session store does not answer"))
}

fn check_models(state: &WebState) -> Option<Fault> {
    let models = state.application.ports().scorer.models();
    let missing: Vec<_> = Kind::ALL
        .into_iter()
        .filter(|kind| models.iter().all(|model| model.kind != *kind))
        .map(Kind::as_str)
        .collect();
    (!missing.is_empty()).then(|| {
        let mut detail = format!("no {} model is served", missing.join(" and no "));
        for RefusedModelDto { folder, reason } in refused(state) {
            detail += &format!("; {folder} was refused: {reason}");
        }
        failing("model", &detail)
    })
}

fn low_disks(state: &WebState) -> Vec<LowDiskDto> {
    let low = state.application.ports().low_volumes().into_iter();
    low.map(|low| LowDiskDto {
        volume: low.volume.name,
        free_bytes: low.volume.free_bytes,
        min_free_bytes: low.min_free_bytes,
    })
    .collect()
}

fn refused(state: &WebState) -> Vec<RefusedModelDto> {
    let refused = state.application.ports().scorer.refused().into_iter();
    refused
        .map(|model| RefusedModelDto {
            folder: model.folder,
            reason: model.reason,
        })
        .collect()
}

/// Which version of the program this is
#[utoipa::path(
    get,
    path = "/version",
    tag = "Operations",
    operation_id = "version",
    security(()),
    responses((status = 200, description = "Name and version", body = VersionDto))
)]
pub(crate) async fn version() -> Answer {
    Ok(HttpResponse::Ok().json(VersionDto {
        name: "accunode",
        version: env!("CARGO_PKG_VERSION"),
    }))
}
