//! From a file's rows to rows that can be stored.

use accunode_domain::{
    company::CompanyProfile,
    fault::Fault,
    id::{CompanyId, PredictionId},
    job::{JobOptions, JobWarning},
    prediction::{Kind, Period},
    ratio::{Ratios, TurnoverCheck, UnitCheck, UnitMismatch, check},
};
use accunode_ports::{
    files::SourceRow,
    repositories::{ChunkRow, RowVerdict, ScoredRow},
    scoring::{Scorer, ScoringError},
    system::IdSource,
};

use super::Columns;
use crate::predictions::{fit_for_model, to_store};

/// The warning of a file whose turnovers look like those of a single quarter.
const TURNOVER_NOT_ANNUAL: &str = "turnover_not_annual";

/// A row with everything that scoring needs.
pub(super) struct Readable {
    pub(super) company: CompanyProfile,
    pub(super) period: Period,
    pub(super) ratios: Ratios,
}

/// Whether the first rows of a file are in the unit that was said.
pub(super) fn check_units(
    kind: Kind,
    options: &JobOptions,
    columns: &Columns,
    rows: &[SourceRow],
) -> Result<(), UnitMismatch> {
    let mut seen = UnitCheck::default();
    for row in rows.iter().take(UnitCheck::ROWS) {
        // Rows with too few ratios say nothing about units either.
        if let Ok(ratios) = check(kind, options.ratio_unit, &columns.ratios(&row.cells)) {
            seen.see(&ratios);
        }
    }
    seen.verdict(options.ratio_unit)
}

/// What an analyst should know of the turnovers of the first rows of a file.
pub(super) fn turnover_warning(
    kind: Kind,
    options: &JobOptions,
    columns: &Columns,
    rows: &[SourceRow],
    training: &[f64],
) -> Option<JobWarning> {
    let mut seen = TurnoverCheck::default();
    for row in rows.iter().take(UnitCheck::ROWS) {
        if let Ok(ratios) = check(kind, options.ratio_unit, &columns.ratios(&row.cells)) {
            seen.see(&ratios);
        }
    }
    let low = seen.verdict(kind, training);
    let medians: Vec<_> = low
        .iter()
        .map(|(name, median, training)| {
            format!("{name} has the median {median:.2}, companies usually have {training:.2}")
        })
        .collect();
    (!low.is_empty()).then(|| JobWarning {
        code: TURNOVER_NOT_ANNUAL.to_owned(),
        detail: format!(
            "{}; turnovers are figures of twelve months: take the flow of the last four quarters, not of one",
            medians.join("; ")
        ),
        columns: low.iter().map(|(name, ..)| (*name).to_owned()).collect(),
    })
}

/// Checks and scores rows. Computes on the calling thread.
pub(super) fn judge(
    kind: Kind,
    options: &JobOptions,
    columns: &Columns,
    rows: Vec<SourceRow>,
    scorer: &dyn Scorer,
    ids: &dyn IdSource,
) -> Result<Vec<ChunkRow>, ScoringError> {
    let read: Vec<Result<Readable, Vec<Fault>>> = rows
        .iter()
        .map(|row| read_row(kind, options, columns, row, scorer))
        .collect();
    let good: Vec<Ratios> = read.iter().flatten().map(|r| r.ratios.clone()).collect();
    let mut scored = scorer.score(kind, &good, false)?.into_iter();
    Ok(rows
        .into_iter()
        .zip(read)
        .map(|(row, read)| {
            let verdict = match read {
                Ok(readable) => match scored.next() {
                    Some(scored) => RowVerdict::Scored(Box::new(ScoredRow {
                        id: PredictionId(ids.new_id()),
                        company_id: CompanyId(ids.new_id()),
                        company: readable.company,
                        names_company: columns.names_company(),
                        period: readable.period,
                        ratios: to_store(&readable.ratios),
                        outcome: scored.outcome,
                    })),
                    None => RowVerdict::Refused(vec![Fault::new(
                        "",
                        "not_scored",
                        "the model gave no answer for this row",
                    )]),
                },
                Err(faults) => RowVerdict::Refused(faults),
            };
            ChunkRow {
                row: row.row,
                source: as_csv(&row.cells),
                verdict,
            }
        })
        .collect())
}

pub(super) fn read_row(
    kind: Kind,
    options: &JobOptions,
    columns: &Columns,
    row: &SourceRow,
    scorer: &dyn Scorer,
) -> Result<Readable, Vec<Fault>> {
    if let Some(fault) = &row.fault {
        return Err(vec![fault.clone()]);
    }
    let mut faults = Vec::new();
    let company = match columns.company(&row.cells) {
        Ok(draft) => draft.check().map_err(|more| faults.extend(more)).ok(),
        Err(fault) => {
            faults.push(fault);
            None
        }
    };
    let (year, quarter) = columns.period(&row.cells);
    let period = Period::parse(kind, year, quarter)
        .map_err(|more| faults.extend(more))
        .ok();
    let ratios = check(kind, options.ratio_unit, &columns.ratios(&row.cells))
        .and_then(|ratios| fit_for_model(scorer, ratios))
        .map_err(|more| faults.extend(more))
        .ok();
    match (company, period, ratios) {
        (Some(company), Some(period), Some(ratios)) => Ok(Readable {
            company,
            period,
            ratios,
        }),
        _ => Err(faults.into_iter().map(name_column).collect()),
    }
}

/// In a file a fault names a column, not a place in a body.
fn name_column(fault: Fault) -> Fault {
    let name = fault
        .pointer
        .trim_start_matches("/ratios")
        .trim_start_matches('/');
    let pointer = match name {
        "symbol" => "company_symbol",
        "name" => "company_name",
        other => other,
    };
    Fault {
        pointer: pointer.to_owned(),
        ..fault
    }
}

/// The cells of a record of [`as_csv`].
pub(super) fn cells_of(record: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(record.as_bytes());
    let cells = reader.records().next().and_then(Result::ok);
    cells
        .iter()
        .flat_map(|cells| cells.iter().map(str::to_owned))
        .collect()
}

/// The row as a CSV record without its line end.
pub(super) fn as_csv(cells: &[String]) -> String {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .from_writer(Vec::with_capacity(128));
    // Writing to memory cannot fail.
    let _ = writer.write_record(cells);
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(bytes.strip_suffix(b"\n").unwrap_or(&bytes)).into_owned()
}
