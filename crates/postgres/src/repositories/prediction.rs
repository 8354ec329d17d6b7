//! Predictions; the same code serves annual and quarterly ones over their entities.

mod timeline;

use accunode_domain::{
    Timestamp,
    access::{Grant, Scope},
    id::{CompanyId, PredictionId},
    page::{Cursor, Limit, Page, Sort},
    prediction::{Kind, Period, Prediction, Quarter, Revision},
    risk::RiskLevel,
    validation::PdRange,
};
use accunode_ports::{
    RepositoryError,
    repositories::{
        PredictionFilter, PredictionRepository, PredictionWriter, Timeline, TimelineFilter,
        TimelineMark,
    },
};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, IdenStatic, QueryFilter, QueryResult, QueryTrait,
    sea_query::{Expr, ExprTrait as _, Query},
};

use crate::{
    columns::Columns,
    db::{Executor, Tx, build},
    entities::{
        annual_predictions::Entity as Annual,
        predictions::{PredictionRow, PredictionTable},
        quarterly_predictions::Entity as Quarterly,
    },
    errors::{defect, from_orm, from_sqlx},
    keyset::{changes, no_such_order, page},
    page::Keyset,
    repositories::revision,
    row::time_key,
    tenant::{ScopeSql, VisibleTo, column, is_version, one_of_names},
};

/// Predictions, through an executor.
#[derive(Debug)]
pub(crate) struct Predictions<E> {
    db: E,
}

impl<E> Predictions<E> {
    pub(crate) const fn new(db: E) -> Self {
        Self { db }
    }
}

#[async_trait]
impl<E: Executor> PredictionRepository for Predictions<E> {
    async fn of_period(
        &self,
        grant: Grant,
        company: CompanyId,
        period: Period,
    ) -> Result<Option<Prediction>, RepositoryError> {
        match period.kind() {
            Kind::Annual => self.of_period_in::<Annual>(grant, company, period).await,
            Kind::Quarterly => self.of_period_in::<Quarterly>(grant, company, period).await,
        }
    }

    async fn find(
        &self,
        scope: &Scope,
        kind: Kind,
        id: PredictionId,
    ) -> Result<Option<Prediction>, RepositoryError> {
        match kind {
            Kind::Annual => self.find_in::<Annual>(scope, id).await,
            Kind::Quarterly => self.find_in::<Quarterly>(scope, id).await,
        }
    }

