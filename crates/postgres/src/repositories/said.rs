//! What a model said, as predictions and their revisions store it.

use accunode_domain::{
    prediction::{EnsembleParts, Kind, Outcome, StoredRatios},
    ratio::RatioUnit,
    risk::{ModelRef, Pd},
};
use accunode_ports::RepositoryError;
use serde_json::{Map, Value, json};
use sqlx::postgres::PgRow;

use crate::{
    errors::defect,
    kinds::KindNames,
    row::{RowRef, get, storable},
};

/// What [`outcome`] and [`ratios`] are read from, with `predicted_at`.
pub(crate) fn columns(kind: Kind, alias: &str) -> String {
    let parts = match kind {
        Kind::Annual => "NULL::float8 AS logistic, NULL::float8 AS gbm".to_owned(),
        Kind::Quarterly => format!(
            "{alias}.logistic_probability::float8 AS logistic, {alias}.gbm_probability::float8 AS gbm"
        ),
    };
    let ratios: Vec<_> = kind
        .ratio_columns()
        .iter()
        .map(|name| format!("{alias}.{name}::float8"))
        .collect();
    format!(
        "{alias}.pd, {parts}, {alias}.risk_level, {alias}.confidence::float8 AS confidence, \
         {alias}.predicted_at, {alias}.model_name, {alias}.model_version, {alias}.model_sha256, \
         ARRAY[{}] AS ratios, {alias}.raw_ratios, {alias}.flags",
        ratios.join(", ")
    )
}

/// What the model said.
pub(crate) fn outcome(row: &PgRow, place: RowRef) -> Result<Outcome, RepositoryError> {
    let probability = |column: &'static str| {
        let value = get::<Option<f64>>(row, column)?;
        value
            .map(|value| Pd::new(value).ok_or_else(|| place.corrupt(column)))
            .transpose()
    };
    let parts = match (probability("logistic")?, probability("gbm")?) {
        (Some(logistic), Some(gbm)) => Some(EnsembleParts { logistic, gbm }),
        _ => None,
    };
    Ok(Outcome {
        pd: probability("pd")?.ok_or_else(|| place.corrupt("pd"))?,
        parts,
        risk_level: place.named(row, "risk_level")?,
        confidence: get(row, "confidence")?,
        model: ModelRef {
            name: get(row, "model_name")?,
            version: get(row, "model_version")?,
            sha256: get(row, "model_sha256")?,
        },
    })
}

/// From which ratios.
pub(crate) fn ratios(
    kind: Kind,
    row: &PgRow,
    place: RowRef,
) -> Result<StoredRatios, RepositoryError> {
    let (raw, unit) =
        raw_ratios(kind, &get(row, "raw_ratios")?).ok_or_else(|| place.corrupt("raw_ratios"))?;
    Ok(StoredRatios {
        values: get(row, "ratios")?,
        raw,
        unit,
        flags: get(row, "flags")?,
    })
}

/// `{"unit": "percent", "values": {"name": "25.4", …}}`
pub(crate) fn raw_json(kind: Kind, ratios: &StoredRatios) -> Value {
    let values: Map<_, _> = kind
        .ratios()
        .iter()
        .zip(&ratios.raw)
        .map(|(ratio, raw)| (ratio.name.to_owned(), json!(raw.as_deref().map(storable))))
        .collect();
    json!({ "unit": ratios.unit.as_str(), "values": values })
}

/// The texts as sent, in the order of the models' inputs.
pub(crate) fn raw_ratios(kind: Kind, stored: &Value) -> Option<(Vec<Option<String>>, RatioUnit)> {
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

/// The four-decimal probabilities in the order of [`KindNames::probabilities`].
pub(crate) fn probabilities(kind: Kind, outcome: &Outcome) -> Result<Vec<f64>, RepositoryError> {
    match (kind, outcome.parts) {
        (Kind::Annual, _) => Ok(vec![outcome.pd.rounded()]),
        (Kind::Quarterly, Some(EnsembleParts { logistic, gbm })) => Ok(vec![
            outcome.pd.rounded(),
            logistic.rounded(),
            gbm.rounded(),
        ]),
        (Kind::Quarterly, None) => Err(defect("a quarterly outcome without its two parts")),
    }
}
