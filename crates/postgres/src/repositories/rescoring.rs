//! Reads the predictions of a rescoring, a chunk at a time.
//!
//! It reads the index of the owner's list backwards: there is no index over the owner and
//! the id alone, and another one would slow down every insert.

use accunode_domain::{
    Timestamp,
    id::{CompanyId, PredictionId},
    job::Position,
    prediction::Kind,
};
use accunode_ports::{
    RepositoryError,
    repositories::{Rescorable, ToRescore},
};
use sea_orm::{
    ColumnTrait, FromQueryResult, IdenStatic, Order, QueryFilter, QueryOrder, QueryTrait, Select,
    sea_query::{Asterisk, Expr, ExprTrait, Func},
};

use crate::{
    db::Executor,
    entities::{
        annual_predictions::Entity as Annual,
        predictions::{PredictionRow, PredictionTable, period},
        quarterly_predictions::Entity as Quarterly,
    },
    errors::defect,
    kinds::KindSchema,
    row::RowRef,
    tenant::{ScopeSql, column},
};

/// See [`accunode_ports::repositories::JobRepository::count_to_rescore`].
pub(super) async fn count(db: &impl Executor, wanted: &ToRescore) -> Result<u32, RepositoryError> {
    match wanted.kind {
        Kind::Annual => count_in::<Annual>(db, wanted).await,
        Kind::Quarterly => count_in::<Quarterly>(db, wanted).await,
    }
}

/// See [`accunode_ports::repositories::JobRepository::to_rescore`].
pub(super) async fn read(
    db: &impl Executor,
    wanted: &ToRescore,
    after: Option<Position>,
    limit: u32,
) -> Result<Vec<Rescorable>, RepositoryError> {
    match wanted.kind {
        Kind::Annual => read_in::<Annual>(db, wanted, after, limit).await,
        Kind::Quarterly => read_in::<Quarterly>(db, wanted, after, limit).await,
    }
}

#[derive(Debug, FromQueryResult)]
struct Counted {
    n: i64,
}

async fn count_in<T: PredictionTable>(
    db: &impl Executor,
    wanted: &ToRescore,
) -> Result<u32, RepositoryError> {
    let mut select = asked_for::<T>(wanted).into_query();
    select
        .clear_selects()
        .expr_as(Func::count(Expr::col(Asterisk)), "n");
    let scope = ScopeSql::of_grant(wanted.grant);
    let counted: Option<Counted> = db.model(scope.statement(db, select)).await?;
    let counted = counted.ok_or_else(|| defect("a count returned no row"))?;
    u32::try_from(counted.n).map_err(|_| defect("more predictions than a job can count"))
}

async fn read_in<T: PredictionTable>(
    db: &impl Executor,
    wanted: &ToRescore,
    after: Option<Position>,
    limit: u32,
) -> Result<Vec<Rescorable>, RepositoryError> {
    let mut asked = asked_for::<T>(wanted);
    if let Some(after) = after {
        let here = Expr::tuple([column(T::CREATED_AT), column(T::ID)]);
        let last = Expr::tuple([Expr::val(time(after)?), Expr::val(after.id.0)]);
        asked = asked.filter(ExprTrait::gt(here, last));
    }
    let mut select = asked
        .order_by_asc(T::CREATED_AT)
        .order_by_asc(T::ID)
        .into_query();
    select.limit(u64::from(limit));
    let statement = ScopeSql::of_grant(wanted.grant).ordered(db, select, |outer| {
        outer
            .order_by(("x", T::CREATED_AT.as_str()), Order::Asc)
            .order_by(("x", T::ID.as_str()), Order::Asc);
    });
    let rows: Vec<T::Model> = db.models(statement).await?;
    rows.into_iter()
        .map(|row| rescorable(T::KIND, row.into()))
        .collect()
}

/// Selects those of one owner, so that the index gives the order.
fn asked_for<T: PredictionTable>(wanted: &ToRescore) -> Select<T> {
    let model = &wanted.rescoring.model;
    // Two versions may share a file and differ in their results. They are compared as one
    // text and not column by column: if every row has the same model, the statistics of the
    // columns would make a generic plan expect no row at all, and sort all of them for each
    // page.
    let stored = Expr::cust_with_exprs(
        "$1 || chr(31) || $2 || chr(31) || $3",
        [
            column(T::MODEL_SHA256),
            column(T::MODEL_VERSION),
            column(T::MODEL_NAME),
        ],
    );
    let own = format!(
        "{}\u{1f}{}\u{1f}{}",
        model.sha256, model.version, model.name
    );
    let select = T::find()
        .filter(ExprTrait::eq(
            column(T::OWNER_KEY),
            Expr::cust("\"a\".\"keys\"[1]"),
        ))
        .filter(T::CREATED_AT.lte(wanted.until))
        .filter(ExprTrait::ne(stored, own));
    match &wanted.rescoring.only_from {
        Some(version) => select.filter(T::MODEL_VERSION.eq(version)),
        None => select,
    }
}

fn time(position: Position) -> Result<Timestamp, RepositoryError> {
    Timestamp::from_unix_timestamp_nanos(i128::from(position.created_at_micros) * 1_000)
        .map_err(|_| defect("not a position of a rescoring"))
}

fn rescorable(kind: Kind, stored: PredictionRow) -> Result<Rescorable, RepositoryError> {
    let row = RowRef {
        table: kind.table(),
        id: stored.id,
    };
    let micros = i64::try_from(stored.created_at.unix_timestamp_nanos() / 1_000);
    let (_, ratios) = stored.outcome.into_domain(row)?;
    Ok(Rescorable {
        id: PredictionId(stored.id),
        version: stored.row_version,
        company: CompanyId(stored.company_id),
        sector: stored.company_sector,
        period: period(
            row,
            &stored.reporting_year,
            stored.reporting_quarter.as_deref(),
        )?,
        ratios,
        position: Position {
            created_at_micros: micros.map_err(|cause| row.corrupt_by("created_at", cause))?,
            id: PredictionId(stored.id),
        },
    })
}