    async fn revisions(
        &self,
        scope: &Scope,
        kind: Kind,
        id: PredictionId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Revision>, RepositoryError> {
        let (db, scope) = (&self.db, ScopeSql::of(scope));
        match kind {
            Kind::Annual => revision::list::<Annual>(db, &scope, id, after, limit).await,
            Kind::Quarterly => revision::list::<Quarterly>(db, &scope, id, after, limit).await,
        }
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
        let (scope, after) = (ScopeSql::of(scope), after.as_ref());
        let rows = match kind {
            Kind::Annual => {
                self.list_in::<Annual>(&scope, filter, sort, limit, after)
                    .await
            }
            Kind::Quarterly => {
                self.list_in::<Quarterly>(&scope, filter, sort, limit, after)
                    .await
            }
        };
        let key = |last: &Prediction| Cursor {
            sort,
            key: match sort {
                // Rust prints the shortest decimal that parses to the same number.
                Sort::Pd => last.outcome.pd.get().to_string(),
                Sort::UpdatedAt => time_key(last.updated_at),
                _ => time_key(last.created_at),
            },
            id: last.id.0,
        };
        Ok(match sort {
            Sort::UpdatedAt => changes(rows?, limit, key),
            _ => page(rows?, limit, key),
        })
    }

    async fn count(
        &self,
        scope: &Scope,
        kind: Kind,
        filter: &PredictionFilter,
        most: u32,
    ) -> Result<u32, RepositoryError> {
        let scope = ScopeSql::of(scope);
        match kind {
            Kind::Annual => self.count_in::<Annual>(&scope, filter, most).await,
            Kind::Quarterly => self.count_in::<Quarterly>(&scope, filter, most).await,
        }
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
impl PredictionWriter for Predictions<Tx> {
    #[tracing::instrument(name = "PredictionWriter::add", level = "debug", skip_all)]
    async fn add(
        &self,
        grant: Grant,
        prediction: &Prediction,
    ) -> Result<Timestamp, RepositoryError> {
        match prediction.period.kind() {
            Kind::Annual => self.add_to::<Annual>(grant, prediction).await,
            Kind::Quarterly => self.add_to::<Quarterly>(grant, prediction).await,
        }
    }

    #[tracing::instrument(name = "PredictionWriter::replace", level = "debug", skip_all)]
    async fn replace(
        &self,
        grant: Grant,
        prediction: &Prediction,
        version: i64,
    ) -> Result<(), RepositoryError> {
        match prediction.period.kind() {
            Kind::Annual => self.replace_in::<Annual>(grant, prediction, version).await,
            Kind::Quarterly => {
                self.replace_in::<Quarterly>(grant, prediction, version)
                    .await
            }
        }
    }

    #[tracing::instrument(name = "PredictionWriter::remove", level = "debug", skip_all)]
    async fn remove(
        &self,
        grant: Grant,
        kind: Kind,
        id: PredictionId,
        version: i64,
    ) -> Result<(), RepositoryError> {
        match kind {
            Kind::Annual => self.remove_from::<Annual>(grant, id, version).await,
            Kind::Quarterly => self.remove_from::<Quarterly>(grant, id, version).await,
        }
    }
}

/// Converts a stored row to a prediction of the domain.
fn read(row: impl Into<PredictionRow>) -> Result<Prediction, RepositoryError> {
    row.into().into_prediction()
}

/// Decodes a row with all columns as a prediction of the domain.
fn decode<T: PredictionTable>(row: &QueryResult) -> Result<Prediction, RepositoryError> {
    let row = row.try_as_pg_row();
    let row = row.ok_or_else(|| defect("a row of another database"))?;
    let stored = T::decode(&mut Columns::of(row)).map_err(from_sqlx)?;
    stored.into_prediction()
}

impl<E: Executor> Predictions<E> {
    async fn find_in<T: PredictionTable>(
        &self,
        scope: &Scope,
        id: PredictionId,
    ) -> Result<Option<Prediction>, RepositoryError> {
        let found = T::find()
            .filter(T::ID.eq(id.0))
            .visible_to(&ScopeSql::of(scope))
            .one_statement(&self.db);
        let found = self.db.row(found).await?;
        found.as_ref().map(decode::<T>).transpose()
    }

    async fn of_period_in<T: PredictionTable>(
        &self,
        grant: Grant,
        company: CompanyId,
        period: Period,
    ) -> Result<Option<Prediction>, RepositoryError> {
        let found = T::find()
            .filter(T::COMPANY_ID.eq(company.0))
            .filter(T::REPORTING_YEAR.eq(period.year.to_string()))
            .filter(of_quarter::<T>(period.quarter))
            .visible_to(&ScopeSql::of_grant(grant))
            .only(&self.db)
            .await?;
        found.map(read).transpose()
    }

    async fn list_in<T: PredictionTable>(
        &self,
        scope: &ScopeSql,
        filter: &PredictionFilter,
        sort: Sort,
        limit: Limit,
        after: Option<&Cursor>,
    ) -> Result<Vec<Prediction>, RepositoryError> {
        let column = match sort {
            Sort::CreatedAt => T::CREATED_AT,
            Sort::Pd => T::PD,
            Sort::UpdatedAt => T::UPDATED_AT,
            Sort::Name | Sort::Symbol => return Err(no_such_order("predictions", sort)),
        };
        let keyset = Keyset {
            sort,
            column,
            // Filters with an index behind the owner are evaluated owner by owner: in the order of
            // all organizations' rows, the few matches may be far apart.
            over_organizations: sort == Sort::CreatedAt
                && filter.symbol.is_none()
                && filter.year.is_none()
                && filter.risk_levels.is_empty(),
        };
        let statement = T::find()
            .filter(condition::<T>(filter))
            .visible_to(scope)
            .page_statement(&self.db, keyset, limit, after)
            .await?;
        let rows = self.db.rows(statement).await?;
        rows.iter().map(decode::<T>).collect()
    }

    async fn count_in<T: PredictionTable>(
        &self,
        scope: &ScopeSql,
        filter: &PredictionFilter,
        most: u32,
    ) -> Result<u32, RepositoryError> {
        T::find()
            .filter(condition::<T>(filter))
            .visible_to(scope)
            .count(&self.db, most)
            .await
    }
}

impl Predictions<Tx> {
    async fn add_to<T: PredictionTable>(
        &self,
        grant: Grant,
        prediction: &Prediction,
    ) -> Result<Timestamp, RepositoryError> {
        let row = T::owned_by(grant).row(T::new(prediction)?);
        let mut insert = T::insert(row).into_query();
        insert.returning(Query::returning().column(T::UPDATED_AT.as_str()));
        let added = self
            .db
            .query_one_raw(build(insert))
            .await
            .map_err(from_orm)?;
        let added = added.ok_or_else(|| defect("an insert answered no row"))?;
        added.try_get("", T::UPDATED_AT.as_str()).map_err(from_orm)
    }

    async fn replace_in<T: PredictionTable>(
        &self,
        grant: Grant,
        prediction: &Prediction,
        version: i64,
    ) -> Result<(), RepositoryError> {
        let replaced = T::owned_by(grant)
            .update(T::describing(prediction)?)
            .filter(is_version::<T>(prediction.id.0, version))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        one_of(replaced.rows_affected)
    }

    async fn remove_from<T: PredictionTable>(
        &self,
        grant: Grant,
        id: PredictionId,
        version: i64,
    ) -> Result<(), RepositoryError> {
        let removed = T::owned_by(grant)
            .delete()
            .filter(is_version::<T>(id.0, version))
            .exec(&*self.db)
            .await
            .map_err(from_orm)?;
        one_of(removed.rows_affected)
    }
}

/// Checks that the prediction existed in the version that was read.
fn one_of(rows: u64) -> Result<(), RepositoryError> {
    match rows {
        0 => Err(RepositoryError::Stale { what: "prediction" }),
        _ => Ok(()),
    }
}

/// Annual predictions have no quarter, so none matches a requested one.
fn of_quarter<T: PredictionTable>(quarter: Option<Quarter>) -> Condition {
    let all = Condition::all();
    match (T::REPORTING_QUARTER, quarter) {
        (_, None) => all,
        (Some(column), Some(quarter)) => all.add(column.eq(quarter.as_str())),
        (None, Some(_)) => all.add(Expr::cust("FALSE")),
    }
}

/// The statement contains only the filters in use, so that the planner sees a simple one.
fn condition<T: PredictionTable>(filter: &PredictionFilter) -> Condition {
    let sector = filter.sector.as_ref();
    let symbol = filter.symbol.as_ref();
    let version = filter.model_version.as_ref();
    Condition::all()
        .add_option(filter.company.map(|company| T::COMPANY_ID.eq(company.0)))
        .add_option(symbol.map(|symbol| T::COMPANY_SYMBOL.eq(symbol.as_str())))
        .add_option(sector.map(|sector| T::COMPANY_SECTOR.eq(sector)))
        .add_option(
            filter
                .year
                .map(|year| T::REPORTING_YEAR.eq(year.to_string())),
        )
        .add(of_quarter::<T>(filter.quarter))
        .add_option(match filter.risk_levels.as_slice() {
            [only] => Some(is_level::<T>(*only)),
            several => one_of_names(T::RISK_LEVEL, several),
        })
        .add_option(filter.pd_gte.map(|least| T::PD.gte(least)))
        .add_option(filter.pd_lte.map(|most| T::PD.lte(most)))
        .add_option(in_ranges::<T>(&filter.pd_ranges))
        .add_option(version.map(|version| T::MODEL_VERSION.eq(version)))
        .add_option(filter.job.map(|job| T::BULK_JOB_ID.eq(job.0)))
        .add_option(filter.created_from.map(|from| T::CREATED_AT.gte(from)))
        .add_option(filter.created_to.map(|to| T::CREATED_AT.lte(to)))
        .add_option(filter.updated_from.map(|from| T::UPDATED_AT.gte(from)))
        .add_option(filter.updated_to.map(|to| T::UPDATED_AT.lte(to)))
        .add_option(filter.changed_by_job.map(|job| T::CHANGED_BY_JOB.eq(job.0)))
}

/// Restricts the PD to one of these ranges. With several ranges, their enclosing range is added, so
/// that an index in the order of PDs can be used.
fn in_ranges<T: PredictionTable>(ranges: &[PdRange]) -> Option<Condition> {
    let within = |range: PdRange| {
        Condition::all()
            .add(T::PD.gte(range.from))
            .add_option(range.below.map(|below| T::PD.lt(below)))
    };
    let hull = PdRange {
        from: ranges.first()?.from,
        below: ranges.last()?.below,
    };
    let each = ranges.iter().copied().map(within);
    Some(match ranges {
        [only] => within(*only),
        _ => within(hull).add(each.fold(Condition::any(), Condition::add)),
    })
}

/// The level is a constant, not a parameter: a plan that does not know it could not use the index
/// of high risks.
fn is_level<T: PredictionTable>(level: RiskLevel) -> Expr {
    column(T::RISK_LEVEL).eq(Expr::Constant(level.as_str().to_owned().into()))
}
