//! Converts a file's rows to rows that can be stored.

use accunode_domain::{
    company::CompanyProfile,
    fault::Fault,
    id::{CompanyId, PredictionId},
    intake::{Cells, Plan},
    job::JobOptions,
    prediction::Period,
    ratio::{Ratios, check},
};
use accunode_ports::{
    files::SourceRow,
    repositories::{ChunkRow, RowResult, ScoredRow},
    scoring::{Scorer, ScoringError},
    system::IdSource,
};

use super::table::texts;
use crate::predictions::{fit_for_model, to_store};

/// A row with everything that scoring needs.
pub(super) struct Readable {
    pub(super) company: CompanyProfile,
    pub(super) period: Period,
    pub(super) ratios: Ratios,
}

/// Checks and scores rows. Computes on the calling thread.
pub(super) fn validate_and_score(
    options: &JobOptions,
    plan: &Plan,
    rows: Vec<SourceRow>,
    scorer: &dyn Scorer,
    ids: &dyn IdSource,
) -> Result<Vec<ChunkRow>, ScoringError> {
    let kind = plan.layout().kind();
    let read: Vec<Result<Readable, Vec<Fault>>> = rows
        .iter()
        .map(|row| read_row(options, plan, row, scorer))
        .collect();
    let good: Vec<Ratios> = read.iter().flatten().map(|r| r.ratios.clone()).collect();
    let mut scored = scorer.score(kind, &good, false)?.into_iter();
    Ok(rows
        .into_iter()
        .zip(read)
        .map(|(row, read)| {
            let result = match read {
                Ok(readable) => match scored.next() {
                    Some(scored) => RowResult::Scored(Box::new(ScoredRow {
                        id: PredictionId(ids.new_id()),
                        company_id: CompanyId(ids.new_id()),
                        company: readable.company,
                        names_company: plan.layout().names_company(),
                        period: readable.period,
                        ratios: to_store(&readable.ratios),
                        outcome: scored.outcome,
                    })),
                    None => RowResult::Refused(vec![Fault::new(
                        "",
                        "not_scored",
                        "the model gave no answer for this row",
                    )]),
                },
                Err(faults) if Plan::is_left_out(&faults) => RowResult::LeftOut(faults),
                Err(faults) => RowResult::Refused(faults),
            };
            ChunkRow {
                row: row.row,
                source: as_csv(&row.cells),
                result,
            }
        })
        .collect())
}

pub(super) fn read_row(
    options: &JobOptions,
    plan: &Plan,
    row: &SourceRow,
    scorer: &dyn Scorer,
) -> Result<Readable, Vec<Fault>> {
    if let Some(fault) = &row.fault {
        return Err(vec![fault.clone()]);
    }
    let input = plan.read(&Cells {
        texts: &texts(row),
        ..Cells::new(row.row, &row.cells)
    })?;
    let mut faults = Vec::new();
    let company = input
        .company
        .check()
        .map_err(|more| faults.extend(more))
        .ok();
    let texts: Vec<Option<&str>> = input.ratios.iter().map(Option::as_deref).collect();
    let ratios = check(plan.layout().kind(), options.ratio_unit, &texts)
        .and_then(|ratios| fit_for_model(scorer, ratios))
        .map_err(|more| faults.extend(more))
        .ok();
    match (company, ratios) {
        (Some(company), Some(ratios)) => Ok(Readable {
            company,
            period: input.period,
            ratios,
        }),
        _ => Err(faults.into_iter().map(name_column).collect()),
    }
}

/// Replaces the JSON pointer of a fault by the name of a column, because the input is a
/// file.
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

/// Returns the cells of a record of [`as_csv`].
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

/// Returns the row as a CSV record without its line end.
pub(super) fn as_csv(cells: &[String]) -> String {
    // Most rows need no quotes, and a writer for each of them would be the larger part of the
    // work: it begins with a buffer of some kilobytes.
    let is_plain = |cell: &String| {
        !cell
            .bytes()
            .any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n'))
    };
    if cells.len() > 1 && cells.iter().all(is_plain) {
        return cells.join(",");
    }
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .from_writer(Vec::with_capacity(128));
    // Writing to memory cannot fail.
    let _ = writer.write_record(cells);
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(bytes.strip_suffix(b"\n").unwrap_or(&bytes)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_is_formatted_as_the_csv_writer_formats_it() {
        let cells = [
            "", "A", "1.5", " a b ", "a,b", "a\"b", "\"", "a\r", "\na", "#x", "żółć", "\t", "'a'",
        ];
        for one in cells {
            for two in cells {
                for row in [vec![one], vec![one, two], vec![one, two, one]] {
                    let mut writer = csv::WriterBuilder::new()
                        .terminator(csv::Terminator::Any(b'\n'))
                        .from_writer(Vec::new());
                    writer.write_record(&row).unwrap();
                    let expected = String::from_utf8(writer.into_inner().unwrap()).unwrap();
                    let row: Vec<String> = row.into_iter().map(str::to_owned).collect();
                    assert_eq!(
                        as_csv(&row),
                        expected.strip_suffix('\n').unwrap(),
                        "{row:?}"
                    );
                    assert_eq!(cells_of(&as_csv(&row)), row);
                }
            }
        }
    }
}
