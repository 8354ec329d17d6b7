//! Rows are scored without a server: the same checks and the same model, nothing stored.

use accunode_domain::{
    company::CompanyProfile,
    fault::Fault,
    job::JobOptions,
    prediction::{Kind, Period},
    ratio::{RatioUnit, Ratios, UnitMismatch},
};
use accunode_ports::{
    files::SourceRow,
    scoring::{Scored, Scorer, ScoringError},
};

use super::{
    Columns,
    rows::{check_units, read_row},
};
use crate::predictions::SECTOR_OUT_OF_SCOPE;

/// A row that was scored.
#[derive(Clone, Debug, PartialEq)]
pub struct OfflineScore {
    /// The company as the row names it.
    pub company: CompanyProfile,
    /// The period.
    pub period: Period,
    /// The ratios as they were scored.
    pub ratios: Ratios,
    /// Everything worth knowing of the inputs, as it would be stored.
    pub flags: Vec<String>,
    /// What the model said.
    pub scored: Scored,
}

/// Whether the first rows of a file are in the unit that was said.
///
/// # Errors
/// [`UnitMismatch`], which says what to do.
pub fn units(
    kind: Kind,
    unit: RatioUnit,
    columns: &Columns,
    rows: &[SourceRow],
) -> Result<(), UnitMismatch> {
    check_units(kind, &options(unit), columns, rows)
}

/// Scores rows, with their reasons where these are asked for; each succeeds or fails
/// for itself, in their order.
///
/// # Errors
/// Where no model of this kind is served.
pub fn score(
    kind: Kind,
    unit: RatioUnit,
    columns: &Columns,
    rows: &[SourceRow],
    scorer: &dyn Scorer,
    explain: bool,
) -> Result<Vec<Result<OfflineScore, Vec<Fault>>>, ScoringError> {
    let options = options(unit);
    let read: Vec<_> = rows
        .iter()
        .map(|row| read_row(kind, &options, columns, row, scorer))
        .collect();
    let good: Vec<Ratios> = read
        .iter()
        .flatten()
        .map(|row| row.ratios.clone())
        .collect();
    let mut scored = scorer.score(kind, &good, explain)?.into_iter();
    Ok(read
        .into_iter()
        .map(|row| {
            let row = row?;
            let scored = scored.next().ok_or_else(|| {
                vec![Fault::new(
                    "",
                    "not_scored",
                    "the model gave no answer for this row",
                )]
            })?;
            let mut flags = row.ratios.flags();
            if !scorer.covers_sector(kind, &row.company.sector) {
                flags.push(SECTOR_OUT_OF_SCOPE.to_owned());
            }
            Ok(OfflineScore {
                company: row.company,
                period: row.period,
                ratios: row.ratios,
                flags,
                scored,
            })
        })
        .collect())
}

fn options(ratio_unit: RatioUnit) -> JobOptions {
    JobOptions {
        ratio_unit,
        ..JobOptions::default()
    }
}
