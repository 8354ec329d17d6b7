//! What must hold when everything runs again.

use anyhow::ensure;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::ledger::Contents;

/// Checks that nothing that was acknowledged is lost, that every row of a job was stored exactly
/// once, and that all users saw their own changes. Returns the sentence for the report.
pub(super) async fn check(primary: &PgPool, ledger: &Contents) -> anyhow::Result<String> {
    let ids: Vec<Uuid> = parse(ledger.companies.iter().map(String::as_str))?;
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM companies WHERE id = ANY ($1)")
        .bind(&ids)
        .fetch_one(primary)
        .await?;
    ensure!(
        usize::try_from(stored)? == ids.len(),
        "of {} acknowledged companies {stored} are there",
        ids.len()
    );
    let (mut expected, mut found) = (0, 0);
    for upload in &ledger.uploads {
        let row = sqlx::query(
            "SELECT j.status::text, j.success_count::bigint, count(p.id), count(DISTINCT p.bulk_row) \
               FROM bulk_upload_jobs j LEFT JOIN annual_predictions p ON p.bulk_job_id = j.id \
              WHERE j.id = $1 GROUP BY j.id",
        )
        .bind(upload.id.parse::<Uuid>()?)
        .fetch_one(primary)
        .await?;
        let status: String = row.get(0);
        let counts: [i64; 3] = [row.get(1), row.get(2), row.get(3)];
        let rows = i64::try_from(upload.rows)?;
        ensure!(
            status == "completed" && counts == [rows; 3],
            "job {} is {status}: of {rows} rows {} were counted, {} stored, {} of them different",
            upload.id,
            counts[0],
            counts[1],
            counts[2]
        );
        expected += rows;
        found += counts[1];
    }
    ensure!(
        ledger.stale.is_empty(),
        "of {} reads of own changes {} missed one: {:?}",
        ledger.own_reads,
        ledger.stale.len(),
        &ledger.stale[..ledger.stale.len().min(5)]
    );
    Ok(format!(
        "{} acknowledged companies: all there; {} jobs: each completed once, {expected} rows \
         expected and {found} found; {} reads of own changes: 0 stale",
        ids.len(),
        ledger.uploads.len(),
        ledger.own_reads
    ))
}

fn parse<'a>(ids: impl Iterator<Item = &'a str>) -> anyhow::Result<Vec<Uuid>> {
    ids.map(|id| Ok(id.parse()?)).collect()
}
