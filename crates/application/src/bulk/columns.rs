//! What the columns of a file mean.

use accunode_domain::{
    company::CompanyDraft, decimal::Decimal, fault::Fault, job::JobWarning, prediction::Kind,
};

/// Columns that describe the company, beside the symbol.
pub const COMPANY_COLUMNS: [&str; 7] = [
    "company_name",
    "sector",
    "industry",
    "market_cap",
    "country",
    "currency",
    "exchange",
];

/// Other names that files use, and ours.
const ALIASES: [(&str, &str); 6] = [
    ("symbol", "company_symbol"),
    ("ticker", "company_symbol"),
    ("name", "company_name"),
    ("year", "reporting_year"),
    ("quarter", "reporting_quarter"),
    ("fiscal_year", "reporting_year"),
];

/// The column that the corrected rows carry besides the file's own; ignored when sent again.
pub(super) const ERROR_COLUMN: &str = "error";

/// Where in a row each value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    kind: Kind,
    symbol: usize,
    year: usize,
    quarter: Option<usize>,
    company: [Option<usize>; 7],
    ratios: Vec<usize>,
    ignored: Vec<String>,
}

impl Columns {
    /// The meaning of a header.
    ///
    /// # Errors
    /// `missing_columns`, naming every one; `repeated_column`.
    pub fn of(kind: Kind, header: &[String]) -> Result<Self, Vec<Fault>> {
        let names: Vec<&str> = header
            .iter()
            .map(|name| {
                let alias = ALIASES.iter().find(|(alias, ours)| {
                    alias == name && !header.iter().any(|other| other == ours)
                });
                alias.map_or(name.as_str(), |(_, ours)| ours)
            })
            .collect();
        let at = |name: &str| names.iter().position(|n| *n == name);
        let mut needed = vec!["company_symbol", "reporting_year"];
        if kind == Kind::Quarterly {
            needed.push("reporting_quarter");
        }
        needed.extend(kind.ratios().iter().map(|d| d.name));
        let mut faults = Vec::new();
        let missing: Vec<_> = needed
            .iter()
            .copied()
            .filter(|name| at(name).is_none())
            .collect();
        if !missing.is_empty() {
            faults.push(Fault::new(
                "/file",
                "missing_columns",
                format!(
                    "the header lacks {}; the first row must name the columns",
                    missing.join(", ")
                ),
            ));
        }
        for (i, name) in names.iter().enumerate() {
            if !name.is_empty() && names[..i].contains(name) {
                faults.push(Fault::new(
                    "/file",
                    "repeated_column",
                    format!("the column {name} stands in the header twice"),
                ));
            }
        }
        let (Some(symbol), Some(year), true) = (
            at("company_symbol"),
            at("reporting_year"),
            faults.is_empty(),
        ) else {
            return Err(faults);
        };
        let ignored = names
            .iter()
            .filter(|name| {
                !name.is_empty()
                    && **name != ERROR_COLUMN
                    && !needed.contains(name)
                    && !COMPANY_COLUMNS.contains(name)
            })
            .map(|name| (*name).to_owned())
            .collect();
        Ok(Self {
            kind,
            symbol,
            year,
            quarter: (kind == Kind::Quarterly)
                .then(|| at("reporting_quarter"))
                .flatten(),
            company: COMPANY_COLUMNS.map(at),
            ratios: kind.ratios().iter().filter_map(|d| at(d.name)).collect(),
            ignored,
        })
    }

    /// Whether rows name their company, beside its symbol.
    #[must_use]
    pub fn names_company(&self) -> bool {
        self.company[0].is_some() || self.company[1].is_some()
    }

    /// The texts of the period.
    #[must_use]
    pub fn period<'a>(&self, cells: &'a [String]) -> (&'a str, Option<&'a str>) {
        (
            cell(cells, self.year),
            self.quarter.map(|at| cell(cells, at)),
        )
    }

    /// The texts of the ratios, in the order of the kind's definitions.
    #[must_use]
    pub fn ratios<'a>(&self, cells: &'a [String]) -> Vec<Option<&'a str>> {
        self.ratios
            .iter()
            .map(|at| Some(cell(cells, *at)))
            .collect()
    }

    /// What the row says of its company.
    ///
    /// # Errors
    /// `not_a_number` for a market cap that is none.
    pub fn company(&self, cells: &[String]) -> Result<CompanyDraft, Fault> {
        let text = |at: usize| {
            self.company[at]
                .map(|at| cell(cells, at))
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let market_cap = match text(3) {
            None => None,
            Some(text) => Some(text.parse::<Decimal>().map_err(|_| {
                Fault::new(
                    "market_cap",
                    "not_a_number",
                    format!("{text:?} is not a number"),
                )
            })?),
        };
        Ok(CompanyDraft {
            name: text(0),
            sector: text(1),
            industry: text(2),
            market_cap,
            country: text(4),
            currency: text(5),
            exchange: text(6),
            ..CompanyDraft::of_symbol(cell(cells, self.symbol))
        })
    }

    /// What an analyst should know of the header.
    #[must_use]
    pub fn warnings(&self) -> Vec<JobWarning> {
        if self.ignored.is_empty() {
            return Vec::new();
        }
        vec![JobWarning {
            code: "ignored_columns".to_owned(),
            detail: format!(
                "{} predictions have no use for {}; check the spelling if one of these was meant to be used",
                self.kind,
                self.ignored.join(", ")
            ),
            columns: self.ignored.clone(),
        }]
    }
}

fn cell(cells: &[String], at: usize) -> &str {
    cells.get(at).map_or("", |text| text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(names: &str) -> Vec<String> {
        names.split(',').map(str::to_owned).collect()
    }

    const RATIOS: &str = "long_term_debt_to_total_capital,total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets";

    #[test]
    fn every_missing_column_is_named() {
        let faults =
            Columns::of(Kind::Annual, &header("symbol,year,return_on_assets")).unwrap_err();
        assert_eq!(faults[0].code, "missing_columns");
        for name in RATIOS.split(',').take(4) {
            assert!(faults[0].detail.contains(name), "{name}");
        }
        assert!(
            !faults[0].detail.contains("company_symbol"),
            "`symbol` stands for it"
        );
    }

    #[test]
    fn unused_columns_are_told_and_the_error_column_is_not() {
        let columns = Columns::of(
            Kind::Annual,
            &header(&format!(
                "company_symbol,reporting_year,reporting_quarter,error,{RATIOS}"
            )),
        )
        .unwrap();
        assert_eq!(columns.warnings()[0].columns, ["reporting_quarter"]);
    }

    #[test]
    fn a_column_that_stands_twice_is_refused() {
        let faults =
            Columns::of(Kind::Annual, &header(&format!("symbol,year,year,{RATIOS}"))).unwrap_err();
        assert_eq!(faults[0].code, "repeated_column");
    }
}
