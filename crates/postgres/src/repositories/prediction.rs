//! Predictions, annual and quarterly by the same SQL.

use accunode_domain::{
    access::{Grant, Scope},
    company::{CompanySnapshot, Symbol},
    id::{CompanyId, JobId, PredictionId},
    owner::Owner,
    page::{Cursor, Limit, Page, Sort},
    prediction::{
        BulkOrigin, EnsembleParts, Kind, Outcome, Period, Prediction, ReportingYear, StoredRatios,
    },
    ratio::RatioUnit,
    risk::{ModelRef, Pd},
};
use accunode_ports::{
    RepositoryError,
    repositories::{PredictionFilter, PredictionRepository},
};
use async_trait::async_trait;
use serde_json::{Map, Value, json};
use sqlx::{Postgres, QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use crate::{
    db::Db,
    errors::defect,
    keyset::{Keyset, no_such_order, page},
    kinds::KindNames,
    row::{Place, get, storable, time_key},
    scope::Reach,
};

#[async_trait]
impl PredictionRepository for Db {
    async fn add(&self, grant: Grant, prediction: &Prediction) -> Result<(), RepositoryError> {
        self.transaction()?;
        let kind = prediction.period.kind();
        let mut columns = vec!["id", "company_id", "created_by", "created_at", "updated_at"];
        columns.extend(["bulk_job_id", "bulk_row"]);
        columns.extend(kind.period());
        columns.extend(written_columns(kind));
        let mut sql = QueryBuilder::new(format!(
            "INSERT INTO {} ({}) VALUES (",
            kind.table(),
            columns.join(", ")
        ));
        let origin = prediction.origin;
        let row = origin.map(|origin| i32::try_from(origin.row)).transpose();
        sql.push_bind(prediction.id.0);
        comma(&mut sql).push_bind(prediction.company.id.0);
        comma(&mut sql).push_bind(grant.by().0);
        comma(&mut sql).push_bind(prediction.created_at);
        comma(&mut sql).push_bind(prediction.updated_at);
        comma(&mut sql).push_bind(origin.map(|origin| origin.job.0));
        comma(&mut sql).push_bind(row.map_err(|_| defect("a row number beyond 2^31"))?);
        comma(&mut sql).push_bind(prediction.period.year.to_string());
        if let Some(quarter) = prediction.period.quarter {
            comma(&mut sql).push_bind(quarter.as_str());
        }
        for value in written_values(kind, grant.owner(), prediction)? {
            comma(&mut sql);
            value.push(&mut sql);
        }
        sql.push(")");
        self.run(sql).await.map(|_| ())
    }

    async fn of_period(
        &self,
        grant: Grant,
        company: CompanyId,
        period: Period,
    ) -> Result<Option<Prediction>, RepositoryError> {
        let kind = period.kind();
        let reach = Reach::owner(grant.owner().key());
        let mut sql = reach.statement(&self.actor_of_grant(grant));
        push_select(&mut sql, kind);
        sql.push(format_args!("{} AND p.company_id = ", reach.condition("p")))
            .push_bind(company.0)
            .push(" AND p.reporting_year = ")
            .push_bind(period.year.to_string());
        if let Some(quarter) = period.quarter {
            sql.push(" AND p.reporting_quarter = ")
                .push_bind(quarter.as_str());
        }
        sql.push(" LIMIT 1) x");
        self.one(sql)
            .await?
            .map(|row| prediction(kind, &row))
            .transpose()
    }

    async fn find(
        &self,
        scope: &Scope,
        kind: Kind,
        id: PredictionId,
    ) -> Result<Option<Prediction>, RepositoryError> {
        let reach = Reach::of(scope);
        let mut sql = reach.statement(&self.actor(scope));
        push_select(&mut sql, kind);
        sql.push(format_args!(
            "{} AND p.id = ",
            reach.condition_of_one("p", "id")
        ))
        .push_bind(id.0)
        .push(" LIMIT 1) x");
        self.one(sql)
            .await?
            .map(|row| prediction(kind, &row))
            .transpose()
    }

    async fn list(
        &self,
        scope: &Scope,
        kind: Kind,
        filter: &PredictionFilter,
        sort: Sort,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Prediction>, RepositoryError> {
        if matches!(sort, Sort::Name | Sort::Symbol) {
            return Err(no_such_order("predictions", sort));
        }
        let keyset = Keyset {
            columns: &columns(kind),
            table: kind.table(),
            sort,
            over_all: sort == Sort::CreatedAt,
        };
        let actor = self.actor(scope);
        let sql = keyset.statement(&Reach::of(scope), &actor, limit, after.as_ref(), |sql| {
            push_filter(sql, kind, filter);
        })?;
        let rows = self.all(sql).await?;
        let rows = rows
            .iter()
            .map(|row| prediction(kind, row))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(page(rows, limit, |last| Cursor {
            sort,
            key: match sort {
                // Rust prints the shortest decimal that reads back to the same number.
                Sort::Pd => last.outcome.pd.get().to_string(),
                _ => time_key(last.created_at),
            },
            id: last.id.0,
        }))
    }

    async fn replace(
        &self,
        grant: Grant,
        prediction: &Prediction,
        version: i64,
    ) -> Result<(), RepositoryError> {
        self.transaction()?;
        let kind = prediction.period.kind();
        let mut sql = QueryBuilder::new(format!("UPDATE {} SET ", kind.table()));
        let values = written_values(kind, grant.owner(), prediction)?;
        for (n, (column, value)) in written_columns(kind).into_iter().zip(values).enumerate() {
            sql.push(if n == 0 { "" } else { ", " })
                .push(format_args!("{column} = "));
            value.push(&mut sql);
        }
        sql.push(" WHERE id = ")
            .push_bind(prediction.id.0)
            .push(" AND row_version = ")
            .push_bind(version);
        if self.run(sql).await? == 0 {
            return Err(RepositoryError::Stale { what: "prediction" });
        }
        Ok(())
    }

    async fn remove(
        &self,
        _grant: Grant,
        kind: Kind,
        id: PredictionId,
        version: i64,
    ) -> Result<(), RepositoryError> {
        self.transaction()?;
        let mut sql = QueryBuilder::new(format!("DELETE FROM {} WHERE id = ", kind.table()));
        sql.push_bind(id.0)
            .push(" AND row_version = ")
            .push_bind(version);
        if self.run(sql).await? == 0 {
            return Err(RepositoryError::Stale { what: "prediction" });
        }
        Ok(())
    }
}

fn comma(sql: &mut QueryBuilder<Postgres>) -> &mut QueryBuilder<Postgres> {
    sql.push(", ")
}

/// Everything a prediction is read from, of the alias `p`.
fn columns(kind: Kind) -> String {
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

/// `SELECT … FROM a CROSS JOIN LATERAL (SELECT … WHERE `, to be closed with `) x`.
fn push_select(sql: &mut QueryBuilder<Postgres>, kind: Kind) {
    sql.push(format_args!(
        "SELECT x.* FROM a CROSS JOIN LATERAL (SELECT {} FROM {} p WHERE ",
        columns(kind),
        kind.table()
    ));
}

/// Only what is asked for is in the statement, so that the planner sees a plain one.
fn push_filter(sql: &mut QueryBuilder<Postgres>, kind: Kind, filter: &PredictionFilter) {
    if let Some(company) = filter.company {
        sql.push(" AND p.company_id = ").push_bind(company.0);
    }
    if let Some(symbol) = &filter.symbol {
        sql.push(" AND p.company_symbol = ")
            .push_bind(symbol.as_str().to_owned());
    }
    if let Some(sector) = &filter.sector {
        sql.push(" AND p.company_sector = ")
            .push_bind(sector.clone());
    }
    if let Some(year) = filter.year {
        sql.push(" AND p.reporting_year = ")
            .push_bind(year.to_string());
    }
    match (kind, filter.quarter) {
        (Kind::Quarterly, Some(quarter)) => {
            sql.push(" AND p.reporting_quarter = ")
                .push_bind(quarter.as_str());
        }
        (Kind::Annual, Some(_)) => {
            sql.push(" AND FALSE");
        }
        (_, None) => {}
    }
    if let Some(level) = filter.risk_level {
        sql.push(" AND p.risk_level = ").push_bind(level.as_str());
    }
    if let Some(least) = filter.probability_gte {
        sql.push(" AND p.pd >= ").push_bind(least);
    }
    if let Some(most) = filter.probability_lte {
        sql.push(" AND p.pd <= ").push_bind(most);
    }
    if let Some(version) = &filter.model_version {
        sql.push(" AND p.model_version = ")
            .push_bind(version.clone());
    }
    if let Some(job) = filter.job {
        sql.push(" AND p.bulk_job_id = ").push_bind(job.0);
    }
    if let Some(from) = filter.created_from {
        sql.push(" AND p.created_at >= ").push_bind(from);
    }
    if let Some(to) = filter.created_to {
        sql.push(" AND p.created_at <= ").push_bind(to);
    }
}

/// A prediction from [`columns`].
fn prediction(kind: Kind, row: &PgRow) -> Result<Prediction, RepositoryError> {
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
fn written_columns(kind: Kind) -> Vec<&'static str> {
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

enum Column {
    Text(String),
    Key(Option<Uuid>),
    Time(accunode_domain::Timestamp),
    Number(f64),
    Decimal(Option<f64>),
    Json(Value),
    Texts(Vec<String>),
}

impl Column {
    fn push(self, sql: &mut QueryBuilder<Postgres>) {
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
fn written_values(
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
