//! The failed rows of an upload as a workbook that can be corrected and sent again.

use accunode_application::Error;
use accunode_domain::page::Limit;
use actix_web::{HttpResponse, http::StatusCode, http::header};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde_json::Value;

use crate::http::{
    call::Authenticated,
    list::{Fetch, Start, pairs},
    negotiate::Format as Media,
    problem::{Answer, Problem},
};

/// The most rows of a workbook, which is created in memory.
const MAX_ROWS: usize = 50_000;
/// The most text of a workbook, in bytes.
const MAX_BYTES: usize = 32 << 20;
/// The most characters of a cell of a workbook.
const MAX_CELL: usize = 32_767;

/// Returns all pages of a list as one workbook.
///
/// # Errors
/// Those of `fetch`; 422 `too_many_rows` if the workbook would become too large.
pub(super) async fn answer<T, C>(
    call: &Authenticated,
    name: &'static str,
    header: Vec<String>,
    after: Option<C>,
    fetch: Fetch<T, C>,
    record: impl Fn(&T) -> Option<Vec<String>>,
) -> Answer {
    let limit = Limit::new(Limit::MAX).map_err(|fault| Problem::faults(vec![fault]))?;
    let mut records = vec![header];
    let mut bytes = 0;
    let mut start = Start { limit, after };
    loop {
        let slice = fetch(start).await?;
        for cells in slice.rows.iter().filter_map(&record) {
            bytes += cells.iter().map(String::len).sum::<usize>();
            records.push(cells);
        }
        if records.len() > MAX_ROWS || bytes > MAX_BYTES {
            return Err(too_large());
        }
        let Some(after) = slice.next else { break };
        start = Start {
            limit,
            after: Some(after),
        };
    }
    let filter = Value::Object(pairs(call.request.query_string()));
    call.application
        .record_export(&call.caller, name, filter)
        .await?;
    let written = tokio::task::spawn_blocking(move || workbook(&records)).await;
    let file = written
        .map_err(|panic| Error::Internal(Box::new(panic)))?
        .map_err(|cause| Error::Internal(Box::new(cause)))?;
    Ok(HttpResponse::Ok()
        .content_type(Media::Xlsx.media_type())
        .insert_header((header::VARY, "Accept"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.xlsx\""),
        ))
        .body(file))
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "too_many_rows",
        format!(
            "a workbook of these rows would have more than {MAX_ROWS} rows or {} MiB of text; \
             ask for them as text/csv",
            MAX_BYTES >> 20
        ),
    )
}

fn workbook(records: &[Vec<String>]) -> Result<Vec<u8>, XlsxError> {
    let bold = Format::new().set_bold();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("rows")?;
    for (row, cells) in (0_u32..).zip(records) {
        for (column, cell) in (0_u16..).zip(cells) {
            if row == 0 {
                sheet.write_string_with_format(row, column, cut(cell), &bold)?;
            } else if let Some(number) = exact_number(cell) {
                sheet.write_number(row, column, number)?;
            } else if !cell.is_empty() {
                sheet.write_string(row, column, cut(cell))?;
            }
        }
    }
    workbook.save_to_buffer()
}

/// Returns the number in a cell if it converts back to the same text. Leading zeros, units, and
/// more digits than a number can hold keep it a text.
fn exact_number(cell: &str) -> Option<f64> {
    let number: f64 = cell.parse().ok()?;
    (number.is_finite() && number.to_string() == cell).then_some(number)
}

fn cut(cell: &str) -> &str {
    match cell.char_indices().nth(MAX_CELL) {
        Some((at, _)) => &cell[..at],
        None => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_round_tripping_numbers_become_number_cells() {
        for cell in ["2024", "-0.5", "0.1", "1234567.25"] {
            assert_eq!(
                exact_number(cell).map(|n| n.to_string()).as_deref(),
                Some(cell)
            );
        }
        for cell in [
            "000973", "1e400", "0.10", "41.2%", "NaN", "inf", "", "-0.0e1", "1,5",
        ] {
            assert_eq!(exact_number(cell), None, "{cell}");
        }
    }

    #[test]
    fn formulas_stay_texts_and_long_cells_are_truncated() {
        let long = "ł".repeat(40_000);
        let records = [
            vec!["name".to_owned(), "error".to_owned()],
            vec!["=cmd()".to_owned(), long],
        ];
        assert!(workbook(&records).unwrap().starts_with(b"PK"));
    }
}
