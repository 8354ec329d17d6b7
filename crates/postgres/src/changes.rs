//! The time up to which rows are complete in the order of their changes.
//!
//! A row gets its time while its transaction is open and becomes visible once that has
//! committed. A reader who follows rows by `updated_at` must not get past a transaction that is
//! still open, because its rows would be missed. So every transaction that changes rows holds an
//! advisory lock that names the second before it dated the first of them (the trigger
//! `note_writer`), and a list in the order of changes ends before the oldest of these locks.

use accunode_domain::Timestamp;
use accunode_ports::RepositoryError;
use sea_orm::FromQueryResult;

use crate::{
    db::{Executor, raw},
    errors::defect,
};

/// The statement's own time is taken before the locks are read: a transaction that takes a lock
/// after that dates its rows later. The rows must be read by a later statement: within this one
/// they would be from a snapshot before the locks were read. The keys are those of
/// `note_writer`.
const COMPLETE_BEFORE: &str = "\
    SELECT coalesce(min(timestamptz '2020-01-01T00:00:00Z' + objid::bigint * interval '1 second'), statement_timestamp()) AS at \
      FROM pg_locks \
     WHERE locktype = 'advisory' AND classid = 1094927991 AND objsubid = 2 \
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

#[derive(Debug, FromQueryResult)]
struct Moment {
    at: Timestamp,
}

/// Returns the time before which rows are complete: no row with an earlier time will appear.
pub(crate) async fn complete_before(db: &impl Executor) -> Result<Timestamp, RepositoryError> {
    let found: Option<Moment> = db.model(raw(COMPLETE_BEFORE, [])).await?;
    let found = found.ok_or_else(|| defect("no time was answered".to_owned()))?;
    Ok(found.at)
}
