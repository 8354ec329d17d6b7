//! From the cells of an uploaded table to inputs of a model.
//!
//! Users and programs write the same table in many ways. What is certain is read. What is likely
//! is read with a warning that names the column, the number of cells and an example. What is
//! doubtful stops the whole file before anything is stored, and the message names the option that
//! settles it.
//!
//! A table is read twice. [`Layout::find`] finds its header among the first rows, and a [`Survey`]
//! reads every row, so that units and separators are judged by whole columns. Its [`Plan`] then
//! reads the rows ([`Plan::read`]), one by one and always in the same way.
//!
//! ```
//! use accunode_domain::{intake::{Cells, Layout, Options, Survey}, prediction::Kind};
//!
//! let table = ["Ticker;Fiscal Year;LT Debt / Capital (%);Debt / EBITDA;Net margin (%);EBIT / interest;ROA (%)",
//!     "NRDV;FY2024;41,2;3,6x;6,1;5,2;4,4",
//!     "KLMT;FY2024;28,7;2,1x;3,8;7,9;5,2"];
//! let rows: Vec<Vec<String>> =
//!     table.iter().map(|row| row.split(';').map(str::to_owned).collect()).collect();
//! let rows: Vec<Cells> = rows.iter().zip(1..).map(|(cells, row)| Cells::new(row, cells)).collect();
//!
//! let layout = Layout::find(Kind::Annual, &rows).unwrap();
//! let mut survey = Survey::new(layout, Options::default(), true);
//! rows[1..].iter().for_each(|row| survey.see(row));
//! let (plan, warnings) = survey.finish().unwrap();
//!
//! let read = plan.read(&rows[1]).unwrap();
//! assert_eq!(read.ratios[0].as_deref(), Some("0.412"));
//! assert_eq!(read.ratios[1].as_deref(), Some("3.6"));
//! assert!(warnings.iter().any(|warning| warning.code == "decimal_comma"));
//! ```

mod amount;
mod column;
mod country;
mod describe;
mod identity;
mod layout;
mod month;
mod names;
mod number;
mod outcomes;
mod period;
mod plan;
#[cfg(test)]
mod properties;
mod survey;
mod symbol;
mod text;
mod units;

pub use identity::{Described, contradiction};
pub use layout::{ERROR_COLUMN, Layout};
pub use names::{DESCRIPTIONS, Field, Synonym, synonyms};
pub use number::{DecimalMark, MISSING_MARKS, says_missing};
pub use outcomes::{OutcomeColumn, OutcomeLayout};
pub use period::{Likely, ReadPeriod, read_period};
pub use plan::{InputRow, Plan, example};
pub use survey::Survey;
pub use units::{ColumnUnits, Options};

/// One row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'a> {
    /// The row in its file, from 1.
    pub row: u32,
    /// The cells as they are displayed.
    pub cells: &'a [String],
    /// The formulas among them whose stored values are doubtful.
    pub formulas: &'a [Formula],
    /// In a workbook, the columns of the cells that are texts with a point or a comma; the other
    /// cells are numbers, whose decimal mark is certain. Every cell of a text file is a text.
    pub texts: &'a [u16],
}

impl<'a> Cells<'a> {
    /// Creates a row without formulas, and without texts if it is a workbook's.
    #[must_use]
    pub const fn new(row: u32, cells: &'a [String]) -> Self {
        Self {
            row,
            cells,
            formulas: &[],
            texts: &[],
        }
    }

    /// Returns whether a cell is a text. `is_fixed_width` is true for files of text.
    pub(crate) fn is_text(&self, column: usize, is_fixed_width: bool) -> bool {
        is_fixed_width || self.texts.iter().any(|text| usize::from(*text) == column)
    }

    /// Returns the cell in a column, trimmed; empty if the row is shorter. `="000123"` is the text
    /// 000123, which programs write so that a spreadsheet keeps the zeros.
    #[must_use]
    pub fn at(&self, column: usize) -> &'a str {
        let text = self.cells.get(column).map_or("", |text| text.trim());
        text.strip_prefix("=\"")
            .and_then(|rest| rest.strip_suffix('"'))
            .filter(|inside| !inside.contains('"'))
            .map_or(text, str::trim)
    }
}

/// A formula. Its stored value shows whether it was ever computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formula {
    /// Its column, from 0.
    pub column: usize,
    /// Its stored value.
    pub value: FormulaValue,
}

/// The stored value of a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormulaValue {
    /// No value: a program wrote the formula and did not compute it.
    Absent,
    /// 0, which some programs store for a formula that they do not compute.
    Zero,
    /// Another value: the column was computed. The first such cell of a column is sufficient.
    Computed,
}
