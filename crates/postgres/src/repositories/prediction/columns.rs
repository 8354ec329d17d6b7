//! Predictions as columns, and back.

use accunode_domain::{
    company::{CompanySnapshot, Symbol},
    id::{CompanyId, JobId, PredictionId},
    owner::Owner,
    prediction::{
        BulkOrigin, EnsembleParts, Kind, Outcome, Period, Prediction, ReportingYear, StoredRatios,
    },
    ratio::RatioUnit,
    risk::{ModelRef, Pd},
};
use accunode_ports::RepositoryError;
use serde_json::{Map, Value, json};
use sqlx::{Postgres, QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use crate::{
    errors::defect,
    kinds::KindNames,
    row::{Place, get, storable},
};

/// Everything a prediction is read from, of the alias `p`.
pub(super) fn columns(kind: Kind) -> String {
    let (quarter, parts) = match kind {
        Kind::Annual => (
            "NULL::text",
            "NULL::float8 AS logistic, NULL::float8 AS gbm",
        ),
        Kind::Quarterly => (
            "p.reporting_quarter",
            "p.logistic_probability::float8 AS logistic, p.gbm_probability::float8 AS gbm",
        ),
    };
    let ratios: Vec<_> = kind
        .ratio_columns()
        .iter()
        .map(|name| format!("p.{name}::float8"))
        .collect();
    format!(
        "p.id, p.company_id, p.company_symbol, p.company_name, p.company_sector, p.reporting_year, \
         {quarter} AS reporting_quarter, p.pd, {parts}, p.risk_level, p.confidence::float8 AS confidence, \
         p.predicted_at, p.model_name, p.model_version, p.model_sha256, ARRAY[{}] AS ratios, \
         p.raw_ratios, p.flags, p.bulk_job_id, p.bulk_row, p.access_level, p.organization_id, \
         p.created_by, p.created_at, p.updated_at, p.row_version",
        ratios.join(", ")
    )
}

/// A prediction from [`columns`].
pub(super) fn prediction(kind: Kind, row: &PgRow) -> Result<Prediction, RepositoryError> {
    let id: Uuid = get(row, "id")?;
    let place = Place {
        table: kind.table(),
        id,
    };
    let (owner, created_by) = place.owner(row)?;
    let probability = |column: &'static str| {
        let value = get::<Option<f64>>(row, column)?;
        value
            .map(|value| Pd::new(value).ok_or_else(|| place.corrupt(column)))
            .transpose()
    };
    let year = ReportingYear::parse("", get(row, "reporting_year")?)
        .map_err(|_| place.corrupt("reporting_year"))?;
    let quarter = match get::<Option<&str>>(row, "reporting_quarter")? {
        Some(text) => Some(
            text.parse()
                .map_err(|_| place.corrupt("reporting_quarter"))?,
        ),
        None => None,
    };
    let parts = match (probability("logistic")?, probability("gbm")?) {
        (Some(logistic), Some(gbm)) => Some(EnsembleParts { logistic, gbm }),
        _ => None,
    };
    let origin = match get::<Option<Uuid>>(row, "bulk_job_id")? {
        Some(job) => Some(BulkOrigin {
            job: JobId(job),
            row: place.unsigned(row, "bulk_row")?,
        }),
        None => None,
    };
    let (raw, unit) =
        raw_ratios(kind, &get(row, "raw_ratios")?).ok_or_else(|| place.corrupt("raw_ratios"))?;
    Ok(Prediction {
        id: PredictionId(id),
        company: CompanySnapshot {
            id: CompanyId(get(row, "company_id")?),
            symbol: Symbol::from_stored(get(row, "company_symbol")?),
            name: get(row, "company_name")?,
            sector: get(row, "company_sector")?,
        },
        period: Period { year, quarter },
        outcome: Outcome {
            pd: probability("pd")?.ok_or_else(|| place.corrupt("pd"))?,
            parts,
            risk_level: place.named(row, "risk_level")?,
            confidence: get(row, "confidence")?,
            model: ModelRef {
                name: get(row, "model_name")?,
                version: get(row, "model_version")?,
                sha256: get(row, "model_sha256")?,
            },
        },
        predicted_at: get(row, "predicted_at")?,
        ratios: StoredRatios {
            values: get(row, "ratios")?,
            raw,
            unit,
            flags: get(row, "flags")?,
        },
        owner,
        created_by,
        origin,
        created_at: get(row, "created_at")?,
        updated_at: get(row, "updated_at")?,
        row_version: get(row, "row_version")?,
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

/// The columns that both a new prediction and a rescored one write.
pub(super) fn written_columns(kind: Kind) -> Vec<&'static str> {
    let mut columns = vec![
        "company_symbol",
        "company_name",
        "company_sector",
        "organization_id",
        "access_level",
        "predicted_at",
        "risk_level",
        "pd",
        "confidence",
        "model_name",
        "model_version",
        "model_sha256",
        "raw_ratios",
        "flags",
    ];
    columns.extend(kind.probabilities());
    columns.extend(kind.ratio_columns());
    columns
}

pub(super) enum Column {
    Text(String),
    Key(Option<Uuid>),
    Time(accunode_domain::Timestamp),
    Number(f64),
    Decimal(Option<f64>),
    Json(Value),
    Texts(Vec<String>),
}

impl Column {
    pub(super) fn push(self, sql: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Text(value) => sql.push_bind(value),
            Self::Key(value) => sql.push_bind(value),
            Self::Time(value) => sql.push_bind(value),
            Self::Number(value) => sql.push_bind(value),
            Self::Decimal(value) => sql.push_bind(value).push("::float8::numeric"),
            Self::Json(value) => sql.push_bind(value),
            Self::Texts(value) => sql.push_bind(value),
        };
    }
}

/// The values of [`written_columns`].
pub(super) fn written_values(
    kind: Kind,
    owner: Owner,
    prediction: &Prediction,
) -> Result<Vec<Column>, RepositoryError> {
    let Outcome {
        pd,
        risk_level,
        confidence,
        model,
        ..
    } = &prediction.outcome;
    let mut values = vec![
        Column::Text(prediction.company.symbol.as_str().to_owned()),
        Column::Text(prediction.company.name.clone()),
        Column::Text(prediction.company.sector.clone()),
        Column::Key(owner.organization().map(|id| id.0)),
        Column::Text(owner.level().as_str().to_owned()),
        Column::Time(prediction.predicted_at),
        Column::Text(risk_level.as_str().to_owned()),
        Column::Number(pd.get()),
        Column::Decimal(Some(*confidence)),
        Column::Text(model.name.clone()),
        Column::Text(model.version.clone()),
        Column::Text(model.sha256.clone()),
        Column::Json(raw_json(kind, &prediction.ratios)),
        Column::Texts(prediction.ratios.flags.clone()),
    ];
    let probabilities = probabilities(kind, &prediction.outcome)?;
    values.extend(
        probabilities
            .into_iter()
            .map(|value| Column::Decimal(Some(value))),
    );
    if prediction.ratios.values.len() != kind.ratios().len() {
        return Err(defect(format!(
            "{kind} predictions have {} ratios",
            kind.ratios().len()
        )));
    }
    values.extend(
        prediction
            .ratios
            .values
            .iter()
            .map(|value| Column::Decimal(*value)),
    );
    Ok(values)
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
