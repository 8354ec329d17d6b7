//! Monitoring: predictions of one model counted by bins, and snapshots.

mod rows;

use std::collections::BTreeMap;

use accunode_domain::{
    access::Scope,
    page::{Cursor, Limit, Page, Sort},
    prediction::{Kind, Period},
    validation::{BinEdges, MonitoringSnapshot, Mover, PeriodCounts},
};
use accunode_ports::{
    RepositoryError,
    repositories::{ModelPredictions, MonitoringRepository, PeriodCuts, SnapshotFilter},
};
use async_trait::async_trait;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, Statement, Value};

use self::rows::{CountRow, CutRow, MoverRow, Tally};
use crate::{
    db::Executor,
    entities::{
        Named,
        monitoring_snapshots::{Column, Entity, Model},
    },
    errors::defect,
    keyset::page,
    kinds::KindSchema,
    page::Keyset,
    row::time_key,
    sql::Sql,
    tenant::{ScopeSql, VisibleTo},
};

const COUNTS: &str = include_str!("counts.sql");
const CODE: &str = include_str!("code.sql");
const CUTS: &str = include_str!("cuts.sql");
const MOVERS: &str = include_str!("movers.sql");

/// Monitoring, by an executor.
#[derive(Debug)]
pub(crate) struct MonitoredModels<E> {
    db: E,
}

impl<E> MonitoredModels<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

/// The values of a statement behind those that every reading one has.
struct Values {
    values: Vec<Value>,
}

impl Values {
    /// Begins with the model, which is `$5`, `$6` and `$7`.
    fn of(model: ModelPredictions<'_>) -> Self {
        let model = model.model;
        let texts = [&model.name, &model.version, &model.sha256];
        Self {
            values: texts.map(|text| Value::from(text.clone())).into(),
        }
    }

    /// Adds a value, and returns its place.
    fn push(&mut self, value: impl Into<Value>) -> usize {
        self.values.push(value.into());
        self.values.len() + 4
    }

    /// Returns the condition that a row of this alias is of a period.
    fn of_period(&mut self, alias: &str, period: Period) -> String {
        let year = self.push(period.year.to_string());
        let mut sql = format!("AND {alias}.reporting_year = ${year}");
        if let Some(quarter) = period.quarter {
            let quarter = self.push(quarter.as_str());
            sql.push_str(&format!(" AND {alias}.reporting_quarter = ${quarter}"));
        }
        sql
    }

    fn statement(
        self,
        db: &impl Executor,
        scope: &Scope,
        sql: Sql,
        kind: Kind,
    ) -> Result<Statement, RepositoryError> {
        let mut statement = ScopeSql::of(scope).read(db, sql.of_kind(kind), None)?;
        let values = statement.values.as_mut();
        let values = values.ok_or_else(|| defect("a statement without an actor"))?;
        values.0.extend(self.values);
        Ok(statement)
    }
}

