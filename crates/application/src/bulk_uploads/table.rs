//! Chooses the table of a file, and finds the meaning of its columns.

use accunode_domain::{
    fault::{Fault, shorten},
    intake::{Cells, Formula, FormulaValue, Layout, OutcomeLayout},
    job::JobWarning,
    prediction::Kind,
};
use accunode_ports::files::{
    CellMark, FileNote, MarkKind, Peek, SourceRow, TableChoice, TableHead,
};

use crate::Error;

/// The number of sheet names that an error lists.
const LISTED: usize = 20;

/// Runs work on a thread of its own: reading an untrusted header takes time, and other
/// requests must not wait for it.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|panic| Error::Internal(Box::new(panic)))
}

/// The table of a file that is read, with its recognised header.
#[derive(Clone, Debug)]
pub struct Table<L = Layout> {
    /// The meaning of its columns.
    pub layout: L,
    /// The choice that makes the reader open it.
    pub choice: TableChoice,
    /// Whether every row must have as many cells as the header.
    pub is_fixed_width: bool,
    /// Whether there is a row below its header.
    pub has_rows: bool,
    /// Whether commas separate its columns.
    pub columns_by_comma: bool,
    /// Warnings about the choice and the header.
    pub warnings: Vec<JobWarning>,
}

/// A recognised header.
pub trait Header {
    /// Its row number, from 1.
    fn row(&self) -> u32;
    /// The names of its columns.
    fn names(&self) -> &[String];
    /// Warnings about it.
    fn warnings(&self) -> Vec<JobWarning>;
}

impl Header for Layout {
    fn row(&self) -> u32 {
        self.header_row()
    }

    fn names(&self) -> &[String] {
        self.names()
    }

    fn warnings(&self) -> Vec<JobWarning> {
        self.warnings()
    }
}

impl Header for OutcomeLayout {
    fn row(&self) -> u32 {
        self.header_row()
    }

    fn names(&self) -> &[String] {
        self.names()
    }

    fn warnings(&self) -> Vec<JobWarning> {
        self.warnings()
    }
}

impl Table {
    /// The number of rows of each table that [`Table::choose`] needs.
    pub const PEEK: u32 = Layout::SEARCHED;

    /// Chooses the table that has the columns of a kind of predictions, as
    /// [`Table::choose_by`].
    ///
    /// # Errors
    /// As [`Table::choose_by`].
    pub fn choose(kind: Kind, peek: &Peek, sheet: Option<&str>) -> Result<Self, Vec<Fault>> {
        Self::choose_by(|rows| Layout::find(kind, rows), peek, sheet)
    }
}

impl Table<OutcomeLayout> {
    /// Chooses the table that has the columns of outcomes, as [`Table::choose_by`].
    ///
    /// # Errors
    /// As [`Table::choose_by`].
    pub fn of_outcomes(peek: &Peek, sheet: Option<&str>) -> Result<Self, Vec<Fault>> {
        Self::choose_by(OutcomeLayout::find, peek, sheet)
    }
}

