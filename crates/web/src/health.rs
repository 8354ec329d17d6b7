//! Whether the service lives, and whether it can serve.

use accunode_domain::{Timestamp, fault::Fault};
use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::{Data, ServiceConfig, get, resource},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    WebState,
    problem::{Answer, Problem},
    readiness::Finding,
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
    /// What fails without keeping requests from being served; then the status is
    /// `degraded`.
    degraded: Vec<FailingDto>,
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

/// Something that fails.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Failing)]
pub(crate) struct FailingDto {
    /// What fails; stable.
    #[schema(example = "database")]
    check: &'static str,
    /// Why; stable.
    #[schema(example = "connection_refused")]
    reason: &'static str,
    /// Why, for people.
    detail: String,
    /// Since when it fails without a break.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

impl From<Finding> for FailingDto {
    fn from(found: Finding) -> Self {
        Self {
            check: found.check,
            reason: found.reason,
            detail: found.detail,
            since: found.since,
        }
    }
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
    operation_id = "get_liveness",
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
    operation_id = "get_readiness",
    security(()),
    responses(
        (status = 200, description = "They can; models that were refused and disks that run low are named", body = ReadinessDto),
        (status = 503, description = "`not_ready`: `failing` names what fails (database, migrations, sessions, model, files, postgres, shutdown and so on), why, and since when", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ready(state: Data<WebState>) -> Answer {
    let mut findings = state.readiness.findings().await;
    if let Some(stopping) = state.lifecycle.failing() {
        findings.insert(
            0,
            Finding::now(stopping, state.application.ports().clock.now()),
        );
    }
    if findings.iter().any(|one| one.is_required) {
        return Err(not_ready(findings));
    }
    Ok(HttpResponse::Ok().json(ReadinessDto {
        status: if findings.is_empty() {
            "ok"
        } else {
            "degraded"
        },
        degraded: findings.into_iter().map(FailingDto::from).collect(),
        refused_models: refused(&state),
        low_disks: low_disks(&state),
    }))
}

/// That something fails, for everybody who asks.
pub(crate) fn not_ready(findings: Vec<Finding>) -> Problem {
    let names: Vec<_> = findings.iter().map(|one| one.check).collect();
    let detail = match names.as_slice() {
        [] => "not ready: it has just started".to_owned(),
        names => format!("not ready: {}", names.join(", ")),
    };
    let errors = findings.iter().map(|one| {
        let pointer = format!("/{}", one.check);
        Fault::new(pointer, one.check, one.detail.clone())
    });
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", detail)
        .with_errors(errors.collect::<Vec<_>>())
        .with_failing(findings.into_iter().map(FailingDto::from).collect())
        .with_header(header::RETRY_AFTER, HeaderValue::from(5))
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
    operation_id = "get_version",
    security(()),
    responses((status = 200, description = "Name and version", body = VersionDto))
)]
pub(crate) async fn version() -> Answer {
    Ok(HttpResponse::Ok().json(VersionDto {
        name: "accunode",
        version: env!("CARGO_PKG_VERSION"),
    }))
}
