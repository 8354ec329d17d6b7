//! Converts the sheets of a workbook to tables.

use std::{
    fs::File,
    io::{BufReader, Read},
};

use accunode_ports::files::{FileNote, OpenError, SourceRow};
use zip::ZipArchive;

use super::{
    inspect::{Inspected, inspect_workbook},
    package::Prefix,
    sheet::{Row, Shared, SheetReader},
    tables::{Book, Sheet, Strings, Styles},
};
use crate::{
    Limits, fault,
    parse::{Flow, Sink, TableEnd, TableStart, Tally, Task},
    progress::{Progress, Watched},
};

/// The largest number of hidden rows that are listed.
const NAMED: usize = 5;

type Archive = ZipArchive<BufReader<Prefix<Watched<File>>>>;

/// Pushes the rows of `file` into `sink`.
pub(crate) fn read(
    file: File,
    task: &Task,
    limits: &Limits,
    progress: &Progress,
    sink: &mut dyn Sink,
) -> Result<(), OpenError> {
    // The inspection does not count as reading.
    let (file, inspected) = inspect_workbook(file, limits, progress)?;
    let watched = Prefix::new(Watched::new(file, progress.clone()), inspected.end);
    let archive = ZipArchive::new(BufReader::new(watched))
        .map_err(|e| progress.blame(fault::malformed(format!("the workbook is damaged: {e}"))))?;
    let mut workbook = Workbook {
        archive,
        inspected,
        limits,
        progress,
    };
    let book = workbook.book()?;
    let shared = workbook.shared(book.is_1904)?;
    match task {
        Task::Peek { .. } => workbook.peek(&book.sheets, &shared, task, sink),
        Task::Read { choice, .. } => {
            let sheet = choose(&book.sheets, choice.sheet.as_deref())?;
            let has_rows = workbook.table(sheet, &shared, task, sink)?.has_rows;
            if has_rows {
                Ok(())
            } else {
                Err(fault::empty_file())
            }
        }
    }
}

fn choose<'a>(sheets: &'a [Sheet], name: Option<&str>) -> Result<&'a Sheet, OpenError> {
    let found = match name {
        Some(name) => sheets.iter().find(|sheet| sheet.name == name),
        None => sheets
            .iter()
            .find(|sheet| !sheet.is_hidden)
            .or_else(|| sheets.first()),
    };
    found.ok_or_else(|| fault::malformed("the workbook has no such sheet with cells"))
}

struct Workbook<'a> {
    archive: Archive,
    inspected: Inspected,
    limits: &'a Limits,
    progress: &'a Progress,
}

