//! The predictions of one company, in the order of the periods. One scan of each owner's part of
//! the unique index by company and period, for each kind.

use accunode_domain::{
    access::Scope,
    id::CompanyId,
    page::Limit,
    prediction::{Kind, Period, Prediction, Quarter},
};
use accunode_ports::{
    RepositoryError,
    repositories::{Timeline, TimelineFilter, TimelineMark},
};
use sea_orm::{
    ColumnTrait, ColumnType, IdenStatic, Iterable, Order, QueryResult,
    sea_query::{Asterisk, Cond, Expr, ExprTrait, JoinType, Query, SelectStatement, UnionType},
};

use crate::{
    db::{Executor, model},
    entities::{
        annual_predictions as annual,
        predictions::{PredictionRow, PredictionTable},
        quarterly_predictions as quarterly,
    },
    errors::from_orm,
    tenant::{ScopeSql, column, owner},
};

/// Represents the annual statement, which is after its quarters.
const YEARS_END: &str = "Y";

/// Returns a position in the order: its text compares as the periods do.
fn place(period: Period) -> String {
    let quarter = period.quarter.map_or(YEARS_END, Quarter::as_str);
    format!("{} {quarter}", period.year)
}

/// Returns the first position of a period. An annual statement is at its last quarter.
fn from(period: Period) -> String {
    match period.quarter {
        None => format!("{} {}", period.year, Quarter::Q1),
        Some(_) => place(period),
    }
}

/// Returns the last position of a period.
fn to(period: Period) -> String {
    match period.quarter {
        None | Some(Quarter::Q4) => format!("{} {YEARS_END}", period.year),
        Some(_) => place(period),
    }
}

pub(super) async fn part(
    db: &impl Executor,
    scope: &Scope,
    company: CompanyId,
    filter: &TimelineFilter,
    limit: Limit,
    after: Option<TimelineMark>,
) -> Result<Timeline, RepositoryError> {
    let scope = ScopeSql::of(scope);
    let part = Part {
        scope: &scope,
        company,
        filter,
        after,
        more: u64::from(limit.get()) + 1,
    };
    // A super_admin's scope has too many owners for one scan each.
    let select = if scope.every_organization() {
        part.both_kinds(false)
    } else {
        let mut of_owners = Query::select();
        of_owners.column(("y", Asterisk));
        scope.owners(&mut of_owners);
        of_owners.join_lateral(JoinType::InnerJoin, part.both_kinds(true), "y", Cond::all());
        part.sorted(&mut of_owners, "y");
        of_owners
    };
    let statement = scope.ordered(db, select, |outer| part.sorted(outer, "x"));
    let rows = db.rows(statement).await?;
    let mut predictions = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let asked = limit.get() as usize;
    let is_more = predictions.len() > asked;
    predictions.truncate(asked);
    let last = predictions.last().filter(|_| is_more);
    let next = last.map(|last| TimelineMark {
        period: last.period,
        id: last.id,
    });
    Ok(Timeline { predictions, next })
}

/// Reads a row of either kind: columns that only the other kind has are null.
fn read(row: &QueryResult) -> Result<Prediction, RepositoryError> {
    let quarter = quarterly::Column::ReportingQuarter.as_str();
    let quarter: Option<String> = row.try_get("", quarter).map_err(from_orm)?;
    let stored: PredictionRow = match quarter {
        None => model::<annual::Model>(row)?.into(),
        Some(_) => model::<quarterly::Model>(row)?.into(),
    };
    stored.into_prediction()
}

/// The selection of a timeline.
struct Part<'p> {
    scope: &'p ScopeSql,
    company: CompanyId,
    filter: &'p TimelineFilter,
    after: Option<TimelineMark>,
    more: u64,
}

