//! The warnings about a header.

use super::{LISTED, Layout};
use crate::{fault::shorten, intake::names::Field, job::JobWarning};

impl Layout {
    /// Returns the warnings about the header.
    #[must_use]
    pub fn warnings(&self) -> Vec<JobWarning> {
        let mut warnings = Vec::new();
        if self.symbol_kind.is_some() {
            let name = self.name(self.symbol);
            warnings.push(JobWarning {
                code: "symbol_from_identifier".to_owned(),
                detail: format!(
                    "the file has no column of symbols, so companies have {} for their symbol; add \
                     a column company_symbol if they are known by a ticker",
                    shorten(name)
                ),
                columns: vec![name.to_owned()],
            });
        }
        let matched = self.matched();
        if !matched.is_empty() {
            let pairs: Vec<String> = matched
                .iter()
                .take(LISTED)
                .map(|(name, field)| format!("{:?} was read as {field}", shorten(name)))
                .collect();
            warnings.push(JobWarning {
                code: "matched_columns".to_owned(),
                detail: pairs.join("; "),
                columns: matched.into_iter().map(|(name, _)| name).collect(),
            });
        }
        if !self.repeated.is_empty() {
            let pairs: Vec<String> = self
                .repeated
                .iter()
                .take(LISTED)
                .map(|(name, field)| format!("{:?} also means {field}", shorten(name)))
                .collect();
            warnings.push(JobWarning {
                code: "repeated_column".to_owned(),
                detail: format!(
                    "{}; it was not read, because another column does: make sure that they agree",
                    pairs.join("; ")
                ),
                columns: self.repeated.iter().map(|(name, _)| name.clone()).collect(),
            });
        }
        if !self.ignored.is_empty() {
            let names: Vec<_> = self
                .ignored
                .iter()
                .take(LISTED)
                .map(|n| shorten(n))
                .collect();
            warnings.push(JobWarning {
                code: "ignored_columns".to_owned(),
                detail: format!(
                    "{} predictions have no use for {}; check the spelling if one of these was \
                     meant to be used",
                    self.kind,
                    names.join(", ")
                ),
                columns: self.ignored.clone(),
            });
        }
        warnings
    }

    /// Returns the columns whose names differ from those of our own files, with their meaning.
    fn matched(&self) -> Vec<(String, &'static str)> {
        let own = [
            (Some(self.symbol), Field::Symbol),
            (Some(self.year), Field::Year),
            (self.quarter, Field::Quarter),
        ];
        let descriptions = self.descriptions.iter().enumerate();
        let ratios = self.ratios.iter().enumerate();
        own.into_iter()
            .chain(descriptions.map(|(at, column)| (*column, Field::Description(at))))
            .chain(ratios.map(|(at, column)| (Some(*column), Field::Ratio(at))))
            .filter_map(|(column, field)| {
                let name = self.name(column?);
                let own = field.name(self.kind);
                (name != own).then(|| (name.to_owned(), own))
            })
            .collect()
    }
}