impl Workbook<'_> {
    /// Returns one part, and its name.
    fn part(&mut self, index: usize) -> Result<(BufReader<impl Read + '_>, String), OpenError> {
        let name = self.inspected.parts.name(index).to_owned();
        let part = self.archive.by_index(index).map_err(|e| {
            let damaged = format!("the workbook's part {name} is damaged: {e}");
            self.progress.blame(fault::malformed(damaged))
        })?;
        Ok((BufReader::with_capacity(64 << 10, part), name))
    }

    /// Returns the sheets that have cells, in their order.
    fn book(&mut self) -> Result<Book, OpenError> {
        let limits = self.limits;
        let (part, name) = self.part(self.inspected.parts.workbook)?;
        let mut book = Book::read(part, &name, limits)?;
        if !book.is_workbook {
            return Err(fault::unreadable(
                "unsupported_format",
                "the file is named .xlsx, but it is a document of another kind (an .xlsb must \
                 be saved as .xlsx)",
            ));
        }
        // Charts, and sheets whose part is missing, have no cells.
        let parts = &self.inspected.parts;
        book.sheets
            .retain(|sheet| parts.sheet(&sheet.relation).is_some());
        if book.sheets.is_empty() {
            return Err(fault::malformed("the workbook has no sheet with cells"));
        }
        Ok(book)
    }

    fn shared(&mut self, is_1904: bool) -> Result<Shared, OpenError> {
        let mut shared = Shared {
            is_1904,
            ..Shared::default()
        };
        if let Some(index) = self.inspected.parts.strings {
            let (part, name) = self.part(index)?;
            shared.strings = Strings::read(part, &name)?;
        }
        if let Some(index) = self.inspected.parts.styles {
            let (part, name) = self.part(index)?;
            shared.styles = Styles::read(part, &name)?;
        }
        Ok(shared)
    }

    /// Pushes the first rows of every sheet that has any.
    fn peek(
        &mut self,
        sheets: &[Sheet],
        shared: &Shared,
        task: &Task,
        sink: &mut dyn Sink,
    ) -> Result<(), OpenError> {
        let mut has_tables = false;
        let mut failed = None;
        for sheet in sheets {
            match self.table(sheet, shared, task, sink) {
                Ok(done) => {
                    has_tables |= done.has_rows;
                    if done.flow == Flow::Stop {
                        return Ok(());
                    }
                }
                // A sheet that cannot be read does not hide the others.
                Err(error @ OpenError::Unreadable(_)) => failed = failed.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        match failed {
            _ if has_tables => Ok(()),
            Some(error) => Err(error),
            None => Err(fault::empty_file()),
        }
    }

    /// Pushes the rows of one sheet.
    fn table(
        &mut self,
        sheet: &Sheet,
        shared: &Shared,
        task: &Task,
        sink: &mut dyn Sink,
    ) -> Result<Done, OpenError> {
        let Some(index) = self.inspected.parts.sheet(&sheet.relation) else {
            return Err(fault::malformed("the workbook has no such sheet"));
        };
        let count = self.inspected.counts.remove(&index).unwrap_or_default();
        let limits = self.limits;
        let progress = self.progress;
        let (part, name) = self.part(index)?;
        let mut rows = SheetReader::new(part, &name, shared, limits, &count.merged);
        let mut table = Table {
            sheet,
            task,
            sink,
            filled: (!count.is_unsure && !shared.strings.has_blank).then_some(count.filled),
            before: 0,
            has_begun: false,
            tally: Tally {
                seen: count.rows,
                ..Tally::default()
            },
            hidden: Vec::new(),
        };
        let mut done = Done {
            has_rows: false,
            flow: Flow::Go,
        };
        loop {
            let next = match rows.next() {
                Ok(next) => next,
                Err(error) => {
                    if table.has_begun && matches!(task, Task::Peek { .. }) {
                        // The rows before the fault are pushed, and the caller gets the
                        // error.
                        table.finish(false);
                        done.has_rows = true;
                        return Ok(done);
                    }
                    return Err(progress.blame(error));
                }
            };
            let Some(row) = next else { break };
            done.has_rows |= !row.is_blank;
            if table.take(row) == Flow::Stop {
                // No more rows of this table are wanted, or nothing at all.
                done.flow = if table.has_begun {
                    Flow::Go
                } else {
                    Flow::Stop
                };
                table.finish(false);
                return Ok(done);
            }
        }
        if done.has_rows {
            if !table.has_begun {
                table.begin();
            }
            table.finish(true);
        }
        Ok(done)
    }
}

/// How far a table was pushed.
struct Done {
    has_rows: bool,
    /// Whether more tables are wanted.
    flow: Flow,
}

/// The table that is being pushed.
struct Table<'a> {
    sheet: &'a Sheet,
    task: &'a Task,
    sink: &'a mut dyn Sink,
    /// The number of rows that are not blank, if it was counted.
    filled: Option<u64>,
    /// How many of them are up to the header.
    before: u64,
    has_begun: bool,
    tally: Tally,
    /// Hidden rows after the header.
    hidden: Vec<u32>,
}

impl Table<'_> {
    fn begin(&mut self) -> Flow {
        self.has_begun = true;
        let total = self.filled.map(|filled| filled.saturating_sub(self.before));
        self.sink.table(TableStart {
            sheet: Some(self.sheet.name.clone()),
            is_hidden: self.sheet.is_hidden,
            is_fixed_width: false,
            dialect: None,
            total_rows: total.and_then(|total| u32::try_from(total).ok()),
        })
    }

    fn take(&mut self, row: Row) -> Flow {
        if row.is_blank {
            self.tally.passed_over += 1;
            return Flow::Go;
        }
        let is_behind_header = row.number > self.task.header_row();
        if is_behind_header {
            self.tally.total_rows += 1;
            if row.is_hidden {
                self.hidden.push(row.number);
            }
        } else {
            self.before += 1;
        }
        if is_behind_header && !self.has_begun && self.begin() == Flow::Stop {
            self.has_begun = false;
            return Flow::Stop;
        }
        if row.number <= self.task.last_skipped() {
            self.tally.passed_over += 1;
            return Flow::Go;
        }
        self.sink.row(SourceRow {
            row: row.number,
            cells: row.cells,
            marks: row.marks,
            fault: None,
        })
    }

    fn finish(self, is_whole: bool) {
        if !self.has_begun {
            return;
        }
        self.sink.end(TableEnd {
            notes: hidden(&self.hidden).into_iter().collect(),
            tally: is_whole.then_some(self.tally),
        });
    }
}

/// Returns the note about hidden rows.
fn hidden(rows: &[u32]) -> Option<FileNote> {
    if rows.is_empty() {
        return None;
    }
    let named: Vec<_> = rows.iter().take(NAMED).map(u32::to_string).collect();
    let more = if rows.len() > NAMED { ", …" } else { "" };
    let are = match rows.len() {
        1 => "1 row is".to_owned(),
        n => format!("{n} rows are"),
    };
    Some(FileNote {
        code: fault::HIDDEN_ROWS.to_owned(),
        detail: format!(
            "{are} hidden or filtered out in the workbook and read all the same: row {}{more}",
            named.join(", ")
        ),
        columns: Vec::new(),
    })
}
