//! The result of a model for some ratios, as predictions and their revisions store it.

use std::collections::BTreeMap;

use accunode_domain::{
    Timestamp,
    decimal::Decimal,
    prediction::{EnsembleParts, Kind, Outcome, StoredRatios},
    ratio::RatioUnit,
    risk::{ModelRef, Pd},
};
use accunode_ports::RepositoryError;
use sea_orm::entity::prelude::BigDecimal;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[cfg(doc)]
use crate::kinds::KindSchema;
use crate::{
    errors::defect,
    row::{RowRef, storable},
};

/// The columns of a result and its ratios.
pub(crate) struct OutcomeColumns {
    pub(crate) pd: f64,
    /// The PDs of the logistic model and of gradient boosting, for quarterly predictions.
    pub(crate) parts: Option<(BigDecimal, BigDecimal)>,
    pub(crate) risk_level: String,
    pub(crate) confidence: BigDecimal,
    pub(crate) predicted_at: Timestamp,
    pub(crate) model_name: String,
    pub(crate) model_version: String,
    pub(crate) model_sha256: String,
    /// The ratios, in the order of [`Kind::ratios`].
    pub(crate) ratios: Vec<Option<BigDecimal>>,
    /// The texts as sent, as returned by [`raw_ratios`].
    pub(crate) raw_ratios: Option<RawRatios>,
    pub(crate) flags: Vec<String>,
}

impl OutcomeColumns {
    /// Converts the columns to values of the domain.
    pub(crate) fn into_domain(
        self,
        row: RowRef,
    ) -> Result<(Outcome, StoredRatios), RepositoryError> {
        let parts = match self.parts {
            Some((logistic, gbm)) => Some(EnsembleParts {
                logistic: stored_pd(logistic, row, "logistic_probability")?,
                gbm: stored_pd(gbm, row, "gbm_probability")?,
            }),
            None => None,
        };
        let outcome = Outcome {
            pd: Pd::new(self.pd).ok_or_else(|| row.corrupt_by("pd", OUT_OF_RANGE))?,
            parts,
            risk_level: row.parsed("risk_level", &self.risk_level)?,
            confidence: Decimal::from_stored(self.confidence).to_f64(),
            model: ModelRef {
                name: self.model_name,
                version: self.model_version,
                sha256: self.model_sha256,
            },
        };
        let (raw, unit) = self
            .raw_ratios
            .ok_or_else(|| row.corrupt_by("raw_ratios", "the texts have another form"))?;
        let ratios = StoredRatios {
            values: self
                .ratios
                .into_iter()
                .map(|value| value.map(Decimal::from_stored))
                .collect(),
            raw,
            unit,
            flags: self.flags,
        };
        Ok((outcome, ratios))
    }
}

const OUT_OF_RANGE: &str = "not within 0 to 1";

fn stored_pd(value: BigDecimal, row: RowRef, column: &'static str) -> Result<Pd, RepositoryError> {
    let value = Decimal::from_stored(value).to_f64();
    Pd::new(value).ok_or_else(|| row.corrupt_by(column, OUT_OF_RANGE))
}

/// Returns `{"unit": "percent", "values": {"name": "25.4", …}}`.
pub(crate) fn raw_json(kind: Kind, ratios: &StoredRatios) -> Value {
    let values: Map<_, _> = kind
        .ratios()
        .iter()
        .zip(&ratios.raw)
        .map(|(ratio, raw)| (ratio.name.to_owned(), json!(raw.as_deref().map(storable))))
        .collect();
    json!({ "unit": ratios.unit.as_str(), "values": values })
}

/// The texts as sent, in the order of the models' inputs, and their unit.
pub(crate) type RawRatios = (Vec<Option<String>>, RatioUnit);

/// The form of [`raw_json`], with borrowed names.
#[derive(Deserialize)]
struct Stored<'t> {
    #[serde(borrow)]
    unit: Option<&'t str>,
    #[serde(borrow, default)]
    values: BTreeMap<&'t str, Option<String>>,
}

/// As [`raw_ratios`], from the text of a JSON, without building a tree of it.
pub(crate) fn raw_ratios_of(kind: Kind, text: &[u8]) -> Option<RawRatios> {
    let Ok(mut stored) = serde_json::from_slice::<Stored<'_>>(text) else {
        return raw_ratios(kind, &serde_json::from_slice(text).ok()?);
    };
    let unit = match stored.unit {
        Some(unit) => unit.parse().ok()?,
        None => RatioUnit::default(),
    };
    let ratios = kind.ratios().iter();
    let raw = ratios.map(|ratio| stored.values.remove(ratio.name).flatten());
    Some((raw.collect(), unit))
}

/// Returns the texts as sent; `None` if they have another form.
pub(crate) fn raw_ratios(kind: Kind, stored: &Value) -> Option<RawRatios> {
    let unit = match stored.get("unit") {
        Some(unit) => unit.as_str()?.parse().ok()?,
        None => RatioUnit::default(),
    };
    let text = |name| match stored.get("values").and_then(|values| values.get(name)) {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(text)) => Some(Some(text.clone())),
        Some(_) => None,
    };
    let raw = kind
        .ratios()
        .iter()
        .map(|ratio| text(ratio.name))
        .collect::<Option<Vec<_>>>()?;
    Some((raw, unit))
}

/// Returns the four-decimal probabilities in the order of [`KindSchema::probabilities`].
pub(crate) fn probabilities(
    kind: Kind,
    outcome: &Outcome,
) -> Result<Vec<Decimal>, RepositoryError> {
    let pd = outcome.pd.rounded();
    match (kind, outcome.parts) {
        (Kind::Annual, _) => Ok(vec![pd]),
        (Kind::Quarterly, Some(EnsembleParts { logistic, gbm })) => {
            Ok(vec![pd, logistic.rounded(), gbm.rounded()])
        }
        (Kind::Quarterly, None) => Err(defect("a quarterly outcome without its two parts")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_ratios_decode_equally_from_text_and_json_tree() {
        for text in [
            r#"{"unit": "percent", "values": {"return_on_assets": "2,5", "net_income_margin": null}}"#,
            r#"{"values": {"total_debt_to_ebitda": "\u00bd \"a\""}}"#,
            r#"{"values": {"total\u005fdebt_to_ebitda": "1"}}"#,
            r#"{"values": {"total_debt_to_ebitda": 7}}"#,
            r#"{"unit": "furlong", "values": {}}"#,
            "{}",
            "[]",
        ] {
            let tree = serde_json::from_str(text).unwrap();
            let by_tree = raw_ratios(Kind::Annual, &tree);
            assert_eq!(
                raw_ratios_of(Kind::Annual, text.as_bytes()),
                by_tree,
                "{text}"
            );
        }
    }
}
