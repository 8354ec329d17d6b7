//! Operation `list_bulk_upload_rows`.

use accunode_application::{Application, Caller, Error, bulk_uploads::ListRows};
use accunode_domain::{
    fault::Fault,
    job::{Job, RowOutcome, RowStatus},
    text::guard_formula,
};
use accunode_ports::repositories::RowFilter;
use actix_web::http::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::{dto::RowDto, rows_workbook, template::BinaryFile};
use crate::http::{
    call::Authenticated,
    export::{self, Columns},
    list::{self, ListDto, OwnPaging, Slice, Start},
    negotiate::Format,
    problem::Answer,
    query::query,
};

/// The column that an annotated file has in addition to its own.
const ERROR: &str = "error";

/// The name of rows in the audit log and in the names of files.
const NAME: &str = "bulk_upload_row";

/// The header with the number of failed and skipped rows that are missing from a file.
const ROWS_NOT_KEPT: HeaderName = HeaderName::from_static("x-rows-not-kept");

/// The end of a page of rows.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AfterRow {
    row: u32,
}

query! {
    /// The filters of an upload's rows.
    pub(crate) struct RowQuery {
        /// Only rows with this status; as `text/csv` those that failed by default
        status: Option<RowStatus>,
        ; page: OwnPaging<AfterRow>,
    }
}

/// The outcomes of an upload's rows, in the order of the file
///
/// As `text/csv` or as a workbook: the rows that failed (or those with the `status` asked for),
/// with their original columns and one more, `error`: ready to be corrected and sent again. The
/// text begins with the mark of UTF-8, so that spreadsheets read its names right.
/// Where more rows failed than are kept, `X-Rows-Not-Kept` says how many are missing.
#[utoipa::path(
    get,
    path = super::ROWS,
    tag = "Bulk uploads",
    operation_id = "list_bulk_upload_rows",
    params(
        ("id" = uuid::Uuid, Path, description = "The upload"),
        RowQuery,
    ),
    responses(
        (status = 200, description = "A page; as `text/csv`, as lines of JSON and as a workbook all of them", content(
            (ListDto<RowDto> = "application/json"),
            (BinaryFile = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (String = "application/x-ndjson"), (String = "text/csv"),
        )),
    )
)]
pub(crate) async fn rows(call: Authenticated) -> Answer {
    let query: RowQuery = call.query()?;
    let (status, start) = (query.status, query.page.0);
    let job = call
        .application
        .bulk_uploads
        .get(&call.caller, call.id("upload")?)
        .await?;
    if matches!(call.format, Format::Csv | Format::Xlsx) {
        let status = status.unwrap_or(RowStatus::Error);
        let header = original_columns(&job);
        let kept = kept_cells(&job);
        let not_kept = job.rows_not_kept();
        let rows = move |app, caller, start| {
            outcomes(app, caller, job.clone(), Some(status), start, |row| row)
        };
        let rows = list::fetch(&call, rows);
        let after = start.after;
        let mut answer = if call.format == Format::Xlsx {
            let record = move |row: &RowOutcome| annotated(row, &kept);
            rows_workbook::answer(&call, NAME, header, after, rows, record).await?
        } else {
            let header = guarded(header);
            let record = move |row: &RowOutcome| annotated(row, &kept).map(guarded);
            export::records_for_spreadsheets(&call, NAME, header, after, rows, record).await?
        };
        if not_kept > 0 {
            answer
                .headers_mut()
                .insert(ROWS_NOT_KEPT, HeaderValue::from(not_kept));
        }
        return Ok(answer);
    }
    list::answer(
        &call,
        NAME,
        Columns::of(&[]),
        start,
        move |app, caller, start| {
            let job_type = job.job_type();
            outcomes(app, caller, job.clone(), status, start, move |row| {
                RowDto::of(job_type, &row)
            })
        },
    )
    .await
}

