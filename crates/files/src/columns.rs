//! The names of columns, and cells as they are handed on.

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

/// The names of a header, without the empty ones at its end.
pub(crate) fn header(cells: &[String]) -> Vec<String> {
    let mut columns: Vec<String> = cells.iter().map(|cell| normalized_column(cell)).collect();
    while columns.last().is_some_and(String::is_empty) {
        columns.pop();
    }
    columns
}

/// Fits a row to `columns` columns: missing cells are empty, surplus ones stay at
/// the end unless nothing stands in them.
pub(crate) fn fit(cells: &mut Vec<String>, columns: usize) {
    let used = cells
        .iter()
        .rposition(|cell| !cell.trim().is_empty())
        .map_or(0, |last| last + 1);
    cells.resize(columns.max(used), String::new());
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
        let mut short = vec!["a".to_owned()];
        fit(&mut short, 3);
        assert_eq!(short, ["a", "", ""]);
        let mut long = ["a", "b", "", "d", " "].map(str::to_owned).to_vec();
        fit(&mut long, 2);
        assert_eq!(long, ["a", "b", "", "d"]);
    }
}
