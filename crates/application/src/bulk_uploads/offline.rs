//! Scores rows without a server: the same checks and the same model, nothing stored.

use accunode_domain::{
    company::CompanyProfile, fault::Fault, intake::Plan, job::JobOptions, prediction::Period,
    ratio::Ratios,
};
use accunode_ports::{
    files::SourceRow,
    scoring::{Scored, Scorer, ScoringError},
};

use super::rows::read_row;
use crate::predictions::SECTOR_OUT_OF_SCOPE;

/// The result for a row.
#[derive(Clone, Debug, PartialEq)]
pub struct OfflineScore {
    /// The company as the row describes it.
    pub company: CompanyProfile,
    /// The period.
    pub period: Period,
    /// The ratios as they were scored.
    pub ratios: Ratios,
    /// The flags of the inputs, as they would be stored.
    pub flags: Vec<String>,
    /// The result of the model.
    pub scored: Scored,
}

/// Scores rows, with their reasons if requested; each succeeds or fails independently, in
/// their order.
///
/// # Errors
/// If no model of this kind is served.
pub fn score(
    options: &JobOptions,
    plan: &Plan,
    rows: &[SourceRow],
    scorer: &dyn Scorer,
    explain: bool,
) -> Result<Vec<Result<OfflineScore, Vec<Fault>>>, ScoringError> {
    let kind = plan.layout().kind();
    let read: Vec<_> = rows
        .iter()
        .map(|row| read_row(options, plan, row, scorer))
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
