//! Storing a chunk of an upload of company outcomes, in the open transaction.
//!
//! 1. The job's row is locked under the lease; a lost lease stores nothing.
//! 2. The owner's outcomes are locked, so that no other unit of work records or withdraws one.
//! 3. Companies are found by their symbols, and the current outcomes of each are read in one
//!    statement.
//! 4. Each row is checked against those and against the rows before it, company by company in
//!    order of time: in a file a cure may precede its default.
//! 5. Rows that may be recorded are inserted in one statement; the outcomes of the others are
//!    stored, with one audit row, counters and checkpoint.
//!
//! A dry run does everything except the insert of step 5, and stores its ok rows, so that rows
//! of later chunks can be checked against them.

use std::collections::{HashMap, HashSet};

use accunode_domain::{
    access::{Grant, Scope},
    audit::{AuditAction, AuditEvent},
    fault::Fault,
    job::{Job, JobCounts, RowStatus},
    outcome::{Definition, TimelineFault, TimelineMark, check_timeline},
};
use accunode_ports::{
    RepositoryError,
    repositories::{Lease, NewOutcome, OutcomeChunk, OutcomeRow, Undone},
};
use serde_json::{Value, json};
use time::{Date, format_description::FormatItem, macros::format_description};
use uuid::Uuid;

use super::{budget, ledger, number, outcome::JobRow};
use crate::{
    db::Tx,
    errors::{defect, from_sqlx},
    repositories::company::lookup_keys,
};

