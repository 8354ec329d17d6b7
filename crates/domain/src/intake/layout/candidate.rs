//! A row read as a header.

use super::LISTED;
use crate::{
    fault::{Fault, shorten},
    intake::{
        Cells,
        names::{COMPANY_NAME, ColumnName, Field},
        text::name_in,
    },
    prediction::Kind,
};

/// How similar an unknown name must be to a missing one to be suggested.
const ALIKE: f64 = 0.8;

/// A row read as a header: the possible meaning of each column.
pub(super) struct Candidate {
    pub(super) row: u32,
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<ColumnName>,
    pub(super) fields: Vec<Option<Field>>,
}

impl Candidate {
    pub(super) fn of(kind: Kind, row: &Cells<'_>) -> Self {
        let mut names: Vec<String> = row.cells.iter().map(|cell| name_in(cell)).collect();
        while names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        let columns: Vec<ColumnName> = names.iter().map(|name| ColumnName::read(name)).collect();
        let fields = columns
            .iter()
            .map(|column| Field::meant_by(kind, column))
            .collect();
        let fields = with_security(&columns, with_period(kind, &columns, fields));
        Self {
            row: row.row,
            names,
            columns,
            fields,
        }
    }

    /// Returns how many different fields the row names.
    pub(super) fn score(&self) -> usize {
        let mut found: Vec<Field> = self.fields.iter().flatten().copied().collect();
        found.sort_by_key(|field| format!("{field:?}"));
        found.dedup();
        found.len()
    }
}

impl Candidate {
    fn columns_of(&self, field: Field) -> Vec<usize> {
        let meant = self.fields.iter().enumerate();
        meant
            .filter(|(_, meant)| **meant == Some(field))
            .map(|(column, _)| column)
            .collect()
    }

    pub(super) fn first(&self, field: Field) -> Option<usize> {
        let own = field.name(Kind::Annual);
        let columns = self.columns_of(field);
        let exact = columns.iter().find(|c| self.names[**c] == own);
        exact.or(columns.first()).copied()
    }

    /// Returns the column of a field. The name of our own files takes precedence over others.
    pub(super) fn column(&self, kind: Kind, field: Field) -> Result<Option<usize>, Fault> {
        let columns = self.columns_of(field);
        let own = field.name(kind);
        let exact: Vec<usize> = columns
            .iter()
            .copied()
            .filter(|column| self.names[*column].to_lowercase() == own)
            .collect();
        // A fiscal year is the year that is meant, and the date beside it is when it ended.
        let years: Vec<usize> = columns
            .iter()
            .copied()
            .filter(|column| field == Field::Year && !self.columns[*column].is_of_dates())
            .collect();
        match (exact.as_slice(), columns.as_slice(), years.as_slice()) {
            ([one], _, _) | ([], [one], _) | ([], _, [one]) => Ok(Some(*one)),
            ([], [], _) => Ok(None),
            _ => {
                let names: Vec<String> = columns.iter().map(|c| shorten(&self.names[*c])).collect();
                Err(Fault::new(
                    "/file",
                    "repeated_column",
                    format!("{} all mean {own}; keep one of them", names.join(" and ")).replace(
                        "all mean",
                        if columns.len() == 2 {
                            "both mean"
                        } else {
                            "all mean"
                        },
                    ),
                ))
            }
        }
    }

