//! Reads a table of outcomes: what happened to companies, row by row.

use super::{
    Cells, ERROR_COLUMN,
    symbol::read_symbol,
    text::{name_in, squeezed},
};
use crate::{
    company::Symbol,
    fault::{Fault, shorten},
    job::JobWarning,
    outcome::{OutcomeDraft, OutcomeFacts},
};
use time::Date;

/// The columns of outcomes: the name, alternative names, whether a file must have it, the
/// meaning, and an example.
const COLUMNS: [OutcomeColumn; 8] = [
    column(
        "company_symbol",
        &["symbol", "ticker", "company"],
        true,
        "a company of the owner, else of the system; needed",
        "ACME",
    ),
    column(
        "definition",
        &["default_definition"],
        true,
        "what a default is: crr_178@1, bankruptcy@1, or code@version of your own; needed",
        "crr_178@1",
    ),
    column(
        "event",
        &["outcome", "type"],
        false,
        "default (where it is empty), cure or exit",
        "default",
    ),
    column(
        "occurred_on",
        &["date", "default_date", "event_date"],
        true,
        "a day like 2025-03-01, not in the future; needed",
        "2025-03-01",
    ),
    column(
        "technical",
        &["is_technical"],
        false,
        "true for a default of systems or payments only, which does not count",
        "false",
    ),
    column(
        "reason_code",
        &["reason"],
        false,
        "a code of yours, at most 50 characters",
        "UTP",
    ),
    column(
        "external_id",
        &["reference"],
        false,
        "the id in your system, unique among outcomes that stand; at most 100 characters",
        "DEF-2025-0117",
    ),
    column(
        "note",
        &["comment"],
        false,
        "at most 1000 characters",
        "Unlikely to pay",
    ),
];

/// A column of a table of outcomes.
#[derive(Clone, Copy, Debug)]
pub struct OutcomeColumn {
    /// Its name in the header.
    pub name: &'static str,
    synonyms: &'static [&'static str],
    is_needed: bool,
    /// Its meaning.
    pub meaning: &'static str,
    /// An example.
    pub example: &'static str,
}

const fn column(
    name: &'static str,
    synonyms: &'static [&'static str],
    is_needed: bool,
    meaning: &'static str,
    example: &'static str,
) -> OutcomeColumn {
    OutcomeColumn {
        name,
        synonyms,
        is_needed,
        meaning,
        example,
    }
}

/// The recognised header of a table of outcomes.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeLayout {
    header_row: u32,
    names: Vec<String>,
    /// The position of each of [`COLUMNS`].
    places: [Option<usize>; COLUMNS.len()],
}

/// Normalises a name: `Default date` and `default-date` are `default_date`.
fn plain(name: &str) -> String {
    let name = squeezed(name).to_lowercase();
    name.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("_")
}