const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
const LOOK_UP: &str = include_str!("sql/look_up_symbols.sql");
const STANDING: &str = include_str!("sql/standing_outcomes.sql");
const EXTERNAL_IDS: &str = include_str!("sql/standing_external_ids.sql");
const DRY_RUN_ROWS: &str = include_str!("sql/dry_run_rows.sql");
const INSERT: &str = include_str!("sql/insert_outcomes.sql");
const STANDING_OF_JOB: &str = include_str!("sql/standing_outcomes_of_job.sql");
const WITHDRAW: &str = include_str!("sql/withdraw_outcomes.sql");
const DAY: &[FormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// Returns the name of the lock of an owner's outcomes: exclusive for recording many, shared for
/// recording or withdrawing one.
pub(crate) fn lock_name(owner: Uuid) -> String {
    format!("outcomes {owner}")
}

/// Locks all outcomes of an owner until the transaction ends.
pub(super) async fn lock_owner(tx: &Tx, owner: Uuid) -> Result<(), RepositoryError> {
    sqlx::query(LOCK)
        .bind(lock_name(owner))
        .execute(&mut **tx.connection().await)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
}

/// Stores a chunk. See [`accunode_ports::repositories::JobWriter::store_outcomes`].
pub(crate) async fn record(
    tx: &Tx,
    scope: &Scope,
    lease: &Lease,
    chunk: &OutcomeChunk,
) -> Result<JobCounts, RepositoryError> {
    let job = ledger::lock(tx, lease).await?;
    let owner = chunk.grant.owner().key();
    lock_owner(tx, owner).await?;
    let companies = companies(tx, scope, chunk).await?;
    let mut timelines = Timelines::read(tx, lease, chunk, &companies).await?;
    let resolved = timelines.resolve(chunk, &companies);
    let good: Vec<_> = resolved
        .iter()
        .filter(|row| row.faults.is_empty())
        .collect();
    if !chunk.dry_run {
        insert(tx, lease, chunk, &good).await?;
    }
    let mut counts = JobCounts::default();
    let mut kept = Vec::new();
    for row in resolved {
        match row.status {
            RowStatus::Ok => counts.success += 1,
            RowStatus::Skipped => counts.skipped += 1,
            RowStatus::Updated | RowStatus::Error => counts.error += 1,
        }
        if row.status != RowStatus::Ok || chunk.dry_run {
            kept.push(row.kept());
        }
    }
    let (kept, keeping) = budget::fit(tx, owner, chunk.row_budget, job.rows_kept, kept).await?;
    ledger::keep_rows(tx, lease, owner, &kept).await?;
    if !chunk.dry_run {
        ledger::record(tx, &chunk.context, audit_event(lease, chunk, counts)).await?;
    }
    let (total, mut warnings) = (Some(chunk.total_rows), job.warnings);
    ledger::warn_of_rows_not_kept(&mut warnings, keeping, chunk.row_budget);
    let (kept, checkpoint) = (keeping.kept, chunk.checkpoint);
    ledger::advance(tx, lease, counts, kept, total, warnings, checkpoint).await
}

/// A company as outcomes store it.
#[derive(Debug)]
struct StoredCompany {
    id: Uuid,
    name: String,
    sector: String,
}

type Companies = HashMap<String, StoredCompany>;

fn readable(chunk: &OutcomeChunk) -> impl Iterator<Item = (&OutcomeRow, &NewOutcome)> {
    let read = |row: &'_ OutcomeRow| row.read.is_ok();
    let rows = chunk.rows.iter().filter(move |row| read(row));
    rows.filter_map(|row| Some((row, row.read.as_ref().ok()?)))
}

async fn companies(
    tx: &Tx,
    scope: &Scope,
    chunk: &OutcomeChunk,
) -> Result<Companies, RepositoryError> {
    let keys = lookup_keys(scope, chunk.grant, None);
    let symbols: HashSet<_> = readable(chunk)
        .map(|(_, new)| new.symbol.as_str().to_owned())
        .collect();
    let symbols: Vec<_> = symbols.into_iter().collect();
    let found: Vec<(Uuid, String, String, String)> = sqlx::query_as(LOOK_UP)
        .bind(symbols)
        .bind(keys)
        .fetch_all(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    let known = found
        .into_iter()
        .map(|(id, symbol, name, sector)| (symbol, StoredCompany { id, name, sector }));
    Ok(known.collect())
}

/// The current outcomes of the companies of a chunk: when each was recorded, or the row of the
/// dry run.
#[derive(Debug, Default)]
struct Timelines {
    marks: HashMap<(Uuid, Definition), Vec<(TimelineMark, Origin)>>,
    external_ids: HashMap<String, Origin>,
}

/// The origin of a current outcome.
#[derive(Clone, Copy, Debug)]
enum Origin {
    Stored(Uuid),
    Row(u32),
}

impl Origin {
    fn describe(self) -> String {
        match self {
            Self::Stored(id) => format!("as the outcome {id}"),
            Self::Row(row) => format!("by row {row} of this file"),
        }
    }
}

impl Timelines {
    async fn read(
        tx: &Tx,
        lease: &Lease,
        chunk: &OutcomeChunk,
        companies: &Companies,
    ) -> Result<Self, RepositoryError> {
        let owner = chunk.grant.owner().key();
        let ids: Vec<Uuid> = companies.values().map(|company| company.id).collect();
        let mut timelines = Self::default();
        let standing: Vec<(Uuid, Uuid, String, String, Date, bool)> = sqlx::query_as(STANDING)
            .bind(owner)
            .bind(&ids)
            .fetch_all(&mut **tx.connection().await)
            .await
            .map_err(from_sqlx)?;
        for (id, company, definition, event, occurred_on, technical) in standing {
            let mark = TimelineMark {
                event: named(&event)?,
                occurred_on,
                technical,
            };
            timelines.add(company, named(&definition)?, mark, Origin::Stored(id));
        }
        let wanted: Vec<String> = readable(chunk)
            .filter_map(|(_, new)| new.facts.external_id.clone())
            .collect();
        let taken: Vec<(String, Uuid)> = sqlx::query_as(EXTERNAL_IDS)
            .bind(owner)
            .bind(wanted)
            .fetch_all(&mut **tx.connection().await)
            .await
            .map_err(from_sqlx)?;
        let taken = taken.into_iter();
        timelines.external_ids = taken.map(|(x, id)| (x, Origin::Stored(id))).collect();
        if chunk.dry_run {
            timelines.add_dry_run_rows(tx, lease, &ids).await?;
        }
        Ok(timelines)
    }

    /// Adds the outcomes that earlier rows of a dry run would have recorded.
    async fn add_dry_run_rows(
        &mut self,
        tx: &Tx,
        lease: &Lease,
        companies: &[Uuid],
    ) -> Result<(), RepositoryError> {
        let keys: Vec<String> = companies.iter().map(Uuid::to_string).collect();
        let rows: Vec<(i32, String, Value, Option<String>)> = sqlx::query_as(DRY_RUN_ROWS)
            .bind(lease.job.0)
            .bind(keys)
            .fetch_all(&mut **tx.connection().await)
            .await
            .map_err(from_sqlx)?;
        for (row, company, planned, _) in rows {
            let text = |name: &str| planned[name].as_str().unwrap_or_default();
            let corrupt = |_| defect("a row of a dry run is no outcome");
            let mark = TimelineMark {
                event: named(text("event"))?,
                occurred_on: Date::parse(text("occurred_on"), DAY).map_err(corrupt)?,
                technical: planned["technical"] == true,
            };
            let company = company
                .parse()
                .map_err(|_| defect("a row of a dry run has no company"))?;
            let origin = Origin::Row(row.unsigned_abs());
            self.add(company, named(text("definition"))?, mark, origin);
            if let Some(id) = planned["external_id"].as_str() {
                self.external_ids.insert(id.to_owned(), origin);
            }
        }
        Ok(())
    }

    fn add(&mut self, company: Uuid, definition: Definition, mark: TimelineMark, origin: Origin) {
        let timeline = self.marks.entry((company, definition)).or_default();
        timeline.push((mark, origin));
    }

    /// Determines the outcome of each row, in the file's order.
    fn resolve<'c>(
        &mut self,
        chunk: &'c OutcomeChunk,
        companies: &'c Companies,
    ) -> Vec<ResolvedRow<'c>> {
        let mut resolved: Vec<ResolvedRow<'c>> = chunk.rows.iter().map(ResolvedRow::of).collect();
        let mut order: Vec<usize> = (0..resolved.len()).collect();
        // On one day a default is before a cure.
        order.sort_by_key(|at| {
            let new = resolved[*at].row.read.as_ref().ok();
            new.map(|new| (new.facts.occurred_on, new.facts.event))
        });
        for at in order {
            let row = &mut resolved[at];
            let Ok(new) = &row.row.read else { continue };
            match companies.get(new.symbol.as_str()) {
                Some(company) => {
                    row.company = Some(company);
                    (row.status, row.faults) = self.take(row.row.row, new, company);
                }
                None => {
                    row.status = RowStatus::Error;
                    row.faults = vec![Fault::new(
                        "company_symbol",
                        "unknown_company",
                        format!(
                            "no company of this owner, and none of the system, has the symbol {}; \
                             make it first",
                            new.symbol.as_str()
                        ),
                    )];
                }
            }
        }
        resolved
    }

    fn take(
        &mut self,
        row: u32,
        new: &NewOutcome,
        company: &StoredCompany,
    ) -> (RowStatus, Vec<Fault>) {
        let facts = &new.facts;
        let mark = TimelineMark::from(facts);
        let timeline = self
            .marks
            .entry((company.id, facts.definition))
            .or_default();
        let same = timeline
            .iter()
            .find(|(other, _)| (other.event, other.occurred_on) == (mark.event, mark.occurred_on));
        let refused =
            |status, pointer, code, detail| (status, vec![Fault::new(pointer, code, detail)]);
        if let Some((_, origin)) = same {
            let detail = format!("this was recorded already, {}", origin.describe());
            return refused(RowStatus::Skipped, "", "outcome_exists", detail);
        }
        if let Some(origin) = facts
            .external_id
            .as_ref()
            .and_then(|id| self.external_ids.get(id))
        {
            let detail = format!("this id was used already, {}", origin.describe());
            return refused(RowStatus::Error, "external_id", "outcome_exists", detail);
        }
        let marks = timeline.iter().map(|(mark, _)| *mark);
        match check_timeline(marks.chain([mark])) {
            Ok(()) => {}
            Err(TimelineFault::AlreadyInDefault(since, day)) => {
                let detail = format!(
                    "a default on {day} would follow the one on {since} without a cure between \
                     them; record the cure, or withdraw one of the defaults"
                );
                return refused(
                    RowStatus::Error,
                    "occurred_on",
                    "already_in_default",
                    detail,
                );
            }
            Err(TimelineFault::NotInDefault(day)) => {
                let detail = format!(
                    "the cure on {day} would end no default; record the default, or leave the \
                     cure out"
                );
                return refused(RowStatus::Error, "occurred_on", "not_in_default", detail);
            }
        }
        timeline.push((mark, Origin::Row(row)));
        if let Some(id) = &facts.external_id {
            self.external_ids.insert(id.clone(), Origin::Row(row));
        }
        (RowStatus::Ok, Vec::new())
    }
}