impl<L: Header> Table<L> {
    /// Chooses the table that has the needed columns. `sheet` names it; without it the table
    /// must be the only one, and a visible one takes precedence over hidden ones.
    ///
    /// # Errors
    /// `empty_file`; `unknown_sheet` with the existing names; `several_sheets` if more than
    /// one table has the columns; `several_headers` of the table that is chosen; `missing_columns` and `repeated_column` of the table that
    /// has the most of the columns.
    fn choose_by(
        find: impl Fn(&[Cells<'_>]) -> Result<L, Vec<Fault>>,
        peek: &Peek,
        sheet: Option<&str>,
    ) -> Result<Self, Vec<Fault>> {
        let mut read: Vec<(&TableHead, Result<L, Vec<Fault>>)> = peek
            .tables
            .iter()
            .map(|head| (head, layout(&find, head)))
            .collect();
        if let Some(wanted) = sheet {
            let found = read.iter().position(|(head, _)| is_named(head, wanted));
            let Some(at) = found else {
                return Err(vec![unknown_sheet(wanted, peek)]);
            };
            let (head, layout) = read.swap_remove(at);
            let others = read.iter().filter(|(_, layout)| layout.is_ok());
            let others: Vec<&TableHead> = others.map(|(head, _)| *head).collect();
            return Ok(Self::of(head, layout?, &[], &others));
        }
        // The empty template beside the table is no choice.
        let has_filled = read
            .iter()
            .any(|(head, layout)| may_be_meant(layout) && !is_empty(head, layout));
        let usable = |visible: bool| {
            read.iter()
                .filter(|(head, layout)| {
                    may_be_meant(layout) && !(has_filled && is_empty(head, layout))
                })
                .filter(|(head, _)| head.is_hidden != visible)
                .map(|(head, _)| *head)
                .collect::<Vec<_>>()
        };
        let (visible, hidden) = (usable(true), usable(false));
        let chosen = match (visible.as_slice(), hidden.as_slice()) {
            ([one], _) | ([], [one]) => *one,
            ([], []) => return Err(none_usable(read)),
            _ => {
                let several = if visible.is_empty() {
                    &hidden
                } else {
                    &visible
                };
                return Err(vec![several_sheets(several)]);
            }
        };
        let at = read
            .iter()
            .position(|(head, _)| std::ptr::eq(*head, chosen));
        let Some(at) = at else {
            return Err(none_usable(read));
        };
        let (head, layout) = read.remove(at);
        let before = read.iter().take(at);
        let passed_over: Vec<&TableHead> = before
            .filter(|(_, layout)| layout.is_err())
            .map(|(head, _)| *head)
            .collect();
        Ok(Self::of(head, layout?, &passed_over, &hidden))
    }

    fn of(head: &TableHead, layout: L, passed_over: &[&TableHead], alike: &[&TableHead]) -> Self {
        let mut warnings = Vec::new();
        let alike: Vec<&TableHead> = alike
            .iter()
            .copied()
            .filter(|other| !std::ptr::eq(*other, head))
            .collect();
        if let (Some(sheet), false) = (&head.sheet, passed_over.is_empty() && !head.is_hidden) {
            warnings.push(warning(
                "sheet_chosen",
                format!(
                    "the sheet {sheet:?} was read; {} has other columns and was not",
                    names(passed_over)
                ),
            ));
        }
        if !alike.is_empty() {
            warnings.push(warning(
                "sheets_not_read",
                format!(
                    "the workbook has other sheets with the same columns that were not read: {}; \
                     send the file again for each, naming it as the sheet",
                    names(&alike)
                ),
            ));
        }
        warnings.extend(head.notes.iter().map(|note| JobWarning {
            code: note.code.clone(),
            detail: note.detail.clone(),
            columns: note.columns.clone(),
        }));
        warnings.extend(layout.warnings());
        let choice = TableChoice {
            sheet: head.sheet.clone(),
            header_row: layout.row(),
            width: u32::try_from(layout.names().len()).unwrap_or(u32::MAX),
            // The dialect is derived from the whole file, not only its beginning.
            dialect: None,
        };
        Self {
            has_rows: head.rows.iter().any(|row| row.row > layout.row()),
            is_fixed_width: head.is_fixed_width,
            columns_by_comma: head.dialect.is_some_and(|by| by.delimiter == b','),
            layout,
            choice,
            warnings,
        }
    }
}

impl<L> Table<L> {
    /// Returns its warnings, and the reader's findings in the file.
    pub(super) fn with_notes(&self, notes: Vec<FileNote>) -> Vec<JobWarning> {
        let mut warnings = self.warnings.clone();
        for note in notes {
            if !warnings.iter().any(|warning| warning.code == note.code) {
                warnings.push(JobWarning {
                    code: note.code,
                    detail: note.detail,
                    columns: note.columns,
                });
            }
        }
        warnings
    }
}

/// Returns the formulas of a row, as far as they show whether they were computed.
pub(super) fn formulas(row: &SourceRow) -> Vec<Formula> {
    let formula = |mark: &CellMark| {
        let value = match mark.kind {
            MarkKind::FormulaWithoutValue => FormulaValue::Absent,
            MarkKind::FormulaZero => FormulaValue::Zero,
            MarkKind::FormulaComputed => FormulaValue::Computed,
            MarkKind::Text => return None,
        };
        Some(Formula {
            column: usize::from(mark.column),
            value,
        })
    };
    row.marks.iter().filter_map(formula).collect()
}

/// Returns the columns of a workbook's cells that are texts with a point or a comma.
pub(super) fn texts(row: &SourceRow) -> Vec<u16> {
    let texts = row.marks.iter().filter(|mark| mark.kind == MarkKind::Text);
    texts.map(|mark| mark.column).collect()
}

fn layout<L>(
    find: impl Fn(&[Cells<'_>]) -> Result<L, Vec<Fault>>,
    head: &TableHead,
) -> Result<L, Vec<Fault>> {
    let rows: Vec<Cells<'_>> = head
        .rows
        .iter()
        .map(|row| Cells::new(row.row, &row.cells))
        .collect();
    find(&rows)
}

/// Returns whether a table has the columns; one that has them more than once is not passed over,
/// but refused if it is chosen.
fn may_be_meant<L>(layout: &Result<L, Vec<Fault>>) -> bool {
    match layout {
        Ok(_) => true,
        Err(faults) => Layout::has_several_headers(faults),
    }
}

/// Returns whether a table has a header and nothing below it.
fn is_empty<L: Header>(head: &TableHead, layout: &Result<L, Vec<Fault>>) -> bool {
    let header = layout.as_ref().map(Header::row).ok();
    header.is_some_and(|header| head.rows.iter().all(|row| row.row <= header))
}

fn is_named(head: &TableHead, wanted: &str) -> bool {
    let wanted = wanted.trim().to_lowercase();
    head.sheet
        .as_ref()
        .is_some_and(|name| name.trim().to_lowercase() == wanted)
}

/// Returns the faults of the table that is most similar, and the names of the others.
fn none_usable<L>(read: Vec<(&TableHead, Result<L, Vec<Fault>>)>) -> Vec<Fault> {
    let several = read.len() > 1;
    let listed: Vec<&TableHead> = read.iter().map(|(head, _)| *head).collect();
    let all = names(&listed);
    let nearest = read
        .into_iter()
        .filter_map(|(head, layout)| layout.err().map(|faults| (head, faults)))
        // Missing columns are named in the fault, so the shortest fault lacks the fewest.
        .min_by_key(|(_, faults)| (faults.len(), missing(faults)));
    let Some((head, mut faults)) = nearest else {
        return vec![Fault::new(
            "/file",
            "empty_file",
            "the file is empty; one of its first rows must name the columns",
        )];
    };
    if let (true, Some(sheet), Some(first)) = (several, &head.sheet, faults.first_mut()) {
        first.detail = format!(
            "no sheet has every needed column; the workbook has {all}, and {sheet:?} comes \
             nearest: {}",
            first.detail
        );
    }
    faults
}

/// Returns how many columns a fault reports as missing.
fn missing(faults: &[Fault]) -> usize {
    faults
        .iter()
        .filter(|fault| fault.code == "missing_columns")
        .map(|fault| {
            let lacks = fault.detail.split("lacks ").nth(1).unwrap_or_default();
            lacks
                .split(['.', ';'])
                .next()
                .unwrap_or_default()
                .matches(", ")
                .count()
                + 1
        })
        .sum()
}

fn unknown_sheet(wanted: &str, peek: &Peek) -> Fault {
    let heads: Vec<&TableHead> = peek.tables.iter().collect();
    let available = if heads.iter().all(|head| head.sheet.is_none()) {
        "the file is no workbook and has no sheets".to_owned()
    } else {
        format!("the workbook has {}", names(&heads))
    };
    Fault::new(
        "/sheet",
        "unknown_sheet",
        format!("there is no sheet {:?}; {available}", shorten(wanted)),
    )
}

fn several_sheets(heads: &[&TableHead]) -> Fault {
    Fault::new(
        "/sheet",
        "several_sheets",
        format!(
            "the sheets {} all have the needed columns: name the one that is meant, like \
             sheet={:?}, and send the file again for each of the others",
            names(heads),
            heads
                .first()
                .and_then(|head| head.sheet.as_deref())
                .map_or_else(String::new, shorten)
        ),
    )
}

fn names(heads: &[&TableHead]) -> String {
    let mut names: Vec<String> = heads
        .iter()
        .take(LISTED)
        .filter_map(|head| head.sheet.as_ref())
        .map(|name| format!("{:?}", shorten(name)))
        .collect();
    if heads.len() > LISTED {
        names.push("others".to_owned());
    }
    names.join(", ")
}

fn warning(code: &str, detail: String) -> JobWarning {
    JobWarning {
        code: code.to_owned(),
        detail,
        columns: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "symbol,year,long_term_debt_to_total_capital,total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets";

    fn sheet(name: &str, rows: &[&str]) -> TableHead {
        TableHead {
            sheet: Some(name.to_owned()),
            rows: rows
                .iter()
                .zip(1..)
                .map(|(row, number)| {
                    SourceRow::of(number, row.split(',').map(str::to_owned).collect())
                })
                .collect(),
            ..TableHead::default()
        }
    }

    fn choose(tables: Vec<TableHead>, sheet: Option<&str>) -> Result<Table, Vec<Fault>> {
        Table::choose(Kind::Annual, &Peek { tables }, sheet)
    }

    #[test]
    fn only_sheet_with_the_columns_is_chosen_with_a_warning() {
        let data = [HEADER, "A,2024,0.1,1,0.1,1,0.1"];
        let table = choose(
            vec![
                sheet("README", &["How to use this file"]),
                sheet("Data", &data),
            ],
            None,
        )
        .unwrap();
        assert_eq!(table.choice.sheet.as_deref(), Some("Data"));
        assert!(table.has_rows);
        let warning = &table.warnings[0];
        assert_eq!(warning.code, "sheet_chosen");
        assert!(warning.detail.contains("Data") && warning.detail.contains("README"));
    }

    #[test]
    fn sheet_with_only_a_header_is_no_choice_beside_a_filled_one() {
        let filled = sheet("Data", &[HEADER, "A,2024,0.1,1,0.1,1,0.1"]);
        let template = sheet("Template", &[HEADER]);
        let table = choose(vec![template.clone(), filled], None).unwrap();
        assert_eq!(table.choice.sheet.as_deref(), Some("Data"));
        // An empty one alone is still read, and reported as empty.
        let table = choose(vec![template], None).unwrap();
        assert!(!table.has_rows);
    }

    #[test]
    fn several_sheets_with_the_columns_are_refused_until_one_is_named() {
        let two = || vec![sheet("2023", &[HEADER, "A"]), sheet("2024", &[HEADER, "A"])];
        let fault = &choose(two(), None).unwrap_err()[0];
        assert_eq!(fault.code, "several_sheets");
        assert!(
            fault.detail.contains("\"2023\", \"2024\""),
            "{}",
            fault.detail
        );
        let table = choose(two(), Some("2024 ")).unwrap();
        assert_eq!(table.choice.sheet.as_deref(), Some("2024"));
        assert!(table.warnings[0].detail.contains("2023"));
        let fault = &choose(two(), Some("2025")).unwrap_err()[0];
        assert_eq!(fault.code, "unknown_sheet");
        assert!(fault.detail.contains("2023"));
    }

    #[test]
    fn hidden_sheet_is_read_only_without_a_matching_visible_one() {
        let hidden = |name| TableHead {
            is_hidden: true,
            ..sheet(name, &[HEADER, "A"])
        };
        let table = choose(vec![hidden("old"), sheet("now", &[HEADER, "A"])], None).unwrap();
        assert_eq!(table.choice.sheet.as_deref(), Some("now"));
        assert!(table.warnings.iter().any(|w| w.code == "sheets_not_read"));
        let table = choose(vec![sheet("cover", &["x"]), hidden("old")], None).unwrap();
        assert_eq!(table.choice.sheet.as_deref(), Some("old"));
    }

    #[test]
    fn no_matching_sheet_reports_the_nearest_and_the_others() {
        let faults = choose(
            vec![
                sheet("notes", &["x,y"]),
                sheet("data", &[&HEADER.replace("return_on_assets", "z")]),
            ],
            None,
        )
        .unwrap_err();
        assert_eq!(faults[0].code, "missing_columns");
        for part in ["\"notes\"", "\"data\" comes nearest", "return_on_assets"] {
            assert!(
                faults[0].detail.contains(part),
                "{part}: {}",
                faults[0].detail
            );
        }
        assert_eq!(choose(Vec::new(), None).unwrap_err()[0].code, "empty_file");
    }
}
