//! The outcome of each row of a chunk.
//!
//! Predictions that existed before the upload decide first, then the file itself, so that
//! the outcome of a row does not depend on where one chunk ends and the next begins.

use std::collections::BTreeSet;

use accunode_domain::{
    fault::Fault,
    id::JobId,
    identifier::IdentifierKind,
    intake::{Described, contradiction},
    job::{JobCounts, RowStatus},
    prediction::OnConflict,
};
use accunode_ports::repositories::JobChunk;
use serde_json::Value;
use uuid::Uuid;

use super::{
    Candidate,
    companies::Companies,
    existing::Existing,
    repeats::{Group, have_other_ratios},
};
use crate::entities::outcome_columns::raw_json;

/// The column that faults name, because the input is a file.
const SYMBOL_COLUMN: &str = "company_symbol";
/// The code of a row that repeats a company and period with other ratios.
pub(super) const CONFLICTING_DUPLICATE: &str = "conflicting_duplicate";

/// A row that is stored with the job, because it did not simply become a prediction.
#[derive(Debug)]
pub(super) struct JobRow {
    pub(super) row: u32,
    pub(super) status: RowStatus,
    pub(super) faults: Vec<Fault>,
    pub(super) source: Option<String>,
    pub(super) prediction: Option<Uuid>,
    pub(super) old_values: Option<Value>,
    /// The version of the prediction that the row wrote.
    pub(super) written_version: Option<i64>,
    /// For an ok row of a dry run: its company and period, and its ratios as sent.
    pub(super) dry_run_row: Option<(String, Value)>,
}

/// The outcomes of a chunk.
#[derive(Debug, Default)]
pub(super) struct ChunkOutcome {
    /// The changes of the job's counters: a superseded row of an earlier chunk now counts
    /// as skipped, and the row that replaces it counts as the superseded row did.
    pub(super) counts: JobCounts,
    /// Rows to be stored; also superseded rows of earlier chunks.
    pub(super) kept: Vec<JobRow>,
    /// Rows of earlier chunks that are stored again.
    pub(super) superseded: Vec<u32>,
    /// The number of companies that were created.
    pub(super) companies_made: u32,
    /// Rows whose name or sector differs from their company's, by symbol.
    pub(super) differing: Tally,
    /// Descriptions of rows that name another company than their symbol found.
    pub(super) other_companies: Tally,
    /// Descriptions of rows whose identifier differs from their company's, because the
    /// existing company has another one or none, or another company has this one.
    pub(super) other_identifiers: Tally,
    /// Rows that repeat a company and period with other ratios, by company and period.
    pub(super) conflicting: Tally,
}

/// Rows that a warning about the whole file reports.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The number of rows.
    pub(super) rows: u32,
    /// The names that the warning lists.
    pub(super) names: BTreeSet<String>,
}

impl Tally {
    fn count(&mut self, name: String) {
        self.rows += 1;
        self.names.insert(name);
    }
}

impl ChunkOutcome {
    /// Adds a row that cannot be used.
    pub(super) fn refused(&mut self, row: u32, source: &str, faults: Vec<Fault>) {
        self.keep(row, Some(source), RowStatus::Error, faults, None, None);
    }

    /// Adds a row that is not a company.
    pub(super) fn left_out(&mut self, row: u32, source: &str, faults: Vec<Fault>) {
        self.keep(row, Some(source), RowStatus::Skipped, faults, None, None);
    }

