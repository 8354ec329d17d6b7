//! Reads a CSV file by the names of its columns, and parses its cells.

use std::{fs::File, io::BufReader, path::Path};

use accunode_domain::{
    Timestamp,
    fault::{Fault, Faults, shorten},
    timestamp::parse_timestamp,
};
use anyhow::Context;
use csv::StringRecord;
use time::{Date, format_description::FormatItem, macros::format_description};

use super::file_error;

const DAY: &[FormatItem<'_>] = format_description!("[year]-[month]-[day]");
/// The largest number of rows of a file.
const MOST_ROWS: u64 = 10_000_000;

/// Parses a day like 2024-12-31.
pub(super) fn read_date(text: &str) -> Option<Date> {
    Date::parse(text.trim(), DAY).ok()
}

/// The current row, and the positions of its columns.
pub(super) struct Row<'a> {
    header: &'a [String],
    cells: &'a StringRecord,
    number: u64,
    faults: &'a mut Faults,
}

impl Row<'_> {
    /// Returns the cell of the first of these columns that exists, without the spaces around
    /// it. `None` if it is empty or no such column exists.
    pub(super) fn cell(&self, names: &[&str]) -> Option<&str> {
        let at = names
            .iter()
            .find_map(|name| self.header.iter().position(|column| column == name))?;
        self.cells
            .get(at)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }

    /// Records that a cell is invalid.
    pub(super) fn fault(&mut self, column: &str, rule: &str) {
        let value = shorten(self.cell(&[column]).unwrap_or_default());
        let detail = format!("{value:?} {rule}");
        self.faults.push(Fault::new(
            format!("row {}: {column}", self.number),
            "invalid",
            detail,
        ));
    }

    /// Parses a cell with `read`. `None` if it is empty, or invalid, which is recorded.
    pub(super) fn value<T>(
        &mut self,
        column: &str,
        rule: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = read(self.cell(&[column])?);
        if value.is_none() {
            self.fault(column, rule);
        }
        value
    }

    /// As [`Self::value`], for a cell that must not be empty.
    pub(super) fn required<T>(
        &mut self,
        column: &str,
        rule: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        if self.cell(&[column]).is_none() {
            self.fault(column, rule);
            return None;
        }
        self.value(column, rule, read)
    }

    /// Parses a day.
    pub(super) fn day(&mut self, column: &str) -> Option<Date> {
        self.required(column, "is no day like 2024-12-31", read_date)
    }

    /// Parses a time with its zone.
    pub(super) fn time(&mut self, column: &str) -> Option<Timestamp> {
        self.value(column, "is no time like 2024-12-31T09:00:00Z", |text| {
            parse_timestamp("", text).ok()
        })
    }

    /// Parses `true`, `false`, 1 or 0; empty is false.
    pub(super) fn flag(&mut self, column: &str) -> bool {
        let read = |text: &str| match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" => Some(true),
            "0" | "false" | "no" => Some(false),
            _ => None,
        };
        self.value(column, "is neither true nor false", read)
            .unwrap_or(false)
    }
}

/// Reads every row of a file. Columns are found by name, whatever their case and order; the
/// file must have at least one of each list in `columns`.
///
/// # Errors
/// If the file cannot be read, or any row has faults: all are reported, up to a hundred.
pub(super) fn read_rows(
    path: &Path,
    columns: &[&[&str]],
    mut each: impl FnMut(&mut Row<'_>),
) -> anyhow::Result<()> {
    let unreadable = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(unreadable)?;
    let mut csv = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(BufReader::new(file));
    let header = csv.headers().with_context(unreadable)?;
    let name = |text: &str| text.trim_start_matches('\u{feff}').trim().to_lowercase();
    let header: Vec<_> = header.iter().map(name).collect();
    require(path, &header, columns)?;
    let mut faults = Faults::new();
    let mut cells = StringRecord::new();
    let mut number = 1;
    while csv.read_record(&mut cells).with_context(unreadable)? {
        number += 1;
        if number > MOST_ROWS {
            anyhow::bail!("{} has more than {MOST_ROWS} rows", path.display());
        }
        each(&mut Row {
            header: &header,
            cells: &cells,
            number,
            faults: &mut faults,
        });
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(file_error(path, faults.listed()))
    }
}

fn require(path: &Path, header: &[String], columns: &[&[&str]]) -> anyhow::Result<()> {
    let missing: Vec<_> = columns
        .iter()
        .filter(|names| !header.iter().any(|name| names.contains(&name.as_str())))
        .map(|names| names.join(" or "))
        .collect();
    if !missing.is_empty() {
        anyhow::bail!(
            "{} lacks the columns {}",
            path.display(),
            missing.join(", ")
        );
    }
    Ok(())
}
