//! Reads one sheet, row by row, as it is displayed.

use std::io::BufRead;

use accunode_ports::files::{CellMark, MarkKind, OpenError};
use quick_xml::events::{BytesStart, Event};

use super::{
    arrays::Arrays,
    cell::{CellInHand, Place},
    count::{Merged, place},
    merges::Merges,
    raised::Run,
    tables::{Strings, Styles},
    xml::{Xml, attribute, is_set, referenced},
};
use crate::{Limits, fault};

/// The last row and the last column that a sheet can have.
const LAST_ROW: u32 = 1_048_576;
const LAST_COLUMN: u32 = 16_383;

/// The data to which the cells of all sheets refer.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) strings: Strings,
    pub(super) styles: Styles,
    pub(super) is_1904: bool,
}

/// One row element.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// The row number, from 1.
    pub(super) number: u32,
    pub(super) is_hidden: bool,
    pub(super) cells: Vec<String>,
    pub(super) marks: Vec<CellMark>,
    /// Whether it has no content of its own.
    pub(super) is_blank: bool,
}

/// The rows of a sheet.
pub(super) struct SheetReader<'a, R> {
    xml: Xml<R>,
    shared: &'a Shared,
    limits: &'a Limits,
    merges: Merges<'a>,
    arrays: Arrays,
    is_in_data: bool,
    /// The number of the last row.
    last: u32,
    /// Bytes of all rows so far.
    text: u64,
    row: Row,
    row_bytes: usize,
    has_number: bool,
    next_column: u32,
    cell: CellInHand,
    /// The columns in which a computed formula has been reported.
    computed: Vec<bool>,
}

impl<'a, R: BufRead> SheetReader<'a, R> {
    /// Reads the sheet of a part. `merged` are its merged areas.
    pub(super) fn new(
        input: R,
        name: &str,
        shared: &'a Shared,
        limits: &'a Limits,
        merged: &'a [Merged],
    ) -> Self {
        Self {
            xml: Xml::new(input, name),
            shared,
            limits,
            merges: Merges::new(merged),
            arrays: Arrays::default(),
            is_in_data: false,
            last: 0,
            text: 0,
            row: Row::default(),
            row_bytes: 0,
            has_number: false,
            next_column: 0,
            cell: CellInHand::default(),
            computed: Vec::new(),
        }
    }

    /// Returns the next row element; `None` at the end of the sheet.
    pub(super) fn next(&mut self) -> Result<Option<Row>, OpenError> {
        loop {
            match self.xml.next()? {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    "sheetData" => self.is_in_data = true,
                    "row" if self.is_in_data => {
                        let (number, is_hidden) = described(&tag);
                        self.begin_row(number, is_hidden)?;
                        return self.cells().map(Some);
                    }
                    "c" if self.is_in_data => return Err(self.outside()),
                    _ => {}
                },
                Event::Empty(tag) => match tag.local_name().as_ref() {
                    "row" if self.is_in_data => {
                        let (number, is_hidden) = described(&tag);
                        self.begin_row(number, is_hidden)?;
                        return self.end_row().map(Some);
                    }
                    "c" if self.is_in_data => return Err(self.outside()),
                    _ => {}
                },
                Event::End(tag) if tag.local_name().as_ref() == "sheetData" => {
                    // What follows the rows is not read.
                    return Ok(None);
                }
                Event::Eof if self.is_in_data => {
                    return Err(self.xml.damaged("it ends in the middle of its rows"));
                }
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }

    fn outside(&self) -> OpenError {
        self.xml.damaged("a cell stands outside of all rows")
    }

    fn nested(&self) -> OpenError {
        self.xml.damaged("a row or a cell stands inside of another")
    }

    fn begin_row(&mut self, number: Option<String>, is_hidden: bool) -> Result<(), OpenError> {
        self.has_number = number.is_some();
        let number = match number {
            Some(text) => text.trim().parse().ok(),
            None => self.last.checked_add(1),
        };
        let number = number.filter(|number| (1..=LAST_ROW).contains(number));
        let Some(number) = number else {
            return Err(fault::malformed(
                "a row of the sheet has no possible number",
            ));
        };
        self.row = Row {
            number,
            is_hidden,
            ..Row::default()
        };
        (self.row_bytes, self.next_column) = (0, 0);
        self.in_order()
    }

    fn in_order(&self) -> Result<(), OpenError> {
        if self.row.number <= self.last {
            return Err(fault::malformed(format!(
                "row {} of the sheet stands behind row {}",
                self.row.number, self.last
            )));
        }
        Ok(())
    }

    /// Reads the cells of the row that has begun.
    fn cells(&mut self) -> Result<Row, OpenError> {
        let (mut is_in_cell, mut place, mut phonetic) = (false, Place::Nowhere, 0_u32);
        let mut run = Run::default();
        loop {
            match self.xml.next()? {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    "row" | "sheetData" => return Err(self.nested()),
                    "c" if is_in_cell => return Err(self.nested()),
                    "c" => {
                        is_in_cell = true;
                        let (cell, reference) = CellInHand::of(&tag);
                        self.cell = cell;
                        self.place_cell(reference)?;
                    }
                    "v" if is_in_cell => {
                        self.cell.has_value = true;
                        place = Place::Value;
                    }
                    "t" if is_in_cell && phonetic == 0 => place = Place::Inline,
                    "f" => {
                        self.cell.has_formula = true;
                        self.cell.fills_others = self.arrays.begin(&tag, self.row.number);
                    }
                    "vertAlign" => run = Run::of(&tag),
                    "rPh" => phonetic += 1,
                    _ => {}
                },
                Event::Empty(tag) => match tag.local_name().as_ref() {
                    "row" | "sheetData" => return Err(self.nested()),
                    "c" if is_in_cell => return Err(self.nested()),
                    "c" => {
                        let reference = attribute(&tag, "r");
                        self.place_cell(reference)?;
                    }
                    "v" => self.cell.has_value = true,
                    "f" => {
                        self.cell.has_formula = true;
                        self.cell.fills_others = self.arrays.begin(&tag, self.row.number);
                    }
                    "vertAlign" => run = Run::of(&tag),
                    _ => {}
                },
                Event::End(tag) => match tag.local_name().as_ref() {
                    "row" => return self.end_row(),
                    "c" => {
                        is_in_cell = false;
                        self.put()?;
                    }
                    "v" | "t" => place = Place::Nowhere,
                    "r" => run = Run::default(),
                    "rPh" => phonetic = phonetic.saturating_sub(1),
                    _ => {}
                },
                Event::Text(piece) if place != Place::Nowhere => {
                    self.cell.append(place, run, &piece.xml10_content());
                }
                Event::CData(piece) if place != Place::Nowhere => {
                    self.cell.append(place, run, &piece.xml10_content());
                }
                Event::GeneralRef(reference) if place != Place::Nowhere => {
                    let Some(c) = referenced(&reference) else {
                        return Err(self.xml.damaged("it refers to an unknown entity"));
                    };
                    match place {
                        Place::Value => self.cell.value.push(c),
                        _ => self.cell.inline.push(c),
                    }
                }
                Event::Eof => return Err(self.xml.damaged("it ends in the middle of a row")),
                _ => {}
            }
        }
    }