impl Part<'_> {
    fn sorted(&self, select: &mut SelectStatement, of: &'static str) {
        select
            .order_by((of, PLACE), Order::Asc)
            .order_by((of, "id"), Order::Asc)
            .limit(self.more);
    }

    /// Returns the rows of the selected kinds: of one owner, or of all that the scope includes.
    fn both_kinds(&self, of_one_owner: bool) -> SelectStatement {
        let wanted = |kind| self.filter.kind.is_none_or(|wanted| wanted == kind);
        match (wanted(Kind::Annual), wanted(Kind::Quarterly)) {
            (true, false) => self.of_kind::<annual::Entity>(of_one_owner),
            (false, _) => self.of_kind::<quarterly::Entity>(of_one_owner),
            (true, true) => Query::select()
                .column(("w", Asterisk))
                .from_subquery(self.of_kind::<annual::Entity>(of_one_owner), "w")
                .union(
                    UnionType::All,
                    self.of_kind::<quarterly::Entity>(of_one_owner),
                )
                .to_owned(),
        }
    }

    fn of_kind<T: PredictionTable>(&self, of_one_owner: bool) -> SelectStatement {
        let mut select = Query::select();
        let own: Vec<_> = T::Column::iter().map(|column| column.as_str()).collect();
        for (name, column_type) in columns_of_both() {
            if own.contains(&name) {
                select.column((T::default(), name));
            } else {
                select.expr_as(Expr::cust(null_of(&column_type)), name);
            }
        }
        select
            .expr_as(in_order(T::PERIOD), PLACE)
            .from(T::default())
            .and_where(T::COMPANY_ID.eq(self.company.0));
        if of_one_owner {
            select.and_where(ExprTrait::eq(column(T::OWNER_KEY), owner()));
        } else {
            select.cond_where(self.scope.condition::<T>());
        }
        self.within_bounds::<T>(&mut select);
        select
            .order_by(PLACE, Order::Asc)
            .order_by((T::default(), T::ID), Order::Asc)
            .limit(self.more);
        select
    }

    /// The index contains the year only; the position is compared in addition.
    fn within_bounds<T: PredictionTable>(&self, select: &mut SelectStatement) {
        let place_of_row = || in_order(T::PERIOD);
        if let Some(first) = self.filter.from {
            select
                .and_where(T::REPORTING_YEAR.gte(first.year.to_string()))
                .and_where(ExprTrait::gte(place_of_row(), from(first)));
        }
        if let Some(last) = self.filter.to {
            select
                .and_where(T::REPORTING_YEAR.lte(last.year.to_string()))
                .and_where(ExprTrait::lte(place_of_row(), to(last)));
        }
        if let Some(mark) = self.after {
            let here = Expr::tuple([place_of_row(), column(T::ID)]);
            let last = Expr::tuple([Expr::val(place(mark.period)), Expr::val(mark.id.0)]);
            select
                .and_where(T::REPORTING_YEAR.gte(mark.period.year.to_string()))
                .and_where(ExprTrait::gt(here, last));
        }
    }
}

/// The column with the position.
const PLACE: &str = "place";

/// Returns a text that is compared byte by byte, as Rust compares it.
fn in_order(period: &'static str) -> Expr {
    Expr::cust(format!("({period}) COLLATE \"C\""))
}

/// Returns every column of either kind, with its type.
fn columns_of_both() -> Vec<(&'static str, ColumnType)> {
    let mut columns: Vec<_> = annual::Column::iter()
        .map(|column| (column.as_str(), column.def().get_column_type().clone()))
        .collect();
    for column in quarterly::Column::iter() {
        if !columns.iter().any(|(name, _)| *name == column.as_str()) {
            columns.push((column.as_str(), column.def().get_column_type().clone()));
        }
    }
    columns
}

/// Returns the null for a column that only one kind has: ratios, probabilities, the quarter.
/// quarter.
fn null_of(column_type: &ColumnType) -> &'static str {
    match column_type {
        ColumnType::Decimal(_) => "NULL::numeric",
        _ => "NULL::varchar",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annual_period_sorts_after_its_quarters() {
        let read = |text| Period::read("", text).unwrap();
        assert!(place(read("2023")) > place(read("2023-Q4")));
        assert!(place(read("2023")) < place(read("2024-Q1")));
        assert!(place(read("2023")) >= from(read("2023-Q4")));
        assert!(place(read("2023")) <= to(read("2023-Q4")));
        assert!(place(read("2023")) > to(read("2023-Q3")));
        assert!(place(read("2023-Q1")) >= from(read("2023")));
    }
}