    /// Adds rows that describe an existing company differently.
    pub(super) fn note_differences(&mut self, companies: &Companies, rows: &[Candidate<'_>]) {
        self.note_identifiers(companies, rows);
        for row in rows.iter().filter(|row| row.scored.names_company) {
            let sent = &row.scored.company;
            if let Some(contradiction) = other_company(companies, row) {
                self.other_companies
                    .count(format!("row {}: {contradiction}", row.row));
                continue;
            }
            let differs = companies
                .of(row)
                .is_some_and(|company| company.name != sent.name || company.sector != sent.sector);
            if differs {
                self.differing.count(sent.symbol.as_str().to_owned());
            }
        }
    }

    fn note_identifiers(&mut self, companies: &Companies, rows: &[Candidate<'_>]) {
        for row in rows {
            let sent = &row.scored.company;
            let Some(company) = companies.of(row) else {
                continue;
            };
            for kind in IdentifierKind::ALL {
                let Some(identifier) = sent.identifiers.of(kind) else {
                    continue;
                };
                if company.identifiers.of(kind) != Some(identifier) {
                    let (symbol, kind) = (sent.symbol.as_str(), kind.as_str());
                    self.other_identifiers
                        .count(format!("{symbol}: {kind} {identifier}"));
                }
            }
        }
    }

    /// Adds the rows of one company and period. `existing` conflicts with the chosen row;
    /// `None` if that row was stored.
    pub(super) fn group(
        &mut self,
        job: JobId,
        chunk: &JobChunk,
        group: &Group<'_>,
        existing: Option<&Existing>,
    ) {
        match (existing, chunk.on_conflict) {
            (None, _) => {
                self.counts.success += 1;
                self.keep_dry_run_row(chunk, &group.chosen);
                let stored = (!chunk.dry_run).then_some(group.chosen.scored.id.0);
                self.repeats(chunk, group, stored);
            }
            (Some(existing), OnConflict::Update) => self.update(job, chunk, group, existing),
            (Some(existing), OnConflict::Error) => match existing.made_by(job) {
                Some(first) => self.every(
                    group,
                    |row| repeated(row, first),
                    RowStatus::Error,
                    existing,
                ),
                None => self.every(group, exists, RowStatus::Error, existing),
            },
            (Some(existing), OnConflict::Skip) => match existing.made_by(job) {
                Some(first) => {
                    for row in group.rows() {
                        self.skip(row, first, existing.has_other_ratios(row), existing.id);
                    }
                }
                None => self.every(group, exists, RowStatus::Skipped, existing),
            },
        }
    }

    /// Adds the other rows of a group of which one was stored by this chunk.
    fn repeats(&mut self, chunk: &JobChunk, group: &Group<'_>, prediction: Option<Uuid>) {
        let chosen = &group.chosen;
        for row in &group.others {
            match chunk.on_conflict {
                OnConflict::Error => {
                    let fault = repeated(row, chosen.row);
                    self.keep(
                        row.row,
                        Some(row.source),
                        RowStatus::Error,
                        vec![fault],
                        prediction,
                        None,
                    );
                }
                OnConflict::Skip => {
                    self.skip(row, chosen.row, have_other_ratios(chosen, row), prediction);
                }
                OnConflict::Update => {
                    if have_other_ratios(chosen, row) {
                        self.conflicting.count(row.company_period());
                    }
                    let fault = superseded(chosen, chosen.row);
                    self.keep(
                        row.row,
                        Some(row.source),
                        RowStatus::Skipped,
                        vec![fault],
                        prediction,
                        None,
                    );
                }
            }
        }
    }

    /// The last row takes precedence over the existing prediction and over earlier rows of
    /// the file.
    fn update(&mut self, job: JobId, chunk: &JobChunk, group: &Group<'_>, existing: &Existing) {
        let Some(old_values) = &existing.old_values else {
            return self.every(group, not_writable, RowStatus::Error, existing);
        };
        let chosen = &group.chosen;
        let is_of_file = existing.made_by(job).is_some() || existing.updated_before.is_some();
        if is_of_file && existing.has_other_ratios(chosen) {
            self.conflicting.count(chosen.company_period());
        }
        if let Some(earlier) = existing.made_by(job) {
            // The row that is current now is as ok as the earlier one was.
            self.earlier(chosen, earlier, existing.source.clone(), existing.id);
            self.keep_dry_run_row(chunk, chosen);
        } else {
            match &existing.updated_before {
                Some((earlier, source)) => {
                    self.earlier(chosen, *earlier, source.clone(), existing.id);
                }
                None => self.counts.updated += 1,
            }
            self.kept.push(JobRow {
                row: chosen.row,
                status: RowStatus::Updated,
                faults: Vec::new(),
                source: Some(chosen.source.to_owned()),
                prediction: existing.id,
                old_values: Some(old_values.clone()),
                written_version: existing.written_version.filter(|_| !chunk.dry_run),
                dry_run_row: None,
            });
        }
        self.repeats(chunk, group, existing.id);
    }

    /// Marks a row of an earlier chunk as superseded: it counts as skipped from now on.
    fn earlier(
        &mut self,
        chosen: &Candidate<'_>,
        row: u32,
        source: Option<String>,
        prediction: Option<Uuid>,
    ) {
        self.superseded.push(row);
        self.keep(
            row,
            source.as_deref(),
            RowStatus::Skipped,
            vec![superseded(chosen, chosen.row)],
            prediction,
            None,
        );
    }

    /// Stores the ok rows of a dry run, because later rows can be checked against them only
    /// there.
    fn keep_dry_run_row(&mut self, chunk: &JobChunk, row: &Candidate<'_>) {
        if !chunk.dry_run {
            return;
        }
        self.kept.push(JobRow {
            row: row.row,
            status: RowStatus::Ok,
            faults: Vec::new(),
            source: Some(row.source.to_owned()),
            prediction: None,
            old_values: None,
            written_version: None,
            dry_run_row: Some((
                row.company_period(),
                raw_json(chunk.kind, &row.scored.ratios),
            )),
        });
    }

    fn every(
        &mut self,
        group: &Group<'_>,
        fault: impl Fn(&Candidate<'_>) -> Fault,
        status: RowStatus,
        existing: &Existing,
    ) {
        for row in group.rows() {
            self.keep(
                row.row,
                Some(row.source),
                status,
                vec![fault(row)],
                existing.id,
                None,
            );
        }
    }

    fn skip(
        &mut self,
        row: &Candidate<'_>,
        first: u32,
        other_ratios: bool,
        prediction: Option<Uuid>,
    ) {
        let mut fault = repeated(row, first);
        if other_ratios {
            self.conflicting.count(row.company_period());
            fault.code = CONFLICTING_DUPLICATE.to_owned();
            fault.detail.push_str(" with other ratios");
        }
        self.keep(
            row.row,
            Some(row.source),
            RowStatus::Skipped,
            vec![fault],
            prediction,
            None,
        );
    }

    fn keep(
        &mut self,
        row: u32,
        source: Option<&str>,
        status: RowStatus,
        faults: Vec<Fault>,
        prediction: Option<Uuid>,
        old_values: Option<Value>,
    ) {
        match status {
            RowStatus::Error => self.counts.error += 1,
            RowStatus::Skipped => self.counts.skipped += 1,
            RowStatus::Ok | RowStatus::Updated => {}
        }
        let source = source.map(str::to_owned);
        self.kept.push(JobRow {
            row,
            status,
            faults,
            source,
            prediction,
            old_values,
            written_version: None,
            dry_run_row: None,
        });
    }
}

impl<'c> Group<'c> {
    fn rows(&self) -> impl Iterator<Item = &Candidate<'c>> {
        self.others.iter().chain([&self.chosen])
    }
}

/// Returns why a row describes another company than the one that its symbol found.
pub(super) fn other_company(companies: &Companies, row: &Candidate<'_>) -> Option<String> {
    let sent = &row.scored.company;
    let found = companies.of(row)?;
    contradiction(sent.symbol.as_str(), found.described(), Described::of(sent))
}

/// Returns the fault of a row that is not stored because it names another company than its
/// symbol found.
pub(super) fn refused_company(contradiction: String) -> Fault {
    Fault::new(
        SYMBOL_COLUMN,
        "other_company",
        format!("{contradiction}; give one of them another symbol"),
    )
}

fn repeated(row: &Candidate<'_>, first: u32) -> Fault {
    Fault::new(
        SYMBOL_COLUMN,
        "repeated_in_file",
        format!("{} stands on row {first} already", row.company_period()),
    )
}

fn superseded(row: &Candidate<'_>, last: u32) -> Fault {
    let detail = format!(
        "{} stands on row {last} again, and the last one counts",
        row.company_period()
    );
    Fault::new(SYMBOL_COLUMN, "superseded_in_file", detail)
}

fn exists(row: &Candidate<'_>) -> Fault {
    let detail = format!("{} has a prediction already", row.company_period());
    Fault::new(SYMBOL_COLUMN, "prediction_exists", detail)
}

fn not_writable(row: &Candidate<'_>) -> Fault {
    let detail = format!(
        "{} has a prediction that only its creator or an administrator may change",
        row.company_period()
    );
    Fault::new(SYMBOL_COLUMN, "not_writable", detail)
}
