//! The rows of monitoring's statements.

use accunode_domain::{
    id::CompanyId,
    prediction::{Kind, Period, ReportingYear},
    validation::{BinCounts, BinEdges, Mover, PeriodCounts},
};
use accunode_ports::{RepositoryError, error::Cause};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::kinds::KindSchema;

/// Codes of what is in no bin between two edges, as `code.sql` has them.
pub(super) const MISSING: i32 = -1;
pub(super) const AT_MIN: i32 = -2;
pub(super) const CLAMPED_LOW: i32 = -3;
pub(super) const AT_MAX: i32 = -4;
pub(super) const CLAMPED_HIGH: i32 = -5;

/// How many predictions of a period are in one bin of one figure.
#[derive(Debug, FromQueryResult)]
pub(super) struct CountRow {
    reporting_year: String,
    /// Of quarterly predictions alone.
    reporting_quarter: Option<String>,
    mask: i32,
    bin: i32,
    n: i64,
    out_of_scope: i64,
    pd: f64,
}

impl CountRow {
    pub(super) fn period(&self, kind: Kind) -> Result<Period, RepositoryError> {
        let year = ReportingYear::parse("", &self.reporting_year)
            .map_err(|fault| corrupt(kind, "reporting_year", fault.detail))?;
        let quarter = self.reporting_quarter.as_deref().map(str::parse);
        let quarter = quarter.transpose();
        let quarter = quarter.map_err(|cause| corrupt(kind, "reporting_quarter", cause))?;
        Ok(Period { year, quarter })
    }
}

fn corrupt(kind: Kind, column: &'static str, cause: impl Into<Cause>) -> RepositoryError {
    RepositoryError::Corrupt {
        table: kind.table(),
        column,
        id: "a count".to_owned(),
        cause: cause.into(),
    }
}

/// The counts of a period while rows are read.
pub(super) struct Tally {
    inputs: Vec<BinCounts>,
    score: BinCounts,
    out_of_scope: u64,
    pd: f64,
}

impl Tally {
    pub(super) fn new(edges: &BinEdges) -> Self {
        let inputs = edges.inputs.iter();
        Self {
            inputs: inputs.map(|edges| BinCounts::empty(edges)).collect(),
            score: BinCounts::empty(&edges.pd),
            out_of_scope: 0,
            pd: 0.0,
        }
    }

    /// Adds a row to the figure whose bit is 0.
    pub(super) fn add(&mut self, kind: Kind, row: &CountRow) -> Result<(), RepositoryError> {
        let count = |n: i64| u64::try_from(n).map_err(|cause| corrupt(kind, "n", cause));
        let (n, out_of_scope) = (count(row.n)?, count(row.out_of_scope)?);
        let last = self.inputs.len();
        let at = (0..last).find(|at| row.mask >> (last - at) & 1 == 0);
        let counts = match at {
            Some(at) => self.inputs.get_mut(at),
            None => {
                self.out_of_scope += out_of_scope;
                self.pd += row.pd;
                Some(&mut self.score)
            }
        };
        let counts = counts.ok_or_else(|| corrupt(kind, "mask", "no such figure"))?;
        let clamped = |before: &mut Option<u64>| *before = Some(before.unwrap_or(0) + n);
        match row.bin {
            MISSING => counts.missing += n,
            AT_MIN => counts.at_min += n,
            AT_MAX => counts.at_max += n,
            CLAMPED_LOW => {
                counts.at_min += n;
                clamped(&mut counts.clamped_low);
            }
            CLAMPED_HIGH => {
                counts.at_max += n;
                clamped(&mut counts.clamped_high);
            }
            bin => {
                let bin = usize::try_from(bin).ok();
                let bin = bin.and_then(|bin| counts.bins.get_mut(bin));
                *bin.ok_or_else(|| corrupt(kind, "bin", "no such bin"))? += n;
            }
        }
        Ok(())
    }

    pub(super) fn counts(self, period: Period) -> PeriodCounts {
        let total = self.score.total();
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 predictions")]
        let mean = self.pd / total as f64;
        // Rows are added in any order: the last digits of a sum are those of the order.
        let mean = (mean * 1e12).round() / 1e12;
        PeriodCounts {
            period,
            out_of_scope: self.out_of_scope,
            mean_pd: (total > 0).then_some(mean),
            inputs: self.inputs,
            score: self.score,
        }
    }
}

/// The deciles of one figure.
#[derive(Debug, FromQueryResult)]
pub(super) struct CutRow {
    pub(super) figure: i32,
    cuts: Vec<f64>,
    highest: f64,
}

impl CutRow {
    /// Returns each value once, without the largest one.
    pub(super) fn into_cuts(self) -> Vec<f64> {
        let mut cuts = self.cuts;
        cuts.retain(|cut| *cut < self.highest);
        cuts.dedup();
        cuts
    }
}

/// A company whose PD differs.
#[derive(Debug, FromQueryResult)]
pub(super) struct MoverRow {
    company_id: Uuid,
    company_symbol: String,
    company_name: String,
    from_pd: f64,
    to_pd: f64,
}

impl From<MoverRow> for Mover {
    fn from(row: MoverRow) -> Self {
        Self {
            company: CompanyId(row.company_id),
            symbol: row.company_symbol,
            name: row.company_name,
            from_pd: row.from_pd,
            to_pd: row.to_pd,
        }
    }
}
