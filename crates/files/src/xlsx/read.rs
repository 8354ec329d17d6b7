//! The first visible sheet of a workbook, cell by cell.

use std::{fs::File, io::BufReader};

use accunode_domain::text::unguard_formula;
use accunode_ports::files::{OpenError, SourceRow};
use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};

use super::inspect::inspect_workbook;
use crate::{
    Limits, fault,
    parse::{Flow, Sink, TableEnd, TableStart, Task},
    progress::{Progress, Watched},
};

/// Pushes the rows of `file` into `sink`.
pub(crate) fn read(
    file: File,
    task: &Task,
    limits: &Limits,
    progress: &Progress,
    sink: &mut dyn Sink,
) -> Result<(), OpenError> {
    // Looking through is not reading: it does not count.
    let file = inspect_workbook(file, limits, progress)?;
    let broken = |e: XlsxError| progress.blame(describe(&e));
    let watched = BufReader::new(Watched::new(file, progress.clone()));
    let mut workbook = Xlsx::new(watched).map_err(broken)?;
    let name = match task {
        Task::Read { choice, .. } => choice.sheet.clone(),
        Task::Peek { .. } => None,
    };
    let name = name.map_or_else(|| first_sheet(&workbook), Ok)?;
    let mut cells = workbook.worksheet_cells_reader(&name).map_err(broken)?;
    let mut table = Table {
        sink,
        limits,
        name,
        task,
        has_begun: false,
        total_rows: 0,
        row: 0,
        cells: Vec::new(),
        bytes: 0,
        text: 0,
    };
    while let Some(cell) = cells.next_cell().map_err(broken)? {
        let (row, column) = cell.get_position();
        let Some(row) = row.checked_add(1) else {
            return Err(fault::malformed(
                "a row of the sheet has no possible number",
            ));
        };
        if row != table.row {
            if row < table.row {
                return Err(fault::malformed(format!(
                    "row {row} of the sheet stands behind row {}",
                    table.row
                )));
            }
            if table.end_row() == Flow::Stop {
                table.sink.end(TableEnd::default());
                return Ok(());
            }
            table.row = row;
        }
        table.put(column as usize, cell.get_value())?;
    }
    if table.end_row() == Flow::Go && !table.has_begun {
        return Err(fault::empty_file());
    }
    table.sink.end(TableEnd::default());
    Ok(())
}

fn first_sheet<R: std::io::Read + std::io::Seek>(workbook: &Xlsx<R>) -> Result<String, OpenError> {
    let mut sheets = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let first = sheets.clone().next();
    sheets
        .find(|sheet| sheet.visible == SheetVisible::Visible)
        .or(first)
        .map(|sheet| sheet.name.clone())
        .ok_or_else(|| fault::malformed("the workbook has no sheet with cells"))
}

/// The row that is being put together.
struct Table<'a> {
    sink: &'a mut dyn Sink,
    limits: &'a Limits,
    name: String,
    task: &'a Task,
    has_begun: bool,
    total_rows: u32,
    /// The row of `cells`, from 1; 0 before the first.
    row: u32,
    cells: Vec<String>,
    bytes: usize,
    /// Bytes of all rows so far.
    text: u64,
}

impl Table<'_> {
    fn put(&mut self, column: usize, value: &DataRef<'_>) -> Result<(), OpenError> {
        let text = text(value);
        if text.is_empty() {
            return Ok(());
        }
        if column >= self.limits.columns {
            return Err(fault::too_many_columns(self.row, self.limits.columns));
        }
        let limit = self.limits.cell_chars;
        if text.len() > limit && text.chars().count() > limit {
            return Err(fault::cell_too_long(self.row, column, limit));
        }
        self.text += text.len() as u64;
        if self.text > self.limits.text_bytes {
            return Err(fault::too_large_inflated(
                "the sheet",
                self.limits.text_bytes,
            ));
        }
        self.bytes += text.len();
        if self.bytes > self.limits.row_bytes {
            return Err(fault::malformed(format!(
                "row {} is longer than {} bytes",
                self.row, self.limits.row_bytes
            )));
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text;
        Ok(())
    }

    /// Hands on the row, unless it is blank.
    fn end_row(&mut self) -> Flow {
        let cells = std::mem::take(&mut self.cells);
        self.bytes = 0;
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return Flow::Go;
        }
        if !self.has_begun {
            self.has_begun = true;
            let start = TableStart {
                sheet: Some(self.name.clone()),
                ..TableStart::default()
            };
            if self.sink.table(start) == Flow::Stop {
                return Flow::Stop;
            }
        }
        self.total_rows += u32::from(self.row > self.task.header_row());
        if self.row <= self.task.last_skipped() {
            return Flow::Go;
        }
        self.sink.row(SourceRow::of(self.row, cells))
    }
}

/// What stands in a cell.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::Int(n) => n.to_string(),
        DataRef::Float(n) => number(*n),
        DataRef::String(s) => unguard_formula(s).into_owned(),
        DataRef::SharedString(s) => unguard_formula(s).into_owned(),
        DataRef::Bool(b) => b.to_string(),
        DataRef::DateTime(at) => date_time(at),
        DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => s.clone(),
        DataRef::Error(e) => e.to_string(),
    }
}

/// The shortest decimal that is this number: `25.4`, `2024`, `1e-300`.
fn number(n: f64) -> String {
    match n.abs() {
        0.0 => "0".to_owned(),
        1e-7..1e21 => n.to_string(),
        _ => format!("{n:e}"),
    }
}