/// Returns a page of outcomes of rows, each converted by `show`.
async fn outcomes<T>(
    app: Application,
    caller: Caller,
    job: Job,
    status: Option<RowStatus>,
    Start { limit, after }: Start<AfterRow>,
    show: impl Fn(RowOutcome) -> T,
) -> Result<Slice<T, AfterRow>, Error> {
    let most = limit.get() as usize;
    let query = ListRows {
        filter: RowFilter {
            status,
            after: after.map_or(0, |after| after.row),
        },
        // One row more than requested shows whether there is a next page.
        limit: limit.get() + 1,
    };
    let mut rows = app.bulk_uploads.rows(&caller, &job, query).await?;
    let is_more = rows.len() > most;
    rows.truncate(most);
    let next = rows
        .last()
        .filter(|_| is_more)
        .map(|last| AfterRow { row: last.row });
    Ok(Slice {
        rows: rows.into_iter().map(show).collect(),
        next,
    })
}

/// The columns of the file and the error column, which replaces that of an earlier round.
fn original_columns(job: &Job) -> Vec<String> {
    let columns = job.columns.iter().filter(|name| *name != ERROR);
    columns.cloned().chain([ERROR.to_owned()]).collect()
}

/// Guards cells so that no spreadsheet interprets them as formulas when it opens a text file.
fn guarded(cells: Vec<String>) -> Vec<String> {
    let guard = |cell: &String| guard_formula(cell).into_owned();
    cells.iter().map(guard).collect()
}

/// The cells of these columns.
fn kept_cells(job: &Job) -> Vec<bool> {
    job.columns.iter().map(|name| name != ERROR).collect()
}

/// Returns the original row with the reason of its failure; `None` if the row was not kept.
fn annotated(row: &RowOutcome, kept: &[bool]) -> Option<Vec<String>> {
    let source = row.source.as_deref()?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(source.as_bytes());
    let cells = reader.records().next()?.ok()?;
    let mut record: Vec<String> = kept
        .iter()
        .enumerate()
        .filter(|(_, is_kept)| **is_kept)
        .map(|(at, _)| cells.get(at).unwrap_or_default().to_owned())
        .collect();
    let errors: Vec<_> = row.faults.iter().map(fault_text).collect();
    record.push(errors.join("; "));
    Some(record)
}

fn fault_text(fault: &Fault) -> String {
    if fault.pointer.is_empty() {
        fault.detail.clone()
    } else {
        format!("{}: {}", fault.pointer, fault.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(source: &str) -> RowOutcome {
        RowOutcome {
            row: 2,
            status: RowStatus::Error,
            faults: vec![
                Fault::new("current_ratio", "not_a_number", "\"x\" is not a number"),
                Fault::new("", "too_few_ratios", "2 are present"),
            ],
            prediction: None,
            source: Some(source.to_owned()),
        }
    }

    #[test]
    fn failed_row_is_returned_with_its_cells_and_errors() {
        let record = annotated(&outcome(r#"ACME,"a, b",x"#), &[true, true, true]).unwrap();
        assert_eq!(
            record,
            [
                "ACME",
                "a, b",
                "x",
                "current_ratio: \"x\" is not a number; 2 are present"
            ]
        );
    }

    #[test]
    fn errors_of_an_earlier_upload_are_replaced() {
        let record = annotated(&outcome("ACME,old error,x"), &[true, false, true]).unwrap();
        assert_eq!(record[..2], ["ACME", "x"]);
        assert_eq!(record.len(), 3);
    }

    #[test]
    fn formulas_in_failed_rows_are_guarded_and_numbers_kept() {
        let record = guarded(annotated(&outcome("=cmd(),-0.5"), &[true, true]).unwrap());
        assert_eq!(record[..2], ["'=cmd()", "-0.5"]);
    }

    #[test]
    fn row_shorter_than_the_header_is_padded() {
        let record = annotated(&outcome("ACME"), &[true, true, true]).unwrap();
        assert_eq!(record[..3], ["ACME", "", ""]);
    }
}