    /// Determines the position of a cell.
    fn place_cell(&mut self, reference: Option<String>) -> Result<(), OpenError> {
        let column = match reference {
            None => self.next_column,
            Some(reference) => {
                let Some((column, row)) = place(&reference) else {
                    return Err(self.xml.damaged(format_args!(
                        "{:?} is no place of a cell",
                        accunode_domain::fault::shorten(&reference)
                    )));
                };
                if !self.has_number && row != self.row.number {
                    self.row.number = row.min(LAST_ROW);
                    self.in_order()?;
                }
                self.has_number = true;
                if row != self.row.number {
                    return Err(self.xml.damaged(format_args!(
                        "a cell of row {} says that it is in row {row}",
                        self.row.number
                    )));
                }
                column
            }
        };
        if column > LAST_COLUMN {
            return Err(fault::too_many_columns(
                self.row.number,
                self.limits.columns,
            ));
        }
        self.cell.column = column;
        self.next_column = column + 1;
        Ok(())
    }

    /// Puts the cell that was read into its row.
    fn put(&mut self) -> Result<(), OpenError> {
        let mut cell = std::mem::take(&mut self.cell);
        cell.has_formula |= self.arrays.cover(cell.column, self.row.number);
        let (text, mark) = cell.shown(self.row.number, self.shared)?;
        let column = cell.column as usize;
        if text.is_empty() && mark.is_none() {
            return Ok(());
        }
        if column >= self.limits.columns {
            return Err(fault::too_many_columns(
                self.row.number,
                self.limits.columns,
            ));
        }
        // Programs that cannot compute an array formula store a value for its first cell alone.
        let shows_computed = cell.has_formula && !cell.fills_others;
        let mark = mark.or_else(|| self.first_computed(column, shows_computed));
        if let Some(kind) = mark {
            self.row.marks.push(CellMark {
                column: cell.column as u16,
                kind,
            });
        }
        self.write(column, text)
    }

    /// Returns the mark of the first computed formula of a column.
    fn first_computed(&mut self, column: usize, has_formula: bool) -> Option<MarkKind> {
        if !has_formula {
            return None;
        }
        if self.computed.len() <= column {
            self.computed.resize(column + 1, false);
        }
        let reported = self.computed.get_mut(column)?;
        (!std::mem::replace(reported, true)).then_some(MarkKind::FormulaComputed)
    }

    fn write(&mut self, column: usize, text: String) -> Result<(), OpenError> {
        let number = self.row.number;
        let limit = self.limits.cell_chars;
        if text.len() > limit && text.chars().count() > limit {
            return Err(fault::cell_too_long(number, column, limit));
        }
        self.text += text.len() as u64;
        if self.text > self.limits.text_bytes {
            return Err(fault::too_large_inflated(
                "the sheet",
                self.limits.text_bytes,
            ));
        }
        self.row_bytes += text.len();
        if self.row_bytes > self.limits.row_bytes {
            return Err(fault::malformed(format!(
                "row {number} is longer than {} bytes",
                self.limits.row_bytes
            )));
        }
        let cells = &mut self.row.cells;
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        match cells.get_mut(column) {
            Some(cell) if cell.is_empty() => *cell = text,
            _ => {
                return Err(fault::malformed(format!(
                    "row {number} has two cells in column {}",
                    column + 1
                )));
            }
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<Row, OpenError> {
        self.last = self.row.number;
        self.row.is_blank =
            self.row.marks.is_empty() && self.row.cells.iter().all(|c| c.trim().is_empty());
        if !self.row.is_blank {
            for (column, text) in self.merges.over(&self.row) {
                if let Some(cell) = self.row.cells.get_mut(column) {
                    cell.clear();
                }
                self.write(column, text)?;
            }
            self.row.marks.sort_by_key(|mark| mark.column);
            self.row.marks.dedup_by_key(|mark| mark.column);
        }
        self.merges.begin(&self.row);
        Ok(std::mem::take(&mut self.row))
    }
}

/// Returns the stated number of a row, and whether it is hidden.
fn described(tag: &BytesStart<'_>) -> (Option<String>, bool) {
    (attribute(tag, "r"), is_set(tag, "hidden"))
}