/// A row and its outcome.
struct ResolvedRow<'c> {
    row: &'c OutcomeRow,
    company: Option<&'c StoredCompany>,
    status: RowStatus,
    faults: Vec<Fault>,
}

impl<'c> ResolvedRow<'c> {
    fn of(row: &'c OutcomeRow) -> Self {
        let faults = row.read.as_ref().err().cloned().unwrap_or_default();
        Self {
            row,
            company: None,
            status: if row.read.is_ok() {
                RowStatus::Ok
            } else {
                RowStatus::Error
            },
            faults,
        }
    }

    fn kept(self) -> JobRow {
        let dry_run_row = match (&self.row.read, self.company, self.status) {
            (Ok(new), Some(company), RowStatus::Ok) => {
                let facts = serde_json::to_value(&new.facts).unwrap_or_default();
                Some((company.id.to_string(), facts))
            }
            _ => None,
        };
        JobRow {
            row: self.row.row,
            status: self.status,
            faults: self.faults,
            source: Some(self.row.source.clone()),
            prediction: None,
            old_values: None,
            written_version: None,
            dry_run_row,
        }
    }
}

async fn insert(
    tx: &Tx,
    lease: &Lease,
    chunk: &OutcomeChunk,
    good: &[&ResolvedRow<'_>],
) -> Result<(), RepositoryError> {
    let rows = good.iter().filter_map(|resolved| {
        let new = resolved.row.read.as_ref().ok()?;
        Some((resolved.row.row, new, resolved.company?))
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    let owner = chunk.grant.owner();
    let column = |of: &dyn Fn(&NewOutcome) -> Option<String>| -> Vec<Option<String>> {
        rows.iter().map(|(_, new, _)| of(new)).collect()
    };
    let facts = rows.iter().map(|(_, new, _)| &new.facts);
    let inserted = sqlx::query(INSERT)
        .bind(owner.organization().map(|id| id.0))
        .bind(owner.level().as_str())
        .bind(chunk.grant.by().0)
        .bind(lease.job.0)
        .bind(rows.iter().map(|(_, new, _)| new.id.0).collect::<Vec<_>>())
        .bind(
            rows.iter()
                .map(|(row, ..)| number(*row))
                .collect::<Vec<_>>(),
        )
        .bind(rows.iter().map(|(.., c)| c.id).collect::<Vec<_>>())
        .bind(column(&|new| Some(new.symbol.as_str().to_owned())))
        .bind(
            rows.iter()
                .map(|(.., c)| c.name.clone())
                .collect::<Vec<_>>(),
        )
        .bind(
            rows.iter()
                .map(|(.., c)| c.sector.clone())
                .collect::<Vec<_>>(),
        )
        .bind(column(&|new| {
            Some(new.facts.definition.as_str().to_owned())
        }))
        .bind(column(&|new| Some(new.facts.event.as_str().to_owned())))
        .bind(facts.clone().map(|f| f.occurred_on).collect::<Vec<_>>())
        .bind(facts.map(|f| f.technical).collect::<Vec<_>>())
        .bind(column(&|new| new.facts.reason_code.clone()))
        .bind(column(&|new| new.facts.external_id.clone()))
        .bind(column(&|new| new.facts.note.clone()))
        .execute(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    if inserted.rows_affected() == rows.len() as u64 {
        Ok(())
    } else {
        Err(defect("not every outcome of a chunk was inserted"))
    }
}

/// Undoes an upload: its outcomes are withdrawn, company by company. If the remaining outcomes
/// of a company would be inconsistent, such as a cure without its default, all of them are kept.
pub(super) async fn undo(tx: &Tx, grant: Grant, job: &Job) -> Result<Undone, RepositoryError> {
    lock_owner(tx, job.owner.key()).await?;
    type JobOutcome = (Uuid, Uuid, String, String, Date, bool, bool);
    let standing: Vec<JobOutcome> = sqlx::query_as(STANDING_OF_JOB)
        .bind(job.id.0)
        .bind(job.owner.key())
        .fetch_all(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    let mut timelines: HashMap<_, (Vec<Uuid>, Vec<TimelineMark>)> = HashMap::new();
    for (id, company, definition, event, occurred_on, technical, is_own) in standing {
        let (own, others) = timelines.entry((company, definition)).or_default();
        if is_own {
            own.push(id);
        } else {
            others.push(TimelineMark {
                event: named(&event)?,
                occurred_on,
                technical,
            });
        }
    }
    let (mut withdrawn, mut kept) = (Vec::new(), 0);
    for (own, others) in timelines.into_values() {
        if check_timeline(others).is_ok() {
            withdrawn.extend(own);
        } else {
            kept += own.len() as u64;
        }
    }
    let wanted = withdrawn.len() as u64;
    let done = sqlx::query(WITHDRAW)
        .bind(withdrawn)
        .bind(grant.by().0)
        .bind(format!("the upload {} was undone", job.id))
        .execute(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?
        .rows_affected();
    Ok(Undone {
        deleted: done,
        restored: 0,
        kept: kept + wanted.saturating_sub(done),
    })
}

/// Parses a value of the domain that the database stores by its name.
fn named<T: std::str::FromStr>(text: &str) -> Result<T, RepositoryError> {
    text.parse()
        .map_err(|_| defect(format!("{text:?} names nothing that an outcome has")))
}

fn audit_event(lease: &Lease, chunk: &OutcomeChunk, counts: JobCounts) -> AuditEvent {
    AuditEvent {
        entity_id: Some(lease.job.0),
        user: Some(chunk.grant.by()),
        organization: chunk.grant.owner().organization(),
        new_values: Some(json!({
            "first_row": chunk.rows.first().map(|row| row.row),
            "last_row": chunk.rows.last().map(|row| row.row),
            "recorded": counts.success,
            "skipped": counts.skipped,
            "error": counts.error,
        })),
        ..AuditEvent::new(
            "outcomes.bulk_recorded",
            "bulk_upload_job",
            AuditAction::Create,
        )
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use accunode_domain::validation::Event;

    use super::*;

    #[test]
    fn days_of_dry_runs_round_trip() {
        let day = date!(2025 - 03 - 01);
        assert_eq!(Date::parse(&day.to_string(), DAY).unwrap(), day);
        assert_eq!(named::<Event>("cure").unwrap(), Event::Cure);
        assert!(named::<Definition>("mine@1").is_ok());
        assert!(named::<Definition>("mine").is_err());
    }
}
