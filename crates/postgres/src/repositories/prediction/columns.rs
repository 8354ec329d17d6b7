//! Predictions as columns, and back.

use accunode_domain::{
    company::{CompanySnapshot, Symbol},
    id::{CompanyId, JobId, PredictionId},
    owner::Owner,
    prediction::{BulkOrigin, Kind, Outcome, Period, Prediction, ReportingYear},
};
use accunode_ports::RepositoryError;
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use crate::{
    errors::defect,
    kinds::KindNames,
    repositories::said::{self, probabilities, raw_json},
    row::{RowRef, get},
};

/// Everything a prediction is read from, of the alias `p`.
pub(super) fn columns(kind: Kind) -> String {
    let quarter = match kind {
        Kind::Annual => "NULL::text",
        Kind::Quarterly => "p.reporting_quarter",
    };
    format!(
        "p.id, p.company_id, p.company_symbol, p.company_name, p.company_sector, p.reporting_year, \
         {quarter} AS reporting_quarter, {}, p.bulk_job_id, p.bulk_row, p.access_level, \
         p.organization_id, p.created_by, p.created_at, p.updated_at, p.row_version",
        said::columns(kind, "p")
    )
}

/// A prediction from [`columns`].
pub(super) fn prediction(kind: Kind, row: &PgRow) -> Result<Prediction, RepositoryError> {
    let id: Uuid = get(row, "id")?;
    let place = RowRef {
        table: kind.table(),
        id,
    };
    let (owner, created_by) = place.owner(row)?;
    let year = ReportingYear::parse("", get(row, "reporting_year")?)
        .map_err(|_| place.corrupt("reporting_year"))?;
    let quarter = match get::<Option<&str>>(row, "reporting_quarter")? {
        Some(text) => Some(
            text.parse()
                .map_err(|_| place.corrupt("reporting_quarter"))?,
        ),
        None => None,
    };
    let origin = match get::<Option<Uuid>>(row, "bulk_job_id")? {
        Some(job) => Some(BulkOrigin {
            job: JobId(job),
            row: place.unsigned(row, "bulk_row")?,
        }),
        None => None,
    };
    Ok(Prediction {
        id: PredictionId(id),
        company: CompanySnapshot {
            id: CompanyId(get(row, "company_id")?),
            symbol: Symbol::from_stored(get(row, "company_symbol")?),
            name: get(row, "company_name")?,
            sector: get(row, "company_sector")?,
        },
        period: Period { year, quarter },
        outcome: said::outcome(row, place)?,
        predicted_at: get(row, "predicted_at")?,
        ratios: said::ratios(kind, row, place)?,
        owner,
        created_by,
        origin,
        created_at: get(row, "created_at")?,
        updated_at: get(row, "updated_at")?,
        row_version: get(row, "row_version")?,
    })
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
