//! One page of a list: a limited scan of each owner's index from the end of the last page,
//! merged and cut. The cost of a page depends neither on the number of rows nor on its
//! position.

use accunode_domain::page::{Cursor, Limit, Sort};
use accunode_ports::{RepositoryError, workload::Workload};
use sea_orm::{
    FromQueryResult, IdenStatic, Order, Statement, Value,
    sea_query::{Asterisk, Cond, Expr, ExprTrait, JoinType, Query, SelectStatement, UnionType},
};

use crate::{
    changes::complete_before,
    db::Executor,
    errors::defect,
    row::{bad_cursor, key_time},
    tenant::{TenantEntity, Visible, column, of_actor, of_organizations, owner},
};

/// The order of a list, and the column that it uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyset<E: TenantEntity> {
    /// What the list is sorted by.
    pub(crate) sort: Sort,
    /// The column of the sort key.
    pub(crate) column: E::Column,
    /// Whether there is an index over the rows of all organizations in this order, which
    /// only a query with [`of_organizations`] can use.
    pub(crate) over_organizations: bool,
}

impl<E: TenantEntity> Keyset<E> {
    fn order(&self) -> Order {
        match self.sort {
            Sort::CreatedAt | Sort::Pd => Order::Desc,
            Sort::Name | Sort::Symbol | Sort::UpdatedAt => Order::Asc,
        }
    }

    /// Returns the condition for rows after a cursor.
    fn behind(&self, cursor: &Cursor) -> Result<Expr, RepositoryError> {
        if cursor.sort != self.sort {
            return Err(bad_cursor(self.sort));
        }
        let key: Value = match self.sort {
            Sort::CreatedAt | Sort::UpdatedAt => key_time(cursor)?.into(),
            Sort::Pd => {
                let pd: Result<f64, _> = cursor.key.parse();
                pd.map_err(|_| bad_cursor(self.sort))?.into()
            }
            Sort::Name | Sort::Symbol => cursor.key.clone().into(),
        };
        let row = Expr::tuple([column(self.column), column(E::ID)]);
        let last = Expr::tuple([Expr::val(key), Expr::val(cursor.id)]);
        Ok(match self.order() {
            Order::Desc => ExprTrait::lt(row, last),
            _ => ExprTrait::gt(row, last),
        })
    }

    /// Adds this order to a select from a table or a subquery.
    fn sorted(&self, select: &mut SelectStatement, of: &'static str) {
        select
            .order_by((of, self.column.as_str()), self.order())
            .order_by((of, E::ID.as_str()), self.order());
    }
}

impl<E: TenantEntity> Visible<'_, E> {
    /// Reads one page, and one row more, by which [`page`](crate::keyset::page) knows
    /// whether there is a next one.
    pub(crate) async fn page(
        self,
        db: &impl Executor,
        keyset: Keyset<E>,
        limit: Limit,
        after: Option<&Cursor>,
    ) -> Result<Vec<E::Model>, RepositoryError> {
        let statement = self.page_statement(db, keyset, limit, after).await?;
        db.models(statement).await
    }

    /// Returns the statement that reads a page.
    pub(crate) async fn page_statement(
        self,
        db: &impl Executor,
        keyset: Keyset<E>,
        limit: Limit,
        after: Option<&Cursor>,
    ) -> Result<Statement, RepositoryError> {
        let more = u64::from(limit.get()) + 1;
        let mut scan = self.select;
        if keyset.sort == Sort::UpdatedAt {
            // The locks of open transactions are those of this server: a replica has none, and
            // would let a reader get past them.
            Workload::read_current();
            let complete_before = complete_before(db).await?;
            scan.and_where(ExprTrait::lt(
                column(keyset.column),
                Expr::val(complete_before),
            ));
        }
        if let Some(cursor) = after {
            scan.and_where(keyset.behind(cursor)?);
        }
        keyset.sorted(&mut scan, E::default().as_str());
        scan.limit(more);

        let scope = self.scope;
        let one_scan = scope.every_organization() && keyset.over_organizations;
        let mut of_owner = scan.clone();
        of_owner.and_where(column(E::OWNER_KEY).eq(owner()));
        let mut of_owners = Query::select();
        of_owners.column(("z", Asterisk));
        if one_scan {
            scope.named_owners(&mut of_owners);
        } else {
            scope.owners(&mut of_owners);
        }
        of_owners.join_lateral(JoinType::InnerJoin, of_owner, "z", Cond::all());
        let rows = if one_scan {
            scan.and_where(of_actor("actor").is_not_null())
                .and_where(of_organizations::<E>());
            let mut both = Query::select();
            both.column(("w", Asterisk))
                .from_subquery(scan, "w")
                .union(UnionType::All, of_owners);
            both
        } else {
            of_owners
        };
        let mut cut = Query::select();
        cut.column(("y", Asterisk)).from_subquery(rows, "y");
        keyset.sorted(&mut cut, "y");
        cut.limit(more);
        Ok(scope.ordered(db, cut, |outer| keyset.sorted(outer, "x")))
    }

    /// Returns the number of rows, at most `most`.
    pub(crate) async fn count(self, db: &impl Executor, most: u32) -> Result<u32, RepositoryError> {
        let mut rows = self.select;
        rows.clear_selects()
            .expr_as(Expr::val(1), "one")
            .cond_where(self.scope.condition::<E>())
            .limit(most.into());
        let mut count = Query::select();
        count
            .expr_as(Expr::cust("count(*)"), "n")
            .from_subquery(rows, "y");
        let found: Option<Counted> = db.model(self.scope.statement(db, count)).await?;
        let n = found.map_or(0, |found| found.n);
        u32::try_from(n).map_err(|_| defect(format!("{n} rows were counted")))
    }
}

#[derive(Debug, FromQueryResult)]
struct Counted {
    n: i64,
}