impl OutcomeLayout {
    /// The columns that a file may have, in the order of the template.
    #[must_use]
    pub const fn columns() -> &'static [OutcomeColumn] {
        &COLUMNS
    }

    /// Finds the header among the first rows of a table: the first that names every needed
    /// column, because the rows below it are data even if a later row names more; otherwise the
    /// first of the rows that name the most columns.
    ///
    /// # Errors
    /// `empty_file`; `missing_columns`, which names the columns that were found;
    /// `repeated_column`.
    pub fn find(rows: &[Cells<'_>]) -> Result<Self, Vec<Fault>> {
        let mut best: Option<(usize, Self, Vec<Fault>)> = None;
        for row in rows {
            let (layout, repeated) = Self::read(row);
            if layout.missing().next().is_none() {
                best = Some((usize::MAX, layout, repeated));
                break;
            }
            let score = layout.places.iter().flatten().count();
            let is_named = !layout.names.is_empty();
            if is_named && best.as_ref().is_none_or(|(most, ..)| score > *most) {
                best = Some((score, layout, repeated));
            }
        }
        let Some((_, layout, mut faults)) = best else {
            let detail = "the file is empty; one of its first rows must name the columns";
            return Err(vec![Fault::new("/file", "empty_file", detail)]);
        };
        let missing: Vec<_> = layout.missing().collect();
        if !missing.is_empty() {
            let found: Vec<_> = layout.names.iter().take(30).map(|n| shorten(n)).collect();
            faults.insert(
                0,
                Fault::new(
                    "/file",
                    "missing_columns",
                    format!(
                        "row {} was read as the header and lacks {}; it has {}. See the template \
                         at /bulk-uploads/templates/outcomes.csv",
                        layout.header_row,
                        missing.join(", "),
                        found.join(", ")
                    ),
                ),
            );
        }
        if faults.is_empty() {
            Ok(layout)
        } else {
            Err(faults)
        }
    }

    /// Returns the needed columns that the header does not name.
    fn missing(&self) -> impl Iterator<Item = &'static str> {
        COLUMNS
            .iter()
            .zip(&self.places)
            .filter(|(column, place)| column.is_needed && place.is_none())
            .map(|(column, _)| column.name)
    }

    fn read(row: &Cells<'_>) -> (Self, Vec<Fault>) {
        let mut names: Vec<String> = row.cells.iter().map(|cell| name_in(cell)).collect();
        while names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        let (mut places, mut repeated) = ([None; COLUMNS.len()], Vec::new());
        for (at, name) in names.iter().enumerate() {
            let name = plain(name);
            let meant = |column: &OutcomeColumn| {
                column.name == name || column.synonyms.contains(&name.as_str())
            };
            let Some(field) = COLUMNS.iter().position(meant) else {
                continue;
            };
            // A column under its own name takes precedence over an alternative name.
            match places[field] {
                None => places[field] = Some(at),
                Some(other) if plain(&names[other]) == name => repeated.push(Fault::new(
                    "/file",
                    "repeated_column",
                    format!("{} stands in the header twice", shorten(&name)),
                )),
                Some(_) if COLUMNS[field].name == name => places[field] = Some(at),
                Some(_) => {}
            }
        }
        let layout = Self {
            header_row: row.row,
            names,
            places,
        };
        (layout, repeated)
    }

    /// The row of the header, from 1.
    #[must_use]
    pub const fn header_row(&self) -> u32 {
        self.header_row
    }

    /// The names of the columns as written in the header.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the warnings about the header.
    #[must_use]
    pub fn warnings(&self) -> Vec<JobWarning> {
        let ignored = self.names.iter().enumerate().filter(|(at, name)| {
            !name.is_empty() && *name != ERROR_COLUMN && !self.places.contains(&Some(*at))
        });
        let columns: Vec<String> = ignored.map(|(_, name)| name.clone()).collect();
        if columns.is_empty() {
            return Vec::new();
        }
        let named: Vec<_> = columns.iter().take(30).map(|name| shorten(name)).collect();
        vec![JobWarning {
            code: "unknown_columns".to_owned(),
            detail: format!(
                "{} mean nothing for outcomes and were not read",
                named.join(", ")
            ),
            columns,
        }]
    }

    /// Returns the outcome of a row. `today` is the day of the clock.
    ///
    /// # Errors
    /// Every fault, each at the name of its column.
    pub fn outcome(
        &self,
        cells: &[String],
        today: Date,
    ) -> Result<(Symbol, OutcomeFacts), Vec<Fault>> {
        let cell = |field: usize| {
            let text = self.places[field].and_then(|at| cells.get(at));
            text.map(|text| text.trim()).filter(|text| !text.is_empty())
        };
        let text = |field| cell(field).map(str::to_owned);
        let mut faults = Vec::new();
        let symbol = match cell(0) {
            Some(symbol) => read_symbol(symbol),
            None => Err(Fault::new(
                "company_symbol",
                "required",
                "say which company it is about",
            )),
        };
        let symbol = symbol.map_err(|fault| faults.push(fault)).ok();
        let technical = flag(cell(4)).map_err(|fault| faults.push(fault));
        let draft = OutcomeDraft {
            definition: text(1).unwrap_or_default(),
            event: text(2).unwrap_or_else(|| "default".to_owned()),
            occurred_on: day(cell(3).unwrap_or_default()).to_owned(),
            technical: technical.unwrap_or_default(),
            reason_code: text(5),
            external_id: text(6),
            note: text(7),
        };
        let facts = draft.check(today).map_err(|more| {
            faults.extend(more.into_iter().map(|fault| Fault {
                pointer: fault.pointer.trim_start_matches('/').to_owned(),
                ..fault
            }));
        });
        match (symbol, facts) {
            (Some(symbol), Ok(facts)) if faults.is_empty() => Ok((symbol, facts)),
            _ => Err(faults),
        }
    }
}