    pub(super) fn lacks(&self, kind: Kind, missing: &[Field]) -> Fault {
        let mut detail = format!(
            "row {} was read as the header, and it lacks {}",
            self.row,
            missing
                .iter()
                .map(|field| field.name(kind))
                .collect::<Vec<_>>()
                .join(", ")
        );
        let unknown: Vec<(&str, &ColumnName)> = self
            .names
            .iter()
            .zip(&self.columns)
            .zip(&self.fields)
            .filter(|((name, _), field)| field.is_none() && !name.is_empty())
            .map(|((name, column), _)| (name.as_str(), column))
            .collect();
        for field in missing {
            if let Some(near) = nearest(field.name(kind), &unknown) {
                detail += &format!("; is {:?} meant for {}?", shorten(near), field.name(kind));
            }
        }
        let recognised: Vec<String> = self
            .names
            .iter()
            .zip(&self.fields)
            .filter_map(|(name, field)| {
                field.map(|field| format!("{:?} as {}", shorten(name), field.name(kind)))
            })
            .take(LISTED)
            .collect();
        if !recognised.is_empty() {
            let end = if detail.ends_with('?') { "" } else { "." };
            detail += &format!("{end} Recognised: {}", recognised.join(", "));
        }
        if !unknown.is_empty() {
            let names: Vec<_> = unknown
                .iter()
                .take(LISTED)
                .map(|(name, _)| shorten(name))
                .collect();
            detail += &format!(". Also found: {}", names.join(", "));
        }
        Fault::new("/file", "missing_columns", detail)
    }
}

/// Uses a column that is called period for the quarter if another column has the year.
fn with_period(
    kind: Kind,
    columns: &[ColumnName],
    mut fields: Vec<Option<Field>>,
) -> Vec<Option<Field>> {
    let is_period = |column: &ColumnName| matches!(column.key.as_str(), "period" | "fiscal period");
    let years = fields.iter().filter(|f| **f == Some(Field::Year)).count();
    let has_quarter = fields.contains(&Some(Field::Quarter));
    for (column, field) in columns.iter().zip(&mut fields) {
        if years > 1 && is_period(column) && *field == Some(Field::Year) {
            *field = (kind == Kind::Quarterly && !has_quarter).then_some(Field::Quarter);
        }
    }
    fields
}

/// Uses a column that is called security for the name if another column has the symbol.
fn with_security(columns: &[ColumnName], mut fields: Vec<Option<Field>>) -> Vec<Option<Field>> {
    let symbols = fields.iter().filter(|f| **f == Some(Field::Symbol)).count();
    let name = Field::Description(COMPANY_NAME);
    let has_name = fields.contains(&Some(name));
    for (column, field) in columns.iter().zip(&mut fields) {
        if symbols > 1 && column.key == "security" && *field == Some(Field::Symbol) {
            *field = (!has_name).then_some(name);
        }
    }
    fields
}

/// Words by which a column contains another figure than one whose name is similar.
const QUALIFIERS: [&str; 54] = [
    "net",
    "adj",
    "adjusted",
    "fwd",
    "forward",
    "est",
    "estimate",
    "estimated",
    "forecast",
    "budget",
    "plan",
    "target",
    "prior",
    "previous",
    "last",
    "next",
    "lag",
    "lagged",
    "inverse",
    "inverted",
    "reciprocal",
    "rank",
    "percentile",
    "quartile",
    "decile",
    "score",
    "zscore",
    "growth",
    "change",
    "chg",
    "delta",
    "yoy",
    "qoq",
    "sector",
    "industry",
    "peer",
    "peers",
    "median",
    "average",
    "avg",
    "mean",
    "min",
    "max",
    "high",
    "low",
    "std",
    "trend",
    "log",
    "flag",
    "grade",
    "ex",
    "excluding",
    "incl",
    "covenant",
];

/// Returns whether a name has a word that the wanted one lacks and that makes it another figure.
fn is_qualified(name: &str, wanted: &str) -> bool {
    let is_other =
        |word: &str| QUALIFIERS.contains(&word) || word.starts_with(|c: char| c.is_ascii_digit());
    let wanted: Vec<&str> = wanted.split(' ').collect();
    let mut words = name.split(' ').filter(|word| !wanted.contains(word));
    words.any(is_other)
}

/// Returns the name that is most similar to a field's, unless it is that of another figure.
fn nearest<'a>(field: &str, names: &[(&'a str, &ColumnName)]) -> Option<&'a str> {
    let wanted = ColumnName::read(field).key;
    names
        .iter()
        .filter(|(_, column)| !is_qualified(&column.key, &wanted))
        .map(|(name, column)| (strsim::jaro_winkler(&wanted, &column.key), *name))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
