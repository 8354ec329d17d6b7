//! Templates of files.

use accunode_domain::{
    company::Symbol,
    intake::{DESCRIPTIONS, OutcomeColumn, OutcomeLayout, example},
    job::JobType,
    prediction::Kind,
};

/// A header, the meaning of each column, and one example row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The columns with their meaning and an example.
    pub columns: Vec<TemplateColumn>,
}

/// One column of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateColumn {
    /// Its name in the header.
    pub name: String,
    /// Its meaning, with bounds.
    pub meaning: String,
    /// An example.
    pub example: String,
}

impl Template {
    /// Returns the template for files of a job type.
    #[must_use]
    pub fn of(job_type: JobType) -> Self {
        match job_type.kind() {
            Some(kind) => Self::of_predictions(kind),
            None => Self::of_outcomes(),
        }
    }

    fn of_outcomes() -> Self {
        let column = |column: &OutcomeColumn| TemplateColumn {
            name: column.name.to_owned(),
            meaning: column.meaning.to_owned(),
            example: column.example.to_owned(),
        };
        Self {
            columns: OutcomeLayout::columns().iter().map(column).collect(),
        }
    }

    fn of_predictions(kind: Kind) -> Self {
        let column = |name: &str, meaning: String| TemplateColumn {
            name: name.to_owned(),
            meaning,
            example: example(kind, name).to_owned(),
        };
        let mut columns = vec![
            column(
                "company_symbol",
                format!(
                    "1 to {} letters, digits and . - / _ & ^ = : + blank; needed",
                    Symbol::LONGEST
                ),
            ),
            column(
                "reporting_year",
                "four digits, FY2024, or the date of the year's end; 1900 to 2100; needed"
                    .to_owned(),
            ),
        ];
        if kind == Kind::Quarterly {
            columns.push(column("reporting_quarter", "Q1 to Q4; needed".to_owned()));
        }
        for name in DESCRIPTIONS {
            let meaning = match name {
                "company_name" => "at most 200 characters",
                "sector" => "at most 100 characters; Unknown where empty",
                "industry" => "at most 100 characters",
                "market_cap" => "whole units of the currency, above 0, like 1250000000 or 1.25B",
                "country" => "a name, or a code of two or three letters",
                "currency" => "three letters",
                "isin" => "12 characters with a check digit; needed nowhere",
                "lei" => "20 characters with two check digits; needed nowhere",
                "figi" => "12 characters with a check digit; needed nowhere",
                "national_id" => "a VAT number or another national number; needed nowhere",
                _ => "at most 64 characters",
            };
            columns.push(column(name, meaning.to_owned()));
        }
        for definition in kind.ratios() {
            let unit = if definition.is_share {
                "a share: 0.254, 25.4%, or 25.4 with ratio_unit=percent"
            } else {
                "a multiple: 7.4 or 7.4x"
            };
            let meaning = format!(
                "{}; {unit}; {} to {}",
                definition.label, definition.min, definition.max
            );
            columns.push(column(definition.name, meaning));
        }
        Self { columns }
    }
}
