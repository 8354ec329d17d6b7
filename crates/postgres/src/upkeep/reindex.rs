//! Indexes that are larger than their rows need, or were never completed.

use accunode_ports::{RepositoryError, maintenance::Reindexed};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::errors::from_sqlx;

/// The size below which an index is not rebuilt, in bytes.
const LEAST_BYTES: i64 = 16 << 20;
/// The ratio of an index's size to the size that its entries need from which it counts as
/// bloated.
const BLOAT: f64 = 2.0;

/// The remains of an earlier `REINDEX CONCURRENTLY` that did not complete.
const LEFTOVERS: &str = "
    SELECT c.relname::text
      FROM pg_index i
      JOIN pg_class c ON c.oid = i.indexrelid
     WHERE c.relnamespace = 'public'::regnamespace
       AND NOT i.indisvalid
       AND c.relname ~ '_cc(new|old)[0-9]*$'";

/// Invalid indexes, and B-trees of more than `$1` bytes that take more than `$2` times the
/// space that their entries need: each entry has the width of its columns, by the
/// statistics, 8 bytes of header and 4 of its pointer, and pages are filled to nine tenths.
const CANDIDATES: &str = "
    WITH entries AS (
      SELECT i.indexrelid, i.indisvalid, c.relname::text AS name,
             pg_relation_size(i.indexrelid) AS bytes,
             c.reltuples::float8 AS entries,
             (SELECT coalesce(sum(coalesce(s.avg_width, 16)), 8)
                FROM pg_attribute a
                LEFT JOIN pg_attribute t
                       ON t.attrelid = i.indrelid AND t.attnum = i.indkey[a.attnum - 1]
                LEFT JOIN pg_stats s
                       ON s.schemaname = 'public'
                      AND ((s.tablename = r.relname AND s.attname = t.attname)
                           OR (s.tablename = c.relname AND s.attname = a.attname))
               WHERE a.attrelid = i.indexrelid AND a.attnum > 0) AS width
        FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
        JOIN pg_class r ON r.oid = i.indrelid
        JOIN pg_am m ON m.oid = c.relam AND m.amname = 'btree'
       WHERE c.relnamespace = 'public'::regnamespace
         AND pg_has_role(c.relowner, 'USAGE')
         AND NOT i.indisexclusion
    )
    SELECT name, CASE WHEN indisvalid THEN 'bloated' ELSE 'invalid' END, bytes
      FROM entries
     WHERE NOT indisvalid
        OR bytes > $1 AND entries >= 0
           AND bytes > $2 * greatest(8192, entries * (width + 12) / 0.9)
     ORDER BY bytes DESC";

const SIZE: &str = "SELECT pg_relation_size(to_regclass('public.' || quote_ident($1)))";

/// Rebuilds each index concurrently with its use. One that fails is left for the next run.
pub(super) async fn reindex(
    connection: &mut PgConnection,
) -> Result<Vec<Reindexed>, RepositoryError> {
    // A statement that waits longer for a lock makes all others wait behind it.
    for setting in [
        "SET lock_timeout = '30s'",
        "SET statement_timeout = 0",
        "SET search_path = public",
    ] {
        run(connection, setting.to_owned()).await?;
    }
    let leftovers: Vec<String> = sqlx::query_scalar(LEFTOVERS)
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    for name in leftovers {
        run(
            connection,
            format!("DROP INDEX CONCURRENTLY IF EXISTS public.{}", quoted(&name)),
        )
        .await?;
    }
    let found: Vec<(String, String, i64)> = sqlx::query_as(CANDIDATES)
        .bind(LEAST_BYTES)
        .bind(BLOAT)
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    let mut done = Vec::with_capacity(found.len());
    for (index, reason, bytes_before) in found {
        let statement = format!("REINDEX INDEX CONCURRENTLY public.{}", quoted(&index));
        let bytes_after = match run(connection, statement).await {
            Ok(()) => sqlx::query_scalar(SIZE)
                .bind(&index)
                .fetch_one(&mut *connection)
                .await
                .map_err(from_sqlx)?,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(index, error, "an index was not built anew");
                None
            }
        };
        done.push(Reindexed {
            index,
            reason,
            bytes_before,
            bytes_after,
        });
    }
    Ok(done)
}

/// Returns a name of the catalogue as an identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn run(connection: &mut PgConnection, statement: String) -> Result<(), RepositoryError> {
    let done = sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await;
    done.map(|_| ()).map_err(from_sqlx)
}
