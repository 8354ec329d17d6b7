//! Months of the audit log: reading them for their archives, and dropping them.

use accunode_domain::Timestamp;
use accunode_ports::{
    RepositoryError,
    maintenance::{AuditArchive, AuditLine, AuditPosition},
};
use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection, PgPool, Postgres, Transaction};
use time::{Date, Duration};
use uuid::Uuid;

use crate::{
    PgStore,
    actor::ActorSettings,
    errors::{defect, from_sqlx},
    unit_of_work::PgTx,
};

/// Months with a partition that ended before `$1`, and have no archive or one of another size.
const TO_ARCHIVE: &str = "
    SELECT m.month
      FROM (SELECT to_date(right(c.relname, 7), 'YYYY_MM') AS month
              FROM pg_inherits i
              JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'public.audit_logs'::regclass
               AND c.relname ~ '^audit_logs_[0-9]{4}_[0-9]{2}$') m
      LEFT JOIN audit_archives a ON a.month = m.month
     WHERE (m.month + interval '1 month')::timestamptz <= $1
       AND a.dropped_at IS NULL
       AND (a.month IS NULL OR a.row_count <> (
             SELECT count(*) FROM audit_logs l
              WHERE l.created_at >= m.month::timestamptz
                AND l.created_at < (m.month + interval '1 month')::timestamptz))
     ORDER BY 1";

/// Rows of a month after a position, in the form of an archive.
const LINES: &str = "
    SELECT to_jsonb(l)::text, l.created_at, l.id
      FROM audit_logs l
     WHERE l.created_at >= $1 AND l.created_at < $2
       AND ($3::timestamptz IS NULL OR (l.created_at, l.id) > ($3, $4))
     ORDER BY l.created_at, l.id
     LIMIT $5";

const KEEP: &str = "
    INSERT INTO audit_archives (month, file_key, row_count, bytes, sha256, lines_sha256, verified_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (month) DO UPDATE
       SET file_key = excluded.file_key, row_count = excluded.row_count, bytes = excluded.bytes,
           sha256 = excluded.sha256, lines_sha256 = excluded.lines_sha256,
           verified_at = excluded.verified_at";

const ALL: &str = "
    SELECT month, file_key, row_count, bytes, sha256::text, lines_sha256::text, verified_at, dropped_at
      FROM audit_archives
     ORDER BY month";

/// The whole month, for the command that drops it.
const WHOLE: &str = "
    SELECT to_jsonb(l)::text
      FROM audit_logs l
     WHERE l.created_at >= $1 AND l.created_at < $2
     ORDER BY l.created_at, l.id";

/// Begins a transaction that reads every event.
pub(super) async fn begin(
    store: &PgStore,
) -> Result<Transaction<'static, Postgres>, RepositoryError> {
    let actor = ActorSettings::of_every_event();
    Ok(PgTx::begin(store.pool(), actor).await?.into_inner())
}

