//! What a file should look like.

use accunode_domain::prediction::Kind;

use super::{COMPANY_COLUMNS, columns::ERROR_COLUMN};

/// A header, what each column means, and one example row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The columns with what they hold and an example.
    pub columns: Vec<TemplateColumn>,
}

/// One column of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateColumn {
    /// Its name in the header.
    pub name: String,
    /// What it holds, with bounds.
    pub meaning: String,
    /// An example.
    pub example: String,
}

impl Template {
    /// The template for a kind of prediction.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        let column = |name: &str, meaning: &str, example: &str| TemplateColumn {
            name: name.to_owned(),
            meaning: meaning.to_owned(),
            example: example.to_owned(),
        };
        let mut columns = vec![
            column(
                "company_symbol",
                "1 to 10 letters or digits; needed",
                "ACME",
            ),
            column(
                "reporting_year",
                "four digits, 1900 to 2100; needed",
                "2024",
            ),
        ];
        if kind == Kind::Quarterly {
            columns.push(column("reporting_quarter", "Q1 to Q4; needed", "Q2"));
        }
        for name in COMPANY_COLUMNS
            .into_iter()
            .filter(|name| *name != ERROR_COLUMN)
        {
            let (meaning, example) = match name {
                "company_name" => ("at most 200 characters", "Acme Corporation"),
                "sector" => ("at most 100 characters; Unknown where empty", "Industrials"),
                "industry" => ("at most 100 characters", "Machinery"),
                "market_cap" => ("whole units of the currency, above 0", "1250000000"),
                "country" => ("three letters", "USA"),
                "currency" => ("three letters", "USD"),
                _ => ("at most 10 characters", "NYSE"),
            };
            columns.push(column(name, meaning, example));
        }
        for definition in kind.ratios() {
            let unit = if definition.is_share {
                "a share: 0.254, or 25.4 with ratio_unit=percent"
            } else {
                "a multiple"
            };
            columns.push(TemplateColumn {
                name: definition.name.to_owned(),
                meaning: format!(
                    "{}; {unit}; {} to {}",
                    definition.label, definition.min, definition.max
                ),
                example: if definition.is_share { "0.254" } else { "2.5" }.to_owned(),
            });
        }
        Self { columns }
    }
}
