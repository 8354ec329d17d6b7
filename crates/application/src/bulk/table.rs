//! Which table of a file is read.

use accunode_domain::fault::Fault;
use accunode_ports::files::{Peek, SourceRow, TableChoice};

/// A table of a file and its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The names of the columns, trimmed, lower-cased, blanks as underscores.
    pub columns: Vec<String>,
    /// Where it stands.
    pub choice: TableChoice,
    /// Whether any row stands behind the header.
    pub has_rows: bool,
}

impl Table {
    /// How many of the first rows of a file it takes to choose.
    pub const PEEK: u32 = 2;

    /// The first visible table of a file, its first row being the header.
    ///
    /// # Errors
    /// `empty_file` where there is none.
    pub fn first(peek: Peek) -> Result<Self, Fault> {
        let mut tables = peek.tables;
        let at = tables.iter().position(|table| !table.is_hidden);
        let table = (!tables.is_empty()).then(|| tables.swap_remove(at.unwrap_or_default()));
        let header = table.as_ref().and_then(|table| table.rows.first());
        let (Some(table), Some(header)) = (&table, header) else {
            return Err(Fault::new(
                "/file",
                "empty_file",
                "the file is empty; its first row must name the columns",
            ));
        };
        let columns = header_names(&header.cells);
        Ok(Self {
            choice: TableChoice {
                sheet: table.sheet.clone(),
                header_row: header.row,
                width: u32::try_from(columns.len()).unwrap_or_default(),
                dialect: None,
            },
            has_rows: table.rows.len() > 1,
            columns,
        })
    }

    /// Fits a row to the columns: missing cells are empty, surplus ones stay at the end
    /// unless nothing stands in them.
    #[must_use]
    pub fn fit(&self, mut row: SourceRow) -> SourceRow {
        let used = row
            .cells
            .iter()
            .rposition(|cell| !cell.trim().is_empty())
            .map_or(0, |last| last + 1);
        row.cells
            .resize(self.columns.len().max(used), String::new());
        row
    }
}

/// The names of a header, without the empty ones at its end.
fn header_names(cells: &[String]) -> Vec<String> {
    let mut columns: Vec<String> = cells.iter().map(|cell| normalized_column(cell)).collect();
    while columns.last().is_some_and(String::is_empty) {
        columns.pop();
    }
    columns
}

/// A column's name as it is compared: trimmed, lower-cased, inner blanks and dashes
/// as one underscore (`Return on  Assets` → `return_on_assets`).
#[must_use]
pub fn normalized_column(name: &str) -> String {
    let mut normalized = String::with_capacity(name.len());
    for word in name
        .split(|c: char| c.is_whitespace() || c == '-')
        .filter(|word| !word.is_empty())
    {
        if !normalized.is_empty() {
            normalized.push('_');
        }
        normalized.extend(word.chars().flat_map(char::to_lowercase));
    }
    normalized
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_names_are_compared_without_case_blanks_and_dashes() {
        for (name, expected) in [
            ("  Return on  Assets ", "return_on_assets"),
            ("reporting-year", "reporting_year"),
            ("reporting_year", "reporting_year"),
            ("ÉTAT - actif", "état_actif"),
            (" ", ""),
        ] {
            assert_eq!(normalized_column(name), expected);
        }
    }

    #[test]
    fn missing_cells_are_empty_and_surplus_ones_are_kept() {
        let table = |columns: &[&str]| Table {
            columns: columns.iter().map(ToString::to_string).collect(),
            choice: TableChoice::default(),
            has_rows: true,
        };
        let row =
            |cells: &[&str]| SourceRow::of(2, cells.iter().map(ToString::to_string).collect());
        assert_eq!(
            table(&["x", "y", "z"]).fit(row(&["a"])).cells,
            ["a", "", ""]
        );
        let long = table(&["x", "y"]).fit(row(&["a", "b", "", "d", " "]));
        assert_eq!(long.cells, ["a", "b", "", "d"]);
    }
}