pub(super) async fn months_to_archive(
    store: &PgStore,
    before: Timestamp,
) -> Result<Vec<Date>, RepositoryError> {
    let mut transaction = begin(store).await?;
    sqlx::query(super::LONG_STATEMENT_TIMEOUT)
        .execute(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    sqlx::query_scalar(TO_ARCHIVE)
        .bind(before)
        .fetch_all(&mut *transaction)
        .await
        .map_err(from_sqlx)
}

pub(super) async fn audit_lines(
    store: &PgStore,
    month: Date,
    after: Option<AuditPosition>,
    limit: u32,
) -> Result<Vec<AuditLine>, RepositoryError> {
    let (from, to) = bounds(month)?;
    let mut transaction = begin(store).await?;
    let rows: Vec<(String, Timestamp, Uuid)> = sqlx::query_as(LINES)
        .bind(from)
        .bind(to)
        .bind(after.map(|at| at.created_at))
        .bind(after.map(|at| at.id))
        .bind(i64::from(limit))
        .fetch_all(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    let line = |(json, created_at, id)| AuditLine {
        json,
        at: AuditPosition { created_at, id },
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Returns the first moment of a month, and that of the next.
fn bounds(month: Date) -> Result<(Timestamp, Timestamp), RepositoryError> {
    let beyond = || defect(format!("there is no month after {month}"));
    let next = month.replace_day(1).ok().and_then(|first| {
        let later = first.checked_add(Duration::days(31))?;
        later.replace_day(1).ok()
    });
    let at = |day: Date| day.midnight().assume_utc();
    Ok((at(month), at(next.ok_or_else(beyond)?)))
}

pub(super) async fn keep(pool: &PgPool, archive: &AuditArchive) -> Result<(), RepositoryError> {
    let number = |n: u64| i64::try_from(n).map_err(|_| defect("more than a bigint holds"));
    let kept = sqlx::query(KEEP)
        .bind(archive.month)
        .bind(&archive.file_key)
        .bind(number(archive.rows)?)
        .bind(number(archive.bytes)?)
        .bind(&archive.sha256)
        .bind(&archive.lines_sha256)
        .bind(archive.verified_at)
        .execute(pool)
        .await
        .map_err(from_sqlx)?;
    if kept.rows_affected() == 0 {
        return Err(defect("the month was dropped: its archive must not change"));
    }
    Ok(())
}

/// The columns of an archive, in the order of the statement.
type Row = (
    Date,
    String,
    i64,
    i64,
    String,
    String,
    Timestamp,
    Option<Timestamp>,
);

pub(super) async fn all(pool: &PgPool) -> Result<Vec<AuditArchive>, RepositoryError> {
    let rows: Vec<Row> = sqlx::query_as(ALL)
        .fetch_all(pool)
        .await
        .map_err(from_sqlx)?;
    let archive = |row: Row| {
        let (month, file_key, rows, bytes, sha256, lines_sha256, verified_at, dropped_at) = row;
        AuditArchive {
            month,
            file_key,
            rows: rows.unsigned_abs(),
            bytes: bytes.unsigned_abs(),
            sha256,
            lines_sha256,
            verified_at,
            dropped_at,
        }
    };
    Ok(rows.into_iter().map(archive).collect())
}

/// A month whose archive was just read back from the file store completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedMonth {
    /// Its first day.
    pub month: Date,
    /// SHA-256 of the archive's lines, as they were read.
    pub lines_sha256: String,
}

/// Drops a month of the audit log, on a connection of the owner. Its rows are first compared
/// with the archive's lines, in the transaction that drops them.
///
/// # Errors
/// `Internal` if they differ, or if the month must not be dropped yet.
pub async fn drop_month(
    connection: &mut PgConnection,
    verified: &VerifiedMonth,
) -> Result<String, RepositoryError> {
    let (from, to) = bounds(verified.month)?;
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    // The serving role writes times in UTC, so that the lines are the same.
    sqlx::query("SET LOCAL timezone = 'UTC'")
        .execute(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    let mut digest = Sha256::new();
    {
        let mut lines = sqlx::query_scalar::<_, String>(WHOLE)
            .bind(from)
            .bind(to)
            .fetch(&mut *transaction);
        while let Some(line) = lines.try_next().await.map_err(from_sqlx)? {
            digest.update(line.as_bytes());
            digest.update(b"\n");
        }
    }
    let present = hex::encode(digest.finalize());
    if present != verified.lines_sha256 {
        return Err(defect(format!(
            "the rows of {} are not those of its archive: archive it anew (`accunode maintain run audit_archive`)",
            verified.month
        )));
    }
    let dropped: String = sqlx::query_scalar("SELECT audit_drop_month($1)")
        .bind(verified.month)
        .fetch_one(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    transaction.commit().await.map_err(from_sqlx)?;
    Ok(dropped)
}
