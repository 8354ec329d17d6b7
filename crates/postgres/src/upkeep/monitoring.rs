//! Snapshots of monitoring.

use accunode_domain::{
    id::{OrganizationId, UserId},
    owner::{AccessLevel, Owner},
    prediction::Kind,
    risk::ModelRef,
    validation::MonitoredPredictions,
};
use accunode_ports::{RepositoryError, maintenance::NewSnapshot};
use serde_json::json;
use sqlx::{PgPool, types::Json};
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::PgMaintenance;
use crate::errors::{defect, from_sqlx};

const MONITORED: &str = "
    SELECT kind, owner_key, access_level, model_name, model_version, model_sha256
      FROM monitored_predictions()";
const KEEP: &str = "SELECT keep_monitoring_snapshot($1)";

type Row = (String, Uuid, String, String, String, String);

pub(super) async fn monitored(
    maintenance: &PgMaintenance,
) -> Result<Vec<MonitoredPredictions>, RepositoryError> {
    let rows: Vec<Row> = maintenance.fetch_with_long_timeout(MONITORED, None).await?;
    rows.into_iter().map(monitored_of).collect()
}

fn monitored_of(row: Row) -> Result<MonitoredPredictions, RepositoryError> {
    let (kind, key, level, name, version, sha256) = row;
    let kind: Kind = kind.parse().map_err(|_| defect("an unknown kind"))?;
    let level: AccessLevel = level.parse().map_err(|_| defect("an unknown level"))?;
    let owner = match level {
        AccessLevel::Personal => Owner::User(UserId(key)),
        AccessLevel::Organization => Owner::Organization(OrganizationId(key)),
        AccessLevel::System => Owner::System,
    };
    Ok(MonitoredPredictions {
        owner,
        kind,
        model: ModelRef {
            name,
            version,
            sha256,
        },
    })
}

pub(super) async fn keep(pool: &PgPool, new: &NewSnapshot) -> Result<bool, RepositoryError> {
    let figures = &new.figures;
    let at = new.at.format(&Rfc3339);
    let snapshot = json!({
        "kind": new.kind,
        "model_name": new.model.name,
        "model_version": new.model.version,
        "model_sha256": new.model.sha256,
        "period": new.period.to_string(),
        "baseline": new.baseline.to_string(),
        "total": figures.total,
        "out_of_scope": figures.out_of_scope,
        "mean_pd": figures.mean_pd,
        "inputs": figures.inputs,
        "score": figures.score,
        "verdict": figures.verdict,
        "access_level": new.owner.level(),
        "owner_key": new.owner.key(),
        "at": at.map_err(|cause| defect(cause.to_string()))?,
    });
    sqlx::query_scalar(KEEP)
        .bind(Json(snapshot))
        .fetch_one(pool)
        .await
        .map_err(from_sqlx)
}