#[async_trait]
impl<E: Executor> MonitoringRepository for MonitoredModels<E> {
    #[tracing::instrument(name = "MonitoringRepository::counts", level = "debug", skip_all)]
    async fn counts<'a>(
        &self,
        scope: &Scope,
        of: ModelPredictions<'a>,
        period: Option<Period>,
        edges: &BinEdges,
    ) -> Result<Vec<PeriodCounts>, RepositoryError> {
        let mut values = Values::of(of);
        let sql = counts_sql(of.kind, period, edges, &mut values);
        let statement = values.statement(&self.db, scope, sql, of.kind)?;
        let rows: Vec<CountRow> = self.db.models(statement).await?;
        let mut periods = BTreeMap::<Period, Tally>::new();
        for row in rows {
            let period = row.period(of.kind)?;
            let tally = periods.entry(period).or_insert_with(|| Tally::new(edges));
            tally.add(of.kind, &row)?;
        }
        let counted = periods.into_iter();
        Ok(counted
            .map(|(period, tally)| tally.counts(period))
            .collect())
    }

    #[tracing::instrument(name = "MonitoringRepository::cuts", level = "debug", skip_all)]
    async fn cuts<'a>(
        &self,
        scope: &Scope,
        of: ModelPredictions<'a>,
        period: Period,
    ) -> Result<Option<PeriodCuts>, RepositoryError> {
        let mut values = Values::of(of);
        let of_period = values.of_period("p", period);
        let definitions = of.kind.ratios();
        let figures = definitions.iter().enumerate().map(|(at, ratio)| {
            let (name, min, max) = (ratio.name, ratio.min, ratio.max);
            format!("({at}, p.{name}::float8, {min}::float8, {max}::float8)")
        });
        let pd = format!("({}, p.pd, -1, 2)", definitions.len());
        let figures = figures.chain([pd]).collect::<Vec<_>>().join(", ");
        let sql = Sql::of(CUTS)
            .with("figures", &figures)
            .with("of_period:p", &of_period);
        let statement = values.statement(&self.db, scope, sql, of.kind)?;
        let rows: Vec<CutRow> = self.db.models(statement).await?;
        let mut cuts = PeriodCuts {
            inputs: vec![Vec::new(); definitions.len()],
            pd: Vec::new(),
        };
        let mut is_empty = true;
        for row in rows {
            let at = usize::try_from(row.figure).map_err(|cause| defect(cause.to_string()))?;
            match cuts.inputs.get_mut(at) {
                Some(input) => *input = row.into_cuts(),
                None => {
                    is_empty = false;
                    cuts.pd = row.into_cuts();
                }
            }
        }
        Ok(Some(cuts).filter(|_| !is_empty))
    }

    #[tracing::instrument(name = "MonitoringRepository::movers", level = "debug", skip_all)]
    async fn movers<'a>(
        &self,
        scope: &Scope,
        of: ModelPredictions<'a>,
        from: Period,
        to: Period,
        limit: u32,
    ) -> Result<Vec<Mover>, RepositoryError> {
        let mut values = Values::of(of);
        let (to, from) = (values.of_period("p", to), values.of_period("f", from));
        let sql = Sql::of(MOVERS)
            .with("of_period:p", &to)
            .with("of_period:f", &from)
            .with("limit", &limit.to_string());
        let statement = values.statement(&self.db, scope, sql, of.kind)?;
        let rows: Vec<MoverRow> = self.db.models(statement).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn snapshots(
        &self,
        scope: &Scope,
        filter: &SnapshotFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<MonitoringSnapshot>, RepositoryError> {
        let sort = Sort::CreatedAt;
        let keyset = Keyset {
            sort,
            column: Column::CreatedAt,
            over_organizations: false,
        };
        let rows = Entity::find()
            .filter(condition(filter))
            .visible_to(&ScopeSql::of(scope))
            .page(&self.db, keyset, limit, after.as_ref())
            .await?;
        let rows = rows.into_iter().map(Model::into_snapshot);
        Ok(page(rows.collect::<Result<_, _>>()?, limit, |last| {
            Cursor {
                sort,
                key: time_key(last.created_at),
                id: last.id.0,
            }
        }))
    }
}

/// The codes of the inputs and the score, and the grouping sets that count each.
fn counts_sql(kind: Kind, period: Option<Period>, edges: &BinEdges, values: &mut Values) -> Sql {
    let of_period = period.map(|period| values.of_period("p", period));
    let of_period = of_period.unwrap_or_default();
    let period = kind.period().join(", ");
    let (mut of_edges, mut codes) = (String::new(), String::new());
    let (mut inputs, mut sets) = (String::new(), String::new());
    for (at, (edges, ratio)) in edges.inputs.iter().zip(kind.ratios()).enumerate() {
        let texts: Vec<String> = edges.iter().map(ToString::to_string).collect();
        let place = values.push(texts);
        let code = Sql::of(CODE)
            .with("x", ratio.name)
            .with("min", &ratio.min.to_string())
            .with("max", &ratio.max.to_string())
            .with("at", &at.to_string());
        codes += code.as_str();
        of_edges += &format!("${place}::text[]::numeric[] AS e{at}, ");
        inputs += &format!("c{at}, ");
        sets += &format!("({period}, c{at}), ");
    }
    let place = values.push(edges.pd.clone());
    Sql::of(COUNTS)
        .with("edges", &of_edges)
        .with("pd", &place.to_string())
        .with("codes", &codes)
        .with("inputs", &inputs)
        .with("sets", &sets)
        .with("of_period:p", &of_period)
}

/// Only the filters that are set are in the statement.
fn condition(filter: &SnapshotFilter) -> Condition {
    let period = filter.period.as_ref().map(ToString::to_string);
    Condition::all()
        .add(Column::ModelName.eq(&filter.model))
        .add_option(filter.version.as_ref().map(|v| Column::ModelVersion.eq(v)))
        .add_option(period.map(|period| Column::Period.eq(period)))
        .add_option(filter.verdict.map(|v| Column::Verdict.eq(Named::from(v))))
}