/// Returns a day without the midnight that spreadsheets append to it.
fn day(text: &str) -> &str {
    let end = text.find([' ', 'T']).filter(|end| {
        let time = text[end + 1..].trim_end_matches('Z');
        !time.is_empty() && time.chars().all(|c| matches!(c, '0' | ':' | '.'))
    });
    end.map_or(text, |end| &text[..end])
}

fn flag(text: Option<&str>) -> Result<bool, Fault> {
    match text.map(str::to_ascii_lowercase).as_deref() {
        None | Some("0" | "false" | "no" | "n") => Ok(false),
        Some("1" | "true" | "yes" | "y") => Ok(true),
        Some(other) => Err(Fault::new(
            "technical",
            "unknown_value",
            format!("{:?} is neither true nor false", shorten(other)),
        )),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::{outcome::Definition, validation::Event};

    fn rows(lines: &[&str]) -> Vec<Vec<String>> {
        let cells = |line: &&str| line.split(';').map(str::to_owned).collect();
        lines.iter().map(cells).collect()
    }

    fn layout(lines: &[&str]) -> Result<OutcomeLayout, Vec<Fault>> {
        let rows = rows(lines);
        let rows: Vec<_> = (1..)
            .zip(&rows)
            .map(|(row, cells)| Cells::new(row, cells))
            .collect();
        OutcomeLayout::find(&rows)
    }

    #[test]
    fn outcome_header_is_found_below_a_title_and_by_synonyms() {
        let found = layout(&[
            "Defaults of 2025",
            "Ticker;Default date;Definition;Desk",
            "ACME;2025-03-01;crr_178@1;North",
        ]);
        let found = found.unwrap();
        assert_eq!(found.header_row(), 2);
        assert_eq!(found.warnings()[0].columns, ["Desk"]);
        let read = |line: &str| found.outcome(&rows(&[line])[0], date!(2025 - 06 - 01));
        let (symbol, facts) = read("acme;2025-03-01 00:00:00;crr_178@1;x").unwrap();
        assert_eq!(symbol.as_str(), "ACME");
        assert_eq!(
            (facts.event, facts.occurred_on, facts.definition),
            (Event::Default, date!(2025 - 03 - 01), Definition::Crr178)
        );
        let faults = read(";2025-07-01;mine;x").unwrap_err();
        let found: Vec<_> = faults.iter().map(|f| (&*f.pointer, &*f.code)).collect();
        assert_eq!(
            found,
            [
                ("company_symbol", "required"),
                ("definition", "unknown_value"),
                ("occurred_on", "in_the_future"),
            ]
        );
    }

    #[test]
    fn rows_above_a_header_with_more_columns_are_still_data() {
        let found = layout(&[
            "Ticker;Default date;Definition",
            "ACME;2025-03-01;crr_178@1",
            "Ticker;Default date;Definition;Note",
            "OTHER;2025-03-01;crr_178@1;late",
        ]);
        assert_eq!(found.unwrap().header_row(), 1);
    }

    #[test]
    fn missing_and_repeated_outcome_columns_are_reported() {
        let faults = layout(&["symbol;event;event", "A;default;exit"]).unwrap_err();
        let codes: Vec<_> = faults.iter().map(|fault| &*fault.code).collect();
        assert_eq!(codes, ["missing_columns", "repeated_column"]);
        assert!(faults[0].detail.contains("definition, occurred_on"));
        assert_eq!(layout(&[]).unwrap_err()[0].code, "empty_file");
    }

    #[test]
    fn technical_column_is_read_as_true_or_false() {
        let found = layout(&["symbol;date;definition;technical"]).unwrap();
        let read = |text: &str| {
            let row = format!("A;2025-03-01;crr_178@1;{text}");
            found.outcome(&rows(&[&row])[0], date!(2025 - 06 - 01))
        };
        assert!(read("Yes").unwrap().1.technical);
        assert!(!read("").unwrap().1.technical);
        assert_eq!(read("perhaps").unwrap_err()[0].pointer, "technical");
    }
}
