//! Storing a chunk of an upload: some thousand rows, their outcomes, the counters and
//! the checkpoint, all in the open transaction.
//!
//! 1. The lease is looked at; a lost lease stores nothing.
//! 2. Rows of one company and period are grouped ([`repeats`]); one of each group is to be
//!    stored.
//! 3. Companies are found or created ([`companies`]).
//! 4. The rows to be stored are copied into a temporary table and inserted from there in
//!    one statement ([`staging`]); predictions that existed already, or were created at the
//!    same time, are read afterwards ([`existing`]).
//! 5. The outcome of each row is determined ([`outcome`]).
//! 6. The job's row is locked under the lease, and the outcomes, the counters and the checkpoint
//!    are written ([`ledger`]), if the job stands where the chunk begins.
//!
//! Two chunks of one job may be stored side by side, up to step 5. The later one then waits until
//! the transaction of the earlier one has ended, and is rolled back if that was: a checkpoint
//! never stands behind a row that is not stored. The later one sees nothing of what the earlier
//! one stores, so they must have no company and period in common, and it makes companies only
//! after that wait.
//!
//! A dry run does steps 3 and 4 behind a savepoint and rolls back to it. It also stores its
//! ok rows, so that rows of later chunks can be checked against them.

pub(crate) mod budget;
mod companies;
mod copy;
mod existing;
pub(crate) mod histories;
mod ledger;
mod outcome;
mod recording;
mod repeats;
mod rescoring;
mod staging;
mod undo;

use std::collections::{HashMap, HashSet};

use accunode_domain::{
    access::Scope,
    job::{JobCounts, OtherCompany},
};
use accunode_ports::{
    Conflict, Contention, RepositoryError,
    repositories::{JobChunk, Lease, RowResult, ScoredRow},
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{db::Tx, errors::from_orm};

pub(crate) use recording::{lock_name, record};
pub(crate) use rescoring::rescore;
pub(crate) use undo::undo;

/// A row from which a prediction is to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'c> {
    /// Its number in the file.
    row: u32,
    /// The row as it was sent.
    source: &'c str,
    /// Everything a prediction needs.
    scored: &'c ScoredRow,
}

impl Candidate<'_> {
    /// Returns `AAPL 2024 Q3`, which identifies rows of a file for the same company and
    /// period.
    fn company_period(&self) -> String {
        format!(
            "{} {}",
            self.scored.company.symbol.as_str(),
            self.scored.period
        )
    }
}

/// Locks the job's row in the open transaction, if the lease is still ours.
///
/// # Errors
/// `Stale`.
pub(crate) async fn lock_lease(tx: &Tx, lease: &Lease) -> Result<(), RepositoryError> {
    ledger::lock(tx, lease).await.map(|_| ())
}

/// Stores a chunk. See [`accunode_ports::repositories::JobWriter::store_chunk`].
pub(crate) async fn store(
    tx: &Tx,
    scope: &Scope,
    lease: &Lease,
    chunk: &JobChunk,
) -> Result<JobCounts, RepositoryError> {
    ledger::begin(tx, lease, chunk).await?;
    staging::prepare(tx, chunk.kind).await?;
    if chunk.dry_run {
        tx.execute_unprepared("SAVEPOINT dry_run")
            .await
            .map_err(from_orm)?;
    }
    let outcome = resolve(tx, scope, lease, chunk)
        .await
        .map_err(retry_where_a_company_vanished)?;
    if chunk.dry_run {
        let back = "ROLLBACK TO SAVEPOINT dry_run; RELEASE SAVEPOINT dry_run";
        tx.execute_unprepared(back).await.map_err(from_orm)?;
    }
    let job = ledger::take_turn(tx, lease, chunk).await?;
    ledger::write(tx, lease, chunk, job, outcome).await
}

async fn resolve(
    tx: &Tx,
    scope: &Scope,
    lease: &Lease,
    chunk: &JobChunk,
) -> Result<outcome::ChunkOutcome, RepositoryError> {
    let mut outcome = outcome::ChunkOutcome::default();
    let mut candidates = Vec::with_capacity(chunk.rows.len());
    for row in &chunk.rows {
        match &row.result {
            RowResult::Scored(scored) => {
                candidates.push(Candidate {
                    row: row.row,
                    source: &row.source,
                    scored,
                });
            }
            RowResult::Refused(faults) => outcome.refused(row.row, &row.source, faults.clone()),
            RowResult::LeftOut(faults) => outcome.left_out(row.row, &row.source, faults.clone()),
        }
    }
    if candidates.is_empty() {
        return Ok(outcome);
    }
    let companies = companies::find_or_make(tx, scope, lease, chunk, &candidates).await?;
    outcome.companies_made = companies.made;
    if chunk.other_company == OtherCompany::Error {
        candidates.retain(|row| match outcome::other_company(&companies, row) {
            Some(why) => {
                let fault = outcome::refused_company(why);
                outcome.refused(row.row, row.source, vec![fault]);
                false
            }
            None => true,
        });
    }
    outcome.note_differences(&companies, &candidates);

    let groups = repeats::group(&candidates, chunk.on_conflict);
    staging::copy(tx, chunk, &companies, &groups).await?;
    let mut pending: Vec<i32> = groups
        .iter()
        .map(|group| number(group.chosen.row))
        .collect();
    let mut there = HashMap::new();
    // Repeated if a conflicting prediction is gone by the time it is read.
    for _ in 0..3 {
        let inserted: HashSet<_> = staging::insert(tx, lease, chunk, &pending)
            .await?
            .into_iter()
            .collect();
        pending.retain(|row| !inserted.contains(row));
        if pending.is_empty() {
            break;
        }
        let found = existing::find(tx, chunk, &pending).await?;
        pending.retain(|row| !found.contains_key(row));
        there.extend(found);
        if pending.is_empty() {
            break;
        }
    }
    if !pending.is_empty() {
        let cause = "predictions came and went while a chunk was stored";
        return Err(RepositoryError::Unavailable(Box::new(Contention(
            cause.into(),
        ))));
    }
    existing::update(tx, lease, chunk, &mut there).await?;
    if chunk.dry_run {
        existing::find_dry_run_rows(tx, lease, chunk, &groups, &mut there).await?;
    }
    for group in groups {
        outcome.group(
            lease.job,
            chunk,
            &group,
            there.get(&number(group.chosen.row)),
        );
    }
    Ok(outcome)
}

/// A company that was found may be deleted before its prediction is stored. Repeating the
/// chunk creates it again.
fn retry_where_a_company_vanished(error: RepositoryError) -> RepositoryError {
    if error.conflict() == Some(Conflict::CompanyGone) {
        RepositoryError::Unavailable(Box::new(Contention(error.into())))
    } else {
        error
    }
}

/// Row numbers are `integer` in the database; a file has fewer rows than that type's
/// maximum.
fn number(row: u32) -> i32 {
    i32::try_from(row).unwrap_or(i32::MAX)
}

/// Returns the key of the future owner of the rows.
fn owner_key(chunk: &JobChunk) -> Uuid {
    chunk.grant.owner().key()
}
