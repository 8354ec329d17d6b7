//! Predictions, annual and quarterly by the same SQL.

mod columns;
mod timeline;

use accunode_domain::{
    access::{Grant, Scope},
    id::{CompanyId, PredictionId},
    page::{Cursor, Limit, Page, Sort},
    prediction::{Kind, Period, Prediction, Revision},
};
use accunode_ports::{
    RepositoryError,
    repositories::{
        PredictionFilter, PredictionRepository, PredictionWriter, Timeline, TimelineFilter,
        TimelineMark,
    },
};
use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder};

use columns::{columns, prediction, written_columns, written_values};

use crate::{
    db::Db,
    errors::defect,
    keyset::{Keyset, no_such_order, page},
    kinds::KindNames,
    repositories::revision,
    row::time_key,
    scope::Reach,
};

/// Predictions.
#[derive(Debug)]
pub(crate) struct Predictions {
    db: Db,
}

impl Predictions {
    pub(crate) const fn new(db: Db) -> Self {
        Self { db }
    }
}

#[async_trait]
impl PredictionRepository for Predictions {
    async fn of_period(
        &self,
        grant: Grant,
        company: CompanyId,
        period: Period,
    ) -> Result<Option<Prediction>, RepositoryError> {
        let kind = period.kind();
        let reach = Reach::owner(grant.owner().key());
        let mut sql = reach.statement(&self.db.actor_of_grant(grant));
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
        self.db
            .one(sql)
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
        let mut sql = reach.statement(&self.db.actor(scope));
        push_select(&mut sql, kind);
        sql.push(format_args!(
            "{} AND p.id = ",
            reach.condition_of_one("p", "id")
        ))
        .push_bind(id.0)
        .push(" LIMIT 1) x");
        self.db
            .one(sql)
            .await?
            .map(|row| prediction(kind, &row))
            .transpose()
    }

    async fn revisions(
        &self,
        scope: &Scope,
        kind: Kind,
        id: PredictionId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Revision>, RepositoryError> {
        revision::list(&self.db, scope, kind, id, after, limit).await
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
            over_organizations: sort == Sort::CreatedAt,
        };
        let actor = self.db.actor(scope);
        let sql = keyset.statement(&Reach::of(scope), &actor, limit, after.as_ref(), |sql| {
            push_filter(sql, kind, filter);
        })?;
        let rows = self.db.all(sql).await?;
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

    async fn timeline(
        &self,
        scope: &Scope,
        company: CompanyId,
        filter: &TimelineFilter,
        limit: Limit,
        after: Option<TimelineMark>,
    ) -> Result<Timeline, RepositoryError> {
        timeline::part(&self.db, scope, company, filter, limit, after).await
    }
}

#[async_trait]
impl PredictionWriter for Predictions {
    async fn add(&self, grant: Grant, prediction: &Prediction) -> Result<(), RepositoryError> {
        self.db.transaction()?;
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
        self.db.run(sql).await.map(|_| ())
    }

    async fn replace(
        &self,
        grant: Grant,
        prediction: &Prediction,
        version: i64,
    ) -> Result<(), RepositoryError> {
        self.db.transaction()?;
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
        if self.db.run(sql).await? == 0 {
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
        self.db.transaction()?;
        let mut sql = QueryBuilder::new(format!("DELETE FROM {} WHERE id = ", kind.table()));
        sql.push_bind(id.0)
            .push(" AND row_version = ")
            .push_bind(version);
        if self.db.run(sql).await? == 0 {
            return Err(RepositoryError::Stale { what: "prediction" });
        }
        Ok(())
    }
}

fn comma(sql: &mut QueryBuilder<Postgres>) -> &mut QueryBuilder<Postgres> {
    sql.push(", ")
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
