//! Liveness and readiness of the service.

use accunode_domain::fault::Fault;
use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::Data,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{
    policy::Policy,
    problem::{Answer, FailingDto, Problem},
    readiness::Finding,
    route::{Route, route},
    state::WebState,
};

pub(crate) const LIVE: &str = "/health/live";
pub(crate) const READY: &str = "/health/ready";
pub(crate) const VERSION: &str = "/version";

pub(crate) fn routes() -> Vec<Route> {
    let probe = Policy::public("probes ask it; it tells no data");
    vec![
        route!(live, probe),
        route!(ready, probe),
        route!(version, Policy::public("it says which build this is")),
    ]
}

/// That all is well.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthDto {
    #[schema(example = "ok")]
    status: &'static str,
}

/// The readiness of the service, with problems that do not affect it.
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
    /// The data on it: `files` or `database`.
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
    path = LIVE,
    tag = "Operations",
    operation_id = "get_liveness",
    responses((status = 200, description = "It does", body = HealthDto))
)]
pub(crate) async fn live() -> Answer {
    Ok(HttpResponse::Ok().json(HealthDto { status: "ok" }))
}

/// Whether requests can be served
#[utoipa::path(
    get,
    path = READY,
    tag = "Operations",
    operation_id = "get_readiness",
    responses(
        (status = 200, description = "They can; models that were refused and disks that run low are named", body = ReadinessDto),
        (status = 503, description = "`not_ready`: `failing` names what fails (database, migrations, sessions, model, files, postgres, shutdown and so on), why, and since when"),
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

/// Returns the problem for failing checks, which is public.
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
    path = VERSION,
    tag = "Operations",
    operation_id = "get_version",
    responses((status = 200, description = "Name and version", body = VersionDto))
)]
pub(crate) async fn version() -> Answer {
    Ok(HttpResponse::Ok().json(VersionDto {
        name: "accunode",
        version: env!("CARGO_PKG_VERSION"),
    }))
}
