//! Revisions are read here; the database itself writes them.

use accunode_domain::{
    access::Scope,
    id::{JobId, PredictionId, UserId},
    prediction::{Kind, Revision},
};
use accunode_ports::RepositoryError;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::{
    db::Db,
    kinds::KindNames,
    repositories::said,
    row::{RowRef, get},
    scope::Reach,
};

/// See [`accunode_ports::repositories::PredictionRepository::revisions`].
pub(super) async fn list(
    db: &Db,
    scope: &Scope,
    kind: Kind,
    id: PredictionId,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<Revision>, RepositoryError> {
    let reach = Reach::of(scope);
    let mut sql = reach.statement(&db.actor(scope));
    sql.push(format_args!(
        "SELECT x.* FROM a CROSS JOIN LATERAL (\
         SELECT p.id FROM {} p WHERE {} AND p.id = ",
        kind.table(),
        reach.condition_of_one("p", "id")
    ))
    .push_bind(id.0)
    // The prediction first: of one that cannot be read no revision is looked at.
    .push(format_args!(
        " LIMIT 1) p CROSS JOIN LATERAL (\
         SELECT r.prediction_id, r.row_version, {}, r.replaced_at, r.replaced_by, r.bulk_job_id, r.reason \
         FROM {} r WHERE r.prediction_id = p.id",
        said::columns(kind, "r"),
        kind.revisions(),
    ));
    if let Some(version) = after {
        sql.push(" AND r.row_version < ").push_bind(version);
    }
    sql.push(" ORDER BY r.row_version DESC LIMIT ")
        .push_bind(i64::from(limit))
        .push(") x ORDER BY row_version DESC");
    db.all(sql)
        .await?
        .iter()
        .map(|row| revision(kind, row))
        .collect()
}

fn revision(kind: Kind, row: &PgRow) -> Result<Revision, RepositoryError> {
    let id: Uuid = get(row, "prediction_id")?;
    let place = RowRef {
        table: kind.revisions(),
        id,
    };
    Ok(Revision {
        prediction: PredictionId(id),
        version: get(row, "row_version")?,
        outcome: said::outcome(row, place)?,
        predicted_at: get(row, "predicted_at")?,
        ratios: said::ratios(kind, row, place)?,
        replaced_at: get(row, "replaced_at")?,
        replaced_by: get::<Option<Uuid>>(row, "replaced_by")?.map(UserId),
        job: get::<Option<Uuid>>(row, "bulk_job_id")?.map(JobId),
        reason: place.named(row, "reason")?,
    })
}