/// A date, a time of day or both in ISO 8601; a duration in hours, minutes, seconds.
fn date_time(at: &ExcelDateTime) -> String {
    let serial = at.as_f64();
    if at.is_duration() || !(1.0..2_958_466.0).contains(&serial) {
        // A time of day, or a date beyond all calendars.
        if !(0.0..1e9).contains(&serial) {
            return number(serial);
        }
        let seconds = (serial * 86_400.0).round() as u64;
        return format!(
            "{:02}:{:02}:{:02}",
            seconds / 3_600,
            seconds / 60 % 60,
            seconds % 60
        );
    }
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) {
        date
    } else {
        format!("{date}T{hour:02}:{minute:02}:{second:02}")
    }
}

fn describe(error: &XlsxError) -> OpenError {
    match error {
        XlsxError::Password => fault::unreadable(
            "unsupported_format",
            "the workbook is locked by a password; save it without one",
        ),
        XlsxError::NotAWorksheet(kind) => {
            fault::malformed(format!("the first sheet is a {kind} and has no cells"))
        }
        error => fault::malformed(format!("the workbook is damaged: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom, Write};

    use calamine::ExcelDateTimeType;
    use rust_xlsxwriter::{ExcelDateTime as Date, Format, Formula, Workbook};

    use super::*;
    use crate::parse::Collected;

    fn read_bytes(bytes: &[u8], limits: &Limits) -> Result<Collected, OpenError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let mut rows = Collected::default();
        let task = Task::Read {
            choice: accunode_ports::files::TableChoice::default(),
            after: 0,
        };
        read(file, &task, limits, &Progress::default(), &mut rows)?;
        Ok(rows)
    }

    fn refused(bytes: &[u8], limits: &Limits) -> (String, String) {
        match read_bytes(bytes, limits) {
            Err(OpenError::Unreadable(fault)) => (fault.code, fault.detail),
            other => panic!("{other:?}"),
        }
    }

    fn workbook(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
        let mut workbook = Workbook::new();
        fill(workbook.add_worksheet());
        workbook.save_to_buffer().unwrap()
    }

    #[test]
    fn every_kind_of_cell_becomes_the_text_an_analyst_would_type() {
        let bytes = workbook(|sheet| {
            for (column, name) in ["Symbol", "Return on Assets", "c", "d", "e", "f", "g"]
                .iter()
                .enumerate()
            {
                sheet.write(0, column as u16, *name).unwrap();
            }
            let date = Format::new().set_num_format("yyyy-mm-dd");
            sheet.write(1, 0, "'=A1").unwrap();
            sheet.write(1, 1, 25.4).unwrap();
            sheet.write(1, 2, 2024).unwrap();
            sheet.write(1, 3, true).unwrap();
            sheet
                .write_with_format(1, 4, Date::from_ymd(2024, 2, 29).unwrap(), &date)
                .unwrap();
            sheet
                .write_formula(1, 5, Formula::new("=NA()").set_result("#N/A"))
                .unwrap();
            sheet.write(1, 6, "1e309").unwrap();
            // Row 3 is blank, row 4 is short, row 5 has a cell beyond the header.
            sheet.write(3, 0, "B").unwrap();
            sheet.write(4, 0, "C").unwrap();
            sheet.write(4, 8, -1e-9).unwrap();
        });
        let found = read_bytes(&bytes, &Limits::default()).unwrap();
        let rows: Vec<_> = found
            .rows
            .iter()
            .skip(1)
            .map(|r| (r.row, r.cells.join("|")))
            .collect();
        assert_eq!(
            rows,
            [
                (2, "=A1|25.4|2024|true|2024-02-29|#N/A|1e309".to_owned()),
                (4, "B".to_owned()),
                (5, "C||||||||-1e-9".to_owned()),
            ]
        );
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        for (n, expected) in [
            (25.4, "25.4"),
            (-0.0, "0"),
            (100_000_000.0, "100000000"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e300, "1e300"),
            (-2.5e-8, "-2.5e-8"),
        ] {
            assert_eq!(number(n), expected);
        }
    }

    #[test]
    fn times_and_durations_are_no_dates() {
        let at = |serial, kind| date_time(&ExcelDateTime::new(serial, kind, false));
        assert_eq!(at(0.5, ExcelDateTimeType::DateTime), "12:00:00");
        assert_eq!(at(1.25, ExcelDateTimeType::TimeDelta), "30:00:00");
        assert_eq!(
            at(45_943.5, ExcelDateTimeType::DateTime),
            "2025-10-13T12:00:00"
        );
    }

    #[test]
    fn a_workbook_cut_off_is_refused_before_any_row() {
        let bytes = workbook(|sheet| {
            for row in 0..500 {
                sheet.write(row, 0, f64::from(row)).unwrap();
            }
        });
        for keep in [bytes.len() / 2, bytes.len() - 10, 40] {
            assert_eq!(
                refused(&bytes[..keep], &Limits::default()).0,
                "malformed_file"
            );
        }
        // A flipped byte inside the packed sheet is found by its checksum.
        let mut flipped = bytes.clone();
        let middle = bytes.len() / 3;
        flipped[middle] ^= 0xff;
        assert!(read_bytes(&flipped, &Limits::default()).is_err());
    }

    #[test]
    fn an_empty_sheet_is_an_empty_file_and_a_lone_header_is_not() {
        assert_eq!(
            refused(&workbook(|_| ()), &Limits::default()).0,
            "empty_file"
        );
        let header = workbook(|sheet| {
            sheet.write(0, 0, "symbol").unwrap();
        });
        let found = read_bytes(&header, &Limits::default()).unwrap();
        assert_eq!(found.rows.len(), 1);
    }

    #[test]
    fn columns_beyond_the_limit_are_refused() {
        let wide = workbook(|sheet| {
            sheet.write(0, 256, "x").unwrap();
        });
        assert_eq!(refused(&wide, &Limits::default()).0, "too_many_columns");
    }
}
