//! Scores ratios without storing anything.

use accunode_domain::{
    fault::Fault,
    prediction::{Kind, Period},
    ratio::{RatioUnit, Ratios},
};
use accunode_ports::scoring::{Scored, Scorer};

use super::{Predictions, RawRatios, check_ratios, fit_for_model};
use crate::Error;

/// The largest number of items in one request.
pub const MAX_ITEMS: usize = 1_000;

/// One item to be scored.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct ScoreItem {
    pub ratios: RawRatios,
    pub ratio_unit: RatioUnit,
    pub reporting_year: Option<String>,
    pub reporting_quarter: Option<String>,
}

/// The result of one item.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredItem {
    /// The ratios as they were scored.
    pub ratios: Ratios,
    /// The result of the model, with its reasons.
    pub scored: Scored,
}

impl Predictions {
    /// Scores items; each succeeds or fails independently, in their order.
    ///
    /// # Errors
    /// Only if no model is served, or there are too many items.
    #[tracing::instrument(name = "predictions.score", level = "debug", skip_all)]
    pub async fn score(
        &self,
        kind: Kind,
        items: &[ScoreItem],
    ) -> Result<Vec<Result<ScoredItem, Vec<Fault>>>, Error> {
        if items.is_empty() || items.len() > MAX_ITEMS {
            return Err(Error::invalid(Fault::new(
                "/items",
                "out_of_range",
                format!("has {} items; 1 to {MAX_ITEMS} are allowed", items.len()),
            )));
        }
        let scorer = &*self.ports.scorer;
        let checked: Vec<Result<Ratios, Vec<Fault>>> = items
            .iter()
            .map(|item| check_item(kind, item, scorer))
            .collect();
        let good: Vec<Ratios> = checked.iter().flatten().cloned().collect();
        let mut scored = self.ports.score(kind, good, true).await?.into_iter();
        checked
            .into_iter()
            .map(|item| match item {
                Ok(ratios) => scored
                    .next()
                    .map(|scored| Ok(ScoredItem { ratios, scored }))
                    .ok_or_else(|| Error::Internal("the model answered too little".into())),
                Err(faults) => Ok(Err(faults)),
            })
            .collect()
    }
}

fn check_item(kind: Kind, item: &ScoreItem, scorer: &dyn Scorer) -> Result<Ratios, Vec<Fault>> {
    let ratios = check_ratios(kind, item.ratio_unit, &item.ratios)
        .and_then(|ratios| fit_for_model(scorer, ratios));
    // The period does not affect the score, but if one is given it must be valid.
    let period = match &item.reporting_year {
        None => Ok(()),
        Some(year) if item.reporting_quarter.is_none() => {
            Period::parse(Kind::Annual, year, None).map(|_| ())
        }
        Some(year) => Period::parse(kind, year, item.reporting_quarter.as_deref()).map(|_| ()),
    };
    match (ratios, period) {
        (Ok(ratios), Ok(())) => Ok(ratios),
        (ratios, period) => Err(ratios
            .err()
            .into_iter()
            .chain(period.err())
            .flatten()
            .collect()),
    }
}
